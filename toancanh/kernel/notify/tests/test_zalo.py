"""Zalo: followers and numbers, tokens that are renewed once and kept, what its codes mean, signed events."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings as django
from django.test import Client

from tests.city import BY, City
from tests.peers.zalo import APP, APP_SECRET, OA_SECRET, ZaloPeer, event, zalo
from toancanh.kernel.notify import actions, queries, setups
from toancanh.kernel.notify.messages import Recipient
from toancanh.kernel.notify.models import Setup
from toancanh.kernel.notify.tests.parts import hand, message, refused, set_up, states

pytestmark = pytest.mark.django_db
FOLLOWER = "2512523625412515000"


@pytest.fixture
def peer(city: City, monkeypatch: pytest.MonkeyPatch) -> Iterator[ZaloPeer]:
    """Zalo on this machine, set up as an administrator does."""
    with zalo() as made:
        monkeypatch.setattr(django, "EGRESS_ALLOW", ("127.0.0.0/8",))
        set_up(
            "zalo",
            app_id=APP,
            app_secret=APP_SECRET,
            oa_secret=OA_SECRET,
            refresh_token=made.refresh,
            template_id="331977",
            template_data='{"tieu_de": "{title}", "noi_dung": "{text}"}',
            message_url=made.url("/message"),
            template_url=made.url("/template"),
            token_url=made.url("/token"),
        )
        yield made


def told(*addresses: str) -> list[Recipient]:
    return [Recipient(f"head:{n}", "zalo", address, "vi", "Bà Lê") for n, address in enumerate(addresses)]


@pytest.mark.slow
def test_followers_get_a_message_and_numbers_a_template(peer: ZaloPeer) -> None:
    actions.send(message(), told(FOLLOWER, "0901 234 567"), by=BY)
    parcels, outcomes = hand("zalo")
    assert states(outcomes) == ["handed", "handed"]
    assert peer.followers == {FOLLOWER: 1}
    assert list(peer.numbers) == [next(p.reference for p in parcels if p.address.startswith("+"))]
    (sent,) = [one for one in peer.told if "phone" in one]
    assert (sent["phone"], sent["template_id"]) == ("84901234567", "331977")
    assert sent["template_data"]["tieu_de"] == "Lũ trên sông Hương đang lên"
    (sent,) = [one for one in peer.told if "recipient" in one]
    assert sent["message"]["text"].startswith("Lũ trên sông Hương đang lên\n\nDi chuyển")


@pytest.mark.slow
def test_token_is_renewed_once_and_the_next_one_kept(peer: ZaloPeer) -> None:
    actions.send(message("a:1"), told(*(f"09012345{n:02}" for n in range(20))), by=BY)
    hand("zalo")
    assert (peer.renewed, len(peer.told)) == (1, 20)
    found = setups.values(Setup.objects.get(channel="zalo"))
    assert (found["refresh_token"], found["access_token"]) == (peer.refresh, peer.access)
    actions.send(message("b:1"), told(FOLLOWER), by=BY)
    hand("zalo")
    assert peer.renewed == 1
    # Zalo ends a token before its time: it is renewed on the way, and nothing is lost.
    peer.access = "another"
    actions.send(message("c:1"), told(FOLLOWER), by=BY)
    _parcels, outcomes = hand("zalo")
    assert (states(outcomes), peer.renewed, peer.followers[FOLLOWER]) == (["handed"], 2, 2)


def test_refresh_token_that_is_over_stops_the_channel_and_fails_nobody(peer: ZaloPeer) -> None:
    peer.refresh = "made anew elsewhere"
    actions.send(message(), told(FOLLOWER, "0901234567"), by=BY)
    _parcels, outcomes = hand("zalo")
    assert {one.state for one in outcomes} == {"waiting"}
    row = Setup.objects.get(channel="zalo")
    assert row.paused_until is not None
    assert "Invalid refresh token" in row.said


@pytest.mark.parametrize(
    ("code", "state", "reason"),
    [(-118, "failed", "refused"), (-32, "waiting", "busy"), (-144, "waiting", "busy")],
)
def test_codes_mean_what_zalo_says(peer: ZaloPeer, code: int, state: str, reason: str) -> None:
    peer.error = lambda _said: code
    actions.send(message(), told("0901234567"), by=BY)
    _parcels, (outcome,) = hand("zalo")
    assert (outcome.state, outcome.reason) == (state, reason)


@pytest.mark.slow
def test_signed_events_are_receipts(peer: ZaloPeer) -> None:
    actions.send(message(), told(FOLLOWER, "0901234567"), by=BY)
    parcels, outcomes = hand("zalo")
    number = next(o.peer_id for p, o in zip(parcels, outcomes, strict=True) if p.address == FOLLOWER)
    reference = next(p.reference for p in parcels if p.address != FOLLOWER)
    client = Client(enforce_csrf_checks=True)

    def call(words: dict[str, str], **more: str) -> int:
        body, mac = event(words, **more)
        return client.post(
            "/hooks/messages/zalo", body, content_type="application/json", headers={"X-ZEvent-Signature": mac}
        ).status_code

    assert call({"msg_id": number}, secret="guessed") == 403
    assert call({"msg_id": number}, name="user_seen_message") == 200
    assert queries.progress(message().key).total.received == 0
    for _ in range(2):
        assert call({"msg_id": number}) == 200
        assert call({"tracking_id": reference, "delivery_time": "1795412345000"}) == 200
    assert queries.progress(message().key).total.received == 2


def test_set_up_that_cannot_work_is_refused(city: City) -> None:
    for values, code in (
        ({"app_id": ""}, "missing"),
        ({"template_data": "{tieu_de: x}"}, "bad_template"),
        ({"template_id": "1"}, "no_template"),
        ({"token_url": "ftp://x"}, "bad_scheme"),
    ):
        with refused(code):
            set_up("zalo", **{"app_id": APP, "refresh_token": "x", **values})
