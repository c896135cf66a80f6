"""Which reports anybody may read, and how exactly their place is told: one predicate for all public doors.

What is told of such a report is made by `public.telling` alone: nothing that its sender wrote is in it.
"""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from toancanh.domains.reports.similar import KIND
from toancanh.kernel.cases import joining
from toancanh.kernel.cases.access import OPEN_LEVEL
from toancanh.kernel.cases.models import Case
from toancanh.lib.errors import NotFound

WITHDRAWN = "withdrawn"
LONGEST_CODE = 24
DECIMALS = 3
"""Of degrees: a place is told to about a hundred metres, so that no door is a sender's door."""


def published() -> QuerySet[Case]:
    """Every report whose public text reception has published and not taken down, merged ones too.

    Withdrawn ones are not among them, nor what was put above the level that all staff may see.
    """
    rows = Case.objects.filter(kind=KIND, is_published=True, level__lte=OPEN_LEVEL)
    return rows.exclude(phase=WITHDRAWN)


def listed() -> QuerySet[Case]:
    """The same without those that were merged into another: what lists, maps and files hold."""
    return published().exclude(phase=joining.MERGED)


def one(code: str) -> Case:
    """The published report of that code. What is not published is as if it were not there."""
    code = code.strip().upper()
    found = None
    if len(code) <= LONGEST_CODE and code.isascii() and code.isprintable():
        found = published().filter(code=code).select_related("unit", "organisation", "report").first()
    if found is None:
        raise NotFound(_("There is no published report of that code. Look at the code once more."))
    return found


def dealt_with_under(case: Case) -> Case | None:
    """Where a merged report is dealt with now, if that one is published; None of any other."""
    if case.phase != joining.MERGED:
        return None
    last = joining.final(case)
    return listed().filter(pk=last.pk).first()


def place(case: Case) -> tuple[float, float] | None:
    """Longitude and latitude for the public; None where nobody knows a point."""
    if case.lon is None or case.lat is None:
        return None
    return round(case.lon, DECIMALS), round(case.lat, DECIMALS)
