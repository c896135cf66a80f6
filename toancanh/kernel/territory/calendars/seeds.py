"""What the country's holidays of a year will probably be, by the library ``holidays``: people go on from it.

The Government announces them year by year, so everything from here is entered as not verified.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from importlib.metadata import version

from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.territory.calendars import actions
from toancanh.kernel.territory.calendars.actions import Basis, Days
from toancanh.kernel.territory.calendars.models import WorkDay
from toancanh.kernel.territory.calendars.queries import known_years
from toancanh.lib.errors import Refused
from toancanh.lib.worktime.calendar import Kind

LAW = "Bộ luật Lao động 45/2019/QH14, Điều 111 và 112"
YEARS = (2007, 2099)
"""For which the library knows the rules in force and the lunar calendar."""
_worked = re.compile(r"\d{2}/\d{2}/\d{4}")


def expected(year: int) -> list[tuple[Days, Basis]]:
    """Days off of a year, and days worked instead where the library knows them; in the order of the year."""
    import holidays  # slow import

    vi, en = (holidays.country_holidays("VN", years=year, language=name) for name in ("vi", "en_US"))
    source = f"holidays {version('holidays')}"
    found = []
    for day, name in sorted(vi.items()):
        if day.year != year:
            continue
        basis = Basis(reason=name, reason_en=en[day], legal_basis=LAW, source=source, is_verified=False)
        worked = _worked.search(name)
        if worked is None:
            found.append((Days(kind=Kind.HOLIDAY, first=day, last=day), basis))
            continue
        instead: date = datetime.strptime(worked[0], "%d/%m/%Y").date()  # noqa: DTZ007 - a day, no moment
        found.append((Days(kind=Kind.SWAPPED, first=day, last=day), basis))
        found.append((Days(kind=Kind.WORKED, first=instead, last=instead, like=day), basis))
    return found


@transaction.atomic
def enter_expected(year: int, *, by: Actor) -> list[WorkDay]:
    """Enter the expected days off of a year whose holidays are not in the table; days that it has stay."""
    actions.check(None, by)
    if not YEARS[0] <= year <= YEARS[1]:
        text = _("Expected holidays are known for the years %(first)s to %(last)s.")
        raise Refused(text % {"first": YEARS[0], "last": YEARS[1]}, "bad_year")
    days = expected(year)
    spans = WorkDay.objects.filter(calendar=None).values_list("first", "last")
    instead = {given.like: given.first for given, _basis in days if given.like}

    def is_new(given: Days) -> bool:
        # Of a swap both days or none.
        both = {given.first, given.like, instead.get(given.first)} - {None}
        return not any(first <= day <= last for first, last in spans for day in both if day)

    missing = [(given, basis) for given, basis in days if is_new(given)]
    if year in known_years() or not missing:
        text = _("The table has holidays of %(year)s already; change single days there.")
        raise Refused(text % {"year": year}, "known")
    return [actions.enter(None, given, basis, by=by) for given, basis in missing]
