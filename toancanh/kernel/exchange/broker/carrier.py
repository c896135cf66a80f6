"""Hands commands to the broker until their devices have answered.

The broker's PUBACK does not say that a device has got anything: a command is sent again, at growing distances
and under the same id, and at MQTT 5 each copy is void when the next one comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple, Protocol

from toancanh.kernel.telemetry.mqtt import topics
from toancanh.kernel.telemetry.mqtt.audience import Audience
from toancanh.kernel.telemetry.mqtt.courier import Courier
from toancanh.kernel.telemetry.mqtt.desk import Books, DatabaseBooks, Desk

FIRST_REPEAT, LONGEST_REPEAT = 30.0, 3600.0
AWAY_PAUSE = 0.5


class Post(Protocol):
    """Publishes; of what bears the same key only the newest leaves, and `expiry` seconds later it is void."""

    def __call__(self, topic: str, payload: bytes, key: str = "", expiry: int | None = None) -> None: ...


class _Sent(NamedTuple):
    """When a command is to be sent again, and how long it has waited for that."""

    again: float
    distance: float


class Carrier:
    """Belongs to the event loop; looks into the database on a thread of its own."""

    def __init__(self, post: Post, may_send: Callable[[], bool], books: Books | None = None) -> None:
        self._post = post
        self._may_send = may_send
        self._books = books or DatabaseBooks()
        self._desk = Desk()
        # Nobody listens here as at the MQTT door; it reads the answers.
        self._courier = Courier(Audience(), self._desk, self._books)
        self._sent: dict[str, _Sent] = {}
        self._number: int | None = None

    def anew(self) -> None:
        """The connection is another: what was on its way is sent once more."""
        self._sent.clear()
        self._number = None

    async def look(self, now: float) -> None:
        """Send what is new and what has waited long enough; raises DirectoryUnavailable."""
        if not self._may_send():
            self.anew()
            return
        number = await self._desk.do(self._books.revision)
        if number == self._number and all(now < sent.again for sent in self._sent.values()):
            return
        due = await self._desk.do(lambda: self._books.due(None))
        before, self._sent, keys = self._sent, {}, []
        for command in due:
            sent = before.get(command.key)
            if sent is None or sent.again <= now:
                distance = FIRST_REPEAT if sent is None else min(2 * sent.distance, LONGEST_REPEAT)
                self._post(topics.cmd(command.thing), command.payload, command.key, int(distance))
                sent = _Sent(now + distance, distance)
                keys.append(command.key)
            self._sent[command.key] = sent
        if keys:
            await self._desk.do(lambda: self._books.sent(keys))
        self._number = number

    async def answered(self, thing: str, payload: bytes) -> None:
        """Write down what a device said to a command, however long the database is away."""
        while await self._courier.answered(thing, payload) == "unavailable":
            await asyncio.sleep(AWAY_PAUSE)

    async def stop(self) -> None:
        """End the thread."""
        await asyncio.to_thread(self._desk.close)
