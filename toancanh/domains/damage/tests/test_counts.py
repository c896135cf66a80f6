"""A count from the question to the files: who may, what is kept, what is asked about, what arrives twice."""

from __future__ import annotations

import io
import uuid
from datetime import timedelta
from typing import Any

import pytest
import python_calamine as calamine
from django.test import Client
from pypdf import PdfReader

from tests.city import NOON, City, actor, person
from toancanh.domains.damage import access, actions, figures, files, queries
from toancanh.domains.damage.actions import Doubtful
from toancanh.domains.damage.figures import Figures
from toancanh.domains.damage.models import Ask, Count, Report
from toancanh.kernel.declare import ANYONE, Actor
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.people import actions as people
from toancanh.kernel.runtime import clock
from toancanh.kernel.warnings import actions as warnings
from toancanh.kernel.warnings.tests.making import full, leader, officer, told
from toancanh.lib.errors import NotAllowed, NotFound, Refused

HOUR = timedelta(hours=1)
TITLE = "Lũ sông Hương đêm 21/11"


@pytest.fixture(autouse=True)
def own_keys(settings: Any, tmp_path: Any) -> None:
    """Keys lie in a folder of the test."""
    settings.DATA = tmp_path


@pytest.fixture
def by(city: City) -> Actor:
    return officer(city)


@pytest.fixture
def count(by: Actor) -> Count:
    return actions.ask(TITLE, ["90001", "90002"], HOUR, by=by)


def key() -> str:
    return str(uuid.uuid4())


def of(count: Count, code: str) -> Ask:
    return count.asks.select_related("unit", "of").get(unit__code=code)


def secret(ask: Ask) -> str:
    return actions.link(ask).split("/")[2]


def test_asks_each_commune_within_the_hour(city: City, by: Actor, count: Count) -> None:
    assert (count.due_at, count.is_exercise) == (NOON + HOUR, False)
    board = queries.board(count, by)
    assert [row.ask.unit.code for row in board.rows] == ["90001", "90002"]
    assert (board.sent, len(board.waiting), board.totals) == (0, 2, [None] * 8)
    assert not any(row.is_late for row in board.rows)
    with clock.set_to(NOON + HOUR + timedelta(seconds=1)):
        assert all(row.is_late for row in queries.board(count, by).rows)
    assert Entry.objects.get(action="damage.asked").subject == f"count:{count.pk}"


def test_totals_add_what_was_said_and_the_newest_report_counts(city: City, by: Actor, count: Count) -> None:
    west, east = of(count, "90001"), of(count, "90002")
    actions.answer(west, Figures(flooded=40, evacuated=10, evacuees=35), key(), by=by)
    actions.answer(east, Figures(flooded=0, injured=1), key(), by=by)
    second = actions.answer(west, Figures(flooded=55, evacuated=12, evacuees=41, dead=0), key(), by=by)
    assert (second.number, second.name, second.post) == (2, by.name, by.post)
    board = queries.board(count, by)
    assert board.sent == 2
    assert board.totals == [55, 12, 41, 1, 0, None, None, None], "not said is not 0"
    assert [report.number for report in queries.history(west)] == [2, 1]
    assert [report.flooded for report in queries.history(west)] == [55, 40]


def test_the_same_sending_is_kept_once(by: Actor, count: Count) -> None:
    once, west = key(), of(count, "90001")
    first = actions.answer(west, Figures(flooded=40), once, by=by)
    for _n in range(3):
        assert actions.answer(west, Figures(flooded=40), once, by=by).pk == first.pk
    assert Report.objects.count() == 1
    assert Entry.objects.filter(action="damage.answered").count() == 1


def test_a_late_copy_does_not_stand_in_for_a_newer_report(by: Actor, count: Count) -> None:
    once, west = key(), of(count, "90001")
    actions.answer(west, Figures(flooded=40), once, by=by)
    actions.answer(west, Figures(flooded=50), key(), by=by)
    actions.answer(west, Figures(flooded=40), once, by=by)
    assert queries.board(count, by).totals[0] == 50


def test_unlikely_figures_are_asked_about_twice(by: Actor, count: Count) -> None:
    west = of(count, "90001")
    with pytest.raises(Doubtful) as caught:
        actions.answer(west, Figures(flooded=40, dead=400), key(), by=by)
    assert len(caught.value.questions) == 1
    assert Report.objects.count() == 0
    assert actions.answer(west, Figures(flooded=40, dead=400), key(), by=by, is_sure=True).dead == 400
    assert figures.questions(Figures(flooded=40, dead=400), Figures(flooded=40, dead=400)) == []


@pytest.mark.parametrize(
    ("now", "before", "asked"),
    [
        (Figures(flooded=30), None, 0),
        (Figures(evacuated=10, evacuees=5), None, 1),
        (Figures(evacuated=1, evacuees=50), None, 1),
        (Figures(flooded=2000), Figures(flooded=20), 1),
        (Figures(flooded=90), Figures(flooded=2), 0),
        (Figures(flooded=0), Figures(flooded=30), 1),
        (Figures(flooded=5), Figures(flooded=5, dead=1), 1),
        (Figures(missing=21), None, 1),
    ],
)
def test_what_is_asked_about(now: Figures, before: Figures | None, asked: int) -> None:
    assert len(figures.questions(now, before)) == asked


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, "nothing_said"),
        ({"flooded": "  "}, "nothing_said"),
        ({"flooded": "-1"}, "bad_figure"),
        ({"flooded": "1,5"}, "bad_figure"),
        ({"flooded": "nhiều"}, "bad_figure"),
        ({"flooded": "99999999"}, "bad_figure"),
        ({"flooded": "9" * 500}, "bad_figure"),
        ({"flooded": "١٢"}, "bad_figure"),
        ({"flooded": "1", "note": "x" * 1001}, "bad_note"),
    ],
)
def test_what_is_no_figure_is_refused_in_words(form: dict[str, str], code: str) -> None:
    with pytest.raises(Refused) as caught:
        figures.said(form)
    assert caught.value.code == code


def test_figures_are_read_as_vietnamese_people_write_them() -> None:
    assert figures.said({"flooded": " 1.250 ", "note": "x"}) == Figures(flooded=1250, note="x")
    assert figures.said({"dead": "0"}) == Figures(dead=0)


def test_after_an_exercise_it_is_one_and_a_draft_is_not_followed(city: City, by: Actor) -> None:
    drill = told(by, leader(city), is_exercise=True)
    assert actions.ask(TITLE, ["90001"], HOUR, by=by, warning=drill).is_exercise
    with pytest.raises(Refused) as caught:
        actions.ask(TITLE, ["90001"], HOUR, by=by, warning=warnings.draft(full(), by=by))
    assert caught.value.code == "not_told"


@pytest.mark.parametrize(
    ("codes", "due", "code"),
    [
        ([], HOUR, "no_units"),
        (["99999"], HOUR, "no_unit"),
        (["90"], HOUR, "no_unit"),
        (["90001"], timedelta(minutes=1), "bad_due"),
        (["90001"], timedelta(days=8), "bad_due"),
    ],
)
def test_what_cannot_be_asked_is_refused(by: Actor, codes: list[str], due: timedelta, code: str) -> None:
    with pytest.raises(Refused) as caught:
        actions.ask(TITLE, codes, due, by=by)
    assert caught.value.code == code


def test_each_sees_and_answers_for_his_own_alone(city: City, by: Actor, count: Count) -> None:
    west = officer(city, "tay", "west")
    assert [row.ask.unit.code for row in queries.board(count, west).rows] == ["90001"]
    with pytest.raises(NotFound):
        access.ask(count.pk, "90002", west)
    with pytest.raises(NotAllowed):
        actions.answer(of(count, "90002"), Figures(flooded=1), key(), by=west)
    with pytest.raises(NotAllowed):
        actions.ask(TITLE, ["90001", "90002"], HOUR, by=west)
    with pytest.raises(NotAllowed):
        actions.close(count, by=west)
    with pytest.raises(NotAllowed):
        actions.renew(of(count, "90002"), by=west)
    with pytest.raises(NotFound):
        access.count(count.pk, ANYONE)
    assert [ask.unit.code for ask in queries.open_asks(west)] == ["90001"]
    looker = actor("xem", city.province, ("console.see",))
    with pytest.raises(NotAllowed):
        actions.answer(of(count, "90001"), Figures(flooded=1), key(), by=looker)


def test_a_closed_count_takes_nothing_more(by: Actor, count: Count) -> None:
    once, west = key(), of(count, "90001")
    actions.answer(west, Figures(flooded=1), once, by=by)
    actions.close(count, by=by)
    with pytest.raises(Refused) as caught:
        actions.answer(west, Figures(flooded=2), key(), by=by)
    assert caught.value.code == "closed"
    assert actions.answer(west, Figures(flooded=1), once, by=by).number == 1, "an old sending is told as kept"
    with pytest.raises(Refused):
        actions.close(count, by=by)


def test_links_have_128_bits_and_a_new_one_ends_the_old(by: Actor, count: Count) -> None:
    west, east = of(count, "90001"), of(count, "90002")
    old = secret(west)
    assert len(old) == 22
    assert old != secret(east)
    assert old not in west.sealed
    assert access.by_link(old).pk == west.pk
    fresh = secret(actions.renew(west, by=by))
    assert access.by_link(fresh).pk == west.pk
    for stray in (old, "", "x", fresh[:-1]):
        with pytest.raises(NotFound):
            access.by_link(stray)


def test_the_board_asks_as_often_for_two_as_for_one(
    city: City, by: Actor, count: Count, django_assert_max_num_queries: Any
) -> None:
    for code in ("90001", "90002"):
        actions.answer(of(count, code), Figures(flooded=1), key(), by=by)
    with django_assert_max_num_queries(2):
        assert queries.board(count, by).sent == 2


def test_the_map_shows_who_has_answered(city: City, by: Actor, count: Count) -> None:
    assert queries.areas(queries.board(count, by))["features"] == []
    actions.answer(of(count, "90001"), Figures(flooded=150), key(), by=by)
    actions.answer(of(count, "90002"), Figures(flooded=1, missing=1), key(), by=by)
    found = queries.areas(queries.board(count, by))["features"]
    assert {(one["properties"]["code"], one["properties"]["tone"]) for one in found} == {
        ("90001", "2"),
        ("90002", "3"),
    }


def test_the_workbook_holds_figures_as_numbers_and_words_as_text(by: Actor, count: Count) -> None:
    actions.answer(of(count, "90001"), Figures(flooded=40, note="=1+1"), key(), by=by)
    made = files.workbook(queries.board(count, by))
    sheet = calamine.CalamineWorkbook.from_filelike(io.BytesIO(made)).get_sheet_by_index(0)
    rows = sheet.to_python(skip_empty_area=False)
    assert rows[0][0] == TITLE
    assert rows[4][0:2] == ["Phường Dương Nỗ", 40.0]
    assert rows[4][12] == "=1+1"
    assert rows[5][9] == "chưa báo cáo"
    assert rows[6][0:2] == ["Tổng cộng", 40.0]
    assert b"<f>" not in made


@pytest.mark.slow
def test_the_pdf_holds_every_letter_and_no_command_of_strangers(by: Actor, count: Count) -> None:
    note = "Ngập sâu, cần xuồng: ẵ ặ ỡ ợ ữ ự ỳ Đ #panic() $x$ *đậm*"
    actions.answer(of(count, "90001"), Figures(flooded=1250, note=note), key(), by=by)
    office = {"organisation": "Ban Chỉ huy Phòng thủ dân sự", "place": "Thành phố Huế"}
    pages = PdfReader(io.BytesIO(files.document(queries.board(count, by), office, "vi"))).pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    for said in (
        "BÁO CÁO NHANH THIỆT HẠI",
        TITLE,
        "Phường Dương Nỗ",
        "1.250",
        note,
        "Chưa báo cáo: Xã Kim Bình",
    ):
        assert said in text, said


def test_what_is_asked_of_many_goes_on_more_pages_of_the_list(city: City, by: Actor) -> None:
    for number in range(queries.LENGTH + 1):
        actions.ask(f"Đợt {number}", ["90001"], HOUR, by=by)
    rows, more = queries.page(by, "")
    assert len(rows) == queries.LENGTH
    (last,), _end = queries.page(by, more.partition("=")[2])
    assert (last.count.title, last.asked, last.sent) == ("Đợt 0", 1, 0)


def test_an_officer_of_the_page_is_who_the_journal_names(city: City, client: Client, count: Count) -> None:
    eve = person("eve", city.west, people.STAFF)
    client.force_login(eve)
    path = f"/console/damage/{count.pk}/90001/"
    assert client.post(path, {"flooded": "7", "key": key()}).status_code == 302
    assert Report.objects.get().person == eve
    assert Entry.objects.get(action="damage.answered").actor == f"person:{eve.pk}"
