"""Contact data goes when its time is over, and not before: not of what is open again or under hold."""

from __future__ import annotations

import json

from tests.office import Office, at, employ, moment
from toancanh.kernel.cases import keeping, moving, parties, telling
from toancanh.kernel.cases.models import Case, Identity, Party, PartyRole
from toancanh.kernel.cases.parties import Contact
from toancanh.kernel.declare import ANYONE
from toancanh.kernel.journal import outbox
from toancanh.kernel.journal.models import Entry, Event
from toancanh.kernel.notify.models import Delivery

SOMEBODY = Contact(name="Lê Thị Hoa", phone="0914 123 456")
END, BEFORE, AFTER = "2026-11-16 09:00", "2027-11-16 08:59", "2027-11-16 09:01"


def ended(office: Office) -> tuple[Case, str]:
    """A report that was not accepted, and the secret of who sent it."""
    with at(END):
        case = office.report()
        joined = parties.join(case, PartyRole.REPORTER, SOMEBODY, by=ANYONE)
        moving.move(case, "refuse", {"reason": "Trùng"}, by=office.desk)
    return case, joined.secret


def test_it_is_erased_a_year_after_the_end_and_the_journal_keeps_that_it_was(office: Office) -> None:
    case, secret = ended(office)
    party = Party.objects.get()
    assert case.retain_until == moment("2031-11-15 09:00")
    with at(BEFORE):
        assert keeping.look() == 0
    with at(AFTER):
        assert keeping.look() == 1
        assert keeping.look() == 0
    assert Identity.objects.count() == 0
    assert parties.of(SOMEBODY) == []
    assert parties.by_link(secret).case == case
    entry = Entry.objects.get(action="cases.identities_erased")
    assert (entry.actor, json.loads(entry.content)) == ("program:keeping", {"parties": [party.pk]})
    assert Event.objects.get(name="cases.identities_erased").payload == {"parties": [party.pk]}


def test_what_is_open_again_or_under_hold_keeps_it(office: Office) -> None:
    case, _secret = ended(office)
    Case.objects.filter(pk=case.pk).update(hold="Vụ án 12")
    with at(AFTER):
        assert keeping.look() == 0
    Case.objects.filter(pk=case.pk).update(hold="")
    again, _other = ended(office)
    by = employ("kiemsoat", office.committee, ("cases.correct",), office.city.province)
    with at("2026-11-17 09:00"):
        moving.correct(again, "received", "Nhầm", by=by)
        assert again.retain_until is None
    with at(AFTER):
        assert keeping.look() == 1
        moving.move(again, "refuse", {"reason": "Trùng"}, by=office.desk)
    assert list(Identity.objects.values_list("erase_at", flat=True)) == [moment("2028-11-15 09:01")]


def test_who_was_merged_along_is_kept_as_long_as_the_other_case(office: Office) -> None:
    with at(END):
        first, second = office.report(), office.report("Nắp cống mất")
        parties.join(second, PartyRole.REPORTER, SOMEBODY, by=ANYONE)
        moving.move(second, "merge", {"into": first.code}, by=office.desk)
    with at(AFTER):
        assert keeping.look() == 0
        moving.move(first, "refuse", {"reason": "Trùng"}, by=office.desk)
    assert Identity.objects.get().erase_at == moment("2028-11-15 09:01")


def test_cases_that_ended_before_it_was_kept_are_caught_up_with(office: Office) -> None:
    case, _secret = ended(office)
    Case.objects.update(retain_until=None)
    Identity.objects.update(erase_at=None)
    with at(AFTER):
        assert keeping.look() == 1
    assert Case.objects.get(pk=case.pk).retain_until == case.retain_until


def test_copies_of_messages_lose_number_name_and_link_once_they_are_over(office: Office) -> None:
    ended(office)
    with at(END):
        outbox.deliver()
    assert Delivery.objects.get(channel="sms").address == "+84914123456"
    Delivery.objects.update(state="received")
    with at("2026-11-30 08:59"):
        assert telling.tidy() == 0
    with at("2026-11-30 09:01"):
        assert telling.tidy() == 1
        assert telling.tidy() == 0
    assert list(Delivery.objects.values_list("address", "name", "link")) == [("", "", "")]
