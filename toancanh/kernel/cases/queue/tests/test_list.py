"""The list of work: whose, in which order, how long, and at which price."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.office import Office, at
from toancanh.kernel.cases import moving
from toancanh.kernel.cases.models import Case
from toancanh.kernel.cases.queue import listing
from toancanh.kernel.cases.queue.wishes import Wish
from toancanh.kernel.people.models import Person

MORNING = "2026-11-23 08:00"


def who(username: str) -> Person:
    """The account."""
    return Person.objects.get(username=username)


def test_page_says_what_is_due_first_and_how_long(office: Office, client: Client) -> None:
    with at(MORNING):
        late = office.report("Đèn đường hỏng")
    with at("2026-11-23 14:00"):
        fresh = office.report("Cây đổ")
    with at("2026-11-24 07:50"):
        client.force_login(who("tiepnhan"))
        body = client.get("/console/work/").content.decode()
        rows = listing.page(office.desk, Wish()).rows
    assert [row.case for row in rows] == [late, fresh]
    # Eight hours from Monday 8:00 end on Tuesday 8:00; of those from 14:00 five are left on Tuesday.
    assert rows[0].chip.left == "còn 10 phút làm việc"
    assert rows[1].chip.left == "còn 4 giờ 40 phút làm việc"
    for text in ("Việc cần xử lý", "Đèn đường hỏng", late.code, "Sắp đến hạn", f"/console/work/{late.code}/"):
        assert text in body


def test_overdue_counts_working_time_and_a_question_stands_still(office: Office) -> None:
    with at(MORNING):
        late, asked = office.report("Nắp cống"), office.report("Ở đâu")
        moving.move(asked, "ask", {"question": "Ở đâu?"}, by=office.desk)
    with at("2026-11-25 09:30"):
        found = {row.case.pk: row for row in listing.page(office.desk, Wish()).rows}
    assert found[late.pk].chip.due == "late"
    assert found[late.pk].chip.left == "quá hạn 1 ngày 1 giờ"
    assert found[asked.pk].chip.due == "paused"
    assert found[asked.pk].last == "Hỏi lại người gửi: Ở đâu?"


def test_an_officer_of_elsewhere_sees_nothing(office: Office, client: Client) -> None:
    with at(MORNING):
        office.report("Nắp cống vỡ")
        client.force_login(who("bacsi"))
        body = client.get("/console/work/").content.decode()
    assert "Nắp cống vỡ" not in body
    assert "Chưa có việc nào" in body


@pytest.mark.slow
def test_rows_and_rights_do_not_change_the_number_of_queries(office: Office, client: Client) -> None:
    told = set()
    with at(MORNING):
        for count in (1, 30):
            while Case.objects.count() < count:
                case = office.report(f"Việc {Case.objects.count()}")
                moving.move(case, "accept", {"organisation": "qlhtgt"}, by=office.desk)
            for username, actor in (("tiepnhan", office.desk), ("kysu", office.engineer)):
                client.force_login(who(username))
                client.get("/console/work/")
                with CaptureQueriesContext(connection) as asked:
                    body = client.get("/console/work/").content.decode()
                assert body.count("data-key=") >= count
                with CaptureQueriesContext(connection) as own:
                    assert len(listing.page(actor, Wish()).rows) == count
                about = [one["sql"] for one in asked.captured_queries if '"cases_' in one["sql"]]
                told.add((len(about), len(own)))
    # One of five asks whether calendars changed; kept views ask one. The filters ask two more, and so do
    # who acts and the shell.
    assert told == {(5, 5)}
