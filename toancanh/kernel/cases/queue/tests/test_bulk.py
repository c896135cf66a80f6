"""One step for several: foretold, done one by one, refused one by one, taken back where that is honest."""

from __future__ import annotations

import time
from html import unescape

import pytest
from django.test import Client

from tests.office import Office, at, employ
from toancanh.kernel.cases import moving
from toancanh.kernel.cases.models import Case
from toancanh.kernel.cases.queue import bulk
from toancanh.kernel.cases.queue.bulk import Picked
from toancanh.kernel.declare_cases import CaseMove
from toancanh.kernel.people.models import Person
from toancanh.lib.errors import NotAllowed, Refused

MORNING = "2026-11-23 08:00"


def picked(*cases: Case) -> list[Picked]:
    """As chosen from a list that shows them as they are."""
    for case in cases:
        case.refresh_from_db()
    return [Picked(case, case.number) for case in cases]


def step(rows: list[Picked], name: str, office: Office) -> CaseMove:
    """The step of that name that the engineer is offered for all of them."""
    return next(move for move in bulk.shared(rows, office.engineer) if move.name == name)


def given(office: Office, count: int) -> list[Case]:
    """Reports that the engineer's organisation has."""
    cases = [office.report(f"Việc {n}") for n in range(count)]
    for case in cases:
        moving.move(case, "accept", {"organisation": "qlhtgt"}, by=office.desk)
    return cases


def test_offers_what_all_of_them_offer(office: Office) -> None:
    with at(MORNING):
        first, second = given(office, 2)
        names = {move.name for move in bulk.shared(picked(first, second), office.engineer)}
        assert names == {"take", "send_back", "answer"}
        moving.move(first, "take", by=office.engineer)
        names = {move.name for move in bulk.shared(picked(first, second), office.engineer)}
        assert names == {"send_back", "answer"}
        order = office.order(office.roads)
        assert bulk.shared(picked(first, order), office.engineer) == []
        assert bulk.may_assign(picked(first, order), office.engineer)
        assert not bulk.may_assign(picked(first, order), office.doctor)


@pytest.mark.slow
def test_who_chose_the_same_a_moment_later_is_told_and_changes_nothing(office: Office) -> None:
    with at(MORNING):
        cases = given(office, 3)
        mine, theirs = picked(*cases), picked(cases[1])
        other = employ("kysu2", office.roads, ("console.see", "cases.handle"), office.city.province)
        take = step(mine, "take", office)
        bulk.do(theirs, take, {}, None, by=other)
        done = bulk.do(mine, take, {}, None, by=office.engineer)
    assert [row.is_refused for row in done.rows] == [False, True, False]
    assert "kysu2" in done.rows[1].text
    assert done.count == 2
    cases[1].refresh_from_db()
    assert cases[1].story.filter(kind="moved", content__move="take").count() == 1


def test_preview_says_what_it_would_do_and_writes_nothing(office: Office) -> None:
    with at(MORNING):
        first, second = given(office, 2)
        rows = picked(first, second)
        moving.move(Case.objects.get(pk=second.pk), "take", by=office.engineer)
        stale = Picked(Case.objects.get(pk=second.pk), rows[1].seen)
        told = bulk.foreseen([rows[0], stale], step(rows[:1], "take", office), office.engineer)
    assert [row.is_refused for row in told] == [False, True]
    assert told[0].text == "“Đã chuyển xử lý” thành “Đang xử lý”."
    assert Case.objects.get(pk=first.pk).state == "assigned"


def test_a_name_is_put_on_and_taken_off_again(office: Office) -> None:
    with at(MORNING):
        rows = picked(*given(office, 2))
        person = Person.objects.get(username="kysu")
        done = bulk.do(rows, None, {}, person, by=office.engineer)
        assert set(Case.objects.values_list("person", flat=True)) == {person.pk}
        with pytest.raises(NotAllowed):
            bulk.undo(done.token, by=office.desk)
        back = bulk.undo(done.token, by=office.engineer)
        assert back.count == 2
        assert set(Case.objects.values_list("person", flat=True)) == {None}
        again = bulk.undo(done.token, by=office.engineer)
        assert again.count == 0


def test_what_people_were_told_of_cannot_be_taken_back(office: Office) -> None:
    with at(MORNING):
        case = office.report()
        rows = picked(case)
        move = next(one for one in bulk.shared(rows, office.desk) if one.name == "refuse")
        assert bulk.undoing(move, rows, office.desk)
        done = bulk.do(rows, move, {"reason": "trùng"}, None, by=office.desk)
        assert (done.count, done.token) == (1, "")


def test_ten_minutes_later_it_is_too_late(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    with at(MORNING):
        rows = picked(*given(office, 1))
        done = bulk.do(rows, None, {}, Person.objects.get(username="kysu"), by=office.engineer)
        later = time.time() + bulk.UNDO_S + 5
        monkeypatch.setattr(time, "time", lambda: later)
        with pytest.raises(Refused):
            bulk.undo(done.token, by=office.engineer)


@pytest.mark.parametrize("marks", [["x"], ["1"], ["1-"], ["-1"], ["9" * 40 + "-1"], ["²-1"], []])
def test_mangled_choices_choose_nothing(office: Office, marks: list[str]) -> None:
    assert bulk.pick(marks, office.desk) == []


@pytest.mark.slow
def test_through_the_pages(office: Office, client: Client) -> None:
    with at(MORNING):
        cases = given(office, 2)
        hidden = office.report("Của người khác")
        client.force_login(Person.objects.get(username="kysu"))
        marks = [bulk.mark(one) for one in picked(*cases, hidden)]
        body = client.post("/console/work/bulk/", {"case": marks, "back": "?due=soon"}).content.decode()
        assert "Nhận xử lý" in body
        assert hidden.code not in body
        body = client.post("/console/work/bulk/", {"case": marks, "what": "send_back"}).content.decode()
        assert "Điều sẽ xảy ra" in body
        answer = client.post("/console/work/bulk/", {"case": marks, "what": "send_back", "do": "1"})
        assert answer.status_code == 422
        said = {"case": marks, "what": "send_back", "do": "1", "reason": "Không thuộc đơn vị"}
        body = unescape(client.post("/console/work/bulk/", said).content.decode())
        assert "2 trên 2 việc đã xong" in body
        assert client.post("/console/work/bulk/", {}).status_code == 422
        assert client.get("/console/work/bulk/").status_code == 302
    assert set(Case.objects.filter(pk__in=[c.pk for c in cases]).values_list("state", flat=True)) == {
        "returned"
    }
