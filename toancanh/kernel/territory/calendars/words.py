"""Calendars in words, for pages and commands."""

from __future__ import annotations

from datetime import date

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.kernel.territory.calendars.models import Ruling, WorkCalendar, WorkDay
from toancanh.lib.worktime.calendar import OutOfReach
from toancanh.web import formats


def titled(calendar: WorkCalendar) -> str:
    """The calendar's name in the reader's language."""
    return (is_english() and calendar.name_en) or calendar.name


def said(row: Ruling) -> str:
    """Why, in the reader's language where it is written in it."""
    return (is_english() and row.reason_en) or row.reason


def span(row: WorkDay, language: str) -> str:
    """16/02/2026, or 16/02/2026–20/02/2026."""
    first = written(row.first, language)
    return first if row.first == row.last else f"{first}–{written(row.last, language)}"


def written(day: date, language: str) -> str:
    """21/11/2026 or 21 Nov 2026."""
    if language.startswith("en"):
        return f"{day.day} {formats.MONTHS[day.month - 1]} {day.year}"
    return f"{day:%d/%m/%Y}"


def unreachable(fault: OutOfReach) -> str:
    """What to say where a calendar says nothing of a time."""
    if fault.code == "before":
        day = written(fault.on, get_language() or "vi")
        return _("The calendar begins on %(day)s; take a later time, or enter its earlier hours.") % {
            "day": day
        }
    return _("So much working time does not come by the year 2199; take a shorter term.")


def preliminary(year: int) -> str:
    """What to say of a year whose holidays nobody has entered."""
    return _("Holidays of %(year)s are not in the table yet: this is preliminary.") % {"year": year}


def is_english() -> bool:
    """Whether the reader's language is English."""
    return (get_language() or "vi").startswith("en")
