"""What each organisation owes: its open orders by how their terms stand. One query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from toancanh.domains.directives import wishes
from toancanh.domains.directives.kind import KIND
from toancanh.kernel.cases import access
from toancanh.kernel.cases.models import Case
from toancanh.kernel.declare import Actor


@dataclass(frozen=True)
class Owed:
    """Counts of one organisation in charge, or of all; each leads to its rows."""

    code: str
    name: str
    open: int = 0
    overdue: int = 0
    week: int = 0
    """Due in what is left of this week."""
    soon: int = 0
    ahead: int = 0
    reported: int = 0
    """Their giver is to accept or return them."""


FIGURES = wishes.MORE


def by_organisation(to: Actor, now: datetime, *, given: bool = False) -> tuple[Owed, list[Owed]]:
    """All, then each organisation, the one with the most overdue first. ``given``: the actor's own orders."""
    found: QuerySet[Case] = access.visible(to).filter(kind=KIND, is_open=True)
    if given:
        found = found.filter(wishes.given_by(to))
    rows: Any = (
        found.order_by()
        .values("organisation__code", "organisation__name")
        .annotate(
            **{name: Count("pk", filter=condition) for name, condition in wishes.conditions(now).items()}
        )
    )
    each = [
        Owed(
            code=row["organisation__code"] or "",
            name=row["organisation__name"] or "",
            **{name: row[name] for name in FIGURES},
        )
        for row in rows
    ]
    whole = Owed("", "", **{name: sum(getattr(one, name) for one in each) for name in FIGURES})
    return whole, sorted(each, key=lambda one: (-one.overdue, -one.week, -one.open, one.name))
