"""What waits at the desk, the next of it first, and what is like it nearby."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet

from toancanh.domains.reports.kind import AT_DESK
from toancanh.domains.reports.routing.taking import KIND
from toancanh.kernel.cases import access
from toancanh.kernel.cases.models import Case
from toancanh.kernel.declare import Actor
from toancanh.kernel.runtime import clock
from toancanh.lib.fold import fold

DESK = "cases.desk"
NEAR_M = 300
NEAR_SPAN = timedelta(days=90)
MOST_NEAR = 5
MOST_LOOKED_AT = 200
METRES = 111_320.0
"""Of one degree of latitude."""


def waiting(to: Actor) -> QuerySet[Case]:
    """Reports at the desk of the actor: the most urgent first, then what is due first."""
    own = reduce(or_, (Q(unit_path__startswith=path) for path in to.paths(DESK)), Q(pk__in=[]))
    found = access.visible(to).filter(own, kind=KIND, state__in=AT_DESK, is_open=True)
    return found.order_by("-priority", "rank", "pk")


@dataclass(frozen=True)
class Near:
    """An open report beside another one."""

    case: Case
    metres: int
    likeness: float
    """Share of words that both have."""


def near(case: Case, to: Actor) -> list[Near]:
    """Open reports around it that may be about the same, the likeliest first."""
    if case.lon is None or case.lat is None:
        return []
    tall = NEAR_M / METRES
    wide = tall / max(0.01, math.cos(math.radians(case.lat)))
    rows = access.visible(to).filter(
        kind=KIND,
        is_open=True,
        opened_at__gte=clock.now() - NEAR_SPAN,
        lat__range=(case.lat - tall, case.lat + tall),
        lon__range=(case.lon - wide, case.lon + wide),
    )
    words, found = _words(case), []
    for other in rows.exclude(pk=case.pk).select_related("organisation").order_by("-pk")[:MOST_LOOKED_AT]:
        assert other.lat is not None
        assert other.lon is not None
        north = (other.lat - case.lat) * METRES
        east = (other.lon - case.lon) * METRES * math.cos(math.radians(case.lat))
        metres = math.hypot(north, east)
        if metres <= NEAR_M:
            theirs = _words(other)
            found.append(Near(other, round(metres), len(words & theirs) / max(1, len(words | theirs))))
    return sorted(found, key=lambda one: (-(one.likeness + (NEAR_M - one.metres) / NEAR_M), one.case.pk))[
        :MOST_NEAR
    ]


def _words(case: Case) -> set[str]:
    return set(fold(f"{case.title} {case.words}").split())
