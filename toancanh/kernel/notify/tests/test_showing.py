"""Browsers say that they showed a push: believed by its token alone, once, and without a trace of whom."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError
from pytest_django import DjangoAssertNumQueries

from tests.city import BY, City
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.notify import actions, queries, showing, work
from toancanh.kernel.notify.channels import HANDED, Parcel, webpush
from toancanh.kernel.notify.messages import Recipient
from toancanh.kernel.notify.models import Delivery, Notice, State
from toancanh.kernel.notify.showing import Shown, token
from toancanh.kernel.notify.tests.parts import message
from toancanh.kernel.runtime import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def copies(city: City) -> list[str]:
    """References of three pushes that a push service has taken."""
    to = [Recipient(f"subscription:{n}", "webpush", str(n)) for n in (1, 2, 3)]
    actions.send(message(), to, by=BY)
    parcels = work.lease(webpush.CHANNEL, 9, "test@here:1")
    work.note(webpush.CHANNEL, parcels, [HANDED] * 3, 0)
    return [parcel.reference for parcel in parcels]


def asked(at: Shown, body: bytes, method: str = "POST", address: str = "203.0.113.7") -> int:
    """The status of one request, its body in two parts."""
    parts: list[dict[str, Any]] = [
        {"type": "http.request", "body": body[:7], "more_body": True},
        {"type": "http.request", "body": body[7:]},
    ]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return parts.pop(0) if parts else {"type": "http.disconnect"}

    async def send(said: Any) -> None:
        sent.append(said)

    scope = {"type": "http", "method": method, "client": (address, 5), "headers": []}
    asyncio.run(at(scope, receive, send))
    assert sent[-1]["body"] == b""
    return int(sent[0]["status"])


def report(reference: str, said: str = "") -> bytes:
    return json.dumps({"id": reference, "token": said or token(reference)}).encode()


def total() -> queries.Counts:
    return queries.progress(message().key).total


def test_what_was_shown_is_received_however_often_it_is_reported(copies: list[str]) -> None:
    at = Shown()
    for _ in range(2):
        assert [asked(at, report(one)) for one in copies[:2]] == [204, 204]
        assert at.write() == 2
    assert at.write() == 0
    assert (total().received, total().handed) == (2, 1)
    row = Delivery.objects.get(reference=copies[0])
    assert (row.state, row.received_at, row.handed_at) == (State.RECEIVED, clock.now(), clock.now())


def test_browser_finds_its_token_in_the_encrypted_text_alone(copies: list[str]) -> None:
    notice = Notice.objects.get()
    said = json.loads(webpush.said(Parcel(1, copies[0], "1", "vi", "", notice)))
    assert said["receipt"] == token(copies[0])
    assert len({token(one) for one in copies}) == 3
    row = json.dumps(list(Delivery.objects.values()), default=str)
    assert said["receipt"] not in row


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b'{"id": 7, "token": ""}', 400),
        (b'{"id": "a", "token": "b", "who": "c"}', 400),
        (b"\xff" * 40, 400),
        (b"x" * 2_000, 413),
        (report("A" * 40), 403),
        (report("a", "AAAAAAAAAAAAAAAAAAAAAA"), 403),
        (json.dumps({"id": "a", "token": "ộ"}).encode(), 403),
    ],
    ids=["nothing", "list", "number", "more", "bytes", "long", "unknown", "forged", "letters"],
)
def test_what_is_no_report_is_refused_and_changes_nothing(
    copies: list[str], body: bytes, status: int
) -> None:
    at = Shown()
    assert asked(at, body) == status
    assert at.write() == 0


def test_token_of_another_copy_and_reports_of_unknown_ones_count_nothing(copies: list[str]) -> None:
    at = Shown()
    assert asked(at, report(copies[0], token(copies[1]))) == 403
    assert asked(at, report("gone")) == 204
    assert (at.write(), total().received) == (1, 0)
    assert asked(at, b"", method="GET") == 405


def test_report_before_its_sender_has_noted_it_counts_once(city: City) -> None:
    actions.send(message(), [Recipient("subscription:1", "webpush", "1")], by=BY)
    parcels = work.lease(webpush.CHANNEL, 9, "test@here:1")
    at = Shown()
    asked(at, report(parcels[0].reference))
    at.write()
    work.note(webpush.CHANNEL, parcels, [HANDED], 0)
    assert (total().received, total().handed, total().waiting) == (1, 0, 0)
    assert Delivery.objects.get().handed_at is not None


def test_one_address_may_report_for_a_crowd_but_not_for_ever(
    copies: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(showing, "BURST", 5)
    at = Shown()
    assert [asked(at, report(copies[0])) for _ in range(6)] == [204] * 5 + [429]
    assert asked(at, report(copies[1]), address="203.0.113.8") == 204


def test_many_are_written_at_once_and_nothing_is_lost_while_the_database_is_away(
    city: City, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    to = [Recipient(f"subscription:{n}", "webpush", str(n)) for n in range(showing.SLICE + 20)]
    actions.send(message(), to, by=BY)
    at = Shown()
    for reference in Delivery.objects.values_list("reference", flat=True):
        assert at.take(report(reference)) == 204
    written = Entry.objects.count()

    def away(_references: object) -> int:
        raise DatabaseError

    with monkeypatch.context() as patched:
        patched.setattr(showing, "settle", away)
        with pytest.raises(DatabaseError):
            at.write()
    with django_assert_max_num_queries(15):
        assert at.write() == showing.SLICE
    at.end()
    assert total().received == showing.SLICE + 20
    assert Entry.objects.count() == written, "nobody is told of in the journal"


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(showing, "MOST", 3)
    at = Shown()
    assert {at.take(report(str(n))) for n in range(9)} == {204}
    assert at.write() == 3


def test_late_report_of_a_copy_that_was_given_up_is_the_truth(copies: list[str]) -> None:
    Delivery.objects.filter(reference=copies[0]).update(state=State.FAILED, reason="tries")
    with clock.set_to(clock.now() + timedelta(minutes=5)):
        showing.settle([copies[0]])
    row = Delivery.objects.get(reference=copies[0])
    assert (row.state, row.reason) == (State.RECEIVED, "")
