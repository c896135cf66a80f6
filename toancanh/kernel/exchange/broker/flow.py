"""Messages of the broker on their way into the store; what is not kept yet stays unacknowledged.

What arrives in one turn of the event loop is offered together. Batches are offered, and answered, in the
order in which they came, as MQTT wants its acknowledgements.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from toancanh.kernel.exchange.broker.link import Message
from toancanh.kernel.exchange.broker.standing import KEPT_OUT, Standing
from toancanh.kernel.exchange.broker.troubles import Trouble
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.allowance import Allowance
from toancanh.kernel.telemetry.directory import TokenInfo
from toancanh.kernel.telemetry.ingest import Busy, Ingest
from toancanh.kernel.telemetry.intake import UNAUTHORIZED, Malformed, Request, Result, Taken
from toancanh.kernel.telemetry.mqtt.payload import Arrivals, Observation, decode
from toancanh.kernel.telemetry.mqtt.topics import Answered, Data, meaning

_log = logging.getLogger(__name__)

DOOR = "broker"
MOST_WAITING = 10_000
"""Messages at QoS 0 beyond this are let go while nothing can be kept: nobody was promised them."""
BUSY_PAUSE = 0.05
AWAY_PAUSE = 0.5
ANYBODY = TokenInfo(0, "")
"""Topics are read as for a token of all things; the ingest judges each row by the real one."""


class Batch:
    """Messages that are acknowledged together, True when the broker may forget them."""

    def __init__(self) -> None:
        self.rows: list[Observation] = []
        self.malformed: list[Malformed] = []
        self.answers: list[tuple[str, bytes]] = []
        self.kept: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.offered: asyncio.Future[asyncio.Future[Result] | None] = (
            asyncio.get_running_loop().create_future()
        )

    @property
    def weight(self) -> int:
        """How many rows it brings, readable or not."""
        return len(self.rows) + len(self.malformed)

    def settle(self, kept: bool) -> None:
        """Let every message of it be answered."""
        if not self.kept.done():
            self.kept.set_result(kept)


class Flow:
    """Takes the messages of one connection in; belongs to one event loop and ends with `stop`.

    `receipts` hears up to which number everything of a thing is kept, `answered` what a device says to a
    command (durably, when it is done).
    """

    def __init__(
        self,
        ingest: Ingest,
        token: Callable[[], TokenInfo],
        standing: Standing,
        *,
        allowance: Allowance,
        receipts: Callable[[dict[str, int]], None],
        answered: Callable[[str, bytes], Awaitable[object]],
    ) -> None:
        self._ingest = ingest
        self._token = token
        self._standing = standing
        self._receipts = receipts
        self._answered = answered
        self._allowance = allowance
        self._arrived = Arrivals(clock.now_us)
        self._next: Batch | None = None
        self._batches: asyncio.Queue[Batch] = asyncio.Queue()
        self._settling: asyncio.Queue[Batch] = asyncio.Queue()
        self._tasks = [asyncio.ensure_future(self._offer_all()), asyncio.ensure_future(self._settle_all())]
        self._is_stopped = False
        self.given_up: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the connection has to be made anew, for what it brought to come again."""
        self.taken = 0
        self.waiting = 0
        """Messages taken and not yet answered."""

    async def take(self, message: Message) -> bool:
        """Keep what the message says; True when it is kept or none of ours, False when it must come again."""
        if self._is_stopped:
            return False
        self.taken += 1
        self._standing.messages += 1
        if message.qos == 0 and self.waiting >= MOST_WAITING:
            self._standing.dropped += 1
            return True
        batch = self._batch()
        found = meaning(message.topic, ANYBODY, ())
        if isinstance(found, Data):
            rows, malformed = decode(found.thing, found.series, message.payload, self._arrived)
            batch.rows += rows
            batch.malformed += malformed
        elif isinstance(found, Answered) and self._token().may_write(found.thing):
            batch.answers.append((found.thing, message.payload))
        self._count(1)
        try:
            return await asyncio.shield(batch.kept)
        finally:
            self._count(-1)

    def _count(self, number: int) -> None:
        self.waiting += number
        self._standing.in_flight += number

    async def finish(self, seconds: float) -> None:
        """Take nothing more, and wait so long for what was taken to be kept and acknowledged."""
        self._is_stopped = True
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.waiting:
                    await asyncio.sleep(0.005)
                # The acknowledgements leave in the loop's next turns.
                await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Let go: what is not answered yet will come again."""
        self._is_stopped = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        left = [self._next] if self._next is not None else []
        for queue in (self._batches, self._settling):
            while not queue.empty():
                left.append(queue.get_nowait())
        for batch in left:
            batch.settle(False)

    def _batch(self) -> Batch:
        if self._next is None:
            self._next = Batch()
            asyncio.get_running_loop().call_soon(self._close)
        return self._next

    def _close(self) -> None:
        if self._next is not None:
            self._batches.put_nowait(self._next)
            self._next = None

    async def _offer_all(self) -> None:
        while True:
            batch = await self._batches.get()
            # In the hands of whoever settles before anything can end this task.
            self._settling.put_nowait(batch)
            try:
                while wait := self._allowance.spend(self._token(), batch.weight):
                    await asyncio.sleep(wait)
                batch.offered.set_result(await self._offer(batch))
            except Exception as error:  # noqa: BLE001 - told where the batch is settled
                batch.offered.set_exception(error)

    async def _offer(self, batch: Batch) -> asyncio.Future[Result] | None:
        """Place it into the queue; while that is full, the broker holds what comes."""
        while batch.weight:
            request = Request(self._token().digest, batch.rows, DOOR, batch.malformed)
            try:
                return self._ingest.offer(request)
            except Busy:
                await asyncio.sleep(BUSY_PAUSE)
        return None

    async def _settle_all(self) -> None:
        while True:
            batch = await self._settling.get()
            kept = False
            try:
                kept = await self._keep(batch)
            except Exception:  # noqa: BLE001 - whatever it was, the broker still has the messages
                _log.exception("messages of the broker could not be worked on; they will come again")
            finally:
                batch.settle(kept)
            if not kept and not self.given_up.done():
                self.given_up.set_result(None)

    async def _keep(self, batch: Batch) -> bool:
        placed = await batch.offered
        while placed is not None:
            result = await placed
            if isinstance(result, Taken):
                self._standing.well(KEPT_OUT)
                if result.receipts:
                    self._receipts(result.receipts)
                break
            if result == UNAUTHORIZED:
                return False
            self._standing.troubled(Trouble(KEPT_OUT, str(result)))
            await asyncio.sleep(AWAY_PAUSE)
            placed = await self._offer(batch)
        for thing, payload in batch.answers:
            await self._answered(thing, payload)
        return True
