"""The table of working calendars: golden due times, entries above entries, who may write, what is told."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from tests.city import BY, City, actor
from toancanh.kernel.journal.models import Entry, Event
from toancanh.kernel.territory.calendars import actions, counting, queries, seeds
from toancanh.kernel.territory.calendars.actions import Basis, Days
from toancanh.kernel.territory.calendars.models import WorkCalendar, WorkDay, WorkWeek
from toancanh.kernel.territory.models import Unit
from toancanh.lib.errors import NotAllowed, NotFound, Refused
from toancanh.lib.worktime import hours
from toancanh.lib.worktime.calendar import PLACE, Begin, Kind, Season

OFFICE = hours.read_week("T2-T6: 07:30-11:30, 13:00-17:00")
BASIS = Basis(reason="Bão số 12", legal_basis="Công điện 01/CĐ-UBND")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PLACE)


@pytest.fixture
def office(city: City) -> WorkCalendar:
    made = actions.found("gio", "Giờ hành chính", by=BY, unit=city.province)
    actions.set_week(made, date(2024, 1, 1), [Season((1, 1), OFFICE)], BASIS, by=BY, cut_off=900)
    return made


def day(first: str, kind: Kind = Kind.CLOSURE, last: str = "", **more: Any) -> Days:
    return Days(kind=kind, first=date.fromisoformat(first), last=date.fromisoformat(last or first), **more)


def worked(row: WorkCalendar, on: str) -> str:
    return hours.text(queries.working_time(row).plan(date.fromisoformat(on)).hours)


def test_later_entries_stand_above_earlier_ones_and_nothing_is_lost(office: WorkCalendar) -> None:
    actions.enter(office, day("2026-12-01", last="2026-12-03"), BASIS, by=BY)
    assert [worked(office, f"2026-12-0{n}") for n in (1, 3, 4)] == ["", "", "07:30-11:30, 13:00-17:00"]
    actions.enter(office, day("2026-12-04", closed=(780, 1440)), BASIS, by=BY)
    actions.enter(office, day("2026-12-04", closed=(600, 660)), BASIS, by=BY)
    assert worked(office, "2026-12-04") == "07:30-10:00, 11:00-11:30"
    actions.enter(office, day("2026-12-03", closed=(600, 660)), BASIS, by=BY)
    actions.enter(office, day("2026-12-01", Kind.PLAIN), BASIS, by=BY)
    assert [worked(office, f"2026-12-0{n}") for n in (1, 3)] == ["07:30-11:30, 13:00-17:00", ""]
    assert WorkDay.objects.count() == 5
    assert Entry.objects.filter(action="territory.day_entered", subject="calendar:gio").count() == 5


def test_a_calendars_own_entry_stands_above_the_countrys(office: WorkCalendar) -> None:
    actions.enter(office, day("2026-11-24", Kind.WORKED, hours=((480, 660),)), BASIS, by=BY)
    actions.enter(None, day("2026-11-24", Kind.HOLIDAY), BASIS, by=BY)
    around = actions.found("truc", "Trực", by=BY, keeps_holidays=False)
    actions.set_week(around, date(2024, 1, 1), [Season((1, 1), OFFICE)], BASIS, by=BY)
    assert (worked(office, "2026-11-24"), worked(around, "2026-11-24")) == (
        "08:00-11:00",
        "07:30-11:30, 13:00-17:00",
    )
    actions.enter(office, day("2026-11-24", Kind.PLAIN), BASIS, by=BY)
    assert worked(office, "2026-11-24") == ""


def test_swap_gives_the_day_worked_the_hours_of_the_day_off(office: WorkCalendar) -> None:
    actions.swap(office, date(2026, 12, 31), date(2027, 1, 9), BASIS, by=BY)
    assert (worked(office, "2026-12-31"), worked(office, "2027-01-09")) == ("", "07:30-11:30, 13:00-17:00")
    assert [row.kind for row in queries.ruling(office, date(2026, 12, 1), date(2027, 1, 31))] == [
        "swapped",
        "worked",
    ]


def test_change_of_hours_holds_from_its_day_and_is_told(office: WorkCalendar) -> None:
    Event.objects.all().delete()
    shorter = [Season((1, 1), hours.read_week("T2-T6: 08:00-12:00, 13:00-16:00"))]
    actions.set_week(office, date(2026, 12, 1), shorter, BASIS, by=BY)
    calendar = queries.working_time(office)
    assert calendar.minutes_of(2, date(2026, 11, 30)) == 960
    assert calendar.minutes_of(2, date(2026, 12, 1)) == 840
    (event,) = Event.objects.filter(name="territory.calendar_changed")
    assert event.payload == {"calendar": "gio", "first": "2026-12-01", "last": ""}


def test_cut_off_of_the_calendar(office: WorkCalendar) -> None:
    calendar = queries.working_time(office)
    assert calendar.begin(at("2026-11-20T15:30"), Begin.CUT_OFF) == at("2026-11-23T07:30")


@pytest.mark.slow
def test_expected_holidays_are_a_beginning(office: WorkCalendar) -> None:
    assert queries.unknown_years(office, date(2028, 1, 1), date(2028, 12, 31)) == [2028]
    rows = seeds.enter_expected(2028, by=BY)
    assert {row.is_verified for row in rows} == {False}
    assert worked(office, "2028-01-26") == ""
    assert queries.unknown_years(office, date(2028, 1, 1), date(2029, 1, 1)) == [2029]
    with pytest.raises(Refused, match="2028"):
        seeds.enter_expected(2028, by=BY)
    with pytest.raises(Refused):
        seeds.enter_expected(1999, by=BY)


@pytest.mark.slow
def test_a_year_is_known_by_its_holidays_and_not_by_one_day(office: WorkCalendar) -> None:
    actions.enter(None, day("2028-05-02"), BASIS, by=BY)
    kept = actions.enter(None, day("2028-09-04", Kind.WORKED, hours=((480, 660),)), BASIS, by=BY)
    assert 2028 not in queries.known_years()
    rows = seeds.enter_expected(2028, by=BY)
    assert not [row for row in rows if row.first == kept.first]
    assert worked(office, "2028-09-04") == "08:00-11:00"
    assert 2028 in queries.known_years()
    for row in rows:
        actions.enter(None, Days(kind=Kind.PLAIN, first=row.first, last=row.last), BASIS, by=BY)
    assert 2028 not in queries.known_years()
    with pytest.raises(Refused, match="2028"):
        seeds.enter_expected(2028, by=BY)


@pytest.mark.slow
def test_expected_swaps_come_whole_or_not_at_all(office: WorkCalendar) -> None:
    actions.enter(None, day("2025-04-26"), BASIS, by=BY)
    firsts = {row.first for row in seeds.enter_expected(2025, by=BY)}
    assert date(2025, 5, 1) in firsts
    assert not firsts & {date(2025, 5, 2), date(2025, 4, 26)}


def test_a_newer_pack_leaves_days_that_people_have_read_up(city: City, office: WorkCalendar) -> None:
    officer = actor("lich", None, (actions.RIGHT,))
    theirs = actions.enter(None, day("2027-02-06", Kind.WORKED, hours=((480, 660),)), BASIS, by=officer)
    tet = day("2027-02-04", Kind.HOLIDAY, last="2027-02-10")
    for _again in range(2):
        actions.enter(None, tet, BASIS, by=BY, is_from_pack=True)
    assert [worked(office, f"2027-02-{n:02}") for n in (4, 5, 6, 8, 10)] == ["", "", "08:00-11:00", "", ""]
    spans = {(row.first.day, row.last.day) for row in WorkDay.objects.exclude(pk=theirs.pk)}
    assert (spans, WorkDay.objects.count()) == ({(4, 5), (7, 10)}, 3)
    assert actions.enter(None, day("2027-02-06"), BASIS, by=BY, is_from_pack=True) == theirs
    # What nobody has read up, and what another calendar says, stands in no pack's way.
    guess = Basis(reason="Tết", legal_basis="Dự kiến", is_verified=False)
    actions.enter(None, day("2027-05-03", Kind.HOLIDAY), guess, by=officer)
    actions.enter(office, day("2027-05-03"), BASIS, by=officer)
    actions.enter(None, day("2027-05-03", Kind.SWAPPED), BASIS, by=BY, is_from_pack=True)
    assert WorkDay.objects.filter(first=date(2027, 5, 3), kind="swapped").exists()


def test_a_newer_pack_leaves_hours_that_people_have_set(city: City, office: WorkCalendar) -> None:
    officer = actor("lich", None, (actions.RIGHT,))
    later, shorter = date(2026, 1, 1), [Season((1, 1), hours.read_week("T2-T6: 08:00-12:00, 13:00-16:00"))]
    theirs = actions.set_week(office, later, shorter, BASIS, by=officer)
    of_pack = [Season((1, 1), OFFICE)]
    assert actions.set_week(office, later, of_pack, BASIS, by=BY, is_from_pack=True) == theirs
    made = actions.set_week(office, date(2027, 1, 1), of_pack, BASIS, by=BY, is_from_pack=True)
    assert made.made_by == BY.key


def test_what_was_never_entered_cannot_be_taken_back(office: WorkCalendar) -> None:
    actions.enter(None, day("2026-11-24", Kind.HOLIDAY), BASIS, by=BY)
    for of, on in ((office, "2026-11-24"), (None, "2026-11-25")):
        with pytest.raises(Refused) as fault:
            actions.enter(of, day(on, Kind.PLAIN), BASIS, by=BY)
        assert fault.value.code == "nothing"
    actions.enter(office, day("2026-11-25"), BASIS, by=BY)
    actions.enter(office, day("2026-11-23", Kind.PLAIN, last="2026-11-27"), BASIS, by=BY)
    with pytest.raises(Refused):
        actions.enter(office, day("2026-11-25", Kind.PLAIN), BASIS, by=BY)


def test_swap_typed_the_wrong_way_round_is_refused(office: WorkCalendar) -> None:
    actions.enter(None, day("2026-11-24", Kind.HOLIDAY), BASIS, by=BY)
    for of in (office, None):
        for off in (date(2026, 12, 5), date(2026, 11, 24)):
            with pytest.raises(Refused, match=f"{off:%d/%m/%Y}|{off.day} ") as fault:
                actions.swap(of, off, date(2026, 12, 7), BASIS, by=BY)
            assert fault.value.code == "not_worked"
    for _again in range(2):
        actions.swap(None, date(2026, 12, 7), date(2026, 12, 5), BASIS, by=BY)
    assert worked(office, "2026-12-05") == "07:30-11:30, 13:00-17:00"


def test_a_calendar_is_found_by_the_units_code(city: City, office: WorkCalendar) -> None:
    own = actions.found("tay", "Tây", by=BY, unit=city.west)
    assert own not in queries.everyone(), "without hours it counts nothing"
    assert queries.nearest(city.west.path) == office
    actions.set_week(own, date(2024, 1, 1), [Season((1, 1), OFFICE)], BASIS, by=BY)
    newer = Unit.objects.get(pk=city.west.pk)
    newer.pk, newer.valid_from = None, date(2026, 12, 1)
    newer.save()
    assert queries.nearest(f"{city.province.path}{newer.pk}/") == own
    assert queries.nearest(f"{city.province.path}{newer.pk}/{city.east.pk}/") == own
    assert queries.nearest(city.east.path) == office


def test_reasons_begin_with_the_receipt(office: WorkCalendar) -> None:
    actions.enter(office, day("2026-11-23"), BASIS, by=BY)
    found = counting.count(office, at("2026-11-20T10:00"), Decimal(1), Begin.NEXT_DAY)
    assert found.start == at("2026-11-24T07:30")
    assert [row.first for row in found.ruling] == [date(2026, 11, 23)]


@pytest.mark.parametrize("begin", list(Begin))
def test_a_day_alone_is_over_before_its_term_begins(office: WorkCalendar, begin: Begin) -> None:
    assert counting.count(office, date(2026, 11, 19), Decimal(1), begin).due == at("2026-11-20T17:00")
    with pytest.raises(Refused) as fault:
        counting.count(office, date.max, Decimal(1), begin)
    assert fault.value.code == "after"


def test_pack_never_says_again_what_people_overruled(office: WorkCalendar) -> None:
    first = actions.enter(None, day("2026-11-24", Kind.HOLIDAY), BASIS, by=BY, is_from_pack=True)
    actions.enter(None, day("2026-11-24", Kind.PLAIN), BASIS, by=BY)
    assert actions.enter(None, day("2026-11-24", Kind.HOLIDAY), BASIS, by=BY, is_from_pack=True) == first
    assert worked(office, "2026-11-24") != ""
    week = WorkWeek.objects.get(calendar=office)
    again: dict[str, Any] = {"by": BY, "cut_off": 900, "is_from_pack": True}
    assert actions.set_week(office, date(2024, 1, 1), [Season((1, 1), OFFICE)], BASIS, **again) == week


REFUSED: list[Days] = [
    day("2026-12-02", last="2026-12-01"),
    day("2026-01-01", last="2027-06-01"),
    day("1999-12-31"),
    day("2026-12-01", Kind.WORKED),
    day("2026-12-01", Kind.WORKED, hours=()),
    day("2026-12-01", Kind.WORKED, hours=((480, 600), (540, 660))),
    day("2026-12-01", Kind.WORKED, last="2026-12-02", like=date(2026, 12, 3)),
    day("2026-12-01", Kind.HOLIDAY, hours=((480, 600),)),
    day("2026-12-01", Kind.HOLIDAY, closed=(480, 600)),
    day("2026-12-01", closed=(600, 480)),
]


@pytest.mark.parametrize("days", REFUSED)
def test_days_that_cannot_be_are_refused(office: WorkCalendar, days: Days) -> None:
    with pytest.raises(Refused):
        actions.enter(office, days, BASIS, by=BY)
    assert not WorkDay.objects.exists()


@pytest.mark.parametrize(
    "basis", [Basis(reason=" ", legal_basis="x"), Basis(reason="x", legal_basis=""),
              Basis(reason="x" * 301, legal_basis="x")]
)  # fmt: skip
def test_without_reason_and_basis_nothing_is_entered(office: WorkCalendar, basis: Basis) -> None:
    with pytest.raises(Refused):
        actions.enter(office, day("2026-12-01"), basis, by=BY)
    with pytest.raises(Refused):
        actions.set_week(office, date(2027, 1, 1), [Season((1, 1), OFFICE)], basis, by=BY)


def test_weeks_that_nobody_can_work_are_refused(office: WorkCalendar) -> None:
    none, nine = hours.read_week(""), tuple((((480, 600)),) for _ in range(9))
    for seasons in (
        [],
        [Season((1, 1), none)],
        [Season((2, 30), OFFICE)],
        [Season((10, 1), OFFICE), Season((4, 1), OFFICE)],
        [Season((1, 1), nine)],
    ):
        with pytest.raises(Refused):
            actions.set_week(office, date(2027, 1, 1), seasons, BASIS, by=BY)
    with pytest.raises(ValidationError):
        actions.found("có dấu", "Lịch", by=BY)


def test_only_who_arranges_the_unit_writes_its_calendar(city: City, office: WorkCalendar) -> None:
    west = actor("tay", city.west, (actions.RIGHT,))
    for write in (
        lambda: actions.enter(office, day("2026-12-01"), BASIS, by=west),
        lambda: actions.enter(None, day("2026-12-01"), BASIS, by=west),
        lambda: actions.set_week(office, date(2027, 1, 1), [Season((1, 1), OFFICE)], BASIS, by=west),
        lambda: actions.found("dong", "Đông", by=west, unit=city.east),
        lambda: seeds.enter_expected(2030, by=west),
    ):
        with pytest.raises(NotAllowed):
            write()
    own = actions.found("tay", "Tây", by=west, unit=city.west)
    actions.set_week(own, date(2024, 1, 1), [Season((1, 1), OFFICE)], BASIS, by=west)
    assert queries.nearest(city.west.path) == own
    assert queries.nearest(city.east.path) == office


def test_a_store_without_calendars_says_what_to_do(city: City) -> None:
    with pytest.raises(NotFound, match="pack load"):
        queries.nearest("")
    with pytest.raises(NotFound, match="khong-co"):
        queries.one("khong-co")


@pytest.mark.slow
def test_thirty_thousand_due_times_take_less_than_seconds(office: WorkCalendar) -> None:
    """The bar of the product is 30 s for 30,000 open clocks; the counting itself is a small part of it."""
    import time

    starts = [at("2025-01-02T07:00") + timedelta(minutes=37 * n) for n in range(30_000)]
    calendar = queries.working_time(office)
    began = time.process_time()
    dues = [calendar.due_days(start, 15) for start in starts]
    assert time.process_time() - began < 3
    assert dues == sorted(dues)
