"""A count as pages, files and the map show it: each commune with its newest report, and the totals."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count as Counted
from django.db.models import F, OuterRef, Subquery
from django.utils.functional import Promise

from toancanh.domains.damage import access
from toancanh.domains.damage.figures import NAMES, TITLES
from toancanh.domains.damage.models import Ask, Count, Report
from toancanh.kernel.declare import Actor
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.features import named
from toancanh.kernel.territory.models import Boundary

LENGTH = 30


@dataclass(frozen=True, kw_only=True)
class Row:
    """One commune: its newest report, or None while it has said nothing."""

    ask: Ask
    report: Report | None
    is_late: bool
    name: str
    is_ours: bool
    """The reader may answer for it."""

    @property
    def figures(self) -> list[int | None]:
        """In the order of the table."""
        return [getattr(self.report, name) if self.report else None for name in NAMES]

    @property
    def cells(self) -> list[tuple[str | Promise, int | None]]:
        """Each figure under its title: a phone shows a row without the head of the table."""
        return [(TITLES[name], value) for name, value in zip(NAMES, self.figures, strict=True)]


@dataclass(frozen=True, kw_only=True)
class Board:
    """A count with all its communes that the reader may see."""

    count: Count
    rows: list[Row]
    at: datetime

    @property
    def sent(self) -> int:
        """Communes that have said something."""
        return sum(row.report is not None for row in self.rows)

    @property
    def waiting(self) -> list[Row]:
        """Those that have not."""
        return [row for row in self.rows if row.report is None]

    @property
    def by_need(self) -> list[Row]:
        """Those to be called first, then those that have answered; each by name."""
        return [*self.waiting, *(row for row in self.rows if row.report is not None)]

    @property
    def totals(self) -> list[int | None]:
        """Sums in the order of the table; None where nobody said anything."""
        found = []
        for place in range(len(NAMES)):
            said = [value for row in self.rows if (value := row.figures[place]) is not None]
            found.append(sum(said) if said else None)
        return found


def board(count: Count, to: Actor) -> Board:
    """The count as it stands now: two queries, however many communes."""
    now = clock.now()
    newest = Report.objects.filter(ask=OuterRef("ask")).order_by("-number").values("number")[:1]
    asks = list(access.asks(to).filter(of=count).order_by("unit__folded", "unit__code"))
    reports = Report.objects.filter(ask__in=asks, number=Subquery(newest)).select_related("person")
    by_ask = {report.ask_id: report for report in reports}
    rows = [
        Row(
            ask=ask,
            report=by_ask.get(ask.pk),
            is_late=ask.pk not in by_ask and count.closed_at is None and now > count.due_at,
            name=named(ask.unit),
            is_ours=to.may(access.ANSWER, ask.unit.path),
        )
        for ask in asks
    ]
    return Board(count=count, rows=rows, at=now)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A count of the list: of how many communes how many have answered."""

    count: Count
    asked: int
    sent: int
    is_late: bool


def page(to: Actor, before: str) -> tuple[list[Listed], str]:
    """Counts, the newest first, and where the next page begins."""
    found = access.counts(to).order_by("-pk")
    if before.isascii() and before.isdigit() and len(before) < 16:
        found = found.filter(pk__lt=int(before))
    rows = list(found[: LENGTH + 1])
    more = f"?before={rows[LENGTH - 1].pk}" if len(rows) > LENGTH else ""
    asked = access.asks(to).filter(of__in=rows[:LENGTH]).order_by().values("of")
    totals = {
        row["of"]: (row["asked"], row["sent"])
        for row in asked.annotate(
            asked=Counted("pk", distinct=True), sent=Counted("reports__ask", distinct=True)
        )
    }
    now = clock.now()
    listed = []
    for count in rows[:LENGTH]:
        all_of, sent = totals.get(count.pk, (0, 0))
        late = count.closed_at is None and sent < all_of and now > count.due_at
        listed.append(Listed(count=count, asked=all_of, sent=sent, is_late=late))
    return listed, more


def history(ask: Ask) -> list[Report]:
    """Every report of a commune, the newest first."""
    return list(ask.reports.select_related("person").order_by("-number")[:50])


def areas(found: Board) -> dict[str, Any]:
    """The communes for the map, coloured by how much is flooded; those that have not answered stay plain."""
    outlines = dict(
        Boundary.objects.filter(unit__in=[row.ask.unit_id for row in found.rows]).values_list(
            "unit_id", "geometry"
        )
    )
    features = [
        {
            "type": "Feature",
            "properties": {"code": row.ask.unit.code, "name": row.name, "tone": _tone(row)},
            "geometry": json.loads(outlines[row.ask.unit_id]),
        }
        for row in found.rows
        if row.report is not None and row.ask.unit_id in outlines
    ]
    return {"type": "FeatureCollection", "features": features}


def _tone(row: Row) -> str:
    """0 nothing, 1 some, 2 many, 3 lives lost or missing."""
    report = row.report
    if report is None:
        return ""
    if report.dead or report.missing:
        return "3"
    return "2" if (report.flooded or 0) >= 100 else "1" if report.flooded or report.houses else "0"


def open_asks(to: Actor) -> list[Ask]:
    """Communes of open counts that the actor answers for and that have said nothing, those due first."""
    found = access.asks(to).filter(of__closed_at=None, reports=None).order_by(F("of__due_at"), "unit__folded")
    return [ask for ask in found[:20] if to.may(access.ANSWER, ask.unit.path)]
