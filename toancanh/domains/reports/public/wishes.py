"""Which published reports somebody wants to see, as the address says it: of list, map and files alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from django.db.models import Q, QuerySet

from toancanh.domains.reports.public import finding, seeing
from toancanh.domains.reports.public.telling import STANDS
from toancanh.kernel.cases.models import Case
from toancanh.kernel.people.models import Organisation
from toancanh.kernel.runtime import clock
from toancanh.kernel.territory import queries as territory

LONGEST = 100
NOWHERE = Q(pk__in=[])


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Filters. Empty ones let everything through."""

    q: str = ""
    category: str = ""
    """Code; of a group its members are meant."""
    unit: str = ""
    """Code; those below it are included."""
    state: str = ""
    """Where it stands, as `telling.stands` names it."""
    organisation: str = ""
    """Code of the one in charge."""
    since: str = ""
    until: str = ""
    """Days of receipt, both included, as ISO."""
    after: str = ""
    """Where a page of the list begins."""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Wish:
        """From the parameters of an address; a day or state that cannot be is passed over."""
        said = {one.name: asked.get(one.name, "").replace("\0", "").strip()[:LONGEST] for one in fields(cls)}
        if said["state"] not in STANDS.values():
            said["state"] = ""
        for name in ("since", "until"):
            said[name] = _day(said[name])
        return cls(**said)

    def query(self, **other: str) -> str:
        """The same wish as parameters, with some of it changed; without the place in the list."""
        said = {one.name: getattr(self, one.name) for one in fields(self)} | {"after": ""} | other
        found = urlencode({name: value for name, value in said.items() if value})
        return f"?{found}" if found else ""

    @property
    def narrows(self) -> bool:
        """Whether any filter is set."""
        return bool(self.query())


def _day(said: str) -> str:
    try:
        day = date.fromisoformat(said)
    except ValueError:
        return ""
    return day.isoformat() if 1970 <= day.year <= 9000 else ""


def wanted(wish: Wish) -> QuerySet[Case]:
    """The published reports that the wish lets through, in no order. Search reads published words alone."""
    found = seeing.listed()
    if wish.category:
        found = found.filter(Q(category=wish.category) | Q(category__startswith=f"{wish.category}."))
    if wish.state:
        found = found.filter(state__in=[name for name, stand in STANDS.items() if stand == wish.state])
    if wish.unit:
        unit = territory.unit(wish.unit)
        found = found.filter(Q(unit_path__startswith=unit.path) if unit is not None else NOWHERE)
    if wish.organisation:
        own = Organisation.objects.filter(code=wish.organisation).values_list("pk", flat=True).first()
        found = found.filter(Q(organisation=own) if own is not None else NOWHERE)
    if wish.since:
        found = found.filter(opened_at__gte=_midnight(wish.since))
    if wish.until:
        found = found.filter(opened_at__lt=_midnight(wish.until) + timedelta(days=1))
    return finding.narrowed(found, wish.q) if wish.q else found


def _midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), clock.VIETNAM)
