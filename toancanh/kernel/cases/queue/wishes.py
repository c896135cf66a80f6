"""Which work somebody wants to see, as the address says it, and the rows that this lets through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from django.db.models import Q, QuerySet

from toancanh.kernel import catalogue
from toancanh.kernel.cases import searching
from toancanh.kernel.cases.models import Case
from toancanh.kernel.cases.queue import words
from toancanh.kernel.declare import Actor
from toancanh.kernel.people.access import person_key
from toancanh.kernel.people.models import Organisation
from toancanh.kernel.runtime import clock
from toancanh.kernel.territory import queries as territory

STANDS = ("open", "closed", "all")
DUES = ("late", "soon", "ahead", "paused")
WHOSE = ("mine", "ours", "free", "untaken")
"""In my hands, of my organisation, of no organisation yet, of one of which nobody took it."""
LONGEST = 100


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Filters of the queue. Empty ones let everything through."""

    stand: str = "open"
    kind: str = ""
    due: str = ""
    phase: str = ""
    state: str = ""
    organisation: str = ""
    """Code; those below it are included."""
    unit: str = ""
    """Code; those below it are included."""
    category: str = ""
    channel: str = ""
    priority: str = ""
    whose: str = ""
    since: str = ""
    until: str = ""
    """Days on which it was opened, both included, as ISO."""
    q: str = ""
    after: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Wish:
        """From the parameters of an address; what cannot be understood is passed over."""
        said = {one.name: _plain(asked.get(one.name, "")) for one in fields(cls)}
        if said["stand"] not in STANDS:
            said["stand"] = "open"
        closed = {"due": DUES, "whose": WHOSE, "kind": catalogue.case_types(), "phase": words.phases()}
        for name, known in closed.items():
            if said[name] not in known:
                said[name] = ""
        if said["priority"] not in ("0", "1", "2"):
            said["priority"] = ""
        for name in ("since", "until"):
            said[name] = _day(said[name])
        if not said["kind"]:
            # A state is named by its kind: two kinds may mean different things by one name.
            said["state"] = ""
        return cls(**said)

    def query(self, **other: str) -> str:
        """The same wish as the parameters of an address, with some of it changed; without the place in it."""
        said = {one.name: getattr(self, one.name) for one in fields(self)} | {"after": ""} | other
        told = {name: value for name, value in said.items() if value and (name, value) != ("stand", "open")}
        # Without any parameter the list opens with the view that somebody has chosen for that.
        return "?" + urlencode(told or {"stand": "open"})

    @property
    def here(self) -> str:
        """The address of this very page, with the place in the list."""
        return self.query(after=self.after)

    @property
    def has_more(self) -> bool:
        """Whether filters are set that stand behind *More filters*."""
        return self.narrows > sum(bool(one) for one in (self.q, self.whose, self.due))

    @property
    def keeps(self) -> bool:
        """Whether there is anything to keep under a name."""
        return bool(self.narrows) or self.stand != "open"

    @property
    def is_open(self) -> bool:
        """Whether it looks at open work alone, which is sorted by its due time."""
        return self.stand == "open"

    @property
    def narrows(self) -> int:
        """How many filters are set, beside open or closed."""
        names = [one.name for one in fields(self) if one.name not in ("stand", "after")]
        return sum(bool(getattr(self, name)) for name in names)


def _plain(said: str) -> str:
    return said.replace("\0", "").strip()[:LONGEST]


def _day(said: str) -> str:
    try:
        day = date.fromisoformat(said)
    except ValueError:
        return ""
    # What lies outside no work was opened on, and one day more must still be a day.
    return day.isoformat() if 1970 <= day.year <= 9000 else ""


def wanted(seen: QuerySet[Case], wish: Wish, to: Actor, now: datetime) -> QuerySet[Case]:
    """Of what the actor sees the rows that the wish lets through, in no order."""
    found = seen
    if wish.stand != "all":
        found = found.filter(is_open=wish.is_open)
    for name in ("kind", "phase", "state", "category", "channel"):
        if value := getattr(wish, name):
            found = found.filter(**{name: value})
    if wish.priority:
        found = found.filter(priority=int(wish.priority))
    if wish.due:
        found = found.filter(_due(wish.due, now))
    if wish.whose:
        found = found.filter(_whose(wish.whose, to))
    found = _placed(found, wish)
    if wish.since:
        found = found.filter(opened_at__gte=_midnight(wish.since))
    if wish.until:
        found = found.filter(opened_at__lt=_midnight(wish.until) + timedelta(days=1))
    if not wish.q:
        return found
    return searching.narrowed(found, wish.q, is_open=None if wish.stand == "all" else wish.is_open)


def _due(state: str, now: datetime) -> Q:
    """Open work by its clocks: the same words as `chips.due` and what stands still."""
    of_open = Q(is_open=True)
    if state == "paused":
        return of_open & Q(due_at=None)
    if state == "late":
        # By ``rank``, which is the due time where there is one: the queue's index has it.
        return of_open & Q(rank__lte=now)
    ahead = of_open & Q(due_at__gt=now)
    return ahead & Q(soon_at__lte=now) if state == "soon" else ahead & (Q(soon_at=None) | Q(soon_at__gt=now))


def _whose(whose: str, to: Actor) -> Q:
    if whose == "mine":
        person = person_key(to)
        return Q(pk__in=[]) if person is None else Q(person=person)
    if whose == "ours":
        path = to.organisation_path
        return Q(organisation_path__startswith=path) if path else Q(pk__in=[])
    return Q(organisation=None) if whose == "free" else Q(organisation__isnull=False, person=None)


def _placed(found: QuerySet[Case], wish: Wish) -> QuerySet[Case]:
    if wish.organisation:
        paths = Organisation.objects.filter(code=wish.organisation).values_list("path", flat=True)
        path = paths.first()
        found = found.filter(organisation_path__startswith=path) if path else found.none()
    if wish.unit:
        unit = territory.unit(wish.unit)
        found = found.filter(unit_path__startswith=unit.path) if unit else found.none()
    return found


def _midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), clock.VIETNAM)
