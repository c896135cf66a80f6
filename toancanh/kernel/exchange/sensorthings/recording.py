"""What the façade writes into the journal, from which the topics of MQTT learn what has changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.journal.models import Entry

PREFIX = "sensorthings."


def record(
    by: Actor,
    verb: str,
    kind: str,
    key: object,
    changed: Iterable[str] = (),
    before: Mapping[str, Any] | None = None,
) -> Entry:
    """Write that an entity was ``made``, ``changed`` or ``removed``, and what stood there before."""
    content: dict[str, Any] = {"kind": kind, "id": key, "changed": sorted(changed)}
    if before:
        content["before"] = dict(before)
    return journal.record(f"{PREFIX}{verb}", f"{kind.lower()}:{key}", by=by, content=content)
