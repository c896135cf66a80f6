"""One page of the list of orders: what waits for its giver first, then overdue, running and ended ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q

from toancanh.domains.directives import wishes
from toancanh.domains.directives.wishes import Grouped, Wish
from toancanh.kernel.cases.clocks import BEHIND
from toancanh.kernel.cases.models import Case, Step, StepRole
from toancanh.kernel.cases.queue import listing as queue
from toancanh.kernel.declare import Actor
from toancanh.kernel.people.access import person_key
from toancanh.kernel.runtime import clock

LENGTH = 50


@dataclass(frozen=True)
class Line:
    """One order as the list shows it."""

    row: queue.Row
    group: int
    asks: bool
    """Whether more time is asked for."""
    percent: int | float | None
    parts: int
    parts_over: int
    may_judge: bool

    @property
    def case(self) -> Case:
        """The order itself."""
        return self.row.case


@dataclass(frozen=True, kw_only=True)
class Page:
    """A part of the list, where it goes on, and how many stand where."""

    rows: list[Line]
    first_url: str
    next_url: str
    counts: tuple[int, ...]
    """By group, whatever group is looked at."""


def page(to: Actor, wish: Wish, now: datetime | None = None) -> Page:
    """One page of what the wish lets through. As many queries for one row as for fifty."""
    now = now or clock.now()
    found = wishes.wanted(to, wish, now)
    counts = [0] * len(wishes.STANDS)
    for group, count in found.order_by().values_list("group").annotate(n=Count("pk")):
        counts[group] = count
    shown = ordered(_behind(wishes.standing(found, wish.stand, now), wish.after))
    cases = list(shown.select_related("unit", "organisation", "person")[: LENGTH + 1])
    more = cases[LENGTH - 1] if len(cases) > LENGTH else None
    return Page(
        rows=lines(cases[:LENGTH], to, now),
        first_url=wish.query() if wish.after else "",
        next_url=wish.query(after=_place(more)) if more else "",
        counts=tuple(counts),
    )


def ordered(found: Grouped) -> Grouped:
    """By group, then by what is due first; of what ended the newest first."""
    return found.order_by("group", "rank", "-pk")


def _place(case: Any) -> str:  # noqa: ANN401 - a case with its group
    return f"{case.group}-{clock.to_us(case.rank)}-{case.pk}"


def _behind(found: Grouped, after: str) -> Grouped:
    """Those behind the row that the address names; a mangled one begins at the start."""
    parts = after.split("-")
    if len(parts) != 3 or not all(one.isascii() and one.isdigit() and len(one) < 19 for one in parts):
        return found
    group, time, key = map(int, parts)
    rank = clock.from_us(min(time, clock.to_us(BEHIND)))
    later = Q(rank__gt=rank) | Q(rank=rank, pk__lt=key)
    return found.filter(Q(group__gt=group) | (Q(group=group) & later))


def lines(cases: Sequence[Any], to: Actor, now: datetime) -> list[Line]:
    """Grouped orders with all that is said of them. Five queries, whatever their number."""
    keys = [one.pk for one in cases]
    parts = {
        whole: (count, over)
        for whole, count, over in Case.objects.filter(parent__in=keys)
        .order_by()
        .values_list("parent")
        .annotate(n=Count("pk"), over=Count("pk", filter=Q(is_open=False)))
    }
    own = to.organisation_path if to.paths(wishes.HANDLE) else ""
    handed: set[int] = set()
    if own:
        steps = Step.objects.filter(case__in=keys, role=StepRole.GIVE, is_open=True)
        handed = set(steps.filter(organisation_path__startswith=own).values_list("case", flat=True))
    person, gives = person_key(to), bool(to.paths(wishes.GIVE))
    found = []
    for row in queue.told(list(cases), now):
        case: Any = row.case
        count, over = parts.get(case.pk, (0, 0))
        is_own = gives and person is not None and case.opened_by_id == person
        found.append(
            Line(
                row=row,
                group=case.group,
                asks=case.asks,
                percent=case.facts.get("percent"),
                parts=count,
                parts_over=over,
                may_judge=case.group == wishes.WAITING and (is_own or case.pk in handed or to.everywhere),
            )
        )
    return found
