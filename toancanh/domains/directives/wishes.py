"""Which orders somebody wants to see, as the address says it, and the rows that this lets through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Case as Choose
from django.db.models import Exists, IntegerField, OuterRef, Q, QuerySet, Value, When

from toancanh.domains.directives.kind import KIND
from toancanh.kernel.cases import access, searching
from toancanh.kernel.cases.models import Case, Extension, Step, StepRole
from toancanh.kernel.declare import Actor
from toancanh.kernel.people.access import person_key
from toancanh.kernel.people.models import Organisation
from toancanh.kernel.runtime import clock

GIVE, HANDLE = "cases.give", "cases.handle"
WHOSE = ("given", "ours", "all")
"""What I gave, what my organisation has to do or helps with, all that my post sees."""
STANDS = ("waiting", "late", "running", "done")
"""Groups of the list, in their order: waits for who gave it, overdue, running, ended."""
MORE = ("open", "overdue", "week", "soon", "ahead", "reported")
"""What an organisation owes, as counts lead to it: see `conditions`."""
WAITING, LATE, RUNNING, DONE = range(4)
OWED = Q(is_open=True) & ~Q(state="reported")
"""Orders for which an organisation still has to do something: a result that waits is its giver's."""
LONGEST = 100
Grouped = QuerySet[Any]
"""Cases with ``group``, where each stands in the list, and ``asks``, whether more time is asked for."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Filters of the list. Empty ones let everything through."""

    whose: str = "given"
    stand: str = ""
    organisation: str = ""
    """Code of the one in charge; those below it are included."""
    since: str = ""
    until: str = ""
    """Days on which it was given, both included, as ISO."""
    q: str = ""
    after: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str], to: Actor) -> Wish:
        """From the parameters of an address; what cannot be understood is passed over."""
        said = {one.name: asked.get(one.name, "").replace("\0", "").strip()[:LONGEST] for one in fields(cls)}
        if said["whose"] not in WHOSE:
            said["whose"] = usual(to)
        if said["stand"] not in (*STANDS, *MORE):
            said["stand"] = ""
        for name in ("since", "until"):
            said[name] = _day(said[name])
        return cls(**said)

    def query(self, **other: str) -> str:
        """The same wish as the parameters of an address, with some of it changed; without the place in it."""
        said = {one.name: getattr(self, one.name) for one in fields(self)} | {"after": ""} | other
        return "?" + urlencode({name: value for name, value in said.items() if value})

    @property
    def narrows(self) -> bool:
        """Whether a filter is set, beside whose and where it stands."""
        return any((self.organisation, self.since, self.until, self.q))


def usual(to: Actor) -> str:
    """What the reader most likely looks for."""
    if to.paths(GIVE):
        return "given"
    return "ours" if to.organisation_path and to.paths(HANDLE) else "all"


def _day(said: str) -> str:
    try:
        day = date.fromisoformat(said)
    except ValueError:
        return ""
    return day.isoformat() if 1970 <= day.year <= 9000 else ""


def wanted(to: Actor, wish: Wish, now: datetime) -> Grouped:
    """Orders that the wish lets through, each with its ``group``; where it stands is not looked at yet."""
    found = access.visible(to).filter(kind=KIND)
    if wish.whose == "given":
        found = found.filter(given_by(to))
    elif wish.whose == "ours":
        found = found.filter(_ours(to))
    if wish.organisation:
        path = Organisation.objects.filter(code=wish.organisation).values_list("path", flat=True).first()
        found = found.filter(organisation_path__startswith=path) if path else found.none()
    if wish.since:
        found = found.filter(opened_at__gte=_midnight(wish.since))
    if wish.until:
        found = found.filter(opened_at__lt=_midnight(wish.until) + timedelta(days=1))
    if wish.q:
        found = searching.narrowed(found, wish.q, is_open=None)
    return grouped(found, now)


def grouped(found: QuerySet[Case], now: datetime) -> Grouped:
    """Each with the group of the list in which it stands."""
    asks = Extension.objects.filter(clock__case=OuterRef("pk"), settled_at=None, clock__stopped_at=None)
    return found.annotate(
        asks=Exists(asks),
        group=Choose(
            When(is_open=False, then=Value(DONE)),
            When(Q(state="reported") | Q(asks=True), then=Value(WAITING)),
            When(due_at__lte=now, then=Value(LATE)),
            default=Value(RUNNING),
            output_field=IntegerField(),
        ),
    )


def given_by(to: Actor) -> Q:
    """Orders of the actor, and parts that his organisation handed on."""
    person, own = person_key(to), to.organisation_path
    found = Q(pk__in=[]) if person is None else Q(opened_by=person)
    if own and to.paths(HANDLE):
        handed = Step.objects.filter(role=StepRole.GIVE, is_open=True, organisation_path__startswith=own)
        found |= Q(pk__in=handed.values("case"))
    return found


def _ours(to: Actor) -> Q:
    path = to.organisation_path
    if not path:
        return Q(pk__in=[])
    helps = Step.objects.filter(role=StepRole.HELP, is_open=True, organisation_path__startswith=path)
    return Q(organisation_path__startswith=path) | Q(pk__in=helps.values("case"))


def standing(found: Grouped, stand: str, now: datetime) -> Grouped:
    """Of grouped orders those that stand so."""
    if stand in STANDS:
        return found.filter(group=STANDS.index(stand))
    narrower = conditions(now).get(stand)
    return found if narrower is None else found.filter(narrower)


def conditions(now: datetime) -> dict[str, Q]:
    """What counts lead to, beside the groups. That more time is asked for makes nobody less late."""
    ahead = OWED & Q(due_at__gt=now)
    return {
        "open": Q(is_open=True),
        "overdue": OWED & Q(due_at__lte=now),
        "week": ahead & Q(due_at__lt=week_end(now)),
        "soon": ahead & Q(soon_at__lte=now),
        "ahead": OWED & (Q(due_at=None) | Q(due_at__gt=now)) & (Q(soon_at=None) | Q(soon_at__gt=now)),
        "reported": Q(state="reported"),
    }


def week_end(now: datetime) -> datetime:
    """The moment at which the week, from Monday to Sunday, is over."""
    day = now.astimezone(clock.VIETNAM).date()
    return datetime.combine(day + timedelta(days=7 - day.weekday()), time(), clock.VIETNAM)


def _midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), clock.VIETNAM)
