"""The door on a real socket over a real store, and a device that sends whatever a test wants sent."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import mqtt5
import pytest
import uvloop

from toancanh.kernel.runtime import ids
from toancanh.kernel.runtime.clock import EPOCH, now_us
from toancanh.kernel.telemetry.devices.tally import Tally
from toancanh.kernel.telemetry.directory import (
    Directory,
    DirectoryUnavailable,
    SeriesInfo,
    TokenInfo,
    WatchedDirectory,
)
from toancanh.kernel.telemetry.ingest import Ingest
from toancanh.kernel.telemetry.intake import Dead, Numbered
from toancanh.kernel.telemetry.mqtt import level4
from toancanh.kernel.telemetry.mqtt.desk import Books, Due
from toancanh.kernel.telemetry.mqtt.door import MqttDoor
from toancanh.kernel.telemetry.mqtt.topics import Topics
from toancanh.kernel.telemetry.mqtt.wire import Frames
from toancanh.kernel.telemetry.store import SECOND, Reading, Store

Result = TypeVar("Result")
LEVELS = pytest.mark.parametrize("level", [4, 5])
"""Of MQTT; 4 is 3.1.1."""
WITHIN = 10.0
"""Seconds in which everything that is to happen has to happen."""


@dataclass
class Notes:
    """Receipts, dead letters and commands as a database would keep them."""

    dead: list[Dead] = field(default_factory=list)
    newest: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, Due] = field(default_factory=dict)
    sent_keys: list[str] = field(default_factory=list)
    delivered_keys: list[str] = field(default_factory=list)
    answers: list[tuple[str, str, Any]] = field(default_factory=list)
    number: int = 0

    def settle(self, dead: Sequence[Dead], numbered: Sequence[Numbered], now: int) -> dict[str, int]:
        self.dead += dead
        for row in numbered:
            self.newest[row.thing] = max(row.seq, self.newest.get(row.thing, 0))
        return {row.thing: self.newest[row.thing] for row in numbered}

    def kept(self, things: Collection[str] | None) -> Mapping[str, int]:
        return {t: n for t, n in self.newest.items() if things is None or t in things}

    def revision(self) -> int:
        return self.number

    def due(self, things: Collection[str] | None) -> Sequence[Due]:
        return [due for due in self.waiting.values() if things is None or due.thing in things]

    def sent(self, keys: Collection[str]) -> None:
        self.sent_keys += keys

    def delivered(self, key: str) -> None:
        self.delivered_keys.append(key)
        self.waiting.pop(key, None)

    def answer(self, thing: str, key: str, result: Any) -> str | None:
        if not key.startswith(thing):
            return "unknown_command"
        self.answers.append((thing, key, result))
        return None

    def give(self, key: str, thing: str) -> None:
        """A command as the action would give it, perhaps in another process."""
        self.waiting[key] = Due(key, thing, b'{"id":"%s"}' % key.encode())
        self.number += 1


@dataclass
class House:
    """Door, ingest, store and a directory whose content tests put in place."""

    store: Store
    extras: Sequence[Topics] = ()
    books: Books | None = None
    tls: ssl.SSLContext | None = None
    things: dict[str, dict[str, SeriesInfo]] = field(default_factory=dict)
    tokens: dict[str, TokenInfo] = field(default_factory=dict)
    notes: Notes = field(default_factory=Notes)
    revision: int = 1
    is_away: bool = False
    """Whether the main database is."""
    port: int = 0

    def __post_init__(self) -> None:
        for number, code in enumerate(("a", "b", "c"), 1):
            self.things[code] = {"level": SeriesInfo(number, code, "level", -10, 1e9)}
        self.put("device", "secret", things=frozenset({"a"}))
        self.put("gateway", "secret")
        self.directory = WatchedDirectory(
            self.ask_revision, lambda: Directory(dict(self.things), dict(self.tokens))
        )
        self.tally = Tally(now_us)
        self.ingest = Ingest(self.store, self.directory, now=now_us, ledger=self.notes, tally=self.tally)
        self.door = MqttDoor(
            self.ingest,
            self.directory,
            now=now_us,
            extras=self.extras,
            tally=self.tally,
            books=self.books or self.notes,
        )

    def ask_revision(self) -> int:
        if self.is_away:
            raise DirectoryUnavailable
        return self.revision

    def put(self, name: str, secret: str, **facts: Any) -> None:
        """As another process would: the row and its revision number."""
        digest = ids.digest(f"{name} {secret}")
        for old in [key for key, token in self.tokens.items() if token.name == name]:
            del self.tokens[old]
        number = sum(map(ord, name))
        self.tokens[digest] = TokenInfo(number, name, digest=digest, **facts)
        self.revision += 1

    def revoke(self, name: str) -> None:
        for key, token in list(self.tokens.items()):
            if token.name == name:
                facts = (token.things, token.rate, None, now_us(), token.digest)
                self.tokens[key] = TokenInfo(token.id, name, *facts)
        self.revision += 1

    def kept(self, series: int = 1) -> list[float]:
        """Values of a series in the order of their times."""
        return [reading.value for reading in self.readings(series)]

    def readings(self, series: int = 1) -> list[Reading]:
        return self.store.range(series, 0, now_us() + 10**9, limit=1_000_000)


@asynccontextmanager
async def running(house: House) -> AsyncIterator[House]:
    """The house with its door open."""
    house.ingest.start()
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    house.port = door.getsockname()[1]
    await house.door.listen(door, house.tls)
    try:
        yield house
    finally:
        await house.door.stop()
        await house.ingest.stop()


def run(house: House, act: Callable[[], Awaitable[Result]]) -> Result:
    """Open the door on the event loop that the product uses, and let the test act."""

    async def within() -> Result:
        async with running(house):
            return await act()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(within())


class Gone(Exception):
    """The door closed the connection."""


class Device:
    """One raw connection of either level."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, level: int) -> None:
        self.reader, self.writer, self.level = reader, writer, level
        self._frames = Frames(2**28)
        self._id = 0

    @staticmethod
    async def at(port: int, level: int = 5) -> Device:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        return Device(reader, writer, level)

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def frame(self, within: float = WITHIN) -> bytes:
        """The next packet as it came; raises Gone where there is none any more."""
        async with asyncio.timeout(within):
            while True:
                frame = self._frames.next()
                if frame is not None:
                    return frame
                try:
                    data = await self.reader.read(65536)
                except ConnectionError:
                    data = b""
                if not data:
                    raise Gone
                self._frames.feed(data)

    async def packet(self, within: float = WITHIN) -> Any:
        """The next packet of level 5."""
        return mqtt5.read(memoryview(await self.frame(within)))[0]

    async def ended(self, within: float = WITHIN) -> int | None:
        """The reason in the last DISCONNECT before the door closed; None without one."""
        reason = None
        try:
            while True:
                frame = await self.frame(within)
                if frame[0] == 0xE0:
                    reason = frame[2]
        except Gone:
            return reason

    async def silent(self, seconds: float = 0.3) -> bool:
        """Whether nothing comes for a while."""
        try:
            await self.frame(seconds)
        except TimeoutError:
            return True
        return False

    def next_id(self) -> int:
        self._id += 1
        return self._id

    def connect(
        self,
        name: str | None = "device",
        secret: str | None = "secret",
        client_id: str = "one",
        *,
        clean: bool = True,
        keep_alive: int = 60,
        expiry: int = 0,
        **more: Any,
    ) -> None:
        """Send a CONNECT; the secret of the tests is made of name and secret."""
        password = f"{name} {secret}".encode() if secret is not None else None
        if self.level == 5:
            packet = mqtt5.ConnectPacket(
                client_id,
                username=name,
                password=password,
                clean_start=clean,
                keep_alive=keep_alive,
                session_expiry_interval=expiry,
                **more,
            )
            self.send(packet.write())
            return
        flags = 2 * clean + 0x80 * (name is not None) + 0x40 * (password is not None)
        body = text("MQTT") + bytes((4, flags)) + keep_alive.to_bytes(2, "big") + text(client_id)
        body += text(name) if name is not None else b""
        body += len(password).to_bytes(2, "big") + password if password is not None else b""
        self.send(b"\x10" + level4.length(len(body)) + body)

    async def signed_in(self, name: str = "device", secret: str = "secret", **more: Any) -> Device:
        """Sign in and be let in."""
        self.connect(name, secret, **more)
        frame = await self.frame()
        assert frame[0] == 0x20
        assert frame[3] == 0, f"refused with {frame[3]:#x}"
        self.is_present = bool(frame[2])
        return self

    def publish(self, topic: str, payload: bytes, qos: int = 1, **more: Any) -> int:
        """Send a PUBLISH; its number."""
        number = self.next_id() if qos else 0
        if self.level == 5:
            level = mqtt5.QoS(qos)
            packet = mqtt5.PublishPacket(topic, payload, qos=level, packet_id=number or None, **more)
            self.send(packet.write())
        else:
            self.send(level4.publish(topic, payload, qos, number, False))
        return number

    async def acked(self) -> tuple[int, int]:
        """Number and reason of the next packet, which is to be a PUBACK."""
        frame = await self.frame()
        assert frame[0] == 0x40, frame
        return int.from_bytes(frame[2:4], "big"), frame[4] if len(frame) > 4 else 0

    async def subscribe(self, *filters: str, qos: int = 1) -> list[int]:
        """Subscribe; what the door granted."""
        number = self.next_id()
        if self.level == 5:
            wishes = [mqtt5.TopicFilter(pattern, max_qos=mqtt5.QoS(qos)) for pattern in filters]
            self.send(mqtt5.SubscribePacket(number, wishes).write())
        else:
            body = number.to_bytes(2, "big") + b"".join(text(each) + bytes((qos,)) for each in filters)
            self.send(b"\x82" + level4.length(len(body)) + body)
        frame = await self.frame()
        assert frame[0] == 0x90, frame
        assert int.from_bytes(frame[2:4], "big") == number
        return list(frame[-len(filters) :])

    async def message(self) -> tuple[str, bytes]:
        """The next packet, which is to be a PUBLISH, confirmed where it wants to be."""
        frame = await self.frame()
        assert frame[0] >> 4 == 3, frame
        found: Any = read4(frame) if self.level == 4 else mqtt5.read(memoryview(frame))[0]
        if found.packet_id:
            self.send(b"\x40\x02" + found.packet_id.to_bytes(2, "big"))
        return found.topic, found.payload

    def close(self) -> None:
        """Go without a goodbye."""
        self.writer.transport.abort()


def read4(frame: bytes) -> Any:
    """A PUBLISH of level 4, at which the codec of devices and that of the door are the same."""
    return level4.read(frame)


def text(said: str) -> bytes:
    """Text with its length in front."""
    data = said.encode()
    return len(data).to_bytes(2, "big") + data


async def until(is_so: Callable[[], object], within: float = WITHIN) -> None:
    """Wait for something that happens elsewhere."""
    end = time.monotonic() + within
    while not is_so():
        assert time.monotonic() < end, "it did not come to pass"
        await asyncio.sleep(0.01)


def written(value: float, at: datetime | int, **more: object) -> bytes:
    """An observation as a device writes it; `at` in seconds since 1970."""
    seconds = at if isinstance(at, int) else round((at - EPOCH).total_seconds())
    items = {"time": seconds, "value": value, **more}
    return str(items).replace("'", '"').encode()


def seconds_ago(count: int) -> int:
    """So many seconds before now, since 1970."""
    return now_us() // SECOND - count


def values(readings: Iterable[Reading]) -> list[float]:
    return [reading.value for reading in readings]


def numbered(number: int) -> bytes:
    """A reading of device a at QoS 1 under that number, as level 5 writes it."""
    level = mqtt5.QoS.AT_LEAST_ONCE
    return mqtt5.PublishPacket("toancanh/a/level", b"1", qos=level, packet_id=number).write()
