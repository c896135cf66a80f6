"""People outside: their links, their numbers under lock, what they are told and who may read who they are."""

from __future__ import annotations

import secrets as random

import pytest

from tests.city import BY
from tests.office import Office, at, employ
from toancanh.kernel.cases import extending, following, moving, parties
from toancanh.kernel.cases.models import Case, Identity, PartyRole
from toancanh.kernel.cases.parties import Contact
from toancanh.kernel.declare import ANYONE
from toancanh.kernel.journal import outbox
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.notify.models import Delivery
from toancanh.kernel.people import actions as people
from toancanh.lib.errors import NotAllowed, NotFound, Refused

SOMEBODY = Contact(name="Lê Thị Hoa", phone="0914 123 456")


@pytest.mark.slow
def test_link_opens_its_case_alone_and_guesses_none(office: Office) -> None:
    case = office.report()
    joined = parties.join(case, PartyRole.REPORTER, SOMEBODY, by=ANYONE)
    assert parties.by_link(joined.secret).case == case
    for guess in (
        "",
        joined.secret[:-1],
        joined.party.digest,
        *(random.token_urlsafe(16) for _ in range(200)),
    ):
        with pytest.raises(NotFound):
            parties.by_link(guess)


def test_same_number_is_one_party_and_lies_nowhere_in_clear(office: Office) -> None:
    case = office.report()
    first = parties.join(case, PartyRole.REPORTER, SOMEBODY, by=ANYONE)
    again = parties.join(case, PartyRole.FOLLOWER, Contact(phone="+84914123456"), by=ANYONE)
    assert (again.party, again.secret) == (first.party, first.secret)
    sealed = Identity.objects.get().sealed
    assert "914123456" not in sealed
    assert "Hoa" not in sealed
    assert not Entry.objects.filter(content__contains="914123456").exists()
    assert [one.case for one in parties.of(Contact(phone="0914123456"))] == [case]
    with pytest.raises(Refused):
        parties.join(case, PartyRole.FOLLOWER, Contact(phone="12"), by=ANYONE)


def test_who_it_is_is_read_with_a_right_and_a_reason_and_every_reading_is_kept(office: Office) -> None:
    case = office.report()
    party = parties.join(case, PartyRole.REPORTER, SOMEBODY, by=ANYONE).party
    moving.move(case, "accept", {"organisation": "syt"}, by=office.desk)
    with pytest.raises(NotAllowed):
        parties.identity(party, by=office.doctor, reason="Hỏi thêm")
    with pytest.raises(Refused, match="300"):
        parties.identity(party, by=office.desk, reason=" ")
    assert parties.identity(party, by=office.desk, reason="Gọi lại").name == "Lê Thị Hoa"
    assert Entry.objects.filter(action="cases.identity_read", actor=office.desk.key).count() == 1


def test_followers_are_counted_and_leave(office: Office) -> None:
    case = office.report()
    reporter = parties.join(case, PartyRole.REPORTER, SOMEBODY, by=ANYONE).party
    follower = parties.join(case, PartyRole.FOLLOWER, Contact(), by=ANYONE).party
    assert Case.objects.get(pk=case.pk).followers == 1
    parties.leave(follower, by=parties.actor(follower))
    assert Case.objects.get(pk=case.pk).followers == 0
    with pytest.raises(Refused):
        parties.leave(reporter, by=parties.actor(reporter))


def test_follower_counts_where_his_report_is_dealt_with_and_joins_nothing_that_ended(office: Office) -> None:
    case, other = office.report(), office.report("Nắp cống mất")
    follower = parties.join(other, PartyRole.FOLLOWER, Contact(), by=ANYONE).party
    moving.move(other, "merge", {"into": case.code}, by=office.desk)
    parties.leave(follower, by=parties.actor(follower))
    assert list(Case.objects.order_by("pk").values_list("followers", flat=True)) == [0, 0]
    with pytest.raises(Refused, match="đã kết thúc"):
        parties.join(other, PartyRole.FOLLOWER, Contact(), by=ANYONE)


@pytest.mark.slow
def test_who_sent_both_reports_gets_the_answer_once(office: Office) -> None:
    case, other = office.report(), office.report("Nắp cống mất")
    for one in (case, other):
        parties.join(one, PartyRole.REPORTER, SOMEBODY, by=ANYONE)
    moving.move(other, "merge", {"into": case.code}, by=office.desk)
    moving.move(case, "accept", {"organisation": "qlhtgt"}, by=office.desk)
    while outbox.deliver():
        pass
    assert Delivery.objects.filter(notice__title_vi=f"Phản ánh {case.code} đã được tiếp nhận").count() == 1


def test_reporter_is_told_once_by_message_with_his_own_link(office: Office) -> None:
    case = office.report()
    joined = parties.join(case, PartyRole.REPORTER, SOMEBODY, by=ANYONE)
    moving.move(case, "accept", {"organisation": "syt", "note": "{x}"}, by=office.desk)
    for _again in range(2):
        outbox.deliver()
    copy = Delivery.objects.get(channel="sms")
    assert copy.link == f"/pa/{joined.secret}/"
    assert copy.notice.body_vi == f"“Nắp cống vỡ” đã chuyển đến Sở Y tế, hạn trả lời {due(case)}."
    case = office.report("Ổ gà {0} {x.y} lớn")
    parties.join(case, PartyRole.REPORTER, SOMEBODY, by=ANYONE)
    moving.move(case, "refuse", {"reason": "{hỏng} {0}"}, by=office.desk)
    outbox.deliver()
    assert Delivery.objects.filter(notice__body_vi="“Ổ gà {0} {x.y} lớn”: {hỏng} {0}").count() == 1


def due(case: Case) -> str:
    from toancanh.kernel.runtime import clock

    assert case.due_at is not None
    return case.due_at.astimezone(clock.VIETNAM).strftime("%d/%m/%Y %H:%M")


def test_party_does_what_is_his_to_do_and_no_other(office: Office) -> None:
    case, other = office.report(), office.report()
    party = parties.join(case, PartyRole.REPORTER, Contact(), by=ANYONE).party
    by = parties.actor(party)
    with pytest.raises(NotAllowed):
        moving.move(other, "withdraw", by=by)
    with pytest.raises(NotAllowed):
        moving.move(case, "refuse", {"reason": "x"}, by=by)
    moving.move(case, "withdraw", by=by)
    assert case.phase == "withdrawn"


@pytest.mark.slow
def test_sender_withdraws_only_what_nobody_else_waits_for(office: Office) -> None:
    case, other = office.report(), office.report("Nắp cống mất")
    by = parties.actor(parties.join(case, PartyRole.REPORTER, SOMEBODY, by=ANYONE).party)
    joined = parties.join(other, PartyRole.REPORTER, Contact(phone="0914 123 457"), by=ANYONE)
    moving.move(other, "merge", {"into": case.code}, by=office.desk)
    with pytest.raises(Refused, match="theo dõi"):
        moving.move(case, "withdraw", by=by)
    moving.move(case, "refuse", {"reason": "Đường nội bộ"}, by=office.desk)
    while outbox.deliver():
        pass
    told = Delivery.objects.get(notice__body_vi="Phản ánh bạn theo dõi: Đường nội bộ")
    assert told.link == f"/pa/{joined.secret}/"


def test_message_names_the_date_of_the_answer_and_not_that_of_another_clock(office: Office) -> None:
    with at("2026-11-16 09:00"):
        case = office.report()
        parties.join(case, PartyRole.REPORTER, SOMEBODY, by=ANYONE)
        moving.move(case, "accept", {"organisation": "qlhtgt"}, by=office.desk)
    with at("2026-11-16 10:00"):
        # Its approval is due before its answer by the time at which the message is made.
        moving.move(case, "answer", {"answer": "Đã thay."}, by=office.engineer)
        outbox.deliver()
    assert Delivery.objects.get().notice.body_vi.endswith("hạn trả lời 23/11/2026 09:00.")


@pytest.mark.slow
def test_sender_hears_that_the_date_moved_and_nothing_where_it_did_not(office: Office) -> None:
    with at("2026-11-16 09:00"):
        case, other = office.report(), office.report()
        for one in (case, other):
            parties.join(one, PartyRole.REPORTER, SOMEBODY, by=ANYONE)
            moving.move(one, "accept", {"organisation": "qlhtgt"}, by=office.desk)
            extending.ask(one, 2, "Chờ vật tư", by=office.engineer)
        outbox.deliver()
        Delivery.objects.all().delete()
        extending.settle(case, True, "Đồng ý", by=office.desk)
        extending.settle(other, False, "Không", by=office.desk)
        for _again in range(2):
            outbox.deliver()
    told = Delivery.objects.get(channel="sms").notice
    assert told.title_vi == f"{case.code}: hạn trả lời chuyển sang 25/11/2026 09:00"
    assert "Chờ vật tư" not in told.body_vi


@pytest.mark.slow
def test_work_follows_an_organisation_that_ceased(office: Office) -> None:
    own, helping, ended = office.report(), office.report(), office.report()
    moving.move(own, "accept", {"organisation": "syt"}, by=office.desk)
    moving.move(helping, "accept", {"organisation": "qlhtgt", "helpers": ["syt"]}, by=office.desk)
    moving.move(ended, "refuse", {"reason": "Trùng"}, by=office.desk)
    heir = people.found_organisation("sytm", "Sở Y tế và Dân số", by=BY, parent=office.committee)
    people.cease(office.health, heir, by=BY, basis="Nghị quyết 12/NQ-HĐND")
    outbox.deliver()
    assert Case.objects.get(pk=own.pk).organisation == heir
    assert helping.steps.get(role="help").organisation == heir
    assert [case.story.filter(kind="followed").count() for case in (own, helping, ended)] == [1, 1, 0]
    assert following.follow(office.health) == 0
    nurse = employ("yta", heir, people.HANDLER, office.city.province)
    moving.move(own, "take", by=nurse)
    moving.move(helping, "send_back", {"reason": "x"}, by=office.engineer)
    moving.move(helping, "accept", {"organisation": "syt"}, by=office.desk)
    assert helping.organisation == heir
