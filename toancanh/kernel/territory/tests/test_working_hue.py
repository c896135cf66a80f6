"""The calendars that the packs bring: golden due times, Huế's own hours, and what the library says."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from toancanh.kernel.territory.calendars import queries, seeds
from toancanh.kernel.territory.calendars.models import WorkCalendar
from toancanh.lib.worktime import hours
from toancanh.lib.worktime.calendar import PLACE, Kind

GOLDEN = [
    ("2026-02-13", 5, "2026-02-27"),
    ("2025-04-24", 5, "2025-05-05"),
    ("2026-08-20", 5, "2026-08-26"),
    ("2026-11-20", 3, "2026-11-26"),
    ("2026-04-24", 15, "2026-05-20"),
    ("2027-02-02", 10, "2027-02-23"),
    # Off and worked instead by a letter of 25 December 2025, which the library does not know.
    ("2025-12-31", 2, "2026-01-06"),
    ("2026-01-08", 2, "2026-01-10"),
]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PLACE)


def worked(row: WorkCalendar, on: str) -> str:
    return hours.text(queries.working_time(row).plan(date.fromisoformat(on)).hours)


@pytest.mark.parametrize(("start", "term", "due"), GOLDEN)
@pytest.mark.parametrize("code", ["hanh-chinh", "hue"])
def test_golden_due_times(hue: None, code: str, start: str, term: int, due: str) -> None:
    calendar = queries.working_time(queries.one(code))
    for moment in ("08:31", "11:30", "14:00", "16:59"):
        found = calendar.due_days(at(f"{start}T{moment}"), term).astimezone(PLACE)
        assert found.date() == date.fromisoformat(due)
    closing = at(start) + timedelta(days=1)
    assert calendar.due_days(closing, term).astimezone(PLACE).date() == date.fromisoformat(due)


def test_hue_works_by_its_own_decisions(hue: None) -> None:
    row = queries.nearest("")
    assert row.code == "hanh-chinh"
    own = queries.one("hue")
    assert own.unit is not None
    assert queries.nearest(own.unit.path + "12/") == own
    assert worked(own, "2025-06-02") == "08:00-11:30, 13:00-17:30"
    assert worked(own, "2026-03-31") == "07:30-11:30, 13:00-17:00"
    assert worked(own, "2026-04-01") == "07:30-11:30, 13:30-17:30"
    assert worked(own, "2026-10-01") == "07:30-11:30, 13:00-17:00"
    # The day worked instead has the hours of the day that is off.
    assert worked(own, "2026-08-22") == "07:30-11:30, 13:30-17:30"
    around = queries.working_time(queries.one("24-7"))
    assert around.due_days(at("2026-02-16T10:00"), 1) == at("2026-02-17T10:00")


def test_pack_agrees_with_the_library_but_for_what_it_knows_better(hue: None) -> None:
    calendar = queries.working_time(queries.one("hanh-chinh"))
    for year in (2024, 2025, 2026, 2027):
        of_library = {given.first: given.kind for given, _basis in seeds.expected(year)}
        first = date(year, 1, 1)
        plans = [calendar.plan(first + timedelta(days=n)) for n in range(365)]
        of_table = {plan.day: plan.entries[-1].kind for plan in plans if plan.entries}
        better = {date(2026, 1, 2): Kind.SWAPPED, date(2026, 1, 10): Kind.WORKED} if year == 2026 else {}
        assert of_table == of_library | better
