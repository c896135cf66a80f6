"""The service beside HTTP that listens at the outside broker for as long as the process lives."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from toancanh.kernel.exchange.broker.address import Address
from toancanh.kernel.exchange.broker.carrier import Carrier
from toancanh.kernel.exchange.broker.flow import Flow
from toancanh.kernel.exchange.broker.keeper import Keeper
from toancanh.kernel.exchange.broker.link import Link, Message
from toancanh.kernel.exchange.broker.seats import Place, filters
from toancanh.kernel.exchange.broker.standing import Standing
from toancanh.kernel.exchange.broker.troubles import HUNG_UP, UNSTEADY, Trouble
from toancanh.kernel.telemetry.allowance import Allowance
from toancanh.kernel.telemetry.directory import DirectorySource, DirectoryUnavailable
from toancanh.kernel.telemetry.ingest import Ingest
from toancanh.kernel.telemetry.mqtt import topics

_log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 15.0
"""Seconds before a connection is made anew, doubled with each attempt in vain."""
BRIEF, STEADY = 0.3, 30.0
"""A connection that broke sooner is counted; one that stood longer makes the count forgotten."""
RESTLESS = 10
"""So many brief connections are more than a broker's restarts: from then on the pauses grow as well."""
CARRY_EVERY = 1.0
FINISH = 3.0
"""Seconds that what was taken has to be kept when the program ends."""
SILENCE = 2.0
"""An abandoned session is empty when it has brought nothing for so long."""


class Broker:
    """Connects, takes messages in, sends receipts, and connects again."""

    def __init__(
        self, address: Address, ingest: Ingest, directory: DirectorySource, allowance: Allowance
    ) -> None:
        self._address = address
        self._allowance = allowance
        self._ingest = ingest
        self._standing = Standing()
        self._keeper = Keeper(address, directory, self._standing, self._changed_elsewhere)
        self._level = 5
        self._brief = 0
        """Connections that broke soon, since the last one that stood."""
        self._link: Link | None = None
        """The connection while it stands, since `_since` by the loop's clock."""
        self._since = 0.0
        self._at: Place | None = None
        self._carrier = Carrier(self._post, lambda: self._keeper.leads and self._link is not None)
        self._moved = asyncio.Event()
        self._is_stopping = False
        self._tasks: set[asyncio.Future[None]] = set()

    def figures(self) -> dict[str, float]:
        """How it goes, in numbers since the process began."""
        return self._standing.figures()

    async def start(self) -> None:
        """Begin; that the broker may be away is no reason not to."""
        self._loop = asyncio.get_running_loop()
        self._keeper.start()
        self._begin(self._run())
        self._begin(self._carry())

    async def stop(self) -> None:
        """Keep what was taken, leave the rest to the broker, and take leave."""
        self._is_stopping = True
        self._moved.set()
        await asyncio.wait(self._tasks, timeout=FINISH * 2)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._carrier.stop()
        await asyncio.to_thread(self._keeper.stop)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _changed_elsewhere(self) -> None:
        self._loop.call_soon_threadsafe(self._changed)

    def _changed(self) -> None:
        if self._keeper.place != self._at:
            self._moved.set()
        while self._keeper.orphans and not self._is_stopping:
            self._begin(self._empty(self._keeper.orphans.pop()))

    async def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._is_stopping:
            self._at = self._keeper.place
            self._moved.clear()
            if self._at is None:
                await self._moved.wait()
                continue
            try:
                await self._sit(self._at)
            except Trouble as trouble:
                if self._stood():
                    pause = FIRST_PAUSE
                self._troubled(Trouble(UNSTEADY, trouble.said) if self._is_restless else trouble)
            except Exception as error:  # noqa: BLE001 - it is told, and tried again
                _log.exception("the connection to the broker failed; trying again")
                self._troubled(Trouble("odd", f"{type(error).__name__}: {error}"))
            self._standing.connected_at = None
            with suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), pause * random.uniform(0.5, 1))
            pause = min(pause * 2, LONGEST_PAUSE)

    def _stood(self) -> bool:
        """Count a connection that broke; whether there was one that the next may follow at once."""
        if self._standing.connected_at is None:
            return False
        stood = self._loop.time() - self._since
        if stood < BRIEF:
            self._brief += 1
        elif stood > STEADY:
            self._brief = 0
        return not self._is_restless

    def _troubled(self, trouble: Trouble) -> None:
        if trouble.code == HUNG_UP:
            # Levels of MQTT are 5 and 4, which is 3.1.1.
            self._level = 9 - self._level
        if self._standing.trouble is None or self._standing.trouble.code != trouble.code:
            _log.warning("broker %s: %s", self._address, trouble)
        self._standing.troubled(trouble)

    async def _sit(self, place: Place) -> None:
        """Be connected until the connection breaks, the seat is another's, or the program ends."""
        flow = self._flow()
        link = Link(self._address, place.client, flow.take, level=self._level)
        try:
            await link.open()
            await link.listen(place.filters)
            if place.outdated:
                await link.mute(place.outdated)
            self._link, self._since = link, self._loop.time()
            self._standing.connected(self._level)
            self._carrier.anew()
            self._begin(self._prove(link))
            moved = asyncio.ensure_future(self._moved.wait())
            ends: list[asyncio.Future[Any]] = [link.lost, flow.given_up, moved]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            moved.cancel()
            if link.lost.done():
                raise link.lost.result()
            if self._moved.is_set():
                await flow.finish(FINISH)
        finally:
            self._link = None
            await link.close()
            await flow.stop()

    @property
    def _is_restless(self) -> bool:
        return self._brief >= RESTLESS

    async def _prove(self, link: Link) -> None:
        """What was wrong is over once something has come through and the connection stands."""
        if not await link.prove():
            self._troubled(Trouble("acl"))
            return
        if self._is_restless:
            await asyncio.wait({link.lost}, timeout=STEADY)
        if link.is_open:
            self._standing.recovered()

    async def _empty(self, place: Place) -> None:
        """Fetch what the broker holds for a process that did not come back, and end its session."""
        while not self._is_stopping:
            flow = self._flow()
            link = Link(self._address, place.client, flow.take, level=self._level)
            try:
                await link.open()
                await link.mute(filters(place.group))
                before = -1
                while flow.taken != before or flow.waiting:
                    before = flow.taken
                    ends: list[asyncio.Future[Any]] = [link.lost, flow.given_up]
                    await asyncio.wait(ends, timeout=SILENCE, return_when=asyncio.FIRST_COMPLETED)
                    if link.lost.done():
                        raise link.lost.result()
                    if flow.given_up.done():
                        raise Trouble("kept_out")
                await link.close()
                await self._forget(place)
                self._keeper.emptied(place)
                return
            except Trouble:
                await asyncio.sleep(LONGEST_PAUSE)
            finally:
                await link.close()
                await flow.stop()

    async def _forget(self, place: Place) -> None:
        """A session that was begun afresh, and not to last, ends with its connection."""
        link = Link(self._address, place.client, _nothing, level=self._level, is_fresh=True)
        await link.open()
        await link.close()

    def _flow(self) -> Flow:
        return Flow(
            self._ingest,
            self._keeper.token,
            self._standing,
            allowance=self._allowance,
            receipts=self._receipts,
            answered=self._carrier.answered,
        )

    def _receipts(self, receipts: dict[str, int]) -> None:
        for thing, number in receipts.items():
            self._post(topics.ack(thing), b'{"seq":%d}' % number)
        self._standing.receipts += len(receipts)

    def _post(self, topic: str, payload: bytes, key: str = "", expiry: int | None = None) -> None:
        if self._link is not None:
            self._link.post(topic, payload, key, expiry)

    async def _carry(self) -> None:
        while not self._is_stopping:
            await asyncio.sleep(CARRY_EVERY)
            with suppress(DirectoryUnavailable):
                await self._carrier.look(self._loop.time())


async def _nothing(message: Message) -> bool:
    return False
