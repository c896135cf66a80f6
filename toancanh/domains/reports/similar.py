"""Open reports that may be about the same thing: near, of the same kind, in like words, not long ago."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

from toancanh.domains.reports import categories
from toancanh.domains.reports.tokens import tokens
from toancanh.kernel.cases.access import OPEN_LEVEL
from toancanh.kernel.cases.models import Case
from toancanh.kernel.runtime import clock

KIND = "reports.report"
METRES = 111_320.0
"""Of a degree of latitude."""
REACH = 3.0
"""Reports are looked at up to so many times their category's distance."""
HALF_LIFE = timedelta(days=14)
LEAST = 0.15
MOST = 3
LOOKED_AT = 200


@dataclass(frozen=True)
class Near:
    """A report that may be the same, from 0 to 1, and how far away it is."""

    case: Case
    score: float
    metres: int


def near(category: str, words: str, lon: float, lat: float, *, most: int = MOST) -> list[Near]:
    """The likeliest first. Of what is above the plain level of confidentiality nothing is told."""
    kinds = categories.in_force()
    own = kinds[category].near_m if category in kinds else 100
    widest = REACH * max([own, *(row.near_m for row in kinds.values())])
    high = widest / METRES
    wide = high / max(math.cos(math.radians(lat)), 0.01)
    rows = Case.objects.filter(
        kind=KIND,
        is_open=True,
        level__lte=OPEN_LEVEL,
        lat__range=(lat - high, lat + high),
        lon__range=(lon - wide, lon + wide),
    )
    said = {token.bare for token in tokens(words)}
    found = []
    for case in rows.select_related("organisation").order_by("-opened_at")[:LOOKED_AT]:
        metres = distance(lon, lat, case)
        reach = kinds[case.category].near_m if case.category in kinds else own
        if metres > REACH * max(reach, own):
            continue
        score = _score(case, category, said, metres / max(reach, own))
        if score >= LEAST:
            found.append(Near(case, score, round(metres, -1) if metres >= 10 else 10))
    return sorted(found, key=lambda one: -one.score)[:most]


def distance(lon: float, lat: float, case: Case) -> int:
    """Metres to a report with a point."""
    if case.lon is None or case.lat is None:
        raise ValueError(f"{case.code} has no point")
    east = (case.lon - lon) * math.cos(math.radians(lat))
    return round(math.hypot(east, case.lat - lat) * METRES)


def _score(case: Case, category: str, said: set[str], share: float) -> float:
    """``share``: the distance in units of what is near for the category."""
    theirs = {token.bare for token in tokens(case.words or case.title)}
    either = said | theirs
    overlap = len(said & theirs) / len(either) if said and either else 0.0
    parents = case.category.split(".")[0] == category.split(".")[0]
    alike = 1.0 if case.category == category else 0.4 if category and parents else 0.15
    age = (clock.now() - case.opened_at) / HALF_LIFE
    return (
        math.exp(-(share**2))
        * (0.5 * alike + 0.5 * max(overlap, alike * 0.5))
        * math.pow(0.5, max(age - 1, 0))
    )
