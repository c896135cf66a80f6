"""What follows from changes elsewhere."""

from collections.abc import Mapping
from typing import Any

from toancanh.kernel.telemetry import announce


def recolour(payload: Mapping[str, Any]) -> None:
    """A threshold changed: open maps and pages show the station's level anew, without reload."""
    announce.again(int(payload["series"]))
