"""Messages of one device on their way into the store, and their acknowledgements on the way back.

What one read of the connection brought goes into one request. Acknowledgements leave in the order of the
messages, whatever was decided at once and whatever had to wait for the commit.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, NamedTuple

from toancanh.kernel.telemetry.devices.tally import TOO_MANY
from toancanh.kernel.telemetry.ingest import Busy
from toancanh.kernel.telemetry.intake import (
    FULL,
    UNAUTHORIZED,
    UNAVAILABLE,
    Malformed,
    Request,
    Result,
    Taken,
)
from toancanh.kernel.telemetry.mqtt.level5 import IN_FLIGHT
from toancanh.kernel.telemetry.mqtt.packets import Fault, Publish, Reason
from toancanh.kernel.telemetry.mqtt.payload import Observation, decode
from toancanh.kernel.telemetry.mqtt.topics import Answered, Data, Extra, Forbidden, Topics, meaning

if TYPE_CHECKING:
    from toancanh.kernel.telemetry.mqtt.connection import Connection

_log = logging.getLogger(__name__)

TRY_AGAIN = 0.05
TRY_FOR = 10.0
"""Seconds between two attempts to place rows into a full queue, and until the device is sent away."""
_NOT_KEPT = {
    FULL: (Reason.QUOTA, "the server has no room left; nothing of what is unacknowledged was kept"),
    UNAVAILABLE: (Reason.BUSY, "the database is away; nothing of what is unacknowledged was kept"),
    "busy": (Reason.BUSY, "the server is busy; nothing of what is unacknowledged was kept"),
}
"""What sending again mends: an acknowledgement that says so would make clients forget the message."""
_REASONS = {"malformed": Reason.NOT_ACCEPTED, "forbidden": Reason.NOT_AUTHORIZED}
Work = Coroutine[Any, Any, str | None]

LONGEST_WAIT = 60
"""Seconds for which a device of level 4 is not read because its rate is spent; beyond, it is sent away."""
TASKS = 16
"""Messages for other parts of the house that may be worked on at once for one device."""


class NotKept(Exception):
    """A message that another part of the house could not keep just now."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Ack(NamedTuple):
    """What a message at QoS 1 is answered; `packet_id` 0 stands for one at QoS 0, which gets no answer."""

    packet_id: int
    reason: Reason = Reason.SUCCESS
    said: str = ""


class _Waiting(NamedTuple):
    """Acknowledgements that leave together once the future is done; at once where there is none."""

    acks: list[Ack]
    future: asyncio.Future[Result] | asyncio.Future[Ack] | None


class Inflow:
    """Takes messages in for one connection."""

    def __init__(self, connection: Connection) -> None:
        self._of = connection
        self._rows: list[Observation] = []
        self._malformed: list[Malformed] = []
        self._acks: list[Ack] = []
        self._waiting: deque[_Waiting] = deque()
        self._unanswered = 0
        self._tasks = 0
        self._refused_at = 0.0
        self._later: tuple[Answered | Extra, Publish] | None = None
        """What came behind rows that found no room."""
        self._stalled: Publish | None = None
        """What came when the rate was spent."""

    @property
    def is_idle(self) -> bool:
        """Whether everything that came was answered."""
        return not self._waiting and not self._rows and not self._malformed

    def publish(self, packet: Publish) -> None:
        """Take one message in; it is offered with others at the next `flush`."""
        of = self._of
        if packet.qos == 2:
            raise Fault(Reason.BAD_QOS, "QoS 2 is not taken; use QoS 1")
        if packet.qos:
            self._unanswered += 1
            if self._unanswered > IN_FLIGHT:
                if of.level.NUMBER == 5:
                    raise Fault(Reason.TOO_MANY_IN_FLIGHT, f"more than {IN_FLIGHT} messages in flight")
                of.hold("in flight")
        self._sort(packet)

    def _sort(self, packet: Publish) -> None:
        of = self._of
        found = meaning(packet.topic, of.token, of.door.extras)
        if isinstance(found, Data):
            self._take(found, packet)
        elif isinstance(found, Forbidden):
            self._forbid(packet, found)
        elif self.flush():
            self._hand_over(found, packet)
        else:
            self._later = (found, packet)

    def _take(self, found: Data, packet: Publish) -> None:
        rows, malformed = decode(found.thing, found.series, packet.payload, self._of.door.arrived)
        if self._may_come(len(rows) + len(malformed), packet):
            self._rows += rows
            self._malformed += malformed
            self._acks.append(Ack(packet.packet_id))

    def _may_come(self, count: int, packet: Publish) -> bool:
        """Level 5 can say that a rate is spent; a device of level 4 is not read until there is some again."""
        of = self._of
        wait = of.door.allowance.spend(of.token, count)
        if not wait:
            return True
        said = f"at most {of.token.rate} observations a minute; wait {wait} s"
        if of.level.NUMBER == 4 and wait <= LONGEST_WAIT:
            self._stalled = packet
            of.hold("rate")
            of.loop.call_later(wait, self._again_at_rate)
            return False
        of.door.tally.failed(of.token.id, TOO_MANY, count)
        of.door.refused(of, "too_many", packet.topic)
        if of.level.NUMBER == 4:
            raise Fault(Reason.QUOTA, said)
        self._acks.append(Ack(packet.packet_id, Reason.QUOTA, said))
        return False

    def _again_at_rate(self) -> None:
        packet, self._stalled = self._stalled, None
        if packet is None or self._of.is_ended:
            return
        try:
            self._sort(packet)
        except Fault as fault:
            return self._of.end(fault.reason, fault.what)
        if self._stalled is None:
            self.flush()
            self._of.release("rate")

    def _forbid(self, packet: Publish, found: Forbidden) -> None:
        self._of.door.refused(self._of, "forbidden", packet.topic)
        if self._of.level.NUMBER == 4:
            raise Fault(found.reason, found.said)
        self._acks.append(Ack(packet.packet_id, found.reason, found.said))

    def _hand_over(self, found: Answered | Extra, packet: Publish) -> None:
        """A message that is no observation: its own task answers it, in its turn."""
        of = self._of
        if not self._may_come(1, packet):
            return
        if isinstance(found, Answered):
            work = of.door.courier.answered(found.thing, packet.payload)
        else:
            work = _publish(found.topics, packet, of)
        self._tasks += 1
        if self._tasks >= TASKS:
            of.hold("tasks")
        future = asyncio.ensure_future(self._answer(work, packet))
        self._waiting.append(_Waiting([], future))
        future.add_done_callback(self._task_done)

    async def _answer(self, work: Work, packet: Publish) -> Ack:
        code = await work
        if code is None:
            return Ack(packet.packet_id)
        if code in _NOT_KEPT:
            raise NotKept(code)
        self._of.door.refused(self._of, code, packet.topic)
        return Ack(packet.packet_id, _REASONS.get(code, Reason.NOT_ACCEPTED), code)

    def flush(self) -> bool:
        """Offer what was gathered; False where the queue is full, and the device is not read."""
        if not self._rows and not self._malformed:
            if self._acks:
                self._waiting.append(_Waiting(self._acks, None))
                self._acks = []
                self._settle()
            return True
        of = self._of
        request = Request(of.token.digest, self._rows, "mqtt", self._malformed, address=of.address)
        try:
            future = of.door.ingest.offer(request)
        except Busy:
            self._queue_full()
            return False
        self._refused_at = 0.0
        self._waiting.append(_Waiting(self._acks, future))
        self._rows, self._malformed, self._acks = [], [], []
        future.add_done_callback(self._settle)
        return True

    def _queue_full(self) -> None:
        of = self._of
        now = of.loop.time()
        self._refused_at = self._refused_at or now
        if now - self._refused_at > TRY_FOR or not of.door.ingest.is_running:
            of.end(*_NOT_KEPT["busy"])
            return
        of.hold("queue")
        of.loop.call_later(TRY_AGAIN, self._again)

    def _again(self) -> None:
        if self._of.is_ended or not self.flush():
            return
        if self._later is not None:
            later, self._later = self._later, None
            self._hand_over(*later)
        self._of.release("queue")

    def _task_done(self, future: asyncio.Future[Ack]) -> None:
        self._tasks -= 1
        self._of.release("tasks")
        self._settle()

    def _settle(self, _: object = None) -> None:
        """Answer everything at the front that is decided."""
        of = self._of
        out: list[bytes] = []
        while self._waiting:
            acks, future = self._waiting[0]
            if future is not None:
                if not future.done():
                    break
                # Also for who has left: what is kept may be of interest to others who listen.
                ended = self._result(future, acks)
                if ended is not None and not of.is_ended:
                    of.write(b"".join(out))
                    of.end(*ended)
            self._waiting.popleft()
            for packet_id, reason, said in acks:
                if packet_id and not of.is_ended:
                    self._unanswered -= 1
                    out.append(of.level.puback(packet_id, reason, said if of.wants_reasons else ""))
        of.write(b"".join(out))
        if self._unanswered < IN_FLIGHT:
            of.release("in flight")

    def _result(
        self, future: asyncio.Future[Result] | asyncio.Future[Ack], acks: list[Ack]
    ) -> tuple[Reason, str] | None:
        """Note what a decided future brought; why the connection has to end where it brought no answer."""
        if future.cancelled():
            return Reason.UNSPECIFIED, "the message could not be worked on"
        fault = future.exception()
        if isinstance(fault, NotKept):
            return _NOT_KEPT[fault.code]
        if fault is not None:
            _log.error("a message could not be worked on", exc_info=fault)
            return Reason.UNSPECIFIED, "the message could not be worked on"
        result = future.result()
        if isinstance(result, Ack):
            acks.append(result)
        elif isinstance(result, Taken):
            if result.receipts:
                self._of.door.receipts(result.receipts)
        elif result == UNAUTHORIZED:
            return Reason.REVOKED, "the token is no longer in force"
        else:
            return _NOT_KEPT.get(str(result), _NOT_KEPT[UNAVAILABLE])
        return None


async def _publish(topics: Topics, packet: Publish, of: Connection) -> str | None:
    return await topics.publish(packet.topic, packet.payload, of.token)
