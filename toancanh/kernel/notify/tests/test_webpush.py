"""Web Push against a service that opens what it is given, refuses, asks for patience and hangs."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings as django

from tests.city import BY, City
from tests.peers.push import CURVE, Keys, PushService, is_signed
from toancanh.kernel.declare import ANYONE, Title
from toancanh.kernel.notify import actions, queries, setups, spreading, subscriptions
from toancanh.kernel.notify.channels import beside
from toancanh.kernel.notify.channels.encrypting import LARGEST, Vapid, encrypted, new_key, unb64
from toancanh.kernel.notify.messages import Named
from toancanh.kernel.notify.models import Delivery, Setup, Subscription
from toancanh.kernel.notify.tests.parts import (
    Browser,
    hand,
    message,
    refused,
    set_up,
    states,
    subscribed,
    told,
)
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotAllowed, NotFound, Refused

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def test_browser_reads_what_was_sent_to_it_in_its_language(service: PushService) -> None:
    one, two = subscribed(service, "/ok/1"), subscribed(service, "/ok/2", language="en")
    actions.send(message(is_exercise=True), told(one, two), by=BY)
    parcels, outcomes = hand("webpush")
    assert (states(outcomes), service.faults) == (["handed", "handed"], [])
    by_path = {path: (text, headers) for path, text, headers in service.told}
    text, headers = by_path["/ok/1"]
    assert (text["title"], text["exercise"]) == ("[DIỄN TẬP] Lũ trên sông Hương đang lên", True)
    assert by_path["/ok/2"][0]["title"] == "[EXERCISE] The Hương river is rising"
    assert text["id"] == headers["topic"] == parcels[0].reference
    assert (headers["urgency"], headers["ttl"]) == ("high", "3600")
    assert Subscription.objects.get(pk=one.pk).last_ok is not None
    assert queries.progress(message().key).total.handed == 2


def test_answers_of_push_services_mean_what_the_rfc_says(service: PushService) -> None:
    paths = ("ok", "gone", "missing", "large", "broken", "stranger")
    rows = {how: subscribed(service, f"/{how}/1") for how in paths}
    actions.send(message(), told(*rows.values()), by=BY)
    hand("webpush")
    found = {row.address: row for row in Delivery.objects.all()}
    said = {how: (found[str(row.pk)].state, found[str(row.pk)].reason) for how, row in rows.items()}
    assert said == {
        "ok": ("handed", ""),
        "gone": ("failed", "gone"),
        "missing": ("failed", "gone"),
        "large": ("failed", "too_large"),
        "broken": ("waiting", "broken"),
        "stranger": ("failed", "forbidden"),
    }
    assert set(Subscription.objects.values_list("pk", flat=True)) == {
        rows[how].pk for how in ("ok", "large", "broken", "stranger")
    }


def test_who_is_asked_for_patience_waits_as_long(service: PushService) -> None:
    rows = [subscribed(service, f"/busy/{n}") for n in range(200)]
    actions.send(message(), told(*rows), by=BY)
    hand("webpush")
    # Those that were on their way when it said so, and not one more.
    assert service.asked <= 64
    waits = [(row.next_at - clock.now()).total_seconds() for row in Delivery.objects.all() if row.next_at]
    assert len(waits) == 200
    assert min(waits) >= 119
    assert sum(Delivery.objects.values_list("attempts", flat=True)) == service.asked


def test_a_second_copy_carries_the_same_topic(service: PushService) -> None:
    rows = [subscribed(service, "/once-broken/1"), subscribed(service, "/cut/2")]
    actions.send(message(), told(*rows), by=BY)
    hand("webpush")
    assert list(Delivery.objects.values_list("state", "attempts")) == [("waiting", 1)] * 2
    with clock.set_to(clock.now() + timedelta(seconds=5)):
        _parcels, outcomes = hand("webpush")
    assert states(outcomes) == ["handed", "waiting"]
    assert sorted(service.topics.values()) == [2, 2]


def test_who_never_answers_holds_up_nobody_else(
    service: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "SECONDS", 2.0)
    rows = [subscribed(service, "/hang/1"), *(subscribed(service, f"/ok/{n}") for n in range(40))]
    actions.send(message(), told(*rows), by=BY)
    _parcels, outcomes = hand("webpush")
    assert states(outcomes).count("handed") == 40
    others = [(one.state, one.reason) for one in outcomes if one.state != "handed"]
    assert others == [("waiting", "too_slow")]


def test_one_connection_carries_many(service: PushService) -> None:
    actions.send(message(), told(*(subscribed(service, f"/ok/{n}") for n in range(200))), by=BY)
    hand("webpush")
    assert len(service.told) == 200
    assert service.connections <= 64


def test_nothing_goes_to_addresses_that_are_closed(
    service: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = subscribed(service, "/ok/1")
    monkeypatch.setattr(django, "EGRESS_ALLOW", ())
    actions.send(message(), told(row), by=BY)
    _parcels, outcomes = hand("webpush")
    assert (outcomes[0].state, outcomes[0].reason, service.asked) == ("failed", "denied", 0)


def test_long_text_is_cut_to_what_a_push_service_takes(service: PushService) -> None:
    row = subscribed(service, "/ok/1")
    actions.send(message(body=Title("nước lên " * 440, "x")), told(row), by=BY)
    hand("webpush")
    (_path, text, _headers) = service.told[0]
    assert text["body"].endswith("…")
    assert text["body"].startswith("nước lên nước lên")
    assert service.faults == []


def test_a_body_is_made_as_the_rfc_shows() -> None:
    browser = Browser()
    keys = Keys(browser.private, browser.auth_bytes)
    one, two = (encrypted(b"nghe", unb64(browser.p256dh), unb64(browser.auth)) for _ in range(2))
    assert keys.opened(one) == keys.opened(two) == b"nghe"
    assert one[:16] != two[:16]
    assert one[21:86] != two[21:86]
    with pytest.raises(ValueError, match="too large"):
        encrypted(b"x" * (LARGEST + 1), unb64(browser.p256dh), unb64(browser.auth))
    # The example of RFC 8291, appendix A: what it was encrypted to is opened with the keys given there.
    private = int.from_bytes(unb64("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), "big")
    example = Keys(ec.derive_private_key(private, CURVE), unb64("BTBZMqHH6r4Tts7J_aSIgg"))
    sealed = (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIg"
        "Dll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    assert example.opened(unb64(sealed)) == b"When I grow up, I want to be a watermelon"


def test_our_signature_is_good_for_its_service_alone() -> None:
    vapid = Vapid(new_key(), "mailto:it@hue.gov.vn")
    header = vapid.signed("https://push.example", 1_000)
    assert is_signed(header, "https://push.example", 1_000.0)
    assert not is_signed(header, "https://other.example", 1_000.0)
    assert not is_signed(header, "https://push.example", 1_000.0 + 13 * 3600)
    assert len(base64.urlsafe_b64decode(vapid.public + "=")) == 65


def test_subscribing_changing_and_leaving(service: PushService, city: City) -> None:
    row = subscribed(service, "/ok/1", "90001")
    endpoint = row.endpoint
    assert subscriptions.wanted(endpoint) == ["90001"]
    subscriptions.change(endpoint, ["90002"], "en", by=ANYONE)
    assert subscriptions.wanted(endpoint) == ["90002"]
    assert [one.address for one in subscriptions.recipients({"units": ["90002"]}, "", 9)] == [str(row.pk)]
    assert subscriptions.recipients({"units": ["90001"]}, "", 9) == []
    assert (subscriptions.count(["90001"]), subscriptions.count(["90001", "90002"])) == (0, 1)
    again = subscribed(service, "/ok/1", "90001", "90002")
    assert again.pk == row.pk
    assert subscriptions.unsubscribe(endpoint, by=ANYONE)
    assert not subscriptions.unsubscribe(endpoint, by=ANYONE)
    assert subscriptions.wanted(endpoint) is None
    with pytest.raises(NotFound):
        subscriptions.change(endpoint, ["90002"], by=ANYONE)


@pytest.mark.parametrize(
    ("endpoint", "code"),
    [
        ("https://evil.example/x", "bad_endpoint"),
        ("http://fcm.googleapis.com/x", "bad_endpoint"),
        ("https://fcm.googleapis.com.evil.example/x", "bad_endpoint"),
        ("https://evil.example@fcm.googleapis.com/x", "userinfo"),
        ("https://fcm.googleapis.com/" + "x" * 600, "bad_endpoint"),
        ("javascript:x", "bad_scheme"),
    ],
)
def test_endpoints_of_strangers_are_refused(city: City, endpoint: str, code: str) -> None:
    browser = Browser()
    with pytest.raises(Refused) as fault:
        subscriptions.subscribe(endpoint, browser.p256dh, browser.auth, ["90001"], by=ANYONE)
    assert fault.value.code == code


def test_abuse_is_bounded(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, good = Browser(), "https://fcm.googleapis.com/fcm/send/x"
    for units in ([], ["99999"], [f"9{n:04}" for n in range(60)]):
        with pytest.raises(Refused):
            subscriptions.subscribe(good, browser.p256dh, browser.auth, units, by=ANYONE)
    for p256dh, auth in ((browser.auth, browser.auth), (browser.p256dh, "x"), ("ă", "ă")):
        with pytest.raises(Refused) as fault:
            subscriptions.subscribe(good, p256dh, auth, ["90001"], by=ANYONE)
        assert fault.value.code == "bad_keys"
    monkeypatch.setattr(subscriptions, "MOST_A_WHILE", 2)
    for n in range(2):
        subscriptions.subscribe(
            good + str(n), browser.p256dh, browser.auth, ["90001"], by=ANYONE, caller="203.0.113.5"
        )
    with refused("too_many"):
        subscriptions.subscribe(
            good, browser.p256dh, browser.auth, ["90001"], by=ANYONE, caller="203.0.113.5"
        )


def test_everyone_of_a_commune_gets_it_once(service: PushService) -> None:
    for n in range(5):
        subscribed(service, f"/ok/{n}", "90001", *(["90002"] if n % 2 else []))
    actions.send(message(), Named(subscriptions.SOURCE, {"units": ["90001", "90002"]}), by=BY)
    while spreading.look():
        pass
    hand("webpush")
    assert sorted(service.topics.values()) == [1] * 5


def test_keys_are_made_once_and_shown_to_nobody(city: City) -> None:
    assert setups.public_key() == ""
    setups.ensure("webpush")
    first = setups.public_key()
    assert len(first) == 87
    set_up("webpush", contact="it@hue.gov.vn")
    assert setups.public_key() == first
    row = Setup.objects.get(channel="webpush")
    assert row.values == {"contact": "mailto:it@hue.gov.vn"}
    assert row.secret_names == ["private_key"]
    with pytest.raises(NotAllowed):
        setups.change("webpush", {}, is_on=True, by=ANYONE)
    with pytest.raises(Refused):
        set_up("webpush", contact="https://")
