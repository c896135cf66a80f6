"""What tests of warnings begin with: people, a complete content, a message that was told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.city import City, actor
from toancanh.kernel.declare import Actor
from toancanh.kernel.people import actions as people
from toancanh.kernel.runtime import clock
from toancanh.kernel.warnings import actions
from toancanh.kernel.warnings.content import Content, Words
from toancanh.kernel.warnings.models import Warning

VI = Words(
    headline="Nước sông tại Trạm Cầu Gỗ: 2,10 m, trên BĐ2 0,10 m",
    what="Lúc 12:00 mực nước đo được là 2,10 m.",
    where="Vùng thấp ven sông.",
    instruction="Không đi qua đường ngập. Cần cứu nạn gọi 112.",
)
EN = Words(
    headline="River at Cau Go: 2.10 m, 0.10 m above BĐ2",
    what="At 12:00 the water stood at 2.10 m.",
    where="Low ground along the river.",
    instruction="Do not cross flooded roads. For rescue call 112.",
)


def officer(city: City, name: str = "truc", unit: str = "province") -> Actor:
    """Who drafts."""
    return actor(name, getattr(city, unit), people.STAFF)


def leader(city: City, name: str = "lanhdao", unit: str = "province") -> Actor:
    """Who orders."""
    return actor(name, getattr(city, unit), people.LEADER)


def full(*units: str, **other: Any) -> Content:
    """A content that lacks nothing."""
    made = Content(
        event="flood.river",
        level=2,
        vi=VI,
        en=EN,
        since=clock.now(),
        units=units or ("90001",),
        valid_until=clock.now() + timedelta(hours=12),
    )
    return replace(made, **other)


def told(by: Actor, order: Actor, content: Content | None = None, *, is_exercise: bool = False) -> Warning:
    """A message that was drafted, submitted and approved."""
    warning = actions.draft(content or full(), by=by, is_exercise=is_exercise)
    return approved(warning, by, order)


def approved(warning: Warning, by: Actor, order: Actor) -> Warning:
    """The draft on its way to the public."""
    warning = actions.submit(warning, warning.version, by=by)
    return actions.approve(warning, warning.version, by=order)
