"""One page of the queue: which rows, in which order, how many there are, and what is said of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q, QuerySet
from django.utils.translation import get_language, gettext

from toancanh.kernel.cases import access, types
from toancanh.kernel.cases import words as plain
from toancanh.kernel.cases.clocks import BEHIND
from toancanh.kernel.cases.models import Case, Event
from toancanh.kernel.cases.queue import chips, words
from toancanh.kernel.cases.queue.chips import Chip
from toancanh.kernel.cases.queue.wishes import Wish, wanted
from toancanh.kernel.declare import Actor
from toancanh.kernel.runtime import clock
from toancanh.web import formats

_ = gettext
LENGTH = 50
COUNTED = 1_000
"""Up to here the number of rows is exact."""


@dataclass(frozen=True)
class Row:
    """One case as the list shows it."""

    case: Case
    chip: Chip
    kind: str
    state: str
    urgency: str
    last: str
    last_at: datetime | None
    last_by: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """A part of the list and where it goes on."""

    rows: list[Row]
    first_url: str
    next_url: str
    count: str
    """How many there are in all: exact up to 1,000, then ``1.000+``."""


def page(to: Actor, wish: Wish, now: datetime | None = None) -> Page:
    """One page of what the wish lets through. As many queries for one row as for fifty."""
    now = now or clock.now()
    found = wanted(access.visible(to), wish, to, now)
    ids = ordered(behind(found, wish), wish).values("pk")[: LENGTH + 1]
    cases = list(
        ordered(Case.objects.filter(pk__in=ids), wish).select_related("unit", "organisation", "person")
    )
    more = cases[LENGTH - 1] if len(cases) > LENGTH else None
    return Page(
        rows=told(cases[:LENGTH], now),
        first_url=wish.query() if wish.after else "",
        next_url=wish.query(after=place(more, wish)) if more else "",
        count=counted(found),
    )


def counted(found: QuerySet[Case]) -> str:
    """How many, as it is shown."""
    count = found.order_by()[: COUNTED + 1].count()
    if count <= COUNTED:
        return formats.number(count, 0, get_language() or "vi")
    return formats.number(COUNTED, 0, get_language() or "vi") + "+"


def ordered(found: QuerySet[Case], wish: Wish) -> QuerySet[Case]:
    """Open work by what is due first; where ended work is asked for, what came in last first."""
    return found.order_by("rank", "pk") if wish.is_open else found.order_by("-pk")


def place(case: Case, wish: Wish) -> str:
    """Where a row stands in the order, for the address of the page behind it."""
    return f"{clock.to_us(case.rank)}-{case.pk}" if wish.is_open else str(case.pk)


def behind(found: QuerySet[Case], wish: Wish) -> QuerySet[Case]:
    """Those behind the row that the address names; a mangled one begins at the start."""
    time, dash, number = wish.after.partition("-")
    if not wish.is_open:
        return found.filter(pk__lt=int(time)) if not dash and _is_number(time) else found
    if not (_is_number(time) and _is_number(number)):
        return found
    rank = clock.from_us(min(int(time), clock.to_us(BEHIND)))
    # The first part alone tells a database where to begin in the index.
    return found.filter(Q(rank__gte=rank) & (Q(rank__gt=rank) | Q(pk__gt=int(number))))


def _is_number(said: str) -> bool:
    return said.isascii() and said.isdigit() and len(said) < 19


def told(cases: list[Case], now: datetime) -> list[Row]:
    """Each with its countdown and the last that happened. Three queries, whatever their number."""
    counted = chips.chips(cases, now)
    newest = Event.objects.filter(case__in=[row.pk for row in cases], number=F("case__number"))
    last = {event.case_id: event for event in newest.select_related("person")}
    return [_row(case, counted[case.pk], last.get(case.pk)) for case in cases]


def _row(case: Case, chip: Chip, event: Event | None) -> Row:
    said = types.by_key(case.version_id)
    return Row(
        case=case,
        chip=chip,
        kind=plain.kind(case.kind),
        state=plain.state(said, case.state),
        urgency=plain.priority(case.priority) if case.priority else "",
        last=words.happened(event, said) if event else "",
        last_at=event.at if event else None,
        last_by=plain.who(event) if event else "",
    )
