"""Runs of a channel: who takes which copies, what a kill leaves free, when a run ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from django.db import OperationalError
from pytest_django import DjangoAssertNumQueries

from tests.city import BY, City
from toancanh.kernel.notify import actions, registry, service, work
from toancanh.kernel.notify.channels import HANDED, Aside, Outcome, Sender, later
from toancanh.kernel.notify.messages import reference
from toancanh.kernel.notify.service import Messenger
from toancanh.kernel.notify.tests.parts import counted, message, people, set_up, sync
from toancanh.kernel.runtime import clock

pytestmark = pytest.mark.django_db
SLOT = "worker@here:1"


def messenger(monkeypatch: pytest.MonkeyPatch, aside: Aside) -> Messenger:
    """The service, whose waiting for the database is done where the test's own database is."""
    made = Messenger(SLOT)
    monkeypatch.setattr(made, "_aside", aside)
    return made


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


def test_worker_that_dies_while_it_hands_over_has_noted_nothing(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up("webpush")
    actions.send(message(), people(2), by=BY)
    channel = registry.channel("webpush")

    class Dying:
        async def hand(self, _parcels: object, _aside: object) -> list[Outcome]:
            raise asyncio.CancelledError

    async def run(aside: Aside) -> None:
        service, dying = messenger(monkeypatch, aside), cast(Sender, Dying())
        with pytest.raises(asyncio.CancelledError):
            await service._slices(channel, dying, 9, 0, asyncio.Event())

    sync(run)
    assert counted() == (2, 0, 0, 0)
    assert work.let_go(SLOT) == 2


def test_slice_that_finds_nothing_is_at_hand_for_what_a_list_still_brings(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "AT_HAND", 0.01)
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

        service = messenger(monkeypatch, noted)
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

        service = messenger(monkeypatch, noted)
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
