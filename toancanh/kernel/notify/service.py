"""The service that hands copies over beside the worker's loops: every channel goes at its own pace."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import DatabaseError, close_old_connections, connections

from toancanh.kernel.notify import receipts, registry, setups, work
from toancanh.kernel.notify.channels import Channel, Outcome, Parcel, Sender, later
from toancanh.kernel.notify.models import Delivery, Setup, State
from toancanh.kernel.runtime import clock, secrets
from toancanh.lib.errors import Refused

log = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two looks, where nobody in this process says that there is something to do."""
AT_HAND = 0.25
"""Seconds between two looks of a slice that has nothing while another has."""
THREADS = 4
ASKED_UNTIL = timedelta(hours=6)
"""After a message is over nobody asks for its receipts any more."""


class Messenger:
    """Hands over what is due until the process ends. ``slot`` is the place of this process in the store."""

    def __init__(self, slot: str) -> None:
        self._slot = slot
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="notify")
        self._open: dict[str, tuple[int, Sender]] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._busy: Counter[str] = Counter()
        """Slices of each channel that are being handed over."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_troubled = False

    async def start(self) -> None:
        """Begin; that the database may be away is no reason not to."""
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()
        self._looking = asyncio.create_task(self._look())

    async def stop(self) -> None:
        """Leave off; what was not noted is handed over again under the same references."""
        self._looking.cancel()
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(self._looking, *running, return_exceptions=True)
        with suppress(DatabaseError):
            await self._aside(work.let_go, self._slot)
        for _version, sender in self._open.values():
            await sender.close()
        await asyncio.to_thread(self._threads.shutdown)

    def wake(self) -> None:
        """There may be something to do; from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            with suppress(RuntimeError):  # the loop ends just now
                self._loop.call_soon_threadsafe(self._woken.set)

    async def _look(self) -> None:
        is_new = True
        while True:
            try:
                if is_new:
                    await self._aside(work.let_go, self._slot)
                    await self._aside(setups.ensure, "webpush")
                    is_new = False
                await self._begin()
                self._is_troubled = False
            except Exception as fault:  # noqa: BLE001 - the next look comes, whatever this one met
                if not self._is_troubled:
                    log.warning("messages cannot be looked for: %s", fault)
                self._is_troubled = True
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), EVERY)
            self._woken.clear()

    async def _begin(self) -> None:
        for setup in await self._aside(work.due_channels):
            if setup.channel not in self._running:
                task = asyncio.create_task(self._run(setup))
                self._running[setup.channel] = task
                task.add_done_callback(partial(self._ended, setup.channel))

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        self._running.pop(name, None)
        if not task.cancelled() and (fault := task.exception()) is not None:
            # The lease runs out, and the slice is handed over again.
            log.warning("the channel %s stopped: %s", name, fault)

    async def _run(self, setup: Setup) -> None:
        """Work off a channel until nothing is due, or its other side takes nothing."""
        channel = registry.channel(setup.channel)
        try:
            values = await self._aside(setups.values, setup)
            sender = await self._opened(channel, setup, values)
        except secrets.Locked as fault:
            await self._aside(unready, channel, "locked", fault.message)
            return
        except Refused as fault:
            await self._aside(unready, channel, "not_ready", fault.message)
            return
        every = channel.asked_every(values)
        # After a trouble one copy goes ahead, to see whether it is over.
        most, slices = (1, 1) if setup.failures else (channel.slice, channel.slices)
        if every:
            await self._ask(channel, sender, every)
        rest = asyncio.Event()
        running = (self._slices(channel, sender, most, every, rest) for _ in range(slices))
        # The run is over when all are: one that went on alone would meet its own copies in the next run.
        done = await asyncio.gather(*running, return_exceptions=True)
        for ended in done:
            if isinstance(ended, BaseException):
                raise ended
        if most == 1:
            self._woken.set()

    async def _slices(
        self, channel: Channel, sender: Sender, most: int, every: int, rest: asyncio.Event
    ) -> None:
        """Hand over slice after slice; ``rest`` ends all of a run, each after the slice that it has."""
        while not rest.is_set():
            parcels = await self._aside(work.lease, channel, most, self._slot)
            if not parcels:
                if not self._busy[channel.name]:
                    return
                # A list may still be coming in: while others hand over, this one stays at hand.
                await asyncio.sleep(AT_HAND)
                continue
            self._busy[channel.name] += 1
            try:
                outcomes = await handed(sender, parcels, self._aside)
                await self._aside(work.note, channel, parcels, outcomes, every)
            except DatabaseError:
                rest.set()  # the next look begins anew, with all slices
                raise
            finally:
                self._busy[channel.name] -= 1
            if most == 1 or any(outcome.whole for outcome in outcomes):
                rest.set()

    async def _ask(self, channel: Channel, sender: Sender, every: int) -> None:
        while parcels := await self._aside(work.lease_questions, channel, channel.slice):
            answers = await sender.ask(parcels, self._aside)
            await self._aside(answered, channel, parcels, answers, every)

    async def _opened(self, channel: Channel, setup: Setup, values: dict[str, str]) -> Sender:
        version, sender = self._open.get(channel.name, (0, None))
        if sender is None or version != setup.version:
            if sender is not None:
                await sender.close()
            sender = channel.open(values)
            self._open[channel.name] = (setup.version, sender)
        return sender

    async def _aside(self, call: Callable[..., Any], *said: object) -> Any:  # noqa: ANN401 - as the call answers
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, _with_connections, call, said)


async def handed(sender: Sender, parcels: Sequence[Parcel], aside: Any) -> list[Outcome]:  # noqa: ANN401
    """What became of a slice; whatever breaks in a channel, others go on and its copies wait."""
    try:
        return list(await sender.hand(parcels, aside))
    except DatabaseError:
        raise
    except Exception as fault:
        log.exception("a channel failed")
        return [later("fault", type(fault).__name__, whole=True, tried=False)] * len(parcels)


def unready(channel: Channel, reason: str, said: str) -> None:
    """Leave a channel alone for a while that cannot be opened."""
    now = clock.now()
    rows = Setup.objects.filter(channel=channel.name)
    rows.update(paused_until=now + timedelta(seconds=30), reason=reason, said=said[:200])


def answered(
    channel: Channel, parcels: Sequence[Parcel], answers: Sequence[Outcome | None], every: int
) -> None:
    """Note what was learnt of copies that were handed over, and when to ask for the others again."""
    now = clock.now()
    again, never = [], []
    for parcel, outcome in zip(parcels, answers, strict=True):
        if outcome is not None and outcome.state in (State.RECEIVED, State.FAILED):
            receipts.receive(channel.name, reference=parcel.reference, state=outcome.state, said=outcome.said)
        elif now > parcel.notice.expires_at + ASKED_UNTIL:
            never.append(parcel.pk)
        else:
            again.append(parcel.pk)
    rows = Delivery.objects.filter(state=State.HANDED)
    rows.filter(pk__in=never).update(next_at=None)
    rows.filter(pk__in=again).update(next_at=now + timedelta(seconds=every))


def _with_connections(call: Callable[..., Any], said: tuple[object, ...]) -> Any:  # noqa: ANN401
    close_old_connections()
    try:
        return call(*said)
    except Exception:
        # The connection may be what failed.
        connections.close_all()
        raise
