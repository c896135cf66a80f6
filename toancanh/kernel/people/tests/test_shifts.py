"""Who is on duty when: what repeats, exceptions, stand-ins, gaps told ahead; the past is never rewritten."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tests.city import BY, NOON, City, actor, person
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.people import access
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Organisation, Person, Post
from toancanh.kernel.people.shifts import actions, queries, weeks
from toancanh.kernel.people.shifts.models import DutyPost, Pattern, Shift
from toancanh.kernel.people.shifts.queries import Gap
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotAllowed, Refused
from toancanh.web.fields import TimeOfDay

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
SATURDAY = date(2026, 11, 21)
"""The day of NOON, which is noon in Việt Nam."""
HOME = "/console/duty/"


@pytest.fixture
def staff(city: City) -> dict[str, Person]:
    """Three officers of the province."""
    return {name: person(name, city.province) for name in ("an", "ba", "chi")}


@pytest.fixture
def duty(staff: dict[str, Person]) -> DutyPost:
    """The officer on duty, round the clock: An 6-18, Ba by night, every day."""
    made = actions.create_post(Organisation.objects.get(code="office"), "Cán bộ trực", 1, by=BY)
    actions.repeat(made, staff["an"], range(7), 6 * 60, 18 * 60, SATURDAY, by=BY)
    actions.repeat(made, staff["ba"], range(7), 18 * 60, 6 * 60, SATURDAY, by=BY)
    return made


def now_on(duty: DutyPost, hours: float) -> list[str]:
    """Who is on duty so many hours after noon."""
    return [shift.person.username for shift in queries.on_duty(NOON + hours * HOUR, [duty])]


def test_week_repeats_across_midnight_and_is_written_ahead_once(duty: DutyPost) -> None:
    assert [now_on(duty, hours) for hours in (0, 5.99, 6, 17.99, 18, 30)] == [
        ["an"],
        ["an"],
        ["ba"],
        ["ba"],
        ["an"],
        ["ba"],
    ]
    count = Shift.objects.count()
    assert count == 2 * actions.HORIZON.days
    assert actions.prolong() == 0
    assert Shift.objects.count() == count
    with clock.set_to(NOON + timedelta(days=3)):
        actions.prolong()
    assert Shift.objects.count() == count + 6
    assert queries.gaps([duty], NOON, NOON + timedelta(days=40)) == []


def test_stand_in_takes_what_is_left_and_the_past_stays(duty: DutyPost, staff: dict[str, Person]) -> None:
    shift = queries.on_duty(NOON, [duty])[0]
    with clock.set_to(NOON + 2 * HOUR):
        actions.stand_in(shift, staff["chi"], by=BY, reason="An bị ốm")
    assert (now_on(duty, 1), now_on(duty, 3), now_on(duty, 7)) == (["an"], ["chi"], ["ba"])
    standing = queries.on_duty(NOON + 3 * HOUR, [duty])[0]
    assert (standing.stands_in_for, standing.reason) == (staff["an"], "An bị ốm")
    # The pattern does not write that day again, and giving it back leaves no stand-in.
    with clock.set_to(NOON + 4 * HOUR):
        actions.prolong()
        actions.stand_in(standing, staff["an"], by=BY, reason="đã khỏe")
    back = queries.on_duty(NOON + 5 * HOUR, [duty])[0]
    assert (back.person, back.stands_in_for) == (staff["an"], None)
    assert queries.gaps([duty], NOON, NOON + 24 * HOUR) == []
    assert Entry.objects.filter(action="people.shift_stood_in").count() == 2


def test_cancelled_shift_leaves_a_gap_that_one_by_hand_fills(
    duty: DutyPost, staff: dict[str, Person]
) -> None:
    night = queries.on_duty(NOON + 10 * HOUR, [duty])[0]
    actions.cancel(night, by=BY, reason="nghỉ phép")
    assert queries.gaps([duty], NOON, NOON + 30 * HOUR) == [Gap(duty, NOON + 6 * HOUR, NOON + 18 * HOUR)]
    actions.prolong()
    assert len(queries.gaps([duty], NOON, NOON + 30 * HOUR)) == 1
    with pytest.raises(Refused, match=r"kết thúc|hủy"):
        actions.stand_in(night, staff["chi"], by=BY, reason="muộn")
    actions.add_shift(duty, staff["chi"], NOON + 6 * HOUR, NOON + 18 * HOUR, by=BY)
    assert queries.gaps([duty], NOON, NOON + 30 * HOUR) == []
    with pytest.raises(Refused):
        actions.add_shift(duty, staff["chi"], NOON + 7 * HOUR, NOON + 8 * HOUR, by=BY)


def test_what_repeats_stops_and_shifts_changed_by_hand_stay(duty: DutyPost, staff: dict[str, Person]) -> None:
    tomorrow = queries.on_duty(NOON + 24 * HOUR, [duty])[0]
    actions.stand_in(tomorrow, staff["chi"], by=BY, reason="đổi ca")
    for pattern in Pattern.objects.filter(person=staff["an"]):
        actions.stop_repeating(pattern, SATURDAY, by=BY)
    assert now_on(duty, 0) == ["an"], "who is on duty stays"
    assert (now_on(duty, 24), now_on(duty, 48)) == (["chi"], [])
    with clock.set_to(NOON + timedelta(days=8)):
        actions.prolong()
    assert now_on(duty, 24 * 9) == []


def test_closed_post_has_nobody_from_now_on(duty: DutyPost) -> None:
    facts: dict[str, Any] = {"by": BY, "round_the_clock": True, "is_active": False}
    actions.change_post(duty, "Cán bộ trực", 1, **facts)
    with clock.set_to(NOON + timedelta(days=1)):
        actions.prolong()
    assert (now_on(duty, -1), now_on(duty, 1), now_on(duty, 24)) == (["an"], [], [])


def test_who_lost_the_account_is_not_on_duty_and_leaves_a_gap(
    duty: DutyPost, staff: dict[str, Person]
) -> None:
    people.set_active(staff["an"], active=False, by=BY)
    assert now_on(duty, 0) == []
    assert queries.gaps([duty], NOON, NOON + 6 * HOUR)


@pytest.mark.slow
@given(spans=st.lists(st.tuples(st.integers(0, 47), st.integers(1, 20)), max_size=8))
@pytest.mark.django_db(transaction=False)
def test_gaps_are_exactly_the_hours_that_nobody_fills(spans: list[tuple[int, int]]) -> None:
    """Of any shifts: an hour is in a gap where no shift covers it, and in no other."""
    office = Organisation(code="x")
    post = DutyPost(organisation=office, title="t", level=1, pk=1)
    shifts = sorted(
        (Shift(duty=post, starts=NOON + a * HOUR, ends=NOON + (a + n) * HOUR) for a, n in spans),
        key=lambda shift: shift.starts,
    )
    found = queries.gaps_between(post, shifts, NOON, NOON + 48 * HOUR)
    for hour in range(48):
        at = NOON + (hour + 0.5) * HOUR
        covered = any(shift.starts <= at < shift.ends for shift in shifts)
        assert covered != any(gap.starts <= at < gap.ends for gap in found)
    assert all(gap.starts < gap.ends for gap in found)


def test_chain_goes_up_the_levels_of_the_units_above(city: City, duty: DutyPost) -> None:
    ward = people.found_organisation("ward", "UBND phường", by=BY, unit=city.west)
    clerk = people.create_person("phuong", "Phường", "x" * 20, by=BY)
    people.appoint(clerk, ward, "Cán bộ", people.STAFF, by=BY, unit=city.west)
    local = actions.create_post(ward, "Trực phường", 1, by=BY, round_the_clock=False)
    chief = actions.create_post(Organisation.objects.get(code="office"), "Lãnh đạo trực", 3, by=BY)
    actions.add_shift(local, clerk, NOON, NOON + HOUR, by=BY)
    roster = queries.Roster(NOON)
    levels = [(level.number, level.title, level.names) for level in roster.chain(city.west.path)]
    assert levels == [(1, "Cán bộ trực, Trực phường", "Nguyễn an, Phường"), (3, "Lãnh đạo trực", "")]
    assert [level.title for level in roster.chain(city.east.path)] == ["Cán bộ trực", "Lãnh đạo trực"]
    assert chief in queries.visible(actor("nguoi-phuong", city.west))


def test_only_who_arranges_writes_and_only_what_can_be(
    city: City, duty: DutyPost, staff: dict[str, Person]
) -> None:
    shift = queries.on_duty(NOON, [duty])[0]
    officer = access.actor(staff["an"])
    west = actor("tay", city.west, ("duty.arrange",))
    for by in (officer, west):
        for do in (
            lambda: actions.stand_in(shift, staff["chi"], by=by, reason="r"),  # noqa: B023 - called at once
            lambda: actions.create_post(duty.organisation, "t", 1, by=by),  # noqa: B023
            lambda: actions.cancel(shift, by=by, reason="r"),  # noqa: B023
        ):
            with pytest.raises(NotAllowed):
                do()
    Post.objects.filter(person=staff["chi"]).update(valid_to=SATURDAY)
    never = NOON - HOUR
    for wrong in (
        lambda: actions.stand_in(shift, staff["chi"], by=BY, reason="không còn chức vụ"),
        lambda: actions.stand_in(shift, staff["an"], by=BY, reason="chính mình"),
        lambda: actions.stand_in(shift, staff["ba"], by=BY, reason=" "),
        lambda: actions.repeat(duty, staff["an"], [], 0, 60, SATURDAY, by=BY),
        lambda: actions.repeat(duty, staff["an"], [8], 0, 60, SATURDAY, by=BY),
        lambda: actions.repeat(duty, staff["an"], [1], 7 * 60, 8 * 60, SATURDAY, by=BY),
        lambda: actions.repeat(duty, staff["an"], [1], 0, 60, SATURDAY - timedelta(days=1), by=BY),
        lambda: actions.add_shift(duty, staff["an"], never - HOUR, never, by=BY),
        lambda: actions.add_shift(duty, staff["an"], NOON + HOUR, NOON, by=BY),
        lambda: actions.create_post(duty.organisation, "t", 0, by=BY),
    ):
        with pytest.raises(Refused):
            wrong()


def test_week_is_drawn_by_day_with_gaps_cut_at_midnight(duty: DutyPost) -> None:
    night = queries.on_duty(NOON + 10 * HOUR, [duty])[0]
    actions.cancel(night, by=BY, reason="nghỉ")
    week = weeks.week([duty], weeks.monday_of("2026-11-21"))
    assert (week.monday, week.sunday) == (date(2026, 11, 16), date(2026, 11, 22))
    saturday, sunday = week.rows[0].cells[5:]
    assert [shift.span for shift in saturday.shifts] == ["06:00–18:00"]
    assert [len(saturday.shifts), len(saturday.gaps), len(sunday.shifts), len(sunday.gaps)] == [1, 1, 2, 1]
    assert saturday.gaps[0].ends == sunday.gaps[0].starts == weeks.midnight(date(2026, 11, 22))
    assert weeks.monday_of("nonsense") == date(2026, 11, 16)


def test_times_of_day_are_read_as_people_write_them() -> None:
    field = TimeOfDay()
    assert [field.clean(typed) for typed in ("6", "06:00", "14h", "14h30", "24:00")] == [
        360,
        360,
        840,
        870,
        1440,
    ]
    for wrong in ("", "25", "24:30", "6:60", "sáng", "-1"):
        with pytest.raises(ValidationError):
            field.clean(wrong)


@pytest.fixture
def keeper(city: City) -> Client:
    """The administrator, at the pages."""
    client = Client()
    client.force_login(person("quantri", None, people.ADMINISTRATOR))
    return client


@pytest.mark.slow
def test_roster_is_set_up_on_its_pages(city: City, staff: dict[str, Person], keeper: Client) -> None:
    assert "Chưa có lịch trực" in keeper.get(HOME).content.decode()
    office = Organisation.objects.get(code="office").pk
    said = {"organisation": str(office), "title": "Cán bộ trực", "level": "1", "is_round_the_clock": "on"}
    post = keeper.post(f"{HOME}posts/new/", said)
    assert post.status_code == 302
    url = post.headers["Location"]
    days = [str(n) for n in range(7)]
    repeat = {"do": "repeat", "person": str(staff["an"].pk), "weekdays": days, "first": "21/11/2026"}
    assert keeper.post(url, {**repeat, "start": "06:00", "end": "18:00"}).status_code == 302
    assert keeper.post(url, {**repeat, "start": "25", "end": "18:00"}).status_code == 422
    told = keeper.get(HOME).content.decode()
    assert "Nguyễn an" in told
    assert "không có ai" in told
    assert "khoảng trống trong hai ngày tới" in told
    gap = keeper.get(f"{url}shift/?from=21/11/2026+18:00&to=22/11/2026+06:00").content.decode()
    assert 'value="21/11/2026 18:00"' in gap
    shift = {"person": str(staff["ba"].pk), "starts": "21/11/2026 18:00", "ends": "22/11/2026 06:00"}
    assert keeper.post(f"{url}shift/", shift).headers["Location"] == f"{HOME}?week=2026-11-21"
    assert keeper.post(f"{url}shift/", shift).status_code == 422
    made = Shift.objects.get(person=staff["ba"])
    swap = {"do": "stand_in", "person": str(staff["chi"].pk), "reason": "đổi ca"}
    assert keeper.post(f"{HOME}shifts/{made.pk}/", swap).status_code == 302
    assert "thay Nguyễn ba" in keeper.get(HOME).content.decode()
    assert keeper.post(f"{HOME}shifts/{made.pk}/", {"do": "cancel", "why": ""}).status_code == 422
    assert keeper.post(f"{HOME}shifts/{made.pk}/", {"do": "cancel", "why": "bão"}).status_code == 302
    pattern = Pattern.objects.first()
    assert pattern is not None
    assert keeper.post(url, {"do": "stop", "pattern": str(pattern.pk)}).status_code == 302
    assert keeper.post(url, {"do": "stop", "pattern": "x"}).status_code == 422
    change = {"do": "change", "title": "Trực ca", "level": "2"}
    assert keeper.post(url, change).status_code == 302
    assert keeper.post(url, {"do": "close"}).status_code == 302
    assert DutyPost.objects.get().is_active is False


@pytest.mark.slow
def test_officers_read_the_roster_and_write_nothing(city: City, duty: DutyPost) -> None:
    client = Client()
    client.force_login(Person.objects.get(username="an"))
    told = client.get(HOME).content.decode()
    assert "Nguyễn ba" in told
    assert f"{HOME}posts/new/" not in told
    shift = Shift.objects.first()
    assert shift is not None
    page = client.get(f"{HOME}shifts/{shift.pk}/")
    assert page.status_code == 200
    assert 'name="do"' not in page.content.decode()
    assert client.post(f"{HOME}shifts/{shift.pk}/", {"do": "cancel", "why": "x"}).status_code == 422
    assert client.get(f"{HOME}posts/new/").status_code == 403


@pytest.mark.slow
def test_gap_is_counted_in_the_rail(city: City, duty: DutyPost, keeper: Client) -> None:
    assert "khoảng trống của lịch trực" not in keeper.get(HOME).content.decode()
    actions.cancel(queries.on_duty(NOON + 10 * HOUR, [duty])[0], by=BY, reason="nghỉ")
    queries.forget()
    assert "khoảng trống của lịch trực" in keeper.get(HOME).content.decode()


def test_week_costs_the_same_whatever_is_on_it(duty: DutyPost, django_assert_num_queries: Any) -> None:
    other = actions.create_post(duty.organisation, "Lãnh đạo trực", 2, by=BY)
    with django_assert_num_queries(2):
        weeks.week([duty, other], SATURDAY - timedelta(days=5))
