"""The demo's count of damage: asked and answered by the same actions, some hours before the city opens."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from toancanh.domains.damage import actions
from toancanh.domains.damage.figures import Figures
from toancanh.domains.damage.models import Count
from toancanh.kernel.declare import Actor
from toancanh.kernel.runtime import clock
from toancanh.kernel.territory.models import Unit

TITLE = "Ngập sau mưa lớn (dữ liệu mẫu)"
ASKED = timedelta(hours=5)
WHO = "Văn phòng xã, phường (mẫu)"
SILENT = 4
"""Of so many communes one has not answered."""


def fill(communes: list[Unit], now: datetime, *, by: Actor) -> None:
    """Ask the communes and let most of them answer within the hour; safe to repeat."""
    if Count.objects.exists() or not communes:
        return
    with clock.set_to(now - ASKED):
        made = actions.ask(TITLE, [unit.code for unit in communes], timedelta(hours=1), by=by)
    for ask in made.asks.select_related("unit", "of").order_by("unit__code"):
        seed = hashlib.sha256(ask.unit.code.encode()).digest()
        if seed[0] % SILENT == 0:
            continue
        with clock.set_to(now - ASKED + timedelta(minutes=5 + seed[1] % 50)):
            actions.answer(ask, figures(seed), f"demo-{ask.unit.code}", by=replace(by, name=WHO))


def figures(seed: bytes) -> Figures:
    """What a commune of the demo says: the same in every demo; the count's title calls it a sample."""
    flooded = seed[2] if seed[3] % 3 else 0
    evacuated = flooded // 6
    return Figures(
        flooded=flooded,
        evacuated=evacuated,
        evacuees=evacuated * 3 + seed[4] % (evacuated + 1),
        injured=seed[5] % 3 if flooded else 0,
        dead=0,
        missing=0,
        houses=flooded // 20,
        loss=flooded * 7,
    )
