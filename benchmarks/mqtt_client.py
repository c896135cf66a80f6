"""A load generator for the MQTT door: raw connections that keep a window full, or a paho client."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import cast

import uvloop
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion


class Messages:
    """Payloads round and round over all series, each a number of observations a second apart."""

    def __init__(self, things: list[str], start: datetime, per: int) -> None:
        self._things = [f"toancanh/{thing}/level".encode() for thing in things]
        self._time = int(start.timestamp())
        self._per = per
        self._next = 0

    def one(self) -> tuple[bytes, bytes]:
        """A topic and what is published to it."""
        if self._next == len(self._things):
            self._next = 0
            self._time += self._per
        topic = self._things[self._next]
        self._next += 1
        value = self._next % 700 / 100
        rows = [b'{"time":%d,"value":%g}' % (self._time + n, value) for n in range(self._per)]
        return topic, rows[0] if self._per == 1 else b"[" + b",".join(rows) + b"]"


@dataclass
class Seen:
    """What the run has had for answers."""

    acknowledged: int = 0
    milliseconds: list[float] = field(default_factory=list)
    per_second: dict[int, int] = field(default_factory=dict)


class Device(asyncio.Protocol):
    """One connection of level 4 with so many messages on their way."""

    def __init__(self, messages: Messages, window: int, sign_in: bytes, seen: Seen, end: float) -> None:
        self._messages, self._window, self._seen, self._end = messages, window, seen, end
        self._sign_in = sign_in
        self._sent: list[float] = []
        self._id = 0
        self._is_in = False
        self._rest = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop has its own classes
        self._transport.write(self._sign_in)

    def data_received(self, data: bytes) -> None:
        if not self._is_in:
            assert data[:4] == b"\x20\x02\x00\x00", data
            self._is_in = True
            return self._publish(self._window)
        # A PUBACK has four bytes and nothing else comes.
        data = self._rest + data
        count, over = divmod(len(data), 4)
        self._rest = data[len(data) - over :]
        now, seen = time.perf_counter(), self._seen
        seen.acknowledged += count
        seen.per_second[int(now)] = seen.per_second.get(int(now), 0) + count
        seen.milliseconds += [(now - sent) * 1000 for sent in self._sent[:count]]
        del self._sent[:count]
        if now < self._end:
            self._publish(count)
        elif not self._sent and not self.done.done():
            self.done.set_result(None)
            self._transport.close()

    def _publish(self, count: int) -> None:
        out = []
        for _ in range(count):
            topic, payload = self._messages.one()
            self._id = self._id % 65535 + 1
            body = len(topic).to_bytes(2, "big") + topic + self._id.to_bytes(2, "big") + payload
            out.append(b"\x32" + length(len(body)) + body)
        self._sent += [time.perf_counter()] * count
        self._transport.write(b"".join(out))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionError(str(exc)))


def length(value: int) -> bytes:
    """A remaining length."""
    out = bytearray()
    while True:
        value, byte = value >> 7, value & 0x7F
        out.append(byte | 0x80 if value else byte)
        if not value:
            return bytes(out)


def sign_in(number: int, token: str) -> bytes:
    """A CONNECT of level 4."""
    parts = (b"bench-%d" % number, b"bench", token.encode())
    body = b"\x00\x04MQTT\x04\xc2\x00\x3c" + b"".join(len(p).to_bytes(2, "big") + p for p in parts)
    return b"\x10" + length(len(body)) + body


async def publish(chosen: argparse.Namespace, messages: Messages) -> Seen:
    """The raw connections."""
    seen, loop, devices = Seen(), asyncio.get_running_loop(), []
    end = time.perf_counter() + chosen.seconds
    for number in range(chosen.connections):
        sign = sign_in(number, chosen.token)
        make = partial(Device, messages, chosen.window, sign, seen, end)
        _, made = await loop.create_connection(make, "127.0.0.1", chosen.port)
        devices.append(made.done)
    await asyncio.gather(*devices)
    return seen


def publish_with_paho(chosen: argparse.Namespace, messages: Messages) -> Seen:
    """One paho client with a window of the same size."""
    seen, room = Seen(), threading.Semaphore(chosen.window)
    client = paho.Client(CallbackAPIVersion.VERSION2, "bench-paho")
    client.username_pw_set("bench", chosen.token)
    client.max_inflight_messages_set(chosen.window)

    def acknowledged(*_: object) -> None:
        now = int(time.perf_counter())
        seen.acknowledged += 1
        seen.per_second[now] = seen.per_second.get(now, 0) + 1
        room.release()

    client.on_publish = acknowledged
    client.connect("127.0.0.1", chosen.port)
    client.loop_start()
    end = time.perf_counter() + chosen.seconds
    while time.perf_counter() < end:
        room.acquire()
        topic, payload = messages.one()
        client.publish(topic.decode(), payload, qos=1)
    for _ in range(chosen.window):
        room.acquire()
    client.disconnect()
    client.loop_stop()
    return seen


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--things", required=True, help="JSON file with the list of codes")
    parser.add_argument("--start", required=True, help="time of the first round, RFC 3339")
    parser.add_argument("--per", type=int, default=1)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--window", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--paho", action="store_true")
    chosen = parser.parse_args()
    things = json.loads(Path(chosen.things).read_text())
    messages = Messages(things, datetime.fromisoformat(chosen.start), chosen.per)
    began = time.perf_counter()
    seen = publish_with_paho(chosen, messages) if chosen.paho else uvloop.run(publish(chosen, messages))
    elapsed = time.perf_counter() - began
    times = sorted(seen.milliseconds) or [0.0]
    told = {
        "messages": seen.acknowledged / elapsed,
        "acknowledged": seen.acknowledged,
        "p50": times[len(times) // 2],
        "p99": times[int(len(times) * 0.99)],
        "worst_second": min(sorted(seen.per_second.values())[1:-1] or [0]),
    }
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
