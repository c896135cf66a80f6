"""A case from its opening to its end and beyond: states, clocks, who has the work, what is late and whose."""

from __future__ import annotations

import pytest

from tests.office import DESK, Office, at, employ, moment
from toancanh.kernel.cases import extending, moving, opening, types
from toancanh.kernel.cases.models import Case, Clock, Step
from toancanh.kernel.cases.opening import Said
from toancanh.kernel.cases.writing import Conflict
from toancanh.kernel.declare import Actor
from toancanh.kernel.declare_cases import Term
from toancanh.kernel.journal.models import Entry
from toancanh.lib.errors import NotAllowed, Refused


def clock_of(case: Case, name: str = "handle", round: int = 1) -> Clock:
    return Clock.objects.get(case=case, name=name, round=round)


def test_report_goes_its_way_and_its_clocks_with_it(office: Office) -> None:
    with at("2026-11-16 09:00"):
        case = office.report()
    assert case.code == "PA26-000001"
    assert (case.state, case.phase, case.is_open) == ("received", "received", True)
    assert clock_of(case, "accept").due_at == moment("2026-11-17 09:00")
    assert clock_of(case).due_at == moment("2026-11-23 09:00")
    assert case.due_at == moment("2026-11-17 09:00")
    with at("2026-11-16 10:00"):
        moving.move(case, "accept", {"organisation": "qlhtgt", "helpers": ["syt"]}, by=office.desk)
    assert clock_of(case, "accept").lateness == 0
    assert case.organisation == office.roads
    assert case.due_at == moment("2026-11-23 09:00")
    with at("2026-11-16 14:00"):
        moving.move(case, "take", by=office.engineer)
    with at("2026-11-18 16:00"):
        with pytest.raises(Refused, match="phối hợp chưa xong"):
            moving.move(case, "answer", {"answer": "Đã thay nắp cống."}, by=office.engineer)
        Step.objects.filter(role="help").update(is_open=False)
        moving.move(case, "answer", {"answer": "Đã thay nắp cống."}, by=office.engineer)
        assert case.due_at == moment("2026-11-19 16:00")
    with at("2026-11-19 08:00"):
        moving.move(case, "publish", by=office.desk)
    found = Case.objects.get(pk=case.pk)
    assert (found.is_open, found.lateness, found.due_at) == (False, 0, None)
    assert case.closed_at == moment("2026-11-19 08:00")
    story = list(case.story.order_by("number").values_list("kind", "actor"))
    assert [kind for kind, _actor in story] == ["opened", *["moved"] * 4]
    assert Entry.objects.filter(subject=f"case:{case.code}").count() == 5


def test_question_stops_the_clock_and_the_answer_lets_it_go_on(office: Office) -> None:
    with at("2026-11-16 09:00"):
        case = office.report()
        moving.move(case, "ask", {"question": "Ở đoạn nào?"}, by=office.desk)
    assert case.due_at is None
    assert clock_of(case).paused_at == moment("2026-11-16 09:00")
    with at("2026-11-18 09:00"):
        moving.move(case, "reply", {"reply": "Trước số 12."}, by=office.desk)
    assert clock_of(case).due_at == moment("2026-11-25 09:00")


def test_lateness_is_frozen_and_booked_to_who_had_the_work(office: Office) -> None:
    with at("2026-11-16 09:00"):
        case = office.report()
        moving.move(case, "accept", {"organisation": "syt"}, by=office.desk)
    with at("2026-11-23 10:00"):
        moving.move(case, "send_back", {"reason": "Không phải việc của Sở Y tế"}, by=office.doctor)
    assert case.organisation is None
    with at("2026-11-23 11:00"):
        moving.move(case, "accept", {"organisation": "qlhtgt"}, by=office.desk)
    with at("2026-11-23 15:00"):
        moving.move(case, "answer", {"answer": "Đã làm."}, by=office.engineer)
    with at("2026-11-23 16:00"):
        moving.move(case, "publish", by=office.desk)
    # From 9:00 to 16:00 without the hours at noon.
    assert case.lateness == 330
    booked = dict(Step.objects.filter(case=case).values_list("organisation__code", "lateness"))
    assert booked == {"syt": 60, "qlhtgt": 150}
    with at("2026-11-30 16:00"):
        moving.move(case, "reopen", {"reason": "Vẫn còn vỡ"}, by=office.desk)
    assert (case.is_open, case.round, case.lateness) == (True, 2, 330)
    assert clock_of(case).lateness == 330
    assert clock_of(case, round=2).due_at == moment("2026-12-07 16:00")


def test_late_closing_of_a_clock_that_was_extended_is_told_apart(office: Office) -> None:
    with at("2026-11-16 09:00"):
        case = office.report()
        moving.move(case, "accept", {"organisation": "qlhtgt"}, by=office.desk)
        with pytest.raises(NotAllowed):
            extending.ask(case, 2, "Chờ vật tư", by=office.doctor)
        extending.ask(case, 2, "Chờ vật tư", by=office.engineer)
        with pytest.raises(Refused, match="Đã xin gia hạn"):
            extending.ask(case, 2, "Chờ vật tư", by=office.engineer)
        with pytest.raises(NotAllowed):
            extending.settle(case, True, "Đồng ý", by=office.engineer)
        extending.settle(case, True, "Đồng ý", by=office.desk)
    assert case.due_at == moment("2026-11-25 09:00")
    with at("2026-11-24 09:00"):
        moving.move(case, "answer", {"answer": "Đã làm."}, by=office.engineer)
        moving.move(case, "publish", by=office.desk)
    row = clock_of(case)
    assert (row.lateness, row.first_lateness, case.is_extended) == (0, 480, True)


def test_time_that_was_granted_and_not_needed_is_not_told_of_an_ended_case(office: Office) -> None:
    with at("2026-11-16 09:00"):
        case = office.report()
        moving.move(case, "accept", {"organisation": "qlhtgt"}, by=office.desk)
        extending.ask(case, 2, "Chờ vật tư", by=office.engineer)
        extending.settle(case, True, "Đồng ý", by=office.desk)
        assert case.is_extended
    with at("2026-11-17 09:00"):
        moving.move(case, "answer", {"answer": "Đã làm."}, by=office.engineer)
        moving.move(case, "publish", by=office.desk)
    assert (clock_of(case).first_lateness, case.is_extended) == (0, False)


def test_move_that_asks_something_tells_beforehand_what_stands_in_its_way(office: Office) -> None:
    case = office.report()
    moving.move(case, "accept", {"organisation": "qlhtgt", "helpers": ["syt"]}, by=office.desk)
    said = types.by_key(case.version_id)
    found = {one.move.name: one.obstacle for one in moving.choices(case, said, office.engineer)}
    assert found["answer"] == "Còn đơn vị phối hợp chưa xong phần của mình."
    assert found["send_back"] == ""


def test_who_saw_an_older_state_is_told_of_the_conflict_and_nothing_happens(office: Office) -> None:
    case = office.report()
    seen = case.number
    moving.move(case, "accept", {"organisation": "syt"}, by=office.desk, seen=seen)
    other = Case.objects.get(pk=case.pk)
    with pytest.raises(Conflict, match="Trần tiepnhan"):
        moving.move(other, "refuse", {"reason": "Trùng"}, by=office.desk, seen=seen)
    assert Case.objects.get(pk=case.pk).state == "assigned"


def test_nobody_moves_what_is_not_his_to_move(office: Office) -> None:
    case = office.report()
    moving.move(case, "accept", {"organisation": "syt"}, by=office.desk)
    for who, name, said in (
        (office.engineer, "take", {}),
        (office.desk, "take", {}),
        (office.doctor, "refuse", {"reason": "x"}),
        (office.doctor, "publish", {}),
    ):
        with pytest.raises(Refused):
            moving.move(case, name, said, by=who)
    assert [one.move.name for one in moving.choices(case, types.by_key(case.version_id), office.doctor)] == [
        "take",
        "send_back",
        "answer",
    ]


def test_missing_or_impossible_answers_are_named(office: Office) -> None:
    case = office.report()
    for said, told in (
        ({}, "Đơn vị chủ trì"),
        ({"organisation": "không có"}, "không có"),
        ({"organisation": "syt", "note": "x" * 2001}, "2001"),
        ({"organisation": 7}, "Đơn vị chủ trì"),
        ({"organisation": "syt", "helpers": "qlhtgt"}, "Đơn vị phối hợp"),
    ):
        with pytest.raises(Refused, match=told):
            moving.move(case, "accept", said, by=office.desk)
    assert Case.objects.get(pk=case.pk).number == 1


def test_order_has_the_term_its_giver_says(office: Office) -> None:
    with at("2026-11-16 09:00"):
        case = office.order(office.works, terms={"due": Term(2)}, helpers=[office.health])
    assert case.code == "CD26-000001"
    assert case.due_at == moment("2026-11-18 09:00")
    assert Step.objects.filter(case=case).count() == 2


def test_same_sending_is_one_case_and_numbers_follow_each_other(office: Office) -> None:
    first = office.report(key="k" * 20)
    again = office.report(title="khác", key="k" * 20)
    assert first.pk == again.pk
    assert [office.report().code, office.order(office.works).code, office.report().code] == [
        "PA26-000002",
        "CD26-000001",
        "PA26-000003",
    ]


def test_who_has_no_right_opens_nothing(office: Office) -> None:
    said = Said(title="x", unit=office.city.west)
    with pytest.raises(NotAllowed):
        opening.open("reports.report", said, by=office.engineer)
    assert opening.open("reports.report", said, by=office.engineer, is_asked=True).code == "PA26-000001"


def arranger(office: Office) -> Actor:
    return employ("sapxep", office.committee, (*DESK, moving.CORRECT), office.city.province)


def test_report_that_comes_back_to_the_desk_is_nobodys_until_it_is_passed_on(office: Office) -> None:
    case = office.report()
    moving.move(case, "accept", {"organisation": "qlhtgt"}, by=office.desk)
    moving.move(case, "answer", {"answer": "Đã thay."}, by=office.engineer)
    moving.move(case, "publish", by=office.desk)
    moving.move(case, "reopen", {"reason": "Vẫn còn vỡ"}, by=office.desk)
    found = Case.objects.get(pk=case.pk)
    assert (found.state, found.organisation, found.organisation_path) == ("returned", None, "")
    by = arranger(office)
    moving.move(case, "accept", {"organisation": "syt"}, by=office.desk)
    moving.correct(case, "received", "Chuyển nhầm", by=by)
    assert (case.organisation, case.steps.filter(is_open=True).count()) == (None, 0)
    assert case.steps.get(organisation=office.health).state == "cancelled"


def test_correction_leaves_no_case_that_nobody_can_move_on(office: Office) -> None:
    by, case, other = arranger(office), office.report(), office.report()
    for target in ("assigned", "working", "waiting", "answered"):
        with pytest.raises(Refused, match="chủ trì"):
            moving.correct(case, target, "Nhầm", by=by)
    with pytest.raises(Refused, match="gộp"):
        moving.correct(case, "merged", "Nhầm", by=by)
    moving.move(case, "merge", {"into": other.code}, by=office.desk)
    with pytest.raises(Refused, match="gộp"):
        moving.correct(case, "received", "Nhầm", by=by)


def test_corrected_end_begins_a_round_with_work_and_without_the_old_rating(office: Office) -> None:
    case = office.report()
    moving.move(case, "accept", {"organisation": "qlhtgt"}, by=office.desk)
    moving.move(case, "answer", {"answer": "Đã thay."}, by=office.engineer)
    moving.move(case, "publish", by=office.desk)
    Case.objects.filter(pk=case.pk).update(rating=1)
    moving.correct(case, "assigned", "Công bố nhầm", by=arranger(office))
    assert (case.round, case.rating, case.closed_at) == (2, None, None)
    assert case.steps.get(is_open=True).organisation == office.roads
    moving.move(case, "take", by=office.engineer)


def runs(case: Case, name: str) -> list[tuple[int, int | None]]:
    """How often a clock began in each round, with how late each was."""
    rows = Clock.objects.filter(case=case, name=name).order_by("round", "run")
    return [(row.round * 10 + row.run, row.lateness) for row in rows]


def test_what_comes_back_to_the_desk_has_a_term_there_again(office: Office) -> None:
    with at("2026-11-16 09:00"):
        case = office.report()
        moving.move(case, "accept", {"organisation": "syt"}, by=office.desk)
    with at("2026-11-17 09:00"):
        moving.move(case, "send_back", {"reason": "Không phải việc của Sở Y tế"}, by=office.doctor)
    again = Clock.objects.get(case=case, name="accept", run=2)
    assert again.due_at == moment("2026-11-18 09:00")
    assert case.due_at == moment("2026-11-18 09:00")
    with at("2026-11-18 10:00"):
        moving.move(case, "accept", {"organisation": "qlhtgt"}, by=office.desk)
    # Each time is booked by itself, and none of it to the main term.
    assert runs(case, "accept") == [(11, 0), (12, 60)]
    assert case.lateness is None
    assert clock_of(case).due_at == moment("2026-11-23 09:00")


def test_answer_after_more_work_is_to_be_checked_by_a_term_of_its_own(office: Office) -> None:
    with at("2026-11-16 09:00"):
        case = office.report()
        moving.move(case, "accept", {"organisation": "qlhtgt"}, by=office.desk)
        moving.move(case, "answer", {"answer": "Đã làm."}, by=office.engineer)
    with at("2026-11-16 15:00"):
        moving.move(case, "rework", {"reason": "Chưa thấy ảnh"}, by=office.desk)
    with at("2026-11-17 09:00"):
        moving.move(case, "answer", {"answer": "Đã làm lại."}, by=office.engineer)
    assert case.due_at == moment("2026-11-18 09:00")
    with at("2026-11-18 11:00"):
        moving.move(case, "publish", by=office.desk)
    assert runs(case, "publish") == [(11, 0), (12, 120)]
    assert runs(case, "handle") == [(11, 0)]


def test_question_stops_acceptance_and_the_answer_lets_it_go_on(office: Office) -> None:
    with at("2026-11-16 09:00"):
        case = office.report()
    with at("2026-11-16 15:00"):
        moving.move(case, "ask", {"question": "Ở đoạn nào?"}, by=office.desk)
    assert clock_of(case, "accept").paused_at == moment("2026-11-16 15:00")
    with at("2026-11-18 15:00"):
        moving.move(case, "reply", {"reply": "Trước số 12."}, by=office.desk)
    assert clock_of(case, "accept").due_at == moment("2026-11-19 09:00")
    with at("2026-11-19 10:00"):
        moving.move(case, "accept", {"organisation": "qlhtgt"}, by=office.desk)
    assert runs(case, "accept") == [(11, 60)]
