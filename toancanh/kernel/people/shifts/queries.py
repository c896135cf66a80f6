"""Who is on duty, who is turned to next, and where the roster has a gap."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from toancanh.kernel.declare import Actor
from toancanh.kernel.people.models import Grant, Person
from toancanh.kernel.people.shifts.models import DutyPost, Shift
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.brief import Brief
from toancanh.kernel.territory.queries import today
from toancanh.lib.errors import NotFound

SIGHT = "console.see"
ANSWERS = "alerts.answer"
"""Who is on duty must be able to acknowledge what rings there."""
AHEAD = timedelta(hours=48)
"""So far ahead gaps are told."""
_ahead: Brief[int] = Brief(15.0)


def path_of(duty: DutyPost) -> str:
    """Path of the unit over which the post is on duty; empty: everywhere."""
    unit = duty.organisation.unit
    return unit.path if unit else ""


def posts() -> QuerySet[DutyPost]:
    """Posts of duty with what a page says of them."""
    return DutyPost.objects.select_related("organisation__unit")


def visible(to: Actor) -> list[DutyPost]:
    """Posts on duty over units that the actor sees, or above them: those are turned to for his alerts."""
    paths = to.paths(SIGHT)
    return [
        duty
        for duty in posts().filter(is_active=True)
        if any(path_of(duty).startswith(path) or path.startswith(path_of(duty)) for path in paths)
    ]


def one(number: int, to: Actor) -> DutyPost:
    """The post of that number, where the actor may see it."""
    found = next((duty for duty in visible(to) if duty.pk == number), None)
    if found is None:
        raise NotFound("")
    return found


def candidates(path: str) -> list[Person]:
    """Who may be on duty over the unit: holds a post today that answers for alerts there."""
    day = today()
    held = Q(post__valid_to=None) | Q(post__valid_to__gt=day)
    rows = Grant.objects.filter(held, right=ANSWERS, post__valid_from__lte=day, post__person__is_active=True)
    rows = rows.select_related("unit", "post__person").order_by("post__person__full_name", "post__person")
    found = {
        row.post.person_id: row.post.person
        for row in rows
        if row.unit is None or path.startswith(row.unit.path)
    }
    return list(found.values())


def standing() -> QuerySet[Shift]:
    """Shifts that take place."""
    rows = Shift.objects.filter(cancelled_at=None)
    return rows.select_related("duty__organisation__unit", "person", "stands_in_for")


def on_duty(at: datetime, duties: Iterable[DutyPost]) -> list[Shift]:
    """Who is on duty at the moment, the first level first."""
    rows = standing().filter(duty__in=list(duties), starts__lte=at, ends__gt=at, person__is_active=True)
    return list(rows.order_by("duty__level", "duty", "starts", "pk"))


@dataclass(frozen=True)
class Level:
    """Who is turned to at one step of escalation."""

    number: int
    duties: list[DutyPost]
    shifts: list[Shift]

    @property
    def names(self) -> str:
        """Who that is, in a line; empty where nobody is on duty."""
        return ", ".join(dict.fromkeys(str(shift.person) for shift in self.shifts))

    @property
    def title(self) -> str:
        """The posts, in a line."""
        return ", ".join(dict.fromkeys(duty.title for duty in self.duties))


class Roster:
    """Every post on duty at one moment, asked once for many alerts."""

    def __init__(self, at: datetime) -> None:
        self._duties = list(posts().filter(is_active=True))
        self._shifts: dict[int, list[Shift]] = {}
        for shift in on_duty(at, self._duties):
            self._shifts.setdefault(shift.duty_id, []).append(shift)

    def chain(self, path: str) -> list[Level]:
        """The levels that answer for a unit, in the order in which they are turned to."""
        levels: dict[int, Level] = {}
        for duty in self._duties:
            if path.startswith(path_of(duty)):
                level = levels.setdefault(duty.level, Level(duty.level, [], []))
                level.duties.append(duty)
                level.shifts.extend(self._shifts.get(duty.pk, ()))
        return [levels[number] for number in sorted(levels)]


@dataclass(frozen=True)
class Gap:
    """Nobody is on duty in [starts, ends)."""

    duty: DutyPost
    starts: datetime
    ends: datetime


def gaps(duties: Iterable[DutyPost], start: datetime, end: datetime) -> list[Gap]:
    """Where posts that want somebody at any hour have nobody, earliest first."""
    wanted = [duty for duty in duties if duty.is_round_the_clock and duty.is_active]
    rows = standing().filter(duty__in=wanted, starts__lt=end, ends__gt=start, person__is_active=True)
    filled: dict[int, list[Shift]] = {}
    for shift in rows.order_by("starts", "pk"):
        filled.setdefault(shift.duty_id, []).append(shift)
    found = [gap for duty in wanted for gap in gaps_between(duty, filled.get(duty.pk, ()), start, end)]
    return sorted(found, key=lambda gap: (gap.starts, gap.duty.level, gap.duty.pk))


def gaps_between(duty: DutyPost, shifts: Iterable[Shift], start: datetime, end: datetime) -> list[Gap]:
    """What of [start, end) none of the post's shifts covers; they come by their beginning."""
    found, reached = [], start
    for shift in shifts:
        if shift.starts > reached:
            found.append(Gap(duty, reached, min(shift.starts, end)))
        reached = max(reached, shift.ends)
        if reached >= end:
            return found
    found.append(Gap(duty, reached, end))
    return found


def gaps_ahead(to: Actor) -> int:
    """How many gaps the next two days have in the posts that the actor sees."""

    def counted() -> int:
        now = clock.now()
        return len(gaps(visible(to), now, now + AHEAD))

    return _ahead.get(to.paths(SIGHT), counted)


def forget() -> None:
    """Count anew."""
    _ahead.forget()
