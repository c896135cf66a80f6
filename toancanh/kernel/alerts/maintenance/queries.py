"""Windows as pages need them: which holds for a thing now, and all of them a page at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from toancanh.kernel.alerts.maintenance.models import Maintenance
from toancanh.kernel.declare import Actor
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotFound

CHANGED = "maintenance"
"""The revision that moves with every change of a window."""
SIGHT = "console.see"
LENGTH = 50


def things_of(rows: QuerySet[Maintenance]) -> Iterator[tuple[Maintenance, list[int]]]:
    """Each window with the numbers of its things; one look at the registry for each kind."""
    for row in rows.prefetch_related("things"):
        if row.kind:
            of_kind = Thing.objects.filter(kind=row.kind)
            if row.unit is not None:
                of_kind = of_kind.filter(unit__path__startswith=row.unit.path)
            yield row, list(of_kind.values_list("pk", flat=True))
        else:
            yield row, [thing.pk for thing in row.things.all()]


def holding(at: datetime) -> list[Maintenance]:
    """Windows that hold at the moment, those that end last first."""
    rows = Maintenance.objects.filter(starts__lte=at, ends__gt=at).order_by("-ends", "-pk")
    return list(rows.select_related("unit", "made_by").prefetch_related("things"))


def covers(window: Maintenance, thing: Thing) -> bool:
    """Whether the window is about the thing."""
    if window.kind:
        within = window.unit.path if window.unit else ""
        return thing.kind == window.kind and thing.unit.path.startswith(within)
    return any(one.pk == thing.pk for one in window.things.all())


def was_muted(number: int, start: datetime, end: datetime) -> bool:
    """Whether somebody worked at the thing of that number at some time between the two."""
    thing = Thing.objects.select_related("unit").get(pk=number)
    rows = Maintenance.objects.filter(Q(things=thing) | Q(kind=thing.kind), starts__lte=end, ends__gt=start)
    rows = rows.distinct().select_related("unit").prefetch_related("things")
    return any(covers(row, thing) for row in rows)


def of(things: Iterable[Thing], at: datetime) -> dict[int, Maintenance]:
    """By thing the window that holds longest now; two queries whatever their number."""
    windows = holding(at)
    if not windows:
        return {}
    found = ((thing, next((one for one in windows if covers(one, thing)), None)) for thing in things)
    return {thing.pk: window for thing, window in found if window is not None}


def over(things: Iterable[Thing], at: datetime) -> list[tuple[Thing, Maintenance]]:
    """Those of the things that are worked at now, each with its window."""
    found = {thing.pk: thing for thing in things}
    return [(found[number], window) for number, window in of(found.values(), at).items()]


def about(window: Maintenance, prefix: str = "thing__") -> Q:
    """Rows whose thing the window is about; ``prefix`` leads to the thing."""
    if window.kind:
        within = window.unit.path if window.unit else ""
        return Q(**{f"{prefix}kind": window.kind, f"{prefix}unit__path__startswith": within})
    return Q(**{f"{prefix}pk__in": [one.pk for one in window.things.all()]})


def muted(at: datetime) -> Q:
    """Alerts whose thing somebody works at now."""
    found = Q(pk__in=[])
    for window in holding(at):
        found |= about(window)
    return found


def upcoming(thing: Thing, at: datetime) -> list[Maintenance]:
    """Windows of the thing that hold or come, the first first."""
    rows = Maintenance.objects.filter(Q(things=thing) | Q(kind=thing.kind), ends__gt=at).distinct()
    rows = rows.select_related("unit", "made_by").prefetch_related("things").order_by("starts", "pk")
    return [row for row in rows[:LENGTH] if covers(row, thing)]


def visible(to: Actor) -> QuerySet[Maintenance]:
    """Windows over things of the units that the actor's posts stand over."""
    seen = Q(pk__in=[])
    for path in to.paths(SIGHT):
        seen |= Q(things__unit__path__startswith=path) | Q(unit__path__startswith=path)
        # A kind of the unit above, or of everywhere, is about his things too.
        above = [path[: n + 1] for n, letter in enumerate(path) if letter == "/"]
        seen |= Q(unit__path__in=above) | ~Q(kind="") & Q(unit=None)
    # A subquery: joined to its things a window would come as often as it has things.
    rows = Maintenance.objects.filter(pk__in=Maintenance.objects.filter(seen).values("pk"))
    return rows.select_related("unit", "made_by", "ended_by").prefetch_related("things__unit")


def one(number: int, to: Actor) -> Maintenance:
    """The window of that number, where the actor may see it."""
    found = visible(to).filter(pk=number).first()
    if found is None:
        raise NotFound("")
    return found


@dataclass(frozen=True)
class Page:
    """Windows, newest first; where the list goes on."""

    rows: list[Maintenance]
    next_url: str
    first_url: str


def page(to: Actor, after: str = "") -> Page:
    """Windows by their beginning, the latest first, a page at a time."""
    found = visible(to).order_by("-starts", "-pk")
    at, _dash, number = after.partition("-")
    if at.isascii() and at.isdigit() and number.isascii() and number.isdigit() and len(after) < 36:
        moment = clock.from_us(min(int(at), 10**16))
        found = found.filter(Q(starts__lt=moment) | Q(starts=moment, pk__lt=int(number[:18])))
    rows = list(found[: LENGTH + 1])
    more = rows[LENGTH - 1] if len(rows) > LENGTH else None
    next_url = f"?after={clock.to_us(more.starts)}-{more.pk}" if more else ""
    return Page(rows[:LENGTH], next_url, "?" if after else "")
