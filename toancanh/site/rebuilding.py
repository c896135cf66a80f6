"""``toancanh work rebuild``: every due time found again from the story of its case."""

from __future__ import annotations

from django.utils.translation import gettext as _

from toancanh.kernel.cases import recounting
from toancanh.kernel.territory.calendars.models import WorkCalendar


def put_right() -> str:
    """Count every open clock anew; says how many cases that moved."""
    count = recounting.recount(list(WorkCalendar.objects.all()))
    return _("%(count)s cases put right.") % {"count": count}


def differing() -> list[str]:
    """A line for each clock whose stored due time is not the one of its story."""
    lines = []
    for one in recounting.differences():
        stored, told = (moment.isoformat() if moment else "-" for moment in (one.stored, one.told))
        lines.append(f"{one.case} {one.clock} {stored} {told}")
    return lines
