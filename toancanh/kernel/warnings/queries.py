"""Messages as others need them: the public's, those of a place or unit, and the staff's lists."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from django.db.models import F, Prefetch, Q, QuerySet

from toancanh.kernel import catalogue
from toancanh.kernel.declare import Actor
from toancanh.kernel.people.models import Post
from toancanh.kernel.runtime import clock, revision
from toancanh.kernel.runtime.brief import Brief
from toancanh.kernel.territory.models import Unit
from toancanh.kernel.territory.queries import in_force, today, unit_at
from toancanh.kernel.warnings import reach
from toancanh.kernel.warnings.keeping import CHANGED, DRAFT, ORDER
from toancanh.kernel.warnings.models import TOLD, UNFINISHED, Kind, Place, State, Warning
from toancanh.lib.errors import NotFound
from toancanh.lib.fold import fold

SIGHT = "console.see"
LENGTH = 30
PUBLIC = 50
"""Messages of the past that a public page shows at most."""
STATES = ("open", "waiting", "now", "past", "withdrawn", "all")
_waiting: Brief[int] = Brief(30.0)


def whole(rows: QuerySet[Warning]) -> QuerySet[Warning]:
    """With all that texts and pages say of a message, at a constant number of queries."""
    places = Prefetch("places", Place.objects.select_related("unit"))
    found = rows.select_related(
        "thread", "previous", "order", "origin__thing__unit", "origin__rule", "drafted_by", "submitted_by",
        "approved_by", "changed_by",
    )  # fmt: skip
    return found.prefetch_related(places)


# --- the public's


def _public() -> QuerySet[Warning]:
    """What the public was told: never an exercise, never a draft."""
    return whole(Warning.objects.filter(state__in=TOLD, is_exercise=False, number__isnull=False))


def public_now(at: datetime | None = None) -> list[Warning]:
    """What is to be heeded now, the gravest first; of a thread its newest message alone."""
    now = at or clock.now()
    found = _public().filter(state=State.APPROVED, valid_from__lte=now, valid_until__gt=now)
    return list(found.exclude(kind=Kind.ALL_CLEAR).order_by("-level", "-approved_at", "-pk"))


def public_ended(at: datetime | None = None) -> list[Warning]:
    """All-clears that are still worth telling, newest first."""
    now = at or clock.now()
    found = _public().filter(state=State.APPROVED, kind=Kind.ALL_CLEAR, valid_until__gt=now)
    return list(found.order_by("-approved_at", "-pk"))


def public_past(before: datetime | None = None, limit: int = PUBLIC) -> list[Warning]:
    """The last message of every thread that is over: by an all-clear, or lapsed without one; newest first.

    ``before`` is the ``approved_at`` at which the page before ended.
    """
    now = clock.now()
    over = Q(kind=Kind.ALL_CLEAR) | Q(valid_until__lte=now)
    found = _public().filter(over, state=State.APPROVED)
    if before is not None:
        found = found.filter(approved_at__lt=before)
    return list(found.order_by("-approved_at", "-pk")[:limit])


def public_feed(limit: int = PUBLIC) -> list[Warning]:
    """Every message in the order in which it was told, newest first: for feeds."""
    return list(_public().order_by("-approved_at", "-pk")[:limit])


def message(number: str) -> Warning:
    """The message of that number, also of an exercise: the public is shown no such."""
    found = whole(Warning.objects.filter(number=number, state__in=TOLD)).first()
    if found is None:
        raise NotFound("")
    return found


def thread(warning: Warning) -> list[Warning]:
    """All messages of its thread that were told, oldest first."""
    rows = Warning.objects.filter(thread=warning.thread_id, state__in=TOLD)
    return list(whole(rows).order_by("approved_at", "pk"))


def for_unit(code: str, on: date | None = None) -> list[Warning]:
    """What is to be heeded now in the unit that bears the code (on a day), or in what it has become.

    A message for a unit above it, or for one that has merged into it, is for it too.
    """
    day = today()
    unit = next(iter(reach.named([code], on or day)))
    return _concerning(reach.around(unit, day))


def for_place(lat: float, lon: float) -> list[Warning]:
    """What is to be heeded now at a point (WGS 84); a drawn area counts by itself, not by its units."""
    unit = unit_at(lon, lat)
    around = reach.around(unit, today()) if unit is not None else set()
    found = []
    for warning in public_now():
        if warning.area is not None:
            is_for = reach.covers(warning.area, lon, lat)
        else:
            is_for = any(place.unit_id in around for place in warning.places.all())
        if is_for:
            found.append(warning)
    return found


def _concerning(units: Collection[int]) -> list[Warning]:
    return [one for one in public_now() if any(place.unit_id in units for place in one.places.all())]


# --- the staff's


def visible(to: Actor) -> QuerySet[Warning]:
    """Messages for units above or below which the actor's posts stand; without units: for all who write."""
    within = Q(pk__in=[])
    for path in to.paths(SIGHT):
        above = [int(pk) for pk in path.split("/") if pk]
        within |= Q(units__path__startswith=path) | Q(units__in=above)
    if to.paths(DRAFT) or to.paths(ORDER):
        within |= Q(units=None)
    return Warning.objects.filter(pk__in=Warning.objects.filter(within).values("pk"))


def one(pk: int, to: Actor) -> Warning:
    """The message of that row, where the actor may see it."""
    found = whole(visible(to).filter(pk=pk)).first()
    if found is None:
        raise NotFound("")
    return found


def waiting(to: Actor) -> list[Warning]:
    """What waits for this actor's approval: the gravest first, then who waits longest."""
    found = visible(to).filter(state=State.SUBMITTED).order_by("-level", "submitted_at", "pk")
    return [row for row in whole(found) if may_order(row, to)]


def may_order(warning: Warning, to: Actor) -> bool:
    """Whether the actor's posts carry the right to order it, over every unit of it."""
    return bool(to.paths(ORDER)) and all(to.may(ORDER, place.unit.path) for place in warning.places.all())


def may_write(warning: Warning, to: Actor) -> bool:
    """Whether the actor's posts carry the right to write it, over every unit of it."""
    return bool(to.paths(DRAFT)) and all(to.may(DRAFT, place.unit.path) for place in warning.places.all())


def count_waiting(to: Actor) -> int:
    """How many wait for this actor; counted anew after every change."""
    paths = to.paths(ORDER)
    if not paths:
        return 0
    return _waiting.get((paths, revision.current(CHANGED)), lambda: len(waiting(to)))


def forget() -> None:
    """Count anew."""
    _waiting.forget()


def ordering(warning: Warning) -> list[Post]:
    """The posts of today that may order the message."""
    day, paths = today(), [place.unit.path for place in warning.places.all()]
    held = Q(valid_to=None) | Q(valid_to__gt=day)
    rows = Post.objects.filter(held, valid_from__lte=day, person__is_active=True, grants__right=ORDER)
    rows = rows.select_related("person", "organisation").order_by("pk").distinct()
    return [post for post in rows.prefetch_related("grants__unit") if _reaches(post, paths)]


def _reaches(post: Post, paths: list[str]) -> bool:
    roots = [grant.unit.path if grant.unit else "" for grant in post.grants.all() if grant.right == ORDER]
    return bool(roots) and all(any(path.startswith(root) for root in roots) for path in paths)


def choosable(to: Actor, right: str = DRAFT, *, locality: str = "") -> list[Unit]:
    """Units in force below the path of the locality over which the actor has the right: the province, then
    communes by name."""
    within = Q(pk__in=[])
    for path in to.paths(right):
        within |= Q(path__startswith=path)
    rows = in_force().filter(within, path__startswith=locality).exclude(tier="district")
    return sorted(rows, key=lambda unit: (unit.tier != "province", fold(unit.name), unit.code))


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Which messages somebody wants to see, as the address says it."""

    state: str = "open"
    event: str = ""
    level: int = 0
    exercise: str = ""
    after: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Wish:
        """From the parameters of an address; what cannot be understood is passed over."""
        state, event, level = asked.get("state", ""), asked.get("event", ""), asked.get("level", "")
        return cls(
            state=state if state in STATES else "open",
            event=event if event in catalogue.warning_events() else "",
            level=int(level) if level in ("1", "2", "3", "4", "5") else 0,
            exercise=asked.get("exercise", "") if asked.get("exercise") in ("yes", "no") else "",
            after=asked.get("after", ""),
        )

    def query(self, **other: object) -> str:
        """The same wish as the parameters of an address, with some of it changed."""
        said: dict[str, object] = {
            "state": "" if self.state == "open" else self.state,
            "event": self.event,
            "level": self.level or "",
            "exercise": self.exercise,
            **other,
        }
        return "?" + urlencode({name: value for name, value in said.items() if value})


@dataclass(frozen=True, kw_only=True)
class Page:
    """Messages, last changed first, and where the list goes on."""

    rows: list[Warning]
    next_url: str
    first_url: str


def page(to: Actor, wish: Wish) -> Page:
    """One page of what the wish lets through."""
    found = _after(_wanted(to, wish), wish.after).order_by("-changed_at", "-pk")
    rows = list(whole(found)[: LENGTH + 1])
    more = rows[LENGTH - 1] if len(rows) > LENGTH else None
    return Page(
        rows=rows[:LENGTH],
        next_url=wish.query(after=f"{clock.to_us(more.changed_at)}-{more.pk}") if more else "",
        first_url=wish.query() if wish.after else "",
    )


def _wanted(to: Actor, wish: Wish) -> QuerySet[Warning]:
    found, now = visible(to), clock.now()
    told = Q(state=State.APPROVED)
    is_over = Q(kind=Kind.ALL_CLEAR, valid_until__lte=now) | Q(kind=Kind.ALL_CLEAR)
    states = {
        # What still asks something of somebody: unfinished, in force, or lapsed without an all-clear.
        "open": Q(state__in=UNFINISHED) | (told & ~is_over),
        "waiting": Q(state=State.SUBMITTED),
        "now": told & ~is_over & Q(valid_until__gt=now),
        "past": Q(state=State.ENDED) | (told & (is_over | Q(valid_until__lte=now))),
        "withdrawn": Q(state=State.WITHDRAWN),
    }
    if wish.state in states:
        found = found.filter(states[wish.state])
    if wish.event:
        found = found.filter(event=wish.event)
    if wish.level:
        found = found.filter(level__gte=wish.level)
    if wish.exercise:
        found = found.filter(is_exercise=wish.exercise == "yes")
    return found


def _after(found: QuerySet[Warning], after: str) -> QuerySet[Warning]:
    """Those behind the row that the address names; a mangled one begins at the start."""
    time, _dash, number = after.partition("-")
    if not (time.isascii() and time.isdigit() and number.isascii() and number.isdigit()):
        return found
    if len(time) > 16 or len(number) > 18:
        return found
    at = clock.from_us(int(time))
    return found.filter(Q(changed_at__lt=at) | Q(changed_at=at, pk__lt=int(number)))


def lapsing(now: datetime, notice: timedelta) -> QuerySet[Warning]:
    """Messages in force that run out within the notice and nobody was told of yet."""
    soon = Warning.objects.filter(state=State.APPROVED, valid_until__lte=now + notice)
    return soon.exclude(kind=Kind.ALL_CLEAR).filter(expiry_told_at=None, valid_from__lt=F("valid_until"))
