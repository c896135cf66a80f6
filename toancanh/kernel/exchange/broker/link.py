"""One connection to the broker, from its making to its loss; another one is another object.

gmqtt would reconnect by itself, and then acknowledge on the new connection what came over the old one. Here a
client lives as long as its connection: what was not acknowledged when it broke, the broker sends again.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

import gmqtt

from toancanh.kernel.exchange.broker import troubles
from toancanh.kernel.exchange.broker.address import Address
from toancanh.kernel.exchange.broker.troubles import Trouble
from toancanh.kernel.telemetry.mqtt import topics

IN_FLIGHT = 1000
"""Messages that the broker may have sent without our acknowledgement (Receive Maximum)."""
LARGEST = 1024 * 1024
"""Bytes of a packet that a broker of MQTT 5 may send us; it throws larger ones away."""
KEEP_ALIVE = 10
PATIENCE = 10.0
"""Seconds until the broker must have answered what it was asked."""
LEAVE = 2.0
EXPIRY = 7 * 86_400
"""Seconds for which the broker holds our messages while nobody of us is there."""
NEVER = -2
"""As a number of retries it keeps gmqtt from reconnecting: 0 would mean one, -1 without end."""

# What happens to a connection is told as a Trouble, once.
logging.getLogger("gmqtt").setLevel(logging.CRITICAL)


Answer = TypeVar("Answer")


class Message(NamedTuple):
    """What the broker handed over."""

    topic: str
    payload: bytes
    qos: int


class Link:
    """A session at the broker under `client` while this connection stands; belongs to one event loop.

    `take` gets every message; when it returns True the broker is told that it need not send it again.
    """

    def __init__(
        self,
        address: Address,
        client: str,
        take: Callable[[Message], Awaitable[bool]],
        *,
        level: int = 5,
        is_fresh: bool = False,
        patience: float = PATIENCE,
    ) -> None:
        self.address = address
        self.client = client
        self.level = level
        self._take = take
        self._is_fresh = is_fresh
        self._patience = patience
        loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[Trouble] = loop.create_future()
        """Done when the connection is no more."""
        self._closed: asyncio.Future[None] = loop.create_future()
        self._granted: asyncio.Future[tuple[int, ...]] = loop.create_future()
        self._withdrawn: asyncio.Future[None] = loop.create_future()
        self._echo: asyncio.Future[None] = loop.create_future()
        self._nonce = secrets.token_hex(8).encode()
        self._is_in = False
        self._outbox: dict[str, tuple[str, bytes, dict[str, int]]] = {}
        self._unacknowledged = _Unacknowledged(self._send)
        self._mqtt = self._made()

    def _made(self) -> Any:  # noqa: ANN401 - gmqtt says nothing of its types
        mqtt = gmqtt.Client(
            self.client,
            clean_session=self._is_fresh,
            # The PUBACK leaves when `_came` returns.
            optimistic_acknowledgement=False,
            persistent_storage=self._unacknowledged,
            session_expiry_interval=0 if self._is_fresh else EXPIRY,
            receive_maximum=IN_FLIGHT,
            maximum_packet_size=LARGEST,
        )
        mqtt.set_config({"reconnect_retries": NEVER})
        if self.address.user:
            mqtt.set_auth_credentials(self.address.user, self.address.password or None)
        mqtt.on_message = self._came
        mqtt.on_disconnect = self._gone
        mqtt.on_subscribe = self._subscribed
        mqtt.on_unsubscribe = self._unsubscribed
        return mqtt

    @property
    def is_open(self) -> bool:
        """Whether what is acknowledged now reaches the broker."""
        return self._is_in and not self.lost.done()

    async def open(self) -> None:
        """Connect and sign in; raises Trouble."""
        address = self.address
        try:
            context = address.context()
        except OSError as error:
            raise Trouble("certificate", f"BROKER_CA: {error.strerror or error}") from error
        signing_in = asyncio.ensure_future(
            self._mqtt.connect(
                address.host, address.port, ssl=context or False, keepalive=KEEP_ALIVE, version=self.level
            )
        )
        try:
            await asyncio.wait(
                {signing_in, self.lost}, timeout=self._patience, return_when=asyncio.FIRST_COMPLETED
            )
            if signing_in.done():
                signing_in.result()
            elif self.lost.done():
                raise Trouble(troubles.HUNG_UP)
            else:
                raise Trouble("unreachable", f"{self._patience:g} s")
        except Exception as error:
            await self.close()
            raise troubles.of(error, address.is_tls) from error
        finally:
            signing_in.cancel()
        self._is_in = True

    async def listen(self, filters: Sequence[str]) -> None:
        """Subscribe; also where the session stands already: mosquitto forgets shared ones. Raises Trouble."""
        asked = [
            # Retained messages are old ones; our own receipts need not come back where 5 can say so.
            gmqtt.Subscription(name, qos=1, no_local=not _is_shared(name), retain_handling_options=2)
            if self.level == 5
            else gmqtt.Subscription(name, qos=1)
            for name in filters
        ]
        self._granted = asyncio.get_running_loop().create_future()
        self._mqtt.subscribe(asked)
        for code in await self._answered(self._granted):
            if code >= 0x80:
                raise troubles.refused_filter(code)

    async def mute(self, filters: Sequence[str]) -> None:
        """Unsubscribe: what comes from now on is what the broker holds for us already. Raises Trouble."""
        self._withdrawn = asyncio.get_running_loop().create_future()
        self._mqtt.unsubscribe(list(filters))
        await self._answered(self._withdrawn)

    async def prove(self) -> bool:
        """Whether a receipt of ours comes back to us: access lists say nothing when they forbid."""
        own = topics.ack(self.client)
        self._mqtt.subscribe(gmqtt.Subscription(own, qos=0))
        self._mqtt.publish(own, self._nonce, qos=0)
        try:
            await self._answered(self._echo)
        except Trouble:
            return self.lost.done()
        return True

    async def _answered(self, future: asyncio.Future[Answer]) -> Answer:
        either: list[asyncio.Future[Any]] = [future, self.lost]
        await asyncio.wait(either, timeout=self._patience, return_when=asyncio.FIRST_COMPLETED)
        if future.done():
            return future.result()
        raise self.lost.result() if self.lost.done() else Trouble("unreachable", f"{self._patience:g} s")

    def post(self, topic: str, payload: bytes, key: str = "", expiry: int | None = None) -> None:
        """Publish as soon as the broker has room; what still waits under the same key is replaced."""
        # Of gmqtt's properties, those of level 5 are left out at level 4.
        said = {} if expiry is None else {"message_expiry_interval": expiry}
        self._outbox[key or topic] = (topic, payload, said)
        self._send()

    def _send(self) -> None:
        while self._outbox and self.is_open:
            key = next(iter(self._outbox))
            topic, payload, said = self._outbox[key]
            try:
                self._mqtt.publish(topic, payload, qos=1, **said)
            except OverflowError:
                # As many are on their way as the broker takes; its next acknowledgement brings us back.
                return
            del self._outbox[key]

    async def close(self) -> None:
        """Take leave; the session stays at the broker unless it was made fresh."""
        self._is_in = False
        with suppress(Exception):
            await asyncio.wait_for(self._mqtt.disconnect(), LEAVE)
        self._end(Trouble("lost"))
        if not self._closed.done():
            self._closed.set_result(None)

    # --- called by gmqtt

    async def _came(
        self, _: object, topic: str | bytes, payload: bytes, qos: int, said: dict[str, object]
    ) -> int:
        if isinstance(topic, bytes):
            topic = topic.decode("utf-8", "replace")
        if topic == topics.ack(self.client):
            if payload == self._nonce and not self._echo.done():
                self._echo.set_result(None)
            return 0
        if said.get("retain"):
            return 0
        if not await self._take(Message(topic, payload, qos)):
            # gmqtt acknowledges whatever returns: this message stays the broker's.
            await self._closed
        return 0

    def _gone(self, _: object, packet: object, error: Exception | None = None) -> None:
        reason = packet[0] if isinstance(packet, bytes) and packet else 0
        self._end(troubles.lost(reason))

    def _end(self, trouble: Trouble) -> None:
        if not self.lost.done():
            self.lost.set_result(trouble)

    def _subscribed(self, _: object, number: int, granted: tuple[int, ...], said: object) -> None:
        if not self._granted.done():
            self._granted.set_result(granted)

    def _unsubscribed(self, *_: object) -> None:
        if not self._withdrawn.done():
            self._withdrawn.set_result(None)


class _Unacknowledged:
    """Stands where gmqtt keeps what it would send again; we send nothing again, but learn of room."""

    is_empty = True

    def __init__(self, on_room: Callable[[], None]) -> None:
        self._on_room = on_room

    def push_message(self, number: int, package: bytes) -> None:
        pass

    def remove_message_by_mid(self, number: int) -> None:
        self._on_room()

    def get_all(self) -> list[tuple[int, bytes]]:
        return []

    def clear(self) -> None:
        pass

    async def wait_empty(self) -> None:
        pass


def _is_shared(name: str) -> bool:
    return name.startswith("$share/")
