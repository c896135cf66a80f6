"""``toancanh due``: until when something is due that was received then, and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.kernel.exchange import queries as exchange
from toancanh.kernel.territory.calendars import counting, queries, words
from toancanh.kernel.territory.calendars.counting import Counted
from toancanh.lib.errors import Refused
from toancanh.lib.worktime.calendar import PLACE, Begin
from toancanh.web import formats

LEAST_DAYS, MOST_DAYS = Decimal("0.01"), 3660


def count(typed: str, days: str, code: str = "", begin: str = Begin.NOW) -> Counted:
    """Count by the calendar of that code, or by the locality's; refuses what cannot be read."""
    home = exchange.home()
    row = queries.one(code) if code else queries.nearest(home.unit.path if home and home.unit else "")
    return counting.count(row, read_time(typed), read_days(days), Begin(begin))


def remarks(found: Counted) -> Iterator[str]:
    """The due time in words, and every entry that made its days differ from the week."""
    language = get_language() or "vi"
    local = found.due.astimezone(PLACE)
    weekday = date_format(local, "l")
    yield f"{weekday} {formats.moment(local, language)} · {words.titled(found.calendar)}"
    for row in found.ruling:
        doubt = "" if row.is_verified else f" [{_('not verified')}]"
        yield f"{words.span(row, language)}: {words.said(row)} ({row.legal_basis}){doubt}"
    for year in found.unknown_years:
        yield words.preliminary(year)


def read_time(typed: str) -> datetime | date:
    """A moment, of Việt Nam unless it says its offset; or a day alone."""
    if (day := _day(typed)) is not None:
        return day
    try:
        moment = formats.read_moment(typed) or datetime.fromisoformat(typed.strip())
    except ValueError as fault:
        text = _("Write the time as 2026-11-21T14:05 or 21/11/2026 14:05, or a day alone.")
        raise Refused(text, "bad_time") from fault
    return moment if moment.tzinfo else moment.replace(tzinfo=PLACE)


def _day(typed: str) -> date | None:
    """A day without a time of day."""
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(typed.strip(), form).date()  # noqa: DTZ007 - a day, no moment
        except ValueError:
            continue
    return None


def read_days(typed: str) -> Decimal:
    """A number of working days; a comma does as well as a point."""
    try:
        days = Decimal(typed.strip().replace(",", "."))
    except InvalidOperation:
        days = Decimal(0)
    if not days.is_finite() or not LEAST_DAYS <= days <= MOST_DAYS:
        text = _("Write a number of working days from 0.01 to %(most)s, such as 5 or 0.5.")
        raise Refused(text % {"most": MOST_DAYS}, "bad_days")
    return days
