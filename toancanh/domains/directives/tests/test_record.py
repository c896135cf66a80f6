"""What organisations owe and the year's record: each count is that of its rows, lateness is honest."""

from __future__ import annotations

import io
import re
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from django.utils.html import escape
from python_calamine import CalamineWorkbook

from tests.office import Office, at
from toancanh.domains.directives import evaluating, owed, record
from toancanh.domains.directives.record import Row, Span
from toancanh.domains.directives.tests.ordering import HOME, client_of, give
from toancanh.kernel.cases import extending, moving
from toancanh.kernel.cases.models import Case
from toancanh.kernel.declare import Actor
from toancanh.kernel.runtime import clock

MONDAY, NOW = "2026-11-16 08:00", "2026-11-25 08:00"


@pytest.fixture
def year(office: Office) -> Office:
    """Orders of every outcome, each named by it."""
    with at(MONDAY):
        made = {
            name: give(office, office.roads, title=name, days=2)
            for name in ("on_time", "late", "extended", "overdue", "revoked", "waited", "again")
        }
        give(office, office.health, title="open", days=20)
        extending.ask(made["extended"], 5, "Chờ vật tư", by=office.engineer)
        extending.settle(made["extended"], True, "Đồng ý", by=office.leader)
        moving.move(made["revoked"], "revoke", {"reason": "Không cần nữa"}, by=office.leader)
    with at("2026-11-17 08:00"):
        done(made["on_time"], office.engineer, office.leader)
        # Reported in time; its giver looks at it a week later.
        moving.move(made["waited"], "report", {"answer": "Xong"}, by=office.engineer)
        moving.move(made["again"], "report", {"answer": "Xong"}, by=office.engineer)
        moving.move(made["again"], "return", {"reason": "Chưa đạt"}, by=office.leader)
    with at("2026-11-20 08:00"):
        done(made["late"], office.engineer, office.leader)
        done(made["extended"], office.engineer, office.leader)
        done(made["again"], office.engineer, office.leader)
    with at("2026-11-24 08:00"):
        moving.move(made["waited"], "accept", by=office.leader)
    return office


def done(case: Case, lead: Actor, leader: Actor) -> None:
    moving.move(case, "report", {"answer": "Xong"}, by=lead)
    moving.move(case, "accept", by=leader)


def rows(office: Office) -> dict[str, Row]:
    span = Span(date(2026, 11, 1), date(2026, 11, 30))
    return {row.title: row for row in record.rows(span, office.leader)}


def test_outcome_is_told_by_the_result_and_not_by_when_it_was_looked_at(year: Office) -> None:
    with at(NOW):
        found = rows(year)
    outcomes = {title: row.outcome for title, row in found.items()}
    assert outcomes == {
        "on_time": "on_time",
        "waited": "on_time",
        "late": "late",
        "extended": "extended",
        "overdue": "overdue",
        "open": "open",
        "revoked": "revoked",
        "again": "late",
    }
    # Due on Wednesday at eight, reported on Friday at eight: two days of eight hours.
    assert found["late"].lateness == 2 * 480
    assert found["waited"].days == 1.0
    assert found["on_time"].days == 1.0
    assert found["late"].days == 4.0
    assert {title: row.returned for title, row in found.items() if row.returned} == {"again": 1}


def test_figures_are_those_of_their_rows_and_name_their_formula(year: Office) -> None:
    with at(NOW):
        whole, each = evaluating.figures(rows(year).values())
        assert whole.counts["given"] == 8
        assert (
            whole.counts["done"] == sum(whole.counts[name] for name in ("on_time", "extended", "late")) == 5
        )
        assert whole.share == 100 * 2 / 6
        assert [(one.code, one.counts["given"]) for one in each] == [("qlhtgt", 7), ("syt", 1)]
        client = client_of(year.leader)
        page = client.get(f"{HOME}record/?from=01/11/2026&to=30/11/2026").content.decode()
        with translation.override("vi"):
            assert all(escape(told) in page for pair in evaluating.formulas().values() for told in pair)
        links = re.findall(r'href="(/console/directives/record/rows/[^"]+)">([\d,.]+)<', page)
        assert len(links) > 10
        for link, shown in links:
            answer = client.get(link.replace("&amp;", "&"))
            assert answer.status_code == 200
            if "figure=share" not in link and "figure=days" not in link:
                assert len(re.findall(r'<th scope="row">', answer.content.decode())) == int(shown)


def test_workbook_has_figures_with_formulas_and_every_row(year: Office) -> None:
    with at(NOW):
        answer = client_of(year.leader).get(f"{HOME}record/?from=01/11/2026&to=30/11/2026&as=xlsx")
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    figures, orders = (book.get_sheet_by_index(n).to_python() for n in (0, 1))
    assert figures[1][1] == "8"
    assert all(":" in str(head) for head in figures[0][1:])
    assert {row[1] for row in orders[1:]} == set(rows(year))


def test_owed_counts_lead_to_as_many_rows(year: Office) -> None:
    with at(NOW):
        whole, each = owed.by_organisation(year.leader, clock.now())
        assert (whole.open, whole.overdue) == (2, 1)
        assert [(one.code, one.overdue, one.ahead) for one in each] == [("qlhtgt", 1, 0), ("syt", 0, 1)]
        client = client_of(year.leader)
        page = client.get(f"{HOME}owed/").content.decode()
        links = re.findall(r'href="(/console/directives/\?[^"]+)" aria-label="[^"]*">(\d+)<', page)
        assert links
        for link, count in links:
            assert rows_of(client, link.replace("&amp;", "&")) == int(count)
        book = client.get(f"{HOME}owed/?as=xlsx")
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(book.content)).get_sheet_by_index(0).to_python()
    assert [row[2] for row in sheet[1:]] == ["1", "1", "0"]


def rows_of(client: Client, path: str) -> int:
    return len(re.findall(r'<th scope="row">', client.get(path).content.decode()))


@pytest.mark.parametrize("page", ["owed/", "record/", "record/rows/?figure=days"])
def test_queries_do_not_grow_with_orders(year: Office, page: str) -> None:
    client = client_of(year.leader)

    def count() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(HOME + page).status_code == 200
        return len(caught)

    with at(NOW):
        count()
        few = count()
        for n in range(10):
            give(year, (year.roads, year.health, year.works)[n % 3], title=f"Thêm {n}", days=1 + n)
        assert count() == few


@pytest.mark.parametrize(
    "query", ["from=x&to=y", "from=31/12/9999&to=01/01/0001", "from=01/01/1900", "figure=zz"]
)
def test_mangled_addresses_are_passed_over(year: Office, query: str) -> None:
    with at(NOW):
        client = client_of(year.leader)
        assert client.get(f"{HOME}record/?{query}").status_code == 200
        assert client.get(f"{HOME}record/rows/?{query}").status_code == 200
