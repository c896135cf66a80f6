"""The outbox: each recipient once by key, in the caller's transaction, counted as it goes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from django.db import OperationalError, transaction
from pytest_django import DjangoAssertNumQueries

from tests.city import BY, City
from toancanh.kernel.declare import Title
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.notify import actions, ending, queries, receipts, registry, spreading, work
from toancanh.kernel.notify import service as service_module
from toancanh.kernel.notify import subscriptions as browsers
from toancanh.kernel.notify.channels import HANDED, Aside, Outcome, Reply, Sender, failed, later
from toancanh.kernel.notify.messages import Named, Recipient, reference
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
from toancanh.kernel.notify.service import Messenger
from toancanh.kernel.notify.tests.parts import Browser, message, refused, set_up, sync
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotFound

pytestmark = pytest.mark.django_db
SLOT = "worker@here:1"


def people(n: int, first: int = 1) -> list[Recipient]:
    """So many subscriptions, that need not be there."""
    return [Recipient(f"subscription:{k}", "webpush", str(k), "vi") for k in range(first, first + n)]


def counted(key: str = "warnings.warning:1:1") -> tuple[int, int, int, int]:
    """Waiting, handed, received, failed: as the counts have it, which the rows must bear out."""
    total = queries.progress(key).total
    rows = Delivery.objects.filter(notice__key=key)
    for state in State.values:
        assert getattr(total, state) == rows.filter(state=state).count()
    return total.waiting, total.handed, total.received, total.failed


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


def test_what_is_urgent_leaves_first_and_two_workers_share(city: City) -> None:
    set_up("webpush")
    actions.send(message("low:1", urgency="low"), people(3), by=BY)
    actions.send(message("high:1"), people(2), by=BY)
    channel = registry.channel("webpush")
    one = work.lease(channel, 3, SLOT)
    two = work.lease(channel, 3, "worker@there:1")
    assert [parcel.notice.key for parcel in one] == ["high:1", "high:1", "low:1"]
    assert len(two) == 2
    assert not {parcel.pk for parcel in one} & {parcel.pk for parcel in two}
    assert work.lease(channel, 3, SLOT) == []
    with clock.set_to(clock.now() + work.LEASE):
        assert len(work.lease(channel, 9, SLOT)) == 5


def test_what_a_killed_worker_held_is_free_once_it_is_back_in_its_place(city: City) -> None:
    set_up("webpush")
    actions.send(message(), people(2), by=BY)
    channel = registry.channel("webpush")
    lost = work.lease(channel, 9, SLOT)
    assert work.let_go("worker@there:1") == 0
    assert work.let_go(SLOT) == 2
    again = work.lease(channel, 9, SLOT)
    assert [p.reference for p in again] == [p.reference for p in lost]
    assert lost[0].reference == reference(message().key, "subscription:1", "webpush")
    # The one who was killed comes back to life: what he failed at says nothing, what he handed over counts.
    work.note(channel, lost, [later("unreachable"), HANDED], 0)
    assert counted() == (1, 1, 0, 0)
    with clock.set_to(clock.now() + timedelta(seconds=10)):
        assert work.lease(channel, 9, "worker@there:1") == [], "who tries now still holds it"
    work.note(channel, again, [HANDED, HANDED], 0)
    assert counted() == (0, 2, 0, 0)


def test_worker_that_dies_while_it_hands_over_has_noted_nothing(city: City) -> None:
    set_up("webpush")
    actions.send(message(), people(2), by=BY)
    channel = registry.channel("webpush")

    class Dying:
        async def hand(self, _parcels: object, _aside: object) -> list[Outcome]:
            raise asyncio.CancelledError

    async def run(aside: Aside) -> None:
        service = Messenger(SLOT)
        service._aside = aside  # type: ignore[method-assign, assignment]
        with pytest.raises(asyncio.CancelledError):
            await service._slices(channel, Dying(), 9, 0, asyncio.Event())  # type: ignore[arg-type]

    sync(run)
    assert counted() == (2, 0, 0, 0)
    assert work.let_go(SLOT) == 2


def test_slice_that_finds_nothing_is_at_hand_for_what_a_list_still_brings(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "AT_HAND", 0.01)
    set_up("webpush")
    actions.send(message(), people(4), by=BY)
    channel = registry.channel("webpush")
    taken: list[list[str]] = []
    looks: list[int] = []

    class Slow:
        async def hand(self, parcels: Any, aside: Aside) -> list[Outcome]:
            taken.append([parcel.address for parcel in parcels])
            if len(taken) == 1:
                while len(looks) < 4:  # the other has looked, and found nothing
                    await asyncio.sleep(0.01)
                await aside(lambda: actions.send(message(), people(4, 5), by=BY))
                async with asyncio.timeout(30):
                    await others.wait()
            else:
                others.set()
            return [HANDED] * len(parcels)

    async def run(aside: Aside) -> None:
        async def noted(call: Any, *said: object) -> Any:
            looks.append(1)
            return await aside(call, *said)

        service = Messenger(SLOT)
        service._aside = noted  # type: ignore[method-assign]
        rest, sender = asyncio.Event(), cast(Sender, Slow())
        await asyncio.gather(*(service._slices(channel, sender, 4, 0, rest) for _ in range(2)))

    others = asyncio.Event()
    sync(run)
    assert sorted(int(number) for some in taken for number in some) == list(range(1, 9))
    assert counted() == (0, 8, 0, 0)


def run_of_two(
    monkeypatch: pytest.MonkeyPatch, hand: Callable[[int, asyncio.Event], Awaitable[Outcome]]
) -> list[int]:
    """Work a channel off in two slices of two copies at once; returns the numbers of slices handed over.

    ``hand`` answers for a slice by its number, and is told when one is through.
    """
    small = replace(registry.channel("webpush"), slice=2, slices=2)
    monkeypatch.setattr(registry, "channel", lambda _name: small)
    setup, begun = set_up("webpush"), list[int]()

    class Two:
        async def hand(self, parcels: Any, _aside: Aside) -> list[Outcome]:
            begun.append(len(begun))
            try:
                return [await hand(begun[-1], through)] * len(parcels)
            finally:
                leaving.append(1)

    async def run(aside: Aside) -> None:
        async def noted(call: Any, *said: object) -> Any:
            answer = await aside(call, *said)
            if call is work.note:
                through.set()
            return answer

        service = Messenger(SLOT)
        service._aside = noted  # type: ignore[method-assign]
        service._open["webpush"] = (setup.version, cast(Sender, Two()))
        try:
            await service._run(setup)
        finally:
            assert len(leaving) == len(begun), "nobody is left behind"

    through, leaving = asyncio.Event(), list[int]()
    sync(run)
    return begun


def test_run_ends_when_all_its_slices_have_though_the_database_failed_one(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions.send(message(), people(8), by=BY)

    async def hand(number: int, _through: asyncio.Event) -> Outcome:
        if number == 0:
            await other.wait()
            raise OperationalError("database is locked")
        other.set()
        await asyncio.sleep(0.1)
        return HANDED

    other = asyncio.Event()
    with pytest.raises(OperationalError):
        run_of_two(monkeypatch, hand)
    assert counted() == (6, 2, 0, 0), "who was on the way is noted; the rest is for the next run"


def test_slice_at_hand_leaves_a_channel_alone_that_has_just_been_paused(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions.send(message(), people(8), by=BY)

    async def hand(number: int, through: asyncio.Event) -> Outcome:
        if number == 0:
            await other.wait()
            return later("busy", wait=60.0, whole=True)
        other.set()
        await through.wait()
        return HANDED

    other = asyncio.Event()
    assert run_of_two(monkeypatch, hand) == [0, 1]
    assert counted() == (6, 2, 0, 0)


def test_who_looks_while_nothing_is_due_takes_no_lock(
    city: City, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    set_up("webpush")
    channel = registry.channel("webpush")
    actions.send(message("cancelled:1"), people(2), by=BY)
    actions.cancel("cancelled:1", by=BY)
    actions.send(message(), people(2), by=BY)
    assert len(work.lease(channel, 9, SLOT)) == 2
    with django_assert_num_queries(1):
        assert work.lease(channel, 9, SLOT) == []


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


def test_progress_costs_the_same_for_any_number(city: City, django_assert_num_queries: object) -> None:
    actions.send(message(), people(50), by=BY)
    with django_assert_num_queries(2):  # type: ignore[operator]
        assert queries.progress(message().key).channels["webpush"].waiting == 50
    assert queries.progress("nothing").total.all == 0
    assert failed("gone").state == "failed"
