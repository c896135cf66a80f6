"""What tests of the connection share: messages gathered, foreign clients, a broker of 3.1.1 alone."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tests.mosquitto import PASSWORD, Mosquitto
from toancanh.kernel.exchange.broker.address import Address, parsed
from toancanh.kernel.exchange.broker.link import Link, Message

FILTERS = ["toancanh/+/+", "toancanh/+/cmd/ack"]


@dataclass
class Taken:
    """Keeps what comes; answers when `gate` is open, and then what `answer` says."""

    messages: list[Message] = field(default_factory=list)
    answer: bool = True
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def __call__(self, message: Message) -> bool:
        self.messages.append(message)
        await self.gate.wait()
        return self.answer

    @property
    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.messages]


@asynccontextmanager
async def linked(
    address: Address, take: Taken, client: str = "ours", *, level: int = 5, is_fresh: bool = False
) -> AsyncIterator[Link]:
    """A connection that listens."""
    link = Link(address, client, take, level=level, is_fresh=is_fresh)
    await link.open()
    try:
        await link.listen(FILTERS)
        yield link
    finally:
        await link.close()


def ours(broker: Mosquitto) -> Address:
    return parsed(broker.url())


def publish(broker: Mosquitto, topic: str, *payloads: str, user: str = "gateway", qos: int = 1) -> None:
    """With mosquitto's own client, one message a line."""
    command = ["mosquitto_pub", "-p", str(broker.port), "-u", user, "-P", PASSWORD, "-q", str(qos)]
    lines = "".join(f"{payload}\n" for payload in payloads)
    subprocess.run([*command, "-t", topic, "-l"], input=lines.encode(), check=True, timeout=30)


async def until(condition: object, seconds: float = 5.0) -> None:
    """Wait for what must come true."""
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true in time"
        await asyncio.sleep(0.01)


class OldBroker:
    """In front of a broker, refuses MQTT 5 as brokers of 3.1.1 do: a word in the old form, or none at all."""

    def __init__(self, broker: Mosquitto, refusal: bytes = b"\x20\x02\x00\x01") -> None:
        self._broker = broker
        self._refusal = refusal
        self.levels: list[int] = []

    async def __aenter__(self) -> Address:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        return parsed(self._broker.url().replace(str(self._broker.port), str(port)))

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.read(65536)
        # Fixed header of two bytes here, the name MQTT with its length, then the level.
        level = head[head.index(b"MQTT") + 4]
        self.levels.append(level)
        if level == 5:
            writer.write(self._refusal)
            writer.close()
            return
        inner, outer = await asyncio.open_connection("127.0.0.1", self._broker.port)
        outer.write(head)
        await asyncio.gather(_copy(reader, outer), _copy(inner, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
    writer.close()
