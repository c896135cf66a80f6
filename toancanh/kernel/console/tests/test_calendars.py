"""Pages of working time as an officer reads them and an administrator writes them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.city import BY, NOON, City, person
from toancanh.kernel.people.actions import ADMINISTRATOR
from toancanh.kernel.runtime import clock
from toancanh.kernel.territory.calendars import actions, queries
from toancanh.kernel.territory.calendars.actions import Basis, Days
from toancanh.kernel.territory.calendars.models import WorkCalendar, WorkDay, WorkWeek
from toancanh.lib.worktime import hours
from toancanh.lib.worktime.calendar import Kind, Season

OFFICE = hours.read_week("T2-T6: 07:30-11:30, 13:00-17:00")
BASIS = Basis(reason="Ngày Văn hóa Việt Nam", legal_basis="Nghị quyết 80-NQ/TW", is_verified=False)
WHY = {"reason": "Mất điện", "legal_basis": "Thông báo 12/TB-UBND"}
HOME = "/console/calendar/"


@pytest.fixture
def office(city: City) -> WorkCalendar:
    made = actions.found("gio", "Giờ hành chính", by=BY, name_en="Office hours")
    actions.set_week(made, date(2024, 1, 1), [Season((1, 1), OFFICE)], BASIS, by=BY, cut_off=900)
    off = Days(kind=Kind.HOLIDAY, first=date(2026, 11, 24), last=date(2026, 11, 24))
    actions.enter(None, off, BASIS, by=BY)
    return made


@pytest.fixture
def administrator(client: Client, office: WorkCalendar) -> Client:
    client.force_login(person("quan", None, ADMINISTRATOR))
    return client


def body(
    client: Client, path: str, data: dict[str, Any] | None = None, language: str = "vi"
) -> tuple[int, str]:
    head = {"Accept-Language": language}
    answer = client.get(path, headers=head) if data is None else client.post(path, data, headers=head)
    return answer.status_code, answer.content.decode()


@pytest.mark.slow
def test_a_year_says_why_a_day_is_off(client: Client, city: City, office: WorkCalendar) -> None:
    client.force_login(person("tay", city.west))
    status, page = body(client, HOME)
    assert status == 200
    for said in ("Giờ hành chính 2026", "Ngày Văn hóa Việt Nam", "Nghị quyết 80-NQ/TW", "chưa kiểm chứng"):
        assert said in page
    assert 'aria-current="date"' in page
    assert "Ghi ngày nghỉ" not in page, "who may not write sees no button"
    assert "Office hours 2026" in body(client, f"{HOME}gio/", language="en")[1]


@pytest.mark.slow
def test_a_term_is_tried(client: Client, city: City, office: WorkCalendar) -> None:
    client.force_login(person("tay", city.west))
    page = body(client, f"{HOME}?at=20/11/2026+10:00&days=3&begin=now")[1]
    assert "26/11/2026 10:00" in page
    assert "Thứ 5" in page
    assert "27/11/2026 17:00" in body(client, f"{HOME}?at=20/11/2026+16:00&days=4&begin=cutoff")[1]
    assert "23/11/2026 11:30" in body(client, f"{HOME}?at=21/11/2026&days=0,5&begin=now")[1]
    for begin in ("now", "next"):
        page = body(client, f"{HOME}?at=19/11/2026&days=1&begin={begin}")[1]
        assert "20/11/2026 17:00" in page
        assert "Nhận lúc 19/11/2026, thời hạn" in page
    assert "2027: " in body(client, f"{HOME}?at=20/12/2026+10:00&days=30&begin=now")[1]
    for wrong in ("at=&days=3&begin=now", "at=x&days=3&begin=now", "at=20/11/2026&days=0&begin=now",
                  "at=20/11/2026&days=3&begin=soon", "at=31/12/9999&days=3&begin=next",
                  "at=31/12/9999+23:59&days=3&begin=next",
                  "at=01/01/0001+00:00&days=3&begin=next", "at=20/11/1999&days=3&begin=now"):  # fmt: skip
        assert body(client, f"{HOME}?{wrong}")[0] == 422


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "on", "worked"),
    [
        ({"kind": "closure", "first": "01/12/2026"}, "2026-12-01", ""),
        ({"kind": "closure", "first": "01/12/2026", "start": "13:00", "end": "24:00"}, "2026-12-01",
         "07:30-11:30"),
        ({"kind": "swap", "first": "01/12/2026", "worked": "05/12/2026"}, "2026-12-05",
         "07:30-11:30, 13:00-17:00"),
        ({"kind": "worked", "first": "06/12/2026", "hours": "8h-11h"}, "2026-12-06", "08:00-11:00"),
        ({"kind": "holiday", "first": "01/12/2026", "last": "03/12/2026", "is_shared": "1"}, "2026-12-03",
         ""),
        ({"kind": "plain", "first": "24/11/2026", "is_shared": "1"}, "2026-11-24",
         "07:30-11:30, 13:00-17:00"),
    ],
)  # fmt: skip
def test_days_are_entered(
    administrator: Client, office: WorkCalendar, typed: dict[str, str], on: str, worked: str
) -> None:
    assert body(administrator, f"{HOME}gio/days/")[0] == 200
    status, _page = body(administrator, f"{HOME}gio/days/", {"is_shared": "0", **typed, **WHY})
    assert status == 302
    plan = queries.working_time(office).plan(date.fromisoformat(on))
    assert hours.text(plan.hours) == worked
    last = WorkDay.objects.last()
    assert last is not None
    assert (last.calendar is None) == (typed.get("is_shared") == "1")
    assert "Mất điện" in body(administrator, f"{HOME}gio/?year=2026")[1]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"kind": "closure", "first": "32/12/2026"}, "31/12/2026"),
        ({"kind": "closure", "first": "02/12/2026", "last": "01/12/2026"}, "ngày đầu"),
        ({"kind": "closure", "first": "01/12/2026", "start": "13:00"}, "cả hai giờ"),
        ({"kind": "swap", "first": "01/12/2026"}, "ngày làm bù"),
        ({"kind": "swap", "first": "01/12/2026", "worked": "01/12/2026"}, "hai ngày khác nhau"),
        ({"kind": "swap", "first": "05/12/2026", "worked": "07/12/2026"}, "05/12/2026 vốn đã là ngày nghỉ"),
        ({"kind": "plain", "first": "24/11/2026"}, "Lịch này không có mục riêng"),
        ({"kind": "worked", "first": "06/12/2026"}, "giờ làm việc"),
        ({"kind": "worked", "first": "06/12/2026", "hours": "sáng"}, "sáng"),
        ({"kind": "closure", "first": "01/12/2026", "reason": ""}, "is-invalid|bắt buộc"),
    ],
)
def test_nonsense_is_told_and_not_kept(
    administrator: Client, office: WorkCalendar, typed: dict[str, str], told: str
) -> None:
    status, page = body(administrator, f"{HOME}gio/days/", {"is_shared": "0", **WHY, **typed})
    assert status == 422
    assert any(part in page for part in told.split("|"))
    assert WorkDay.objects.count() == 1


@pytest.mark.slow
def test_hours_change_from_a_day_on(administrator: Client, office: WorkCalendar) -> None:
    page = body(administrator, f"{HOME}gio/hours/")[1]
    assert "T2-T6: 07:30-11:30, 13:00-17:00" in page
    typed = {
        "valid_from": "01/01/2027",
        "since": "01/04",
        "hours": "T2-T6: 07:00-11:00, 13:30-17:30",
        "other_since": "01/10",
        "other_hours": "T2-T6: 07:30-11:30, 13:00-17:00\r\nT7: 07:30-11:30",
        "cut_off": "15:00",
        **WHY,
    }
    assert body(administrator, f"{HOME}gio/hours/", typed)[0] == 302
    plan = queries.working_time(office).plan
    assert hours.text(plan(date(2027, 4, 1)).hours) == "07:00-11:00, 13:30-17:30"
    assert hours.text(plan(date(2027, 1, 2)).hours) == "07:30-11:30"
    assert plan(date(2026, 12, 31)).hours == OFFICE[3]
    page = body(administrator, f"{HOME}gio/")[1]
    assert "hằng năm từ 01/04" in page
    for name, wrong in (("hours", "T8: 7h-8h"), ("since", "1.4"), ("other_since", ""), ("hours", "T2: nghỉ"),
                        ("other_since", "31/02"), ("cut_off", "25:00")):  # fmt: skip
        given = {**typed, name: wrong, **({"other_hours": ""} if wrong == "T2: nghỉ" else {})}
        if wrong == "T2: nghỉ":
            given |= {"since": "", "other_since": ""}
        assert body(administrator, f"{HOME}gio/hours/", given)[0] == 422, name
    assert WorkWeek.objects.filter(calendar=office).count() == 2


@pytest.mark.slow
def test_a_calendar_is_made(administrator: Client, office: WorkCalendar) -> None:
    typed = {"name": "Bộ phận Một cửa", "code": "mot-cua", "keeps_holidays": "on", "valid_from": "01/01/2026"}
    typed |= {"hours": "T2-T6: 07:30-11:30, 13:00-17:00\nT7: 07:30-11:30", **WHY}
    assert body(administrator, f"{HOME}new/")[0] == 200
    assert body(administrator, f"{HOME}new/", typed)[0] == 302
    assert "Bộ phận Một cửa 2026" in body(administrator, f"{HOME}mot-cua/")[1]
    assert body(administrator, f"{HOME}new/", typed)[0] == 422
    assert body(administrator, f"{HOME}new/", {**typed, "code": "new"})[0] == 422


@pytest.mark.slow
def test_only_what_something_replaced_is_shown_as_replaced(
    administrator: Client, office: WorkCalendar
) -> None:
    def replaced() -> int:
        return body(administrator, f"{HOME}gio/?year=2026")[1].count("đã có mục ghi sau thay thế")

    def enter(kind: Kind, **more: Any) -> None:
        on = Days(kind=kind, first=date(2026, 12, 1), last=date(2026, 12, 1), **more)
        actions.enter(office, on, BASIS, by=BY)

    enter(Kind.WORKED, hours=((480, 720),))
    enter(Kind.CLOSURE, closed=(480, 540))
    assert replaced() == 0
    enter(Kind.PLAIN)
    assert replaced() == 2
    enter(Kind.CLOSURE, closed=(480, 540))
    assert replaced() == 2
    enter(Kind.CLOSURE)
    assert replaced() == 4


@pytest.mark.slow
def test_expected_holidays_are_asked_for(administrator: Client, office: WorkCalendar) -> None:
    page = body(administrator, f"{HOME}gio/?year=2028")[1]
    assert "Ghi các ngày nghỉ dự kiến" in page
    assert body(administrator, f"{HOME}gio/?year=2028", {})[0] == 302
    page = body(administrator, f"{HOME}gio/?year=2028")[1]
    assert "Giao thừa" in page
    assert "Ghi các ngày nghỉ dự kiến" not in page
    assert body(administrator, f"{HOME}gio/?year=2028", {})[0] == 422


@pytest.mark.slow
def test_who_arranges_elsewhere_writes_nothing_here(client: Client, city: City, office: WorkCalendar) -> None:
    client.force_login(person("tay", city.west, ADMINISTRATOR))
    typed = {"kind": "closure", "first": "01/12/2026", **WHY}
    status, page = body(client, f"{HOME}gio/days/", typed)
    assert status == 422
    assert "quản trị" in page
    assert body(client, f"{HOME}gio/?year=2028", {})[0] == 422
    assert WorkDay.objects.count() == 1


def test_no_calendar_yet_says_what_to_do(client: Client, city: City) -> None:
    client.force_login(person("quan", None, ADMINISTRATOR))
    assert "pack load packs/vietnam" in body(client, HOME)[1]
    assert body(client, f"{HOME}khong-co/")[0] == 404


@pytest.mark.slow
def test_a_year_costs_the_same_queries_whatever_was_entered(
    administrator: Client, office: WorkCalendar, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    body(administrator, HOME)
    for n in range(1, 29):
        day = date(2026, 2, n)
        actions.enter(office, Days(kind=Kind.CLOSURE, first=day, last=day), BASIS, by=BY)
    with clock.set_to(NOON), django_assert_max_num_queries(40):
        body(administrator, HOME)
