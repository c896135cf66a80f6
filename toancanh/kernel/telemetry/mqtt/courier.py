"""Brings commands to the devices that are connected here; what they confirm and answer is written down."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from toancanh.kernel.telemetry.directory import DirectoryUnavailable
from toancanh.kernel.telemetry.mqtt.audience import EVERYTHING, Audience
from toancanh.kernel.telemetry.mqtt.desk import Books, Desk, Due
from toancanh.kernel.telemetry.mqtt.session import Outgoing
from toancanh.kernel.telemetry.mqtt.topics import cmd

_log = logging.getLogger(__name__)
LONGEST_ANSWER = 8 * 1024


class _Answer(msgspec.Struct, gc=False):
    """What a device says on ``…/cmd/ack``."""

    id: str
    result: Any = None


_decode = msgspec.json.Decoder(_Answer).decode


class Courier:
    """Belongs to the event loop; the books are read and written at the desk."""

    def __init__(self, audience: Audience, desk: Desk, books: Books) -> None:
        self._audience = audience
        self._desk = desk
        self._books = books
        self._out: Counter[str] = Counter()
        """Commands that are on their way, and in how many sessions."""
        self._number: int | None = None
        self._is_away = False

    async def watch(self) -> None:
        """Look whether somebody gave a command, here or in another process."""
        things = self._audience.things("cmd")
        if not things:
            return
        try:
            number = await self._desk.do(self._books.revision)
            if number != self._number:
                await self._look(things)
                # Not before: what could not be looked at now is looked at again.
                self._number = number
            self._is_away = False
        except DirectoryUnavailable as error:
            if not self._is_away:
                self._is_away = True
                _log.warning("commands cannot be looked for: %s", error)

    async def look(self, things: Iterable[str]) -> None:
        """Somebody began to listen, or has room again: bring what waits for these things."""
        try:
            await self._look(set(things))
        except DirectoryUnavailable:
            self._number = None

    async def _look(self, things: set[str]) -> None:
        if not things:
            return
        wanted = None if EVERYTHING in things else things
        due = await self._desk.do(lambda: self._books.due(wanted))
        sent = [command.key for command in due if self._hand_over(command)]
        if sent:
            await self._desk.do(lambda: self._books.sent(sent))

    def _hand_over(self, command: Due) -> bool:
        if self._out[command.key] > 0:
            return False
        message = Outgoing(cmd(command.thing), command.payload, command.key)
        is_sent = False
        for session, qos in self._audience.of(message.topic).items():
            if session.has_room:
                self._out[command.key] += 1
                session.deliver(message, qos)
                is_sent = True
        return is_sent

    async def confirmed(self, key: str) -> None:
        """A device has got it."""
        self.lost([key])
        try:
            await self._desk.do(lambda: self._books.delivered(key))
        except DirectoryUnavailable:
            # It is sent once more when the device comes back, under the same id.
            self._number = None

    def lost(self, keys: Iterable[str]) -> None:
        """These are on their way no more: the session in which they were is gone."""
        for key in keys:
            self._out[key] -= 1
            if self._out[key] <= 0:
                del self._out[key]

    async def answered(self, thing: str, payload: bytes) -> str | None:
        """Write down what a device said to a command; the code of a refusal."""
        if len(payload) > LONGEST_ANSWER:
            return "too_large"
        try:
            said = _decode(payload)
        except (ValueError, RecursionError):
            return "malformed"
        try:
            return await self._desk.do(lambda: self._books.answer(thing, said.id, said.result))
        except DirectoryUnavailable:
            return "unavailable"
