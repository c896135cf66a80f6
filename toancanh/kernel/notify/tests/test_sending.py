"""The outbox: each recipient once by key, in the caller's transaction, counted as it goes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from tests.city import BY, City
from toancanh.kernel.declare import Title
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.notify import actions, ending, queries, receipts, registry, spreading, work
from toancanh.kernel.notify import subscriptions as browsers
from toancanh.kernel.notify.channels import HANDED, Reply, failed, later
from toancanh.kernel.notify.messages import Named, Recipient
from toancanh.kernel.notify.models import (
    Answered,
    Delivery,
    Notice,
    Spread,
    State,
    Subscription,
    Tally,
    Wanted,
)
from toancanh.kernel.notify.tests.parts import Browser, counted, message, people, refused, set_up
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotFound

pytestmark = pytest.mark.django_db
SLOT = "worker@here:1"


def test_each_recipient_once_by_key_whoever_asks_again(city: City) -> None:
    first = actions.send(message(), people(3), by=BY)
    again = actions.send(message(), [*people(3), *people(2, 3)], by=BY)
    assert (first.new, first.known, again.new, again.known) == (3, 0, 1, 4)
    assert counted() == (4, 0, 0, 0)
    assert Entry.objects.filter(action="notify.sent").count() == 1


def test_nothing_is_sent_that_is_not_committed(city: City) -> None:
    with transaction.atomic():
        actions.send(message(), people(3), by=BY)
        transaction.set_rollback(True)
    assert (Delivery.objects.count(), Notice.objects.count(), Tally.objects.count()) == (0, 0, 0)


def test_a_key_belongs_to_one_text(city: City) -> None:
    actions.send(message(), people(1), by=BY)
    with refused("key_taken"):
        actions.send(message(body=Title("Khác", "Other")), people(1), by=BY)


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"key": "no spaces"}, "bad_key"),
        ({"title": Title("", "x")}, "bad_title"),
        ({"title": Title("x\ny", "x")}, "bad_title"),
        ({"body": Title("x" * 5000, "x")}, "bad_body"),
    ],
)
def test_what_no_channel_could_say_is_refused(city: City, other: dict[str, Any], code: str) -> None:
    with refused(code):
        actions.send(message(**other), people(1), by=BY)
    with pytest.raises(NotFound):
        actions.send(message("k:2"), [Recipient("a", "pigeon", "b")], by=BY)
    with refused("bad_expiry"):
        actions.send(message("k:3", expires=clock.now()), people(1), by=BY)


def test_a_bad_address_fails_alone_and_says_why(city: City) -> None:
    actions.send(message(), [*people(2), Recipient("x", "webpush", "nothing")], by=BY)
    assert counted() == (2, 0, 0, 1)
    (told,) = [one for one in queries.of("warnings.warning:1") if one.state == "failed"]
    assert (told.recipient, told.reason) == ("x", "bad_address")


def test_a_named_list_is_brought_in_slice_by_slice_and_goes_on_after_a_kill(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreading, "SLICE", 4)
    browser = Browser()
    for n in range(10):
        unit = city.west if n % 2 else city.east
        made = Subscription.objects.create(
            endpoint=f"https://fcm.googleapis.com/{n}",
            p256dh=browser.p256dh,
            auth=browser.auth,
            language="vi",
            created=clock.now(),
            changed_at=clock.now(),
        )
        Wanted.objects.create(subscription=made, unit=unit)
        if n == 9:
            Wanted.objects.create(subscription=made, unit=city.east)
    wanted = Named(browsers.SOURCE, {"units": ["90001", "90002"]})
    actions.send(message(), wanted, by=BY)
    actions.send(message(), wanted, by=BY)
    assert Spread.objects.count() == 1
    assert queries.progress(message().key).is_spreading
    put = actions.put

    def killed(notice: Notice, rows: list[Recipient]) -> int:
        put(notice, rows)
        raise KeyboardInterrupt

    assert spreading.look() == 1
    with monkeypatch.context() as during:
        during.setattr(actions, "put", killed)
        with pytest.raises(KeyboardInterrupt):
            spreading.look()
    assert counted() == (4, 0, 0, 0)
    with clock.set_to(clock.now() + spreading.LEASE):
        while spreading.look():
            pass
    assert counted() == (10, 0, 0, 0)
    assert not queries.progress(message().key).is_spreading


def test_list_that_is_taken_back_while_it_is_brought_in_stays_so(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions.send(message(), Named(browsers.SOURCE, {"units": ["90001"]}), by=BY)

    def slow(*_said: object) -> list[Recipient]:
        actions.cancel(message().key, by=BY)
        return people(3)

    monkeypatch.setattr(registry, "source", lambda _name: slow)
    assert spreading.look() == 1
    assert counted() == (0, 0, 0, 0)
    assert spreading.look() == 0
    assert not queries.progress(message().key).is_spreading


def test_list_of_a_message_that_is_over_is_not_brought_in(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions.send(message(), Named(browsers.SOURCE, {"units": ["90001"]}), by=BY)
    monkeypatch.setattr(registry, "source", lambda _name: lambda *_said: people(3))
    with clock.set_to(clock.now() + timedelta(hours=1)):
        assert spreading.look() == 1
    assert counted() == (0, 0, 0, 0)
    assert not queries.progress(message().key).is_spreading


def test_attempts_wait_longer_and_end(city: City) -> None:
    set_up("webpush")
    actions.send(message(expires=clock.now() + timedelta(days=9)), people(1), by=BY)
    channel, at, waits = registry.channel("webpush"), clock.now(), []
    for _ in range(work.MOST_TRIES):
        with clock.set_to(at):
            work.note(channel, work.lease(channel, 1, SLOT), [later("refused", "HTTP 500")], 0)
        row = Delivery.objects.get()
        if row.next_at is not None:
            waits.append((row.next_at - at).total_seconds())
            at = row.next_at
    assert (row.state, row.reason, row.said) == ("failed", "tries", "HTTP 500")
    assert 2 <= waits[0] <= 3
    assert 300 <= waits[-1] <= 375


@pytest.mark.parametrize(("reason", "least"), [("busy", 300), ("fault", 300), ("too_slow", 3600)])
def test_what_is_no_fault_of_the_copy_is_tried_on_but_seldom_where_it_may_have_arrived(
    city: City, reason: str, least: int
) -> None:
    set_up("webpush")
    actions.send(message(expires=clock.now() + timedelta(days=9)), people(1), by=BY)
    channel, at, waits = registry.channel("webpush"), clock.now(), []
    for _ in range(work.MOST_TRIES + 2):
        with clock.set_to(at):
            work.note(channel, work.lease(channel, 1, SLOT), [later(reason)], 0)
        row = Delivery.objects.get()
        assert row.next_at is not None
        waits.append((row.next_at - at).total_seconds())
        at = row.next_at
    assert (row.state, row.attempts) == ("waiting", work.MOST_TRIES + 2)
    assert max(waits[: work.MOST_TRIES - 1]) <= 375
    assert all(least <= wait <= least + 75 for wait in waits[work.MOST_TRIES - 1 :])


def test_answer_that_breaks_its_listener_takes_none_of_the_others_with_it(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []

    def listener(_number: str, text: str) -> int:
        if text == "bad" and not heard.count("third"):
            raise ValueError(text)
        heard.append(text)
        return 1

    monkeypatch.setattr(registry, "listeners", lambda: (listener,))
    texts = {"1\0": "first", "2": "bad", "3": "third"}
    replies = [Reply(number="0901234567", text=text, peer_id=peer_id) for peer_id, text in texts.items()]
    with pytest.raises(ValueError, match="bad"):
        receipts.answered("sms", replies)
    assert set(Answered.objects.values_list("peer_id", flat=True)) == {"1", "3"}
    # Passed on again: what is known already is not heard twice.
    assert receipts.answered("sms", replies) == 1
    assert heard == ["first", "third", "bad"]


def test_receipts_come_twice_early_late_or_never(city: City) -> None:
    set_up("webpush")
    actions.send(message(), people(4), by=BY)
    channel = registry.channel("webpush")
    parcels = work.lease(channel, 9, SLOT)
    # Before the gateway's answer is noted: by our reference, and by a number that nobody knows yet.
    assert receipts.receive("webpush", reference=parcels[0].reference)
    assert not receipts.receive("webpush", peer_id="peer-2")
    outcomes = [HANDED, *(HANDED.__class__(state="handed", peer_id=f"peer-{n}") for n in (2, 3, 4))]
    work.note(channel, parcels, outcomes, 0)
    assert counted() == (0, 2, 2, 0)
    assert receipts.receive("webpush", peer_id="peer-3", state=State.FAILED, said="absent")
    assert counted() == (0, 1, 2, 1)
    for _ in range(2):
        assert receipts.receive("webpush", peer_id="peer-3")
        assert receipts.receive("webpush", reference=parcels[0].reference)
    assert receipts.receive("webpush", peer_id="peer-2", state=State.FAILED)
    assert counted() == (0, 1, 3, 0)


def test_taken_back_and_over_are_said_honestly(city: City) -> None:
    set_up("webpush")
    channel = registry.channel("webpush")
    actions.send(message("a:1"), people(3), by=BY)
    held = work.lease(channel, 1, SLOT)
    assert actions.cancel("a:1", by=BY, because="a correction follows") == 3
    assert actions.cancel("a:1", by=BY) == 0
    assert work.lease(channel, 9, SLOT) == []
    while ending.look():
        pass
    work.note(channel, held, [HANDED], 0)
    total = queries.progress("a:1").total
    assert (total.cancelled, total.handed, total.waiting) == (2, 1, 0)
    with refused("cancelled"):
        actions.send(message("a:1"), people(9), by=BY)
    actions.send(message("b:1"), people(2), by=BY)
    with clock.set_to(clock.now() + timedelta(hours=1)):
        assert work.lease(channel, 9, SLOT) == []
        while ending.look():
            pass
    assert queries.progress("b:1").total.expired == 2
    assert {one.reason for one in queries.of("warnings.warning:1")} == {"", "cancelled", "expired"}


def test_progress_costs_the_same_for_any_number(
    city: City, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    actions.send(message(), people(50), by=BY)
    with django_assert_num_queries(2):
        assert queries.progress(message().key).channels["webpush"].waiting == 50
    assert queries.progress("nothing").total.all == 0
    assert failed("gone").state == "failed"
