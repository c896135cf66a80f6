"""Texts and calls through a gateway that is slow, full, down, wrong, and tells twice, early or never."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django
from django.test import Client

from tests.city import BY, City
from tests.peers.gateway import MAPPING, Gateway, gateway
from tests.peers.web import Said
from toancanh.kernel.declare import Title
from toancanh.kernel.notify import actions, ending, queries, registry, service, setups, texts, work
from toancanh.kernel.notify.channels import Aside, Hook, Outcome, Receipt, mapping
from toancanh.kernel.notify.channels.gateway import receipts
from toancanh.kernel.notify.messages import Recipient
from toancanh.kernel.notify.models import Delivery, Setup
from toancanh.kernel.notify.tests.parts import hand, message, refused, set_up, states, sync
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotAllowed, Refused
from toancanh.lib.sms import size

pytestmark = pytest.mark.django_db


@pytest.fixture
def peer(city: City, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """A gateway of this machine, set up as an administrator does."""
    with gateway() as made:
        monkeypatch.setattr(django, "EGRESS_ALLOW", ("127.0.0.0/8",))
        set_up("sms", url=made.url, **MAPPING)
        yield made


def told(n: int, channel: str = "sms") -> list[Recipient]:
    return [Recipient(f"head:{k}", channel, f"0901 234 {k:03}", "vi", f"Trưởng thôn {k}") for k in range(n)]


@pytest.mark.slow
def test_each_is_told_once_with_its_number_sender_and_key(peer: Gateway) -> None:
    actions.send(message(), told(30), by=BY)
    _parcels, outcomes = hand("sms")
    assert states(outcomes) == ["handed"] * 30
    assert set(peer.taken.values()) == {1}
    said = next(one for one in peer.texts.values() if one["to"] == "84901234007")
    assert said["from"] == "UBND HUE"
    assert said["text"].startswith("Lũ trên sông Hương đang lên. Di chuyển")
    assert said["headers"]["authorization"].startswith("Bearer ")
    assert Delivery.objects.exclude(peer_id="").count() == 30


def test_words_that_would_break_the_body_are_written_as_its_format_needs() -> None:
    text = 'Mưa "to" \\ & <gió>\n50% {text}'
    words = dict.fromkeys(("phone", "text"), text)
    assert json.loads(mapping.filled('{"t": "{text}"}', words, "json")) == {"t": text}
    assert mapping.filled("a={text}", {"text": "a b&c=đ"}, "form") == "a=a%20b%26c%3D%C4%91"
    assert mapping.filled("<t>{text}</t>", {"text": "<&"}, "xml") == "<t>&lt;&amp;</t>"
    with refused("bad_template"):
        mapping.check("{phon}", ("phone",), "json")
    with refused("bad_template"):
        mapping.check('{"a": {text}}', ("text",), "json")
    for line in ("no colon", "Bad Name: x", "X: đ", "X: a\tb"):
        with pytest.raises(Refused):
            mapping.headers(line, {})


@pytest.mark.parametrize(
    ("said", "state", "reason", "is_whole"),
    [
        (Said(body={"code": 7, "message": "no such number"}), "failed", "refused", False),
        (Said(body={"code": 5, "message": "try later"}), "waiting", "refused", False),
        (Said(body=b"<html>"), "waiting", "bad_answer", False),
        (Said(status=429, headers={"Retry-After": "60"}), "waiting", "busy", True),
        (Said(status=503), "waiting", "broken", False),
        (Said(status=401), "waiting", "forbidden", True),
        (Said(status=404), "waiting", "bad_answer", True),
        (Said(status=302, headers={"Location": "http://169.254.169.254/"}), "waiting", "bad_answer", True),
        (Said(hangs_up=True), "waiting", "too_slow", False),
    ],
)
def test_what_an_answer_means(peer: Gateway, said: Said, state: str, reason: str, is_whole: bool) -> None:
    peer.how = lambda _text: said
    actions.send(message(), told(1), by=BY)
    _parcels, (outcome,) = hand("sms")
    assert (outcome.state, outcome.reason, outcome.whole) == (state, reason, is_whole)
    paused = Setup.objects.get(channel="sms").paused_until
    assert (paused is not None) == is_whole
    if said.status == 429:
        assert paused == clock.now() + timedelta(seconds=60)


@pytest.mark.slow
@pytest.mark.parametrize("headers", [{"Retry-After": "1"}, {}], ids=["says-when", "says-nothing"])
def test_gateway_that_is_down_for_an_hour_loses_nothing_and_is_not_hammered(
    peer: Gateway, headers: dict[str, str]
) -> None:
    begun, asked = clock.now(), []
    peer.how = lambda _text: Said(status=503, headers=headers)
    actions.send(message("short:1", expires=begun + timedelta(minutes=30)), told(20), by=BY)
    actions.send(message("long:1", expires=begun + timedelta(hours=3)), told(50), by=BY)
    seconds = 0
    while seconds < 3600:
        with clock.set_to(begun + timedelta(seconds=seconds)):
            if work.due_channels():
                before = peer.asked
                failures = Setup.objects.get(channel="sms").failures
                hand("sms", 1 if failures else None)
                asked.append(peer.asked - before)
            while ending.look():
                pass
        seconds += 30
    # At first as many as were on their way, then one look each, five minutes apart in the end.
    assert asked[0] <= 16
    assert set(asked[1:]) == {1}
    assert len(asked) < 25
    assert queries.progress("short:1").total.expired == 20
    assert queries.progress("long:1").total.waiting == 50
    peer.how = lambda _text: None
    with clock.set_to(begun + timedelta(hours=1, minutes=6)):
        assert work.due_channels()
        hand("sms", 1)
        hand("sms")
    total = queries.progress("long:1").total
    assert (total.handed, total.waiting) == (50, 0)
    assert (len(peer.taken), set(peer.taken.values())) == (50, {1})
    assert Setup.objects.get(channel="sms").failures == 0
    assert {one.reason for one in queries.of("warnings.warning:1") if one.state == "expired"} == {"expired"}


@pytest.mark.slow
def test_one_copy_outlasts_an_hour_of_trouble(peer: Gateway) -> None:
    begun = clock.now()
    peer.how = lambda _text: Said(status=503)
    actions.send(message(expires=begun + timedelta(hours=3)), told(1), by=BY)
    for minute in range(60):
        with clock.set_to(begun + timedelta(minutes=minute)):
            if work.due_channels():
                hand("sms")
    assert peer.asked > work.MOST_TRIES
    peer.how = lambda _text: None
    with clock.set_to(begun + timedelta(minutes=67)):
        hand("sms")
    assert queries.progress(message().key).total.handed == 1


def test_nobody_listens_there(peer: Gateway) -> None:
    actions.send(message(), told(40), by=BY)
    with gateway() as gone:
        set_up("sms", url=gone.url, **MAPPING)
    _parcels, outcomes = hand("sms")
    assert {one.reason for one in outcomes} == {"unreachable"}
    assert sum(one.tried for one in outcomes) <= 8
    assert Setup.objects.get(channel="sms").failures == 1


def hook(body: Any = None, secret: str = "", **query: str) -> Hook:
    return Hook(secret=secret, query=query, headers={}, body=json.dumps(body).encode() if body else b"")


@pytest.mark.slow
def test_receipts_reach_their_copies_over_http(peer: Gateway) -> None:
    actions.send(message(), told(3), by=BY)
    parcels, _outcomes = hand("sms")
    secret = setups.values(Setup.objects.get(channel="sms"))["hook_secret"]
    client, at = Client(enforce_csrf_checks=True), f"/hooks/messages/sms/{secret}"
    batch = [
        {"id": parcels[0].reference, "state": "DELIVRD"},
        {"id": parcels[1].reference, "state": "UNDELIV"},
    ]
    for _ in range(2):
        assert client.post(at, batch, content_type="application/json").status_code == 200
        assert client.get(at, {"id": parcels[2].reference, "state": "seen"}).status_code == 200
    total = queries.progress(message().key).total
    assert (total.received, total.failed, total.handed) == (2, 1, 0)
    assert (
        client.post("/hooks/messages/sms/guessed", batch, content_type="application/json").status_code == 403
    )
    assert client.post("/hooks/messages/pigeon/x", batch, content_type="application/json").status_code == 404
    assert client.post("/hooks/messages/email/x", batch, content_type="application/json").status_code == 404
    assert client.post(at, b"[[[{", content_type="application/json").status_code == 200


def test_receipt_before_the_answer_counts(peer: Gateway) -> None:
    values = setups.values(Setup.objects.get(channel="sms"))
    early: list[Receipt] = []
    known = values["hook_secret"]
    peer.tell = lambda said: early.extend(receipts(values, hook(said, known)))
    actions.send(message(), told(2), by=BY)
    hand("sms")
    assert [one.state for one in early] == ["received"] * 2
    with pytest.raises(NotAllowed):
        receipts(values, hook({"id": "x", "state": "DELIVRD"}, secret="x"))


@pytest.mark.slow
def test_gateway_that_has_to_be_asked(peer: Gateway) -> None:
    mapped = {**MAPPING, "poll_url": peer.poll_url, "poll_path": "state", "poll_every": "60"}
    set_up("sms", url=peer.url, **mapped)
    actions.send(message(), told(3), by=BY)
    parcels, _outcomes = hand("sms")
    numbers = sorted(Delivery.objects.values_list("peer_id", flat=True))
    peer.states = {numbers[0]: "DELIVRD", numbers[1]: "UNDELIV"}
    channel = registry.channel("sms")
    assert work.lease_questions(channel, 9) == []
    with clock.set_to(clock.now() + timedelta(seconds=61)):
        asked = work.lease_questions(channel, 9)
        found: list[Outcome | None] = []

        async def ask(aside: Aside) -> None:
            sender = channel.open(values)
            found.extend(await sender.ask(asked, aside))
            await sender.close()

        values = setups.values(Setup.objects.get(channel="sms"))
        sync(ask)
        service.answered(channel, asked, found, 60)
    total = queries.progress(message().key).total
    assert (total.received, total.failed, total.handed) == (1, 1, 1)
    assert len(parcels) == 3
    with clock.set_to(clock.now() + timedelta(hours=9)):
        late = work.lease_questions(channel, 9)
        service.answered(channel, late, [None], 60)
        assert work.lease_questions(channel, 9) == []


@pytest.mark.slow
def test_pace_is_kept(peer: Gateway) -> None:
    import time

    set_up("sms", url=peer.url, **{**MAPPING, "per_second": "20"})
    actions.send(message(), told(10), by=BY)
    started = time.monotonic()
    hand("sms")
    assert time.monotonic() - started >= 0.4


def test_a_call_is_read_aloud(peer: Gateway) -> None:
    set_up("voice", url=peer.url, **MAPPING)
    actions.send(message(is_exercise=True), told(1, "voice"), by=BY)
    hand("voice")
    (said,) = peer.texts.values()
    assert said["text"].count("[DIỄN TẬP] Lũ trên sông Hương đang lên") == 2


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"url": "ftp://x/{phone}{text}"}, "bad_scheme"),
        ({"url": "https://user:x@gateway.example/{phone}{text}"}, "userinfo"),
        ({"body": '{"to": "{phone}"}'}, "no_text"),
        ({"body": '{"t": "{text}"}'}, "no_phone"),
        ({"per_second": "many"}, "bad_number"),
        ({"method": "DELETE"}, "bad_choice"),
        ({"url": ""}, "missing"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused(city: City, values: dict[str, str], code: str) -> None:
    with refused(code):
        set_up("sms", **{**MAPPING, "url": "https://gateway.example/send", **values})


def test_secrets_are_encrypted_and_kept_when_left_empty(peer: Gateway) -> None:
    row = Setup.objects.get(channel="sms")
    assert "secret" not in row.values
    assert MAPPING["secret"] not in row.sealed
    set_up("sms", url=peer.url, **{**MAPPING, "secret": ""})
    assert setups.values(Setup.objects.get(channel="sms"))["secret"] == MAPPING["secret"]


def test_text_without_tones() -> None:
    assert texts.without_tones("Đường “Huế” ngập 0,5 m – sơ tán…") == 'Duong "Hue" ngap 0,5 m - so tan...'


def test_the_link_is_never_what_is_cut_off(peer: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(django, "PUBLIC_URL", "https://toancanh.hue.gov.vn")
    set_up("sms", url=peer.url, **{**MAPPING, "without_tones": "1", "most_segments": "2"})
    actions.send(message(body=Title("Nước lên nhanh. " * 40, "x")), told(1), by=BY)
    hand("sms")
    (said,) = peer.texts.values()
    assert said["text"].endswith(" Nuoc len nhanh. https://toancanh.hue.gov.vn/warnings/1/")
    assert said["text"].startswith("Lu tren song Huong dang len.")
    assert size(said["text"]).parts == 2


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("0901 234 567", "+84901234567"),
        ("84901234567", "+84901234567"),
        ("+84 (0)901".replace("(0)", "9"), None),
        ("0084 901 234 567", "+84901234567"),
        ("0234.382.2222", "+842343822222"),
        ("+1 202 555 0100", "+12025550100"),
        ("12345", None),
        ("0901234567890", None),
        ("không có", None),
        ("٠٩٠١٢٣٤٥٦٧", None),
    ],
)
def test_numbers_as_people_type_them(typed: str, kept: str | None) -> None:
    if kept is None:
        with pytest.raises(Refused):
            texts.phone(typed)
    else:
        assert texts.phone(typed) == kept
