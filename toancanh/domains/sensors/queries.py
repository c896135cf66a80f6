"""What the map shows of stations of any kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from toancanh.kernel.declare import Actor
from toancanh.kernel.registry import queries as registry
from toancanh.kernel.telemetry.features import feature, placed
from toancanh.kernel.telemetry.queries import Measured, measured

STATION = "sensors.station"


def station_features(to: Actor, at: datetime) -> Iterable[Mapping[str, Any]]:
    """One point a station, with the first of its quantities by name: its page shows the others."""
    found = placed(measured(list(registry.visible(to).filter(kind=STATION).order_by("code")), at))
    first: dict[str, Measured] = {}
    for one in found:
        first.setdefault(one.thing.code, one)
    return [feature(one) for one in first.values()]
