"""What people send back by SMS, from the gateway's call to the confirmation; twice is once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings as site
from django.test import Client

from tests.city import BY, City
from tests.peers.gateway import MAPPING, Gateway, gateway
from toancanh.kernel.contacts import telling
from toancanh.kernel.contacts.models import Told, Via
from toancanh.kernel.contacts.tests.people import head
from toancanh.kernel.declare import Title
from toancanh.kernel.notify import receipts, setups, spreading
from toancanh.kernel.notify.models import Answered, Setup
from toancanh.kernel.notify.tests.parts import hand, set_up
from toancanh.kernel.runtime import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def peer(city: City, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """A gateway that has taken the text to the head of a village."""
    with gateway() as made:
        monkeypatch.setattr(site, "EGRESS_ALLOW", ("127.0.0.0/8",))
        set_up("sms", url=made.url, **MAPPING)
        head(city.west)
        telling.tell(
            subject="warnings.message:1",
            title=Title("Lũ lên nhanh", "Rising fast"),
            body=Title("Sơ tán.", "Leave."),
            units=[city.west],
            channels=["sms"],
            expires=clock.now() + timedelta(hours=1),
            by=BY,
        )
        while spreading.look():
            pass
        hand("sms")
        yield made


def address() -> str:
    secret = setups.values(Setup.objects.get(channel="sms"))["hook_secret"]
    return f"/hooks/messages/sms/{secret}/replies"


def test_answer_confirms_once_however_often_it_is_passed_on(peer: Gateway) -> None:
    ((_code, taken),) = peer.texts.items()
    said = peer.answered(taken["to"], "Đã nhận")
    client = Client(enforce_csrf_checks=True)
    for meant in (1, 0):
        answer = client.post(address(), said, content_type="application/json")
        assert (answer.status_code, answer.json()) == (200, {"read": 1, "meant": meant})
    told = Told.objects.get()
    assert told.via == Via.REPLY
    assert told.confirmed_at == clock.now()


def test_a_number_that_two_share_is_not_confirmed_for_both_by_one_answer(peer: Gateway, city: City) -> None:
    other = head(city.west, name="Trần Thị Bé", at="Thôn Trên")
    first = Told.objects.get()
    Told.objects.create(notice=first.notice, contact=other, unit=city.west, digest="x", told_at=first.told_at)
    said = peer.answered("0914123456", "1")
    for _ in range(3):
        Client().get(address(), said)
    assert Told.objects.exclude(confirmed_at=None).count() == 1
    Client().get(address(), peer.answered("0914123456", "1"))
    assert Told.objects.exclude(confirmed_at=None).count() == 2


def test_answer_without_a_number_of_its_own_is_passed_on_once_as_well(peer: Gateway, city: City) -> None:
    other = head(city.west, name="Trần Thị Bé", at="Thôn Trên")
    first = Told.objects.get()
    Told.objects.create(notice=first.notice, contact=other, unit=city.west, digest="x", told_at=first.told_at)
    said = {**peer.answered("0914123456", "1"), "number": ""}
    now = clock.now()
    for after, confirmed in ((0, 1), (1, 1), (9, 1), (10, 2)):
        with clock.set_to(now + timedelta(minutes=after)):
            Client().get(address(), said)
        assert Told.objects.exclude(confirmed_at=None).count() == confirmed
    assert "914123456" not in Answered.objects.get().peer_id


def test_only_the_gateway_passes_answers_on_and_what_is_none_confirms_nothing(peer: Gateway) -> None:
    client, said = Client(), peer.answered("0914123456", "1")
    wrong = "/hooks/messages/sms/guessed/replies"
    assert client.post(wrong, said, content_type="application/json").status_code == 403
    other = "/hooks/messages/zalo/x/replies"
    assert client.post(other, said, content_type="application/json").status_code == 404
    for body in (b"", b"[[[{", b'[{"sender": "0914123456"}, 7, null]', b'{"content": "1"}'):
        answer = client.post(address(), body, content_type="application/json")
        assert (answer.status_code, answer.json()["read"]) == (200, 0)
    batch = [peer.answered("0914123456", text) for text in ("ai đó?", "không", "x" * 5000)]
    answer = client.post(address(), batch, content_type="application/json")
    assert answer.json() == {"read": 3, "meant": 0}
    assert not Told.objects.exclude(confirmed_at=None).exists()


def test_numbers_of_answers_are_let_go_after_a_while(peer: Gateway) -> None:
    Client().get(address(), peer.answered("0914123456", "1"))
    assert receipts.forget() == 0
    with clock.set_to(clock.now() + timedelta(days=3)):
        assert receipts.forget() == 1
    assert not Answered.objects.exists()
