"""Cases merged into each other and split into parts: nobody is lost, both codes answer, the whole waits."""

from __future__ import annotations

from threading import Thread
from time import sleep

import pytest
from django.db import connection, connections, transaction

from tests.city import City
from tests.office import Office, at
from toancanh.kernel.cases import joining, linking, moving, parties, recounting, splitting
from toancanh.kernel.cases.models import Case, Clock, Event, Link, Party, PartyRole
from toancanh.kernel.cases.parties import Contact
from toancanh.kernel.cases.splitting import Part
from toancanh.kernel.declare import ANYONE
from toancanh.kernel.journal import outbox
from toancanh.kernel.notify.models import Delivery
from toancanh.lib.errors import NotAllowed, Refused


def party(case: Case, role: str, digest: str) -> Party:
    return Party.objects.create(case=case, role=role, digest=digest, joined_at=case.opened_at)


def test_merging_takes_everybody_along_and_both_codes_answer(office: Office) -> None:
    first, second = office.report(), office.report("Nắp cống mất")
    own = party(first, "reporter", "a")
    sender, follower = party(second, "reporter", "b"), party(second, "follower", "c")
    moving.move(second, "merge", {"into": first.code.lower()}, by=office.desk)
    assert (second.state, second.phase, second.is_open) == ("merged", "merged", False)
    assert second.facts["into"] == first.code
    assert set(first.parties.values_list("pk", "role")) == {
        (own.pk, "reporter"),
        (sender.pk, "follower"),
        (follower.pk, "follower"),
    }
    assert Case.objects.get(pk=first.pk).followers == 2
    assert joining.final(second) == first
    told = Event.objects.get(case=second, kind="moved").content["merged"]
    assert told == {"into": first.code, "parties": {"reporter": [sender.pk], "follower": [follower.pk]}}
    assert Event.objects.get(case=first, kind="absorbed").content == {"code": second.code, "parties": 2}
    third = office.report("Lại nắp cống")
    moving.move(third, "merge", {"into": second.code}, by=office.desk)
    assert Link.objects.get(case=third).to == first


def test_where_a_merged_case_went_is_not_changed_by_links_of_people(office: Office) -> None:
    first, second, other = office.report(), office.report("Nắp cống mất"), office.report("Đèn hỏng")
    moving.move(second, "merge", {"into": first.code}, by=office.desk)
    with pytest.raises(Refused, match="giữ lại"):
        linking.unlink(Link.objects.get(), by=office.desk)
    with pytest.raises(Refused):
        linking.link(second, "duplicate_of", other, by=office.desk)
    Link.objects.create(case=second, kind="duplicate_of", to=other, at=second.opened_at)
    assert joining.final(second) == first


def test_merging_that_cannot_be_is_refused_and_changes_nothing(office: Office) -> None:
    case, other = office.report(), office.report()
    ended = office.report()
    moving.move(ended, "refuse", {"reason": "x"}, by=office.desk)
    order = office.order(office.works)
    for code, told in (
        (case.code, "chính nó"),
        ("PA26-999999", "PA26-999999"),
        (ended.code, "đã kết thúc"),
        (order.code, "cùng loại"),
        ("", "phản ánh"),
    ):
        with pytest.raises(Refused, match=told):
            moving.move(case, "merge", {"into": code}, by=office.desk)
    assert Case.objects.get(pk=case.pk).state == "received"
    assert Case.objects.get(pk=other.pk).number == 1


def test_whole_waits_for_its_parts(office: Office) -> None:
    whole = office.report(words="Cống vỡ và rác tràn ra đường")
    parts = splitting.split(
        whole, [Part(title="Cống vỡ", organisation=office.roads), Part(title="Rác")], by=office.desk
    )
    assert [(one.state, one.organisation) for one in parts] == [
        ("assigned", office.roads),
        ("received", None),
    ]
    assert {one.parent for one in parts} == {whole}
    assert set(Link.objects.values_list("case", "kind", "to")) == {
        (p.pk, "split_from", whole.pk) for p in parts
    }
    moving.move(whole, "accept", {"organisation": "qlhtgt"}, by=office.desk)
    with pytest.raises(Refused, match="phần tách ra"):
        moving.move(whole, "answer", {"answer": "Đã làm"}, by=office.engineer)
    for part in parts:
        moving.move(part, "refuse", {"reason": "x"}, by=office.desk) if part.state == "received" else None
    moving.move(parts[0], "answer", {"answer": "Đã thay"}, by=office.engineer)
    moving.move(parts[0], "publish", by=office.desk)
    for event in Event.objects.filter(case__in=parts, kind="moved"):
        for _again in range(2):
            splitting.part_moved({"case": event.case_id, "number": event.number})
    ended = Event.objects.filter(case=whole, kind="part_ended").order_by("number")
    assert sorted(one.content["code"] for one in ended) == sorted(one.code for one in parts)
    moving.move(Case.objects.get(pk=whole.pk), "answer", {"answer": "Đã làm"}, by=office.engineer)


def test_splitting_has_its_bounds(office: Office) -> None:
    whole = office.report()
    with pytest.raises(NotAllowed):
        splitting.split(whole, [Part(title="x")], by=office.doctor)
    with pytest.raises(Refused, match="10 phần"):
        splitting.split(whole, [Part(title=f"{n}") for n in range(11)], by=office.desk)
    with pytest.raises(Refused, match="10 phần"):
        splitting.split(whole, [], by=office.desk)
    (part,) = splitting.split(whole, [Part(title="x")], by=office.desk)
    with pytest.raises(Refused, match="không tách"):
        splitting.split(part, [Part(title="y")], by=office.desk)
    with pytest.raises(Refused, match="không gộp"):
        moving.move(part, "merge", {"into": whole.code}, by=office.desk)


def test_parts_of_an_order_begin_with_who_is_in_charge(office: Office) -> None:
    order = office.order(office.works)
    (part,) = splitting.split(order, [Part(title="Khơi cống", organisation=office.roads)], by=office.leader)
    assert part.organisation == office.roads
    assert part.opened_by_id == order.opened_by_id


def test_each_who_sent_or_followed_is_told_once_and_his_link_leads_on(office: Office) -> None:
    first, second = office.report(), office.report("Nắp cống mất")
    both = Contact(phone="0914 123 456")
    joined = parties.join(second, PartyRole.REPORTER, both, by=ANYONE)
    parties.join(first, PartyRole.REPORTER, both, by=ANYONE)
    parties.join(second, PartyRole.FOLLOWER, Contact(phone="0914 123 457"), by=ANYONE)
    moving.move(second, "merge", {"into": first.code}, by=office.desk)
    for _again in range(2):
        outbox.deliver()
    told = Delivery.objects.filter(notice__title_vi=f"Phản ánh {second.code} được gộp")
    assert sorted(told.values_list("address", flat=True)) == ["+84914123456", "+84914123457"]
    assert told.filter(link=f"/pa/{joined.secret}/").count() == 1
    assert parties.by_link(joined.secret).case == first
    followers = parties.recipients(first, PartyRole.FOLLOWER, "")
    assert [one.address for one in followers] == ["+84914123457"]


def test_who_sent_both_is_one_party_and_gets_the_answer_once(office: Office) -> None:
    first, second, third = office.report(), office.report("Nắp cống mất"), office.report("Lại nắp cống")
    both = Contact(phone="0914 123 456")
    own = parties.join(first, PartyRole.REPORTER, both, by=ANYONE)
    other = parties.join(second, PartyRole.REPORTER, both, by=ANYONE)
    last = parties.join(third, PartyRole.REPORTER, both, by=ANYONE)
    moving.move(third, "merge", {"into": second.code}, by=office.desk)
    moving.move(second, "merge", {"into": first.code}, by=office.desk)
    first = Case.objects.get(pk=first.pk)
    assert first.followers == 0
    for joined in (own, other, last):
        assert parties.by_link(joined.secret) == own.party
    moving.move(first, "accept", {"organisation": "qlhtgt"}, by=office.desk)
    moving.move(first, "answer", {"answer": "Đã thay"}, by=office.engineer)
    moving.move(first, "publish", by=office.desk)
    for _again in range(2):
        outbox.deliver()
    answered = Delivery.objects.filter(notice__title_vi=f"Phản ánh {first.code} đã có trả lời")
    assert [(one.address, one.link) for one in answered] == [("+84914123456", f"/pa/{own.secret}/")]
    # Who left by one of his links is let in by the others, as who follows.
    Party.objects.filter(pk=own.party.pk).update(left_at=first.opened_at)
    assert parties.by_link(last.secret).pk == last.party.pk


@pytest.mark.several
@pytest.mark.django_db(transaction=True)
def test_two_merges_into_each_other_lock_in_one_order(city: City) -> None:
    office = Office.build(city)
    first, second = office.report(), office.report("Nắp cống mất")

    def merge() -> None:
        try:
            moving.move(Case.objects.get(pk=second.pk), "merge", {"into": first.code}, by=office.desk)
        finally:
            connections.close_all()

    with transaction.atomic():
        list(Case.objects.select_for_update().filter(pk=first.pk))
        other = Thread(target=merge)
        other.start()
        wait_for_lock()
        # Who waits for the first holds nothing of the second.
        assert Case.objects.select_for_update(nowait=True).get(pk=second.pk).state == "received"
    other.join(200)
    assert Case.objects.get(pk=second.pk).state == "merged"


def wait_for_lock() -> None:
    """Until another connection waits for a lock."""
    for _try in range(2400):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        sleep(0.05)
    raise AssertionError("nobody waits")


def test_parts_count_as_the_whole_does(office: Office) -> None:
    with at("2026-11-16 09:00"):
        whole = office.report()
        moving.move(whole, "ask", {"question": "Ở đâu?"}, by=office.desk)
    with at("2026-11-17 09:00"):
        moving.move(whole, "reply", {"reply": "Số 12"}, by=office.desk)
    with at("2026-11-19 09:00"):
        parts = splitting.split(
            whole, [Part(title="Cống", organisation=office.roads), Part(title="Rác")], by=office.desk
        )
    main = Clock.objects.get(case=whole, is_main=True)
    for part in parts:
        own = Clock.objects.get(case=part, is_main=True)
        assert (own.begins_at, own.due_at) == (main.begins_at, main.due_at)
    assert list(recounting.differences()) == []
