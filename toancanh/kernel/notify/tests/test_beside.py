"""Processes that push: one that dies, a second one, one that is begun days later, one that talks nonsense."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import Process
from datetime import timedelta

import pytest

from tests.city import BY
from tests.peers import babbler
from tests.peers.push import PushService
from toancanh.kernel.notify import actions, registry, setups, work
from toancanh.kernel.notify.channels import Aside, beside, webpush
from toancanh.kernel.notify.channels.pushing import Result
from toancanh.kernel.notify.models import Setup
from toancanh.kernel.notify.tests.parts import message, subscribed, sync, told
from toancanh.kernel.runtime import clock

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def test_copies_of_a_pushing_process_that_died_go_again_under_the_same_topic(
    service: PushService,
) -> None:
    rows = [subscribed(service, "/hang/1"), *(subscribed(service, f"/ok/{n}") for n in range(20))]
    actions.send(message(), told(*rows), by=BY)
    parcels = work.lease(registry.channel("webpush"), 500, "test@here:1")
    found: list[list[Result]] = []

    async def run(aside: Aside) -> None:
        pusher = beside.Beside(("127.0.0.0/8",), key, "", lambda: clock.now().timestamp())
        jobs = [webpush.job(parcel, keys[int(parcel.address)]) for parcel in parcels]
        pushing = asyncio.create_task(pusher.push(jobs))
        while sum(service.topics.values()) < 21:
            await asyncio.sleep(0.01)
        (process,) = running(pusher)
        process.kill()
        found.append(await pushing)
        found.append(await pusher.push(jobs[1:]))
        await pusher.close()

    key = setups.values(Setup.objects.get(channel="webpush"))["private_key"]
    keys = webpush.keys(parcels)
    sync(run)
    assert {result.state for result in found[0]} == {"waiting"}
    assert {result.state for result in found[1]} == {"handed"}
    assert sorted(service.topics.values()) == [1, *[2] * 20]


@pytest.mark.parametrize("how", babbler.ANSWERS)
def test_answer_that_cannot_be_read_leaves_nobody_waiting(
    service: PushService, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    actions.send(message(), told(*(subscribed(service, f"/ok/{n}") for n in range(3))), by=BY)
    parcels = work.lease(registry.channel("webpush"), 500, "test@here:1")
    found: list[Result] = []

    async def run(aside: Aside) -> None:
        pusher = beside.Beside(("127.0.0.0/8",), key, "", lambda: clock.now().timestamp(), many=1)
        jobs = [webpush.job(parcel, keys[int(parcel.address)]) for parcel in parcels]
        with monkeypatch.context() as patch:
            patch.setattr(beside, "CHILD", babbler.__name__)
            patch.setenv("HOW", how)
            found.extend(await pusher.push(jobs))
        if how == "too few":
            await pusher.close()
        found.extend(await pusher.push(jobs))
        await pusher.close()

    key = setups.values(Setup.objects.get(channel="webpush"))["private_key"]
    keys = webpush.keys(parcels)
    sync(run)
    assert [result.state for result in found] == ["waiting"] * 3 + ["handed"] * 3
    assert len(service.told) == 3


def running(pusher: beside.Beside) -> list[Process]:
    """The processes that push for it."""
    return [child._running.process for child in pusher._children if child._running is not None]


def test_a_second_process_pushes_only_while_the_first_has_work(service: PushService) -> None:
    rows = [subscribed(service, f"/{how}/{n}") for n, how in enumerate(["hang"] * 2 + ["ok"] * 20)]
    actions.send(message(), told(*rows), by=BY)
    parcels = work.lease(registry.channel("webpush"), 500, "test@here:1")
    found: list[list[Result]] = []
    counts: list[int] = []

    async def run(aside: Aside) -> None:
        pusher = beside.Beside(("127.0.0.0/8",), key, "", lambda: clock.now().timestamp(), many=2)
        jobs = [webpush.job(parcel, keys[int(parcel.address)]) for parcel in parcels]
        for start in (2, 12):
            found.append(await pusher.push(jobs[start : start + 10]))
            counts.append(len(running(pusher)))
        held = [asyncio.create_task(pusher.push([jobs[n]])) for n in range(2)]
        while sum(service.topics.values()) < 22:
            await asyncio.sleep(0.01)
        counts.append(len(running(pusher)))
        await pusher.close()
        for task in held:
            found.append(await task)
        counts.append(len(running(pusher)))

    key = setups.values(Setup.objects.get(channel="webpush"))["private_key"]
    keys = webpush.keys(parcels)
    sync(run)
    assert counts == [1, 1, 2, 0]
    assert [{result.state for result in some} for some in found] == [
        {"handed"},
        {"handed"},
        {"waiting"},
        {"waiting"},
    ]
    assert service.faults == []


def test_a_process_that_starts_days_later_signs_for_that_day(
    service: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "IDLE", 0.0)
    rows = [subscribed(service, "/ok/1"), subscribed(service, "/ok/2")]
    actions.send(message(expires=clock.now() + timedelta(days=9)), told(*rows), by=BY)
    parcels = work.lease(registry.channel("webpush"), 500, "test@here:1")
    found: list[Result] = []

    async def run(aside: Aside) -> None:
        pusher = beside.Beside(("127.0.0.0/8",), key, "", lambda: clock.now().timestamp(), many=1)
        jobs = [webpush.job(parcel, keys[int(parcel.address)]) for parcel in parcels]
        found.extend(await pusher.push(jobs[:1]))
        while running(pusher):
            await asyncio.sleep(0.01)
        with clock.set_to(clock.now() + timedelta(days=3)):
            service.now = clock.now().timestamp()
            found.extend(await pusher.push(jobs[1:]))
        await pusher.close()

    key = setups.values(Setup.objects.get(channel="webpush"))["private_key"]
    keys = webpush.keys(parcels)
    sync(run)
    assert [result.state for result in found] == ["handed", "handed"]
    assert (len(service.told), service.faults) == (2, [])
