"""The leader's list: what waits for him first, deciding in two touches, queries that do not grow."""

from __future__ import annotations

import io
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from python_calamine import CalamineWorkbook

from tests.office import Office, at, moment
from toancanh.domains.directives import listing
from toancanh.domains.directives.tests.ordering import HOME, client_of, give, hired, text
from toancanh.domains.directives.wishes import Wish
from toancanh.kernel.cases import extending, moving
from toancanh.kernel.cases.models import Case
from toancanh.kernel.people import actions as people

MONDAY, LATER = "2026-11-16 09:00", "2026-11-18 09:00"


@pytest.fixture
def orders(office: Office) -> dict[str, Case]:
    """One of each sort, given on Monday."""
    with at(MONDAY):
        made = {
            "running": give(office, office.roads, title="Đang chạy", days=10),
            "late": give(office, office.health, title="Quá hạn", days=1),
            "reported": give(office, office.roads, title="Chờ duyệt", days=3),
            "asks": give(office, office.roads, title="Xin gia hạn", days=4),
            "done": give(office, office.health, title="Xong rồi", days=5),
        }
        moving.move(
            made["running"], "progress", {"progress": "Được nửa", "percent": "50"}, by=office.engineer
        )
        moving.move(made["reported"], "report", {"answer": "Đã xong 24 điểm"}, by=office.engineer)
        extending.ask(made["asks"], 2, "Chờ vật tư", by=office.engineer)
        moving.move(made["done"], "report", {"answer": "Đã xong"}, by=office.doctor)
        moving.move(made["done"], "accept", by=office.leader)
    return made


def test_what_waits_for_who_gave_it_stands_first(office: Office, orders: dict[str, Case]) -> None:
    with at(LATER):
        page = listing.page(office.leader, Wish())
        assert [line.case.title for line in page.rows] == [
            "Xin gia hạn", "Chờ duyệt", "Quá hạn", "Đang chạy", "Xong rồi",
        ]  # fmt: skip
        assert page.counts == (2, 1, 1, 1)
        assert [line.may_judge for line in page.rows] == [True, True, False, False, False]
        assert page.rows[3].percent == 50
        told = text(client_of(office.leader), HOME)
        assert re.search(r"Chờ người giao 2 .*Quá hạn 1 .*Đang thực hiện 1 .*Đã kết thúc 1", told)
        english = text(client_of(office.leader), HOME, "en")
        assert "Waiting for who gave it" in english


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("stand=waiting", {"Xin gia hạn", "Chờ duyệt"}),
        ("stand=late", {"Quá hạn"}),
        ("stand=running", {"Đang chạy"}),
        ("stand=done", {"Xong rồi"}),
        ("stand=reported", {"Chờ duyệt"}),
        ("stand=overdue", {"Quá hạn"}),
        ("stand=ahead", {"Xin gia hạn", "Đang chạy"}),
        ("stand=open", {"Xin gia hạn", "Chờ duyệt", "Quá hạn", "Đang chạy"}),
        ("stand=week", {"Xin gia hạn"}),
        ("organisation=syt", {"Quá hạn", "Xong rồi"}),
        ("organisation=sxd&stand=running", {"Đang chạy"}),
        ("organisation=khongco", set()),
        ("q=duyet", {"Chờ duyệt"}),
        ("since=2026-11-17", set()),
        ("until=2026-11-16&stand=late", {"Quá hạn"}),
        ("stand=%00&since=x&after=1-2", {"Xin gia hạn", "Chờ duyệt", "Quá hạn", "Đang chạy", "Xong rồi"}),
    ],
)
def test_address_filters_list_and_workbook_alike(
    office: Office, orders: dict[str, Case], query: str, titles: set[str]
) -> None:
    with at(LATER):
        client = client_of(office.leader)
        page = client.get(f"{HOME}?{query}").content.decode()
        assert {one.title for one in orders.values() if f">{one.title}</a>" in page} == titles
        book = client.get(f"{HOME}list.xlsx?{query}")
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(book.content)).get_sheet_by_index(0)
    assert {row[1] for row in sheet.to_python()[1:]} == titles


def test_each_sees_what_is_his(office: Office, orders: dict[str, Case]) -> None:
    stranger = hired(office, "nguoila", office.health, ("console.see",))
    with at(LATER):
        assert {line.case.title for line in listing.page(office.doctor, Wish(whose="ours")).rows} == {
            "Quá hạn",
            "Xong rồi",
        }
        # What the address asks for first follows from the post.
        assert "Quá hạn" in text(client_of(office.doctor), HOME)
        assert listing.page(office.doctor, Wish(whose="given")).rows == []
        assert listing.page(stranger, Wish(whose="all")).rows == []
        assert "Chưa có ý kiến chỉ đạo" in text(client_of(stranger), HOME)


def test_pages_follow_each_other_without_gap_or_repeat(
    office: Office, orders: dict[str, Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "LENGTH", 2)
    found, query = [], HOME
    with at(LATER):
        client = client_of(office.leader)
        while query:
            page = client.get(query).content.decode()
            found += re.findall(r'<th scope="row"><a href="/console/work/(CD26-\d+)/">', page)
            after = re.search(r'rel="next" href="([^"]+)"', page)
            query = HOME + after[1].replace("&amp;", "&") if after else ""
    assert sorted(found) == sorted(one.code for one in orders.values())


def test_queries_are_as_many_for_one_row_as_for_thirty(office: Office, orders: dict[str, Case]) -> None:
    def count() -> int:
        client = client_of(office.leader)
        client.get(HOME)
        with CaptureQueriesContext(
            connection,
        ) as caught:
            client.get(HOME)
        return len(caught)

    with at(LATER):
        count()  # what is remembered for all screens is remembered now
        few = count()
        for number in range(25):
            whole = give(office, office.roads, title=f"Việc {number}", days=1 + number % 9)
            give(office, office.health, title=f"Phần {number}", days=1, whole=whole, by=office.engineer)
        assert count() == few
    assert few <= 15


def test_leader_accepts_in_two_touches(office: Office, orders: dict[str, Case]) -> None:
    with at(LATER):
        client = client_of(office.leader)
        judge = f"{HOME}{orders['reported'].code}/judge/"
        assert f'href="{judge}"' in client.get(HOME).content.decode()
        page = client.get(judge).content.decode()
        assert "Đã xong 24 điểm" in page
        seen = re.search(r'name="seen" value="(\d+)"', page)
        assert seen is not None
        answer = client.post(judge, {"do": "accept", "seen": seen[1]})
        assert answer.headers["Location"] == HOME
        assert Case.objects.get(pk=orders["reported"].pk).state == "done"
        # Once it is decided the page leads to the case.
        assert client.get(judge).headers["Location"] == f"/console/work/{orders['reported'].code}/"


def test_leader_returns_with_a_reason_and_the_wait_is_not_the_organisations(
    office: Office, orders: dict[str, Case]
) -> None:
    case = orders["reported"]
    judge = f"{HOME}{case.code}/judge/"
    with at(LATER):
        client = client_of(office.leader)
        seen = str(Case.objects.get(pk=case.pk).number)
        answer = client.post(judge, {"do": "return", "seen": seen, "reason": " "})
        assert answer.status_code == 422
        assert client.post(judge, {"do": "return", "seen": seen, "reason": "Còn hai điểm"}).status_code == 302
    found = Case.objects.get(pk=case.pk)
    assert found.state == "working"
    # Due on Thursday at nine; it waited two working days for its giver.
    assert found.due_at == moment("2026-11-23 09:00")


def test_leader_grants_or_refuses_time_from_the_same_page(office: Office, orders: dict[str, Case]) -> None:
    case = orders["asks"]
    judge = f"{HOME}{case.code}/judge/"
    with at(LATER):
        client = client_of(office.leader)
        assert "Xin thêm 2 ngày" in text(client, judge)
        seen = str(Case.objects.get(pk=case.pk).number)
        assert client.post(judge, {"do": "refuse", "seen": seen}).status_code == 422
        before = Case.objects.get(pk=case.pk).due_at
        assert client.post(judge, {"do": "grant", "seen": seen}).status_code == 302
        after = Case.objects.get(pk=case.pk).due_at
        assert before is not None
        assert after is not None
        assert after > before


def test_what_changed_meanwhile_is_told_and_nothing_done(office: Office, orders: dict[str, Case]) -> None:
    case = orders["reported"]
    with at(LATER):
        client = client_of(office.leader)
        answer = client.post(f"{HOME}{case.code}/judge/", {"do": "accept", "seen": "1"})
        assert answer.status_code == 409
        assert Case.objects.get(pk=case.pk).state == "reported"


def test_others_judge_nothing(office: Office, orders: dict[str, Case]) -> None:
    judge = f"{HOME}{orders['reported'].code}/judge/"
    other = hired(office, "phochutich", office.committee, (*people.LEADER,))
    with at(LATER):
        assert client_of(office.engineer).get(judge).status_code == 403
        assert client_of(office.doctor).get(judge).status_code == 404
        assert client_of(other).post(judge, {"do": "accept", "seen": "2"}).status_code == 403
        report = office.report()
        assert client_of(office.leader).get(f"{HOME}{report.code}/judge/").status_code == 404
