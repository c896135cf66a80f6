"""What is done about a case beside moving it: helping, taking, urging, remarks, links, corrections."""

from __future__ import annotations

import pytest

from tests.office import Office, at, employ
from toancanh.kernel.cases import assigning, changing, helping, linking, moving, urging
from toancanh.kernel.cases.changing import Change
from toancanh.kernel.cases.models import Case, Link, Step, Urging
from toancanh.kernel.declare import Actor
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Person
from toancanh.lib.errors import NotAllowed, Refused


def person_of(who: Actor) -> Person:
    return Person.objects.get(pk=who.key.partition(":")[2])


@pytest.fixture
def case(office: Office) -> Case:
    """Passed on to roads, with health helping."""
    made = office.report()
    moving.move(made, "accept", {"organisation": "qlhtgt", "helpers": ["syt"]}, by=office.desk)
    return made


def test_helper_reports_its_part_and_the_next_turn_begins(office: Office, case: Case) -> None:
    helping.ask(case, [office.works], "Kiểm tra lại", turn=2, by=office.engineer)
    waiting = Step.objects.get(organisation=office.works)
    assert waiting.state == "waiting"
    doctor_part = Step.objects.get(organisation=office.health)
    with pytest.raises(NotAllowed, match="Sở Y tế"):
        helping.report(doctor_part, "xong", by=office.engineer)
    helping.report(doctor_part, "Đã khử khuẩn", by=office.doctor)
    assert Step.objects.get(pk=waiting.pk).state == "working"
    assert case.story.order_by("-number")[0].content["result"] == "Đã khử khuẩn"
    with pytest.raises(Refused, match="đã kết thúc"):
        helping.report(doctor_part, "xong", by=office.doctor)


def test_turn_that_has_not_come_reports_nothing(office: Office, case: Case) -> None:
    director = employ("giamdoc", office.works, people.HANDLER, office.city.province)
    helping.ask(case, [office.works], "Kiểm tra lại", turn=2, by=office.desk)
    with pytest.raises(Refused, match="Chưa đến lượt"):
        helping.report(Step.objects.get(organisation=office.works), "xong", by=director)


def test_who_is_asked_already_is_not_asked_twice(office: Office, case: Case) -> None:
    with pytest.raises(Refused, match="đã tham gia"):
        helping.ask(case, [office.health, office.roads], "Phối hợp", by=office.desk)
    with pytest.raises(NotAllowed):
        helping.ask(case, [office.works], "Phối hợp", by=office.doctor)


def test_person_takes_it_gives_it_on_and_lets_it_go(office: Office, case: Case) -> None:
    own = person_of(office.engineer)
    colleague = person_of(employ("kysu2", office.roads, people.HANDLER, office.city.province))
    assigning.assign(case, own, by=office.engineer)
    assert case.person == own
    assert Step.objects.get(role="lead").person == own
    assigning.assign(case, colleague, by=office.engineer)
    with pytest.raises(Refused, match="không giữ chức vụ"):
        assigning.assign(case, person_of(office.doctor), by=office.engineer)
    with pytest.raises(NotAllowed):
        assigning.assign(case, own, by=office.doctor)
    assigning.assign(case, None, by=office.engineer)
    assert Case.objects.get(pk=case.pk).person is None
    assert [event.content["is_own"] for event in case.story.filter(kind="assigned")] == [True, False, False]


def test_urging_waits_until_the_organisation_has_read_it(office: Office, case: Case) -> None:
    with pytest.raises(NotAllowed):
        urging.urge(case, "Làm ngay", by=office.doctor)
    urging.urge(case, "Xong trong hôm nay", by=office.leader)
    part = Step.objects.get(organisation=office.health)
    urging.urge(case, "Gửi người đến", by=office.leader, step=part)
    lead, helper = frozenset(("lead",)), frozenset(("helper",))
    assert [one.words for one in urging.unread(case, office.engineer, lead)] == ["Xong trong hôm nay"]
    assert [one.words for one in urging.unread(case, office.doctor, helper)] == ["Gửi người đến"]
    urging.read(case, by=office.engineer)
    assert urging.unread(case, office.engineer, lead) == []
    assert Urging.objects.filter(seen_at=None).count() == 1
    with pytest.raises(Refused, match="Không có đôn đốc"):
        urging.read(case, by=office.desk)
    assert Entry.objects.filter(action="cases.urged").count() == 2


@pytest.mark.parametrize("words", ["", "   ", "x" * 501, "a\0b"])
def test_urging_says_something(office: Office, case: Case, words: str) -> None:
    with pytest.raises(Refused):
        urging.urge(case, words, by=office.leader)
    assert Urging.objects.count() == 0


def test_remarks_and_links_are_written_and_taken_away(office: Office, case: Case) -> None:
    other = office.report("Đèn hỏng")
    linking.note(case, "Đã gọi điện cho người dân", by=office.engineer)
    linking.link(case, "caused_by", other, by=office.desk)
    with pytest.raises(Refused, match="đã như vậy"):
        linking.link(case, "caused_by", other, by=office.desk)
    with pytest.raises(Refused, match="chính nó"):
        linking.link(case, "about", case, by=office.desk)
    with pytest.raises(Refused):
        linking.link(case, "split_from", other, by=office.desk)
    row = Link.objects.get()
    with pytest.raises(NotAllowed):
        linking.unlink(row, by=office.doctor)
    linking.unlink(row, by=office.desk)
    assert Link.objects.count() == 0
    assert [event.kind for event in case.story.order_by("number")][-3:] == ["noted", "linked", "linked"]


def test_correction_keeps_what_stood_there_and_why(office: Office, case: Case) -> None:
    east = office.city.east
    changing.change(
        case,
        Change(title="Nắp cống mất", unit=east, priority=2, place=(107.15, 16.05)),
        "Nhầm chỗ",
        by=office.desk,
    )
    found = Case.objects.get(pk=case.pk)
    assert (found.title, found.unit, found.unit_path, found.priority) == ("Nắp cống mất", east, east.path, 2)
    assert "nap cong mat" in found.folded
    content = case.story.order_by("-number")[0].content
    assert content["changed"]["title"] == ["Nắp cống vỡ", "Nắp cống mất"]
    assert content["changed"]["place"] == ["16.050000, 107.050000", "16.050000, 107.150000"]
    assert content["reason"] == "Nhầm chỗ"


def test_correction_that_says_nothing_or_reaches_too_far_is_refused(office: Office, case: Case) -> None:
    for to, told in (
        (Change(), "Không có gì khác"),
        (Change(priority=7), "mức ưu tiên"),
        (Change(place=(500.0, 16.0)), "không có trên trái đất"),
        (Change(title=" "), "nội dung"),
        (Change(level=2), "hạn chế"),
    ):
        with pytest.raises(Refused, match=told):
            changing.change(case, to, "x", by=office.desk)
    with pytest.raises(NotAllowed):
        changing.change(case, Change(priority=1), "x", by=office.engineer)
    assert Case.objects.get(pk=case.pk).number == case.number


def test_ended_case_takes_no_more_work(office: Office) -> None:
    with at("2026-11-23 09:00"):
        done = office.report()
        moving.move(done, "refuse", {"reason": "Trùng"}, by=office.desk)
    with pytest.raises(Refused, match="đã kết thúc"):
        urging.urge(done, "x", by=office.leader)
    with pytest.raises(Refused, match="đã kết thúc"):
        helping.ask(done, [office.works], "x", by=office.desk)
