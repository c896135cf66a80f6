"""The public's list and map: one page of rows, the pins of all, and what both can be narrowed to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.domains.reports import categories, places
from toancanh.domains.reports.public import telling
from toancanh.domains.reports.public.seeing import DECIMALS
from toancanh.domains.reports.public.telling import STANDS, Told
from toancanh.domains.reports.public.wishes import Wish, wanted
from toancanh.kernel.cases.clocks import BEHIND
from toancanh.kernel.cases.models import Case
from toancanh.kernel.people.models import Organisation
from toancanh.kernel.runtime.clock import from_us, to_us
from toancanh.web import formats
from toancanh.web.filters import Choice

LENGTH = 20
COUNTED = 1_000
"""Up to here the number of reports is exact."""
MOST_PINS = 5_000


@dataclass(frozen=True, kw_only=True)
class Page:
    """A part of the list and where it goes on."""

    rows: list[Told]
    first_url: str
    next_url: str
    count: str


def page(wish: Wish) -> Page:
    """One page, what came in last first. As many queries for one row as for twenty."""
    found = wanted(wish)
    ids = ordered(behind(found, wish.after)).values("pk")[: LENGTH + 1]
    rows = ordered(Case.objects.filter(pk__in=ids)).select_related("unit", "organisation")
    cases = list(rows)
    last = cases[LENGTH - 1] if len(cases) > LENGTH else None
    return Page(
        rows=telling.many(cases[:LENGTH]),
        first_url=(wish.query() or "?") if wish.after else "",
        next_url=wish.query(after=place(last)) if last else "",
        count=_counted(found),
    )


def place(case: Case) -> str:
    """Where a row stands in the order."""
    return f"{to_us(case.opened_at)}-{case.pk}"


def ordered(found: QuerySet[Case]) -> QuerySet[Case]:
    """What came in last first."""
    return found.order_by("-opened_at", "-pk")


def behind(found: QuerySet[Case], after: str) -> QuerySet[Case]:
    """Those behind the row that the address names; a mangled one begins at the start."""
    time, _dash, number = after.partition("-")
    if not (_is_number(time) and _is_number(number)):
        return found
    at = from_us(min(int(time), to_us(BEHIND)))
    # The first part alone tells a database where to begin in the index.
    return found.filter(Q(opened_at__lte=at) & (Q(opened_at__lt=at) | Q(pk__lt=int(number))))


def _is_number(said: str) -> bool:
    return said.isascii() and said.isdigit() and len(said) < 19


def _counted(found: QuerySet[Case]) -> str:
    count = found.order_by()[: COUNTED + 1].count()
    language = get_language() or "vi"
    return formats.number(min(count, COUNTED), 0, language) + ("+" if count > COUNTED else "")


def pins(wish: Wish) -> dict[str, object]:
    """GeoJSON of the newest reports that have a place: code and stand alone, the page tells the rest."""
    rows = wanted(wish).filter(lon__isnull=False, lat__isnull=False).order_by("-opened_at", "-pk")
    found = rows.values_list("code", "state", "lon", "lat")[:MOST_PINS]
    features = [
        _pin(code, state, lon, lat) for code, state, lon, lat in found if lon is not None and lat is not None
    ]
    return {"type": "FeatureCollection", "features": features}


def _pin(code: str, state: str, lon: float, lat: float) -> Mapping[str, object]:
    return {
        "type": "Feature",
        "properties": {"code": code, "stand": STANDS.get(state, "received")},
        "geometry": {"type": "Point", "coordinates": (round(lon, DECIMALS), round(lat, DECIMALS))},
    }


def filters(wish: Wish) -> list[Choice]:
    """What the list can be narrowed to."""
    every = ("", _("All"))
    kinds = [
        (code, title)
        for group in categories.groups()
        for code, title in (
            (group.head.code, categories.title(group.head)),
            *((row.code, f"– {categories.title(row)}") for row in group.members),
        )
    ]
    stands = [(name, title) for name, title in telling.stands().items() if name != "merged"]
    found = [
        Choice("category", _("Category"), [every, *kinds], wish.category),
        Choice("unit", _("Ward or commune"), [every, *places.choosable()], wish.unit),
        Choice("state", _("State"), [every, *stands], wish.state),
    ]
    if wish.organisation:
        # One comes here from the figures; among all organisations nobody would look for one.
        row = Organisation.objects.filter(code=wish.organisation).first()
        own = (wish.organisation, row.name if row else wish.organisation)
        found.append(Choice("organisation", _("Organisation"), [every, own], wish.organisation))
    return found
