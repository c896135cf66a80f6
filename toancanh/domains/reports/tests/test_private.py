"""What nobody learns who is not meant to: of the sender's words, of who he is, of what staff wrote."""

from __future__ import annotations

import pytest
from django.core import signing
from django.test import Client

from tests.city import BY, PASSWORD
from tests.office import Office
from toancanh.domains.reports import actions, looking, phones, sending, story
from toancanh.domains.reports.tests.saying import key, said, send
from toancanh.domains.reports.tests.test_citizen_pages import JSON, post
from toancanh.kernel.cases import linking, moving, parties
from toancanh.kernel.cases.models import Case, LinkKind, Party
from toancanh.kernel.cases.writing import Conflict, writing
from toancanh.kernel.journal import outbox
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.notify.models import Delivery
from toancanh.kernel.people.models import Person
from toancanh.lib.errors import Refused

FIRST, SECOND = "0914123456", "0914123457"


def proof(number: str) -> str:
    """What `phones.show` gives to who typed the code back."""
    return signing.dumps(phones.read(number), salt=phones.SALT)


def test_who_follows_a_code_reads_no_word_of_its_sender(desk: Office, client: Client) -> None:
    first = post(client).json()
    assert "Nắp cống" in first["title"], "the sender's own list has his words"
    told = client.post("/reports/follow/", {"code": first["code"], "key": key()}, headers=JSON).json()
    assert told["code"] == first["code"]
    assert "Nắp cống vỡ" not in told["title"]
    assert told["title"] == story.category(Case.objects.get(code=first["code"]))
    page = client.get(told["link"]).content.decode()
    assert "số 12" not in page


@pytest.mark.slow
def test_messages_to_followers_hold_no_word_of_the_sender(desk: Office) -> None:
    made = send(proof=proof(FIRST))
    actions.follow(made.case.code, key(), proof=proof(SECOND))
    case = made.case
    moving.move(case, "accept", {"organisation": "qlhtgt"}, by=desk.desk)
    moving.move(case, "take", by=desk.engineer)
    moving.move(case, "answer", {"answer": "Đã thay nắp"}, by=desk.engineer)
    moving.move(case, "publish", by=desk.desk)
    other = send(key=key(), words="Cống hở miệng trước cổng trường", proof=proof("0914123458"))
    actions.follow(other.case.code, key(), proof=proof("0914123459"))
    into = send(key=key(), words="Nắp cống mất", proof=proof("0914123460"))
    moving.move(other.case, "merge", {"into": into.case.code}, by=desk.desk)
    outbox.deliver()
    told: dict[str, list[str]] = {}
    for copy in Delivery.objects.filter(channel="sms").select_related("notice"):
        notice = copy.notice
        words = [notice.title_vi, notice.body_vi, notice.title_en, notice.body_en]
        told.setdefault(copy.address, []).extend(words)
    assert "Nắp cống" in str(told["+84914123456"])
    followers = str([told["+84914123457"], told["+84914123459"]])
    assert "số 12" not in followers
    assert "Cống hở" not in followers


def test_who_is_signed_in_stays_unknown_to_those_who_deal_with_it(desk: Office, client: Client) -> None:
    person = Person.objects.get(username="bacsi")
    assert client.login(username="bacsi", password=PASSWORD)
    made = post(client).json()
    case = Case.objects.get(code=made["code"])
    event = case.story.get(kind="opened")
    assert case.opened_by is None
    assert (event.person, event.actor, event.post, event.organisation) == (None, "anyone", "", "")
    about = Entry.objects.filter(subject=f"case:{case.code}")
    assert about.exists()
    assert f"person:{person.pk}" not in str(list(about.values()))
    party = Party.objects.get(case=case)
    assert person.full_name in parties.identity(party, by=desk.desk, reason="Gọi lại").account
    followed = client.post("/reports/follow/", {"code": case.code, "key": key()}, headers=JSON)
    assert followed.status_code == 200
    assert f"person:{person.pk}" not in str(list(Entry.objects.filter(subject=f"case:{case.code}").values()))


def test_where_a_merged_report_went_is_said_and_nothing_else(desk: Office) -> None:
    first, second, third = send().case, send(key=key()).case, send(key=key()).case
    linking.link(second, LinkKind.CAUSED_BY, third, by=desk.desk)
    second.links.create(kind=LinkKind.DUPLICATE_OF, to=third, at=second.opened_at)
    assert looking.into(second) == "", "it is dealt with by itself"
    moving.move(second, "merge", {"into": first.code}, by=desk.desk)
    assert looking.into(second) == first.code
    Case.objects.filter(pk=first.pk).update(level=2)
    assert looking.into(second) == "", "of restricted work not even the code is told"


def test_a_refusal_shows_the_reason_that_was_published_and_no_other(desk: Office, client: Client) -> None:
    made = send()
    case = made.case
    moving.move(case, "accept", {"organisation": "qlhtgt"}, by=desk.desk)
    moving.move(case, "send_back", {"reason": "Nội bộ: dân hay kiện"}, by=desk.engineer)
    moving.correct(case, "refused", "Bấm nhầm", by=BY)
    assert "hay kiện" not in client.get(looking.link(made.secret)).content.decode()
    other = send(key=key())
    moving.move(other.case, "refuse", {"reason": "Đường của tư nhân"}, by=desk.desk)
    assert "Đường của tư nhân" in client.get(looking.link(other.secret)).content.decode()


def test_a_number_that_was_only_typed_gets_no_message_and_finds_nothing(desk: Office) -> None:
    made = send(phone=FIRST)
    moving.move(made.case, "accept", {"organisation": "qlhtgt"}, by=desk.desk)
    outbox.deliver()
    assert not Delivery.objects.filter(channel="sms").exists()
    party = Party.objects.get(case=made.case)
    who = parties.identity(party, by=desk.desk, reason="Gọi lại")
    assert (who.phone, who.unproven) == ("", "+84914123456")
    assert parties.of(parties.Contact(phone=FIRST)) == []
    own = actions.follow(made.case.code, key(), proof=proof(FIRST))
    assert own.secret != made.secret, "whose number it is does not get the link of who typed it"
    shown = actions.send(sending.read(said(phone=FIRST), [], "vi"), proof=proof(FIRST))
    moving.move(shown.case, "accept", {"organisation": "qlhtgt"}, by=desk.desk)
    outbox.deliver()
    assert Delivery.objects.filter(channel="sms", address="+84914123456").count() == 1


def test_what_staff_do_neither_stops_the_sender_nor_names_them(desk: Office, client: Client) -> None:
    made = send()
    link, seen = looking.link(made.secret), made.case.number
    party = parties.by_link(made.secret)
    moving.move(party.case, "ask", {"question": "Số nhà nào?"}, by=desk.desk)
    answer = client.post(link, {"do": "withdraw", "sure": "1", "seen": str(seen)})
    assert answer.status_code == 422, "he has not seen the question"
    assert "tiepnhan" not in answer.content.decode()
    seen = Case.objects.get().number
    linking.note(party.case, "Đã gọi", by=desk.desk)
    answer = client.post(link, {"do": "reply", "reply": "Số 12", "seen": str(seen)})
    assert answer.status_code == 302, "a remark of staff is nothing that he could have seen"
    with pytest.raises(Conflict):
        linking.note(party.case, "Nữa", by=desk.desk, seen=seen)


def test_rating_again_writes_what_differs_and_ends_somewhere(desk: Office, client: Client) -> None:
    made = send()
    moving.correct(made.case, "closed", "thử", by=BY)
    party = parties.by_link(made.secret)
    for _turn in range(3):
        actions.rate(party, 2, "được")
    assert party.case.story.filter(kind="rated").count() == 1
    for turn in range(actions.MOST_RATINGS - 1):
        actions.rate(party, 2, f"lần {turn}")
    with pytest.raises(Refused):
        actions.rate(party, 3, "thêm lần nữa")
    assert party.case.story.filter(kind="rated").count() == actions.MOST_RATINGS
    answer = client.post(looking.link(made.secret), {"do": "rate", "value": "1", "words": "Vẫn còn vỡ"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Vẫn còn vỡ" in text, "what was typed stays"
    assert 'value="1" required checked' in text


def test_the_sender_sees_that_the_term_moved_and_who_has_it_now(desk: Office) -> None:
    made = send()
    with writing(made.case, by=BY) as on:
        on.tell("extension_settled", {"granted": True}, is_public=True)
        on.tell("followed", {"from": "Sở A", "to": "Sở B"}, is_public=True)
    told, older = story.steps(made.case, is_reporter=True)
    assert older is None
    assert [one.who for one in told] == ["", "", "Sở B"]
