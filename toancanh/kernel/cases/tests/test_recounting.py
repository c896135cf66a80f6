"""The calendar changes at noon: open clocks move, ended ones stay; the story alone gives every due time."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.city import BY
from tests.office import Office, at, moment
from toancanh.kernel.cases import extending, moving, parties, recounting
from toancanh.kernel.cases.models import Case, Clock, PartyRole
from toancanh.kernel.cases.parties import Contact
from toancanh.kernel.declare import ANYONE
from toancanh.kernel.journal import outbox
from toancanh.kernel.notify.models import Delivery
from toancanh.kernel.runtime import revision
from toancanh.kernel.territory.calendars import actions as calendars
from toancanh.kernel.territory.calendars.actions import Basis, Days
from toancanh.kernel.territory.calendars.models import WorkDay
from toancanh.kernel.territory.calendars.queries import CHANGED
from toancanh.lib.worktime.calendar import Kind

STORM = Basis(reason="Bão số 12", legal_basis="Công điện 01/CĐ-UBND")


def close(office: Office, day: str) -> None:
    on = date.fromisoformat(day)
    calendars.enter(office.calendar, Days(kind=Kind.CLOSURE, first=on, last=on), STORM, by=BY)


def test_closed_day_moves_open_clocks_alone_and_says_so(office: Office) -> None:
    with at("2026-11-16 09:00"):
        ended, still, plain = office.report(), office.report(), office.report()
        moving.move(ended, "refuse", {"reason": "Trùng"}, by=office.desk)
        moving.move(still, "ask", {"question": "Ở đâu?"}, by=office.desk)
    before = {row.pk: (row.due_at, row.lateness) for row in Clock.objects.filter(case=ended)}
    with at("2026-11-16 12:00"):
        close(office, "2026-11-17")
        while outbox.deliver():
            pass
    assert {row.pk: (row.due_at, row.lateness) for row in Clock.objects.filter(case=ended)} == before
    assert Clock.objects.get(case=plain, name="handle").due_at == moment("2026-11-24 09:00")
    found = Case.objects.get(pk=plain.pk)
    assert found.due_at == moment("2026-11-18 09:00")
    told = found.story.get(kind="due_moved")
    assert told.is_public
    assert {one["clock"] for one in told.content["clocks"]} == {"accept", "handle"}
    assert not Case.objects.get(pk=still.pk).story.filter(kind="due_moved").exists()
    with at("2026-11-18 09:00"):
        moving.move(still, "reply", {"reply": "Đầu đường"}, by=office.desk)
        # Two worked days asked for, one of them closed meanwhile.
        assert Clock.objects.get(case=still, name="handle").due_at == moment("2026-11-25 09:00")
    assert list(recounting.differences()) == []


def test_day_that_is_worked_after_all_brings_the_date_nearer_and_tells_nobody_outside(office: Office) -> None:
    with at("2026-11-16 09:00"):
        case = office.report()
        saturday = date(2026, 11, 21)
        day = Days(kind=Kind.WORKED, first=saturday, last=saturday, like=date(2026, 11, 20))
        calendars.enter(office.calendar, day, STORM, by=BY)
        outbox.deliver()
    assert Clock.objects.get(case=case, name="handle").due_at == moment("2026-11-21 09:00")
    assert not case.story.get(kind="due_moved").is_public


def test_story_gives_every_due_time_and_what_drifted_is_found(office: Office) -> None:
    with at("2026-11-16 09:00"):
        first, second = office.report(), office.report()
        moving.move(first, "accept", {"organisation": "qlhtgt"}, by=office.desk)
        extending.ask(first, 3, "Chờ vật tư", by=office.engineer)
        extending.settle(first, True, "Đồng ý", by=office.desk)
        moving.move(second, "ask", {"question": "Ở đâu?"}, by=office.desk)
    with at("2026-11-17 09:00"):
        moving.move(second, "reply", {"reply": "Đầu đường"}, by=office.desk)
        moving.move(second, "ask", {"question": "Số mấy?"}, by=office.desk)
        # Its acceptance runs for the second time.
        third = office.report()
        moving.move(third, "accept", {"organisation": "qlhtgt"}, by=office.desk)
        moving.move(third, "send_back", {"reason": "Của xã"}, by=office.engineer)
    assert Clock.objects.filter(case=third, name="accept").count() == 2
    assert list(recounting.differences()) == []
    Clock.objects.filter(case=first, name="handle").update(due_at=moment("2026-12-01 09:00"))
    found = list(recounting.differences())
    assert [(one.case, one.clock, one.told) for one in found] == [
        (first.code, "handle", moment("2026-11-26 09:00"))
    ]
    assert recounting.recount([office.calendar]) == 1
    assert list(recounting.differences()) == []


def test_who_waits_longer_is_told_once_and_who_does_not_hears_nothing(office: Office) -> None:
    with at("2026-11-16 09:00"):
        late, soon = office.report(), office.report()
        for case in (late, soon):
            parties.join(case, PartyRole.REPORTER, Contact(phone="0914123456"), by=ANYONE)
        moving.move(soon, "refuse", {"reason": "Trùng"}, by=office.desk)
        while outbox.deliver():
            pass
        Delivery.objects.all().delete()
        close(office, "2026-11-17")
        while outbox.deliver():
            pass
    copy = Delivery.objects.get()
    assert copy.notice.title_vi == f"{late.code}: hạn trả lời chuyển sang 24/11/2026 09:00"


@pytest.mark.slow
def test_many_cases_move_in_few_statements(office: Office, django_assert_max_num_queries: Any) -> None:
    with at("2026-11-16 09:00"):
        for _n in range(30):
            office.report()
    row = office.calendar
    on = date(2026, 11, 17)
    WorkDay.objects.create(
        calendar=row,
        kind=Kind.CLOSURE,
        first=on,
        last=on,
        reason="x",
        legal_basis="x",
        made_by="x",
        created=moment("2026-11-16 09:00"),
    )
    revision.bump(CHANGED)
    with at("2026-11-16 10:00"), django_assert_max_num_queries(20):
        assert recounting.recount([row]) == 30
    assert list(recounting.differences()) == []
