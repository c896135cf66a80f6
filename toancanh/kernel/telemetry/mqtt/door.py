"""The MQTT door: listens, knows every connection, and hands messages to whoever may hear them."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any

from toancanh.kernel.telemetry.allowance import Allowance
from toancanh.kernel.telemetry.devices.tally import Tally
from toancanh.kernel.telemetry.directory import DirectorySource, DirectoryUnavailable
from toancanh.kernel.telemetry.ingest import Busy, Ingest
from toancanh.kernel.telemetry.intake import Request
from toancanh.kernel.telemetry.mqtt import topics
from toancanh.kernel.telemetry.mqtt.audience import Audience
from toancanh.kernel.telemetry.mqtt.connection import CONNECT_WITHIN, Connection
from toancanh.kernel.telemetry.mqtt.courier import Courier
from toancanh.kernel.telemetry.mqtt.desk import Books, DatabaseBooks, Desk
from toancanh.kernel.telemetry.mqtt.figures import Figures, Refused, shown
from toancanh.kernel.telemetry.mqtt.packets import Reason, Will
from toancanh.kernel.telemetry.mqtt.payload import Arrivals, decode
from toancanh.kernel.telemetry.mqtt.reception import Reception
from toancanh.kernel.telemetry.mqtt.session import (
    SUBSCRIPTIONS,
    Outgoing,
    Session,
    Sessions,
)
from toancanh.kernel.telemetry.mqtt.signin import SignIn
from toancanh.kernel.telemetry.mqtt.sweep import Sweep
from toancanh.kernel.telemetry.mqtt.topics import Data, Topics, may_subscribe, meaning

_log = logging.getLogger(__name__)

CONNECTIONS = 10_000
HALF_OPEN = 2_000
"""Connections in all, and those without a sign-in, of which the oldest gives way."""
SETTLE_WITHIN = 5.0
"""Seconds for what was taken to be acknowledged when the door closes."""


class MqttDoor:
    """Belongs to the event loop of the ingest; others may call `tell`, `wants`, `counted`, `contacts`."""

    def __init__(
        self,
        ingest: Ingest,
        directory: DirectorySource,
        *,
        now: Callable[[], int],
        extras: Sequence[Topics] = (),
        allowance: Allowance | None = None,
        tally: Tally | None = None,
        books: Books | None = None,
        most: int = CONNECTIONS,
    ) -> None:
        self.ingest = ingest
        self.directory = directory
        self.now = now
        self.extras = extras
        self.most = most
        """Connections that are let in."""
        self.allowance = allowance or Allowance()
        self.tally = tally or Tally(now)
        self.figures = Figures()
        self.connections: dict[Connection, None] = {}
        self.sessions = Sessions(self._forgotten)
        self.half_open: dict[Connection, None] = {}
        self._audience = Audience()
        self._desk = Desk()
        self._books = books or DatabaseBooks()
        self.courier = Courier(self._audience, self._desk, self._books)
        self.reception = Reception(self, SignIn(ingest, directory, now=now))
        self.tally.ask(self.contacts)
        self.arrived = Arrivals(now)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[Any]] = set()

    # --- life

    async def listen(self, door: socket.socket, tls: ssl.SSLContext | None = None) -> None:
        """Take connections from a socket that is bound; to be called after the ingest was started."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            sweep = Sweep(self)
            self.do(self._every_second(sweep.times))
            self.do(self._every_second(sweep.tokens))
            self.do(self._every_second(lambda _: self.courier.watch()))
        within = CONNECT_WITHIN if tls else None
        server = await self._loop.create_server(
            lambda: Connection(self), sock=door, ssl=tls, backlog=1024, ssl_handshake_timeout=within
        )
        self._servers.append(server)

    async def stop(self) -> None:
        """Let nobody in, acknowledge what was taken, say goodbye; the ingest is stopped after this."""
        for server in self._servers:
            server.close()
        for connection in list(self.connections):
            connection.hold("stopping")
            connection.will = None
        end = asyncio.get_running_loop().time() + SETTLE_WITHIN
        while any(not c.is_idle for c in self.connections) and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.02)
        for connection in list(self.connections):
            connection.end(Reason.SHUTTING_DOWN, "the server is being stopped")
        await asyncio.sleep(0.05)
        for connection in list(self.connections):
            connection.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.to_thread(self._desk.close)

    async def _every_second(self, duty: Callable[[float], Coroutine[Any, Any, None]]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(1)
            try:
                await duty(loop.time())
            except Exception:  # noqa: BLE001 - connections are swept whatever befell one round
                _log.exception("a round of the MQTT door failed; trying again in a second")

    def do(self, work: Coroutine[Any, Any, None]) -> None:
        """Let something run beside everything else, until the door closes."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- connections come and go

    def came(self, connection: Connection) -> bool:
        """Somebody connected; False where there are too many already."""
        if len(self.connections) >= self.most:
            self.figures.ended["crowded"] += 1
            return False
        self.connections[connection] = None
        self.half_open[connection] = None
        if len(self.half_open) > HALF_OPEN:
            oldest = next(iter(self.half_open))
            self.figures.ended["crowded"] += 1
            oldest.close()
            oldest.transport.abort()
            del self.half_open[oldest]
        return True

    def gone(self, connection: Connection) -> None:
        """The connection is no more; its session may outlive it."""
        self.connections.pop(connection, None)
        self.half_open.pop(connection, None)
        if not connection.is_in:
            return
        self.reception.left(connection.token)
        session = connection.session
        delay = 0
        if session is not None and session.line is connection:
            self.courier.lost(session.told)
            session.told.clear()
            self.sessions.leave(session, connection.loop.time())
            delay = session.expiry
        if connection.will is not None:
            delay = min(delay, connection.will.delay)
            connection.loop.call_later(delay, self._fell_silent, connection, connection.will)

    def _fell_silent(self, connection: Connection, will: Will) -> None:
        """Publish the will, unless the device came back in the meantime."""
        session = connection.session
        found = meaning(will.topic, connection.token, ())
        if (session is not None and session.line is not None) or not isinstance(found, Data):
            return
        rows, malformed = decode(found.thing, found.series, will.payload, self.arrived)
        try:
            self.ingest.offer(
                Request(connection.token.digest, rows, "mqtt", malformed, address=connection.address)
            )
        except Busy:
            self.refused(connection, "busy", will.topic)

    def _forgotten(self, session: Session) -> None:
        self.courier.lost(session.keys())
        self._audience.remove_all(session)

    # --- hearing

    def subscribe(self, connection: Connection, pattern: str, qos: int) -> int:
        """Let a device hear a topic; the QoS granted or the reason why not."""
        session = connection.session
        reason = may_subscribe(pattern, connection.token, self.extras)
        if reason is Reason.SUCCESS and session is not None:
            if len(session.filters) < SUBSCRIPTIONS or pattern in session.filters:
                self._audience.add(session, pattern, qos)
                return qos
            reason = Reason.QUOTA
        self.refused(connection, "subscription", pattern)
        return reason

    def unsubscribe(self, connection: Connection, pattern: str) -> int:
        """Let a device hear a topic no more."""
        session = connection.session
        was_there = session is not None and self._audience.remove(session, pattern)
        return Reason.SUCCESS if was_there else Reason.NO_SUBSCRIPTION

    def subscribed(self, connection: Connection, patterns: Sequence[str]) -> None:
        """Tell a device once what it has missed: receipts so far, commands that wait for it."""
        session = connection.session
        if session is None:
            return
        parts = [pattern.split("/") for pattern in patterns if pattern.startswith(topics.ROOT)]
        numbered = {part[1] for part in parts if part[2] == "ack"}
        if numbered:
            # Read on only when it is told: who subscribes a thousand times waits for a thousand answers.
            connection.hold("receipts")
            self.do(self._tell_kept(connection, session, numbered))
        self.look_for(patterns)

    def look_for(self, patterns: Iterable[str]) -> None:
        """Bring the commands that wait for the things of these filters."""
        parts = [pattern.split("/") for pattern in patterns if pattern.startswith(topics.ROOT)]
        things = {part[1] for part in parts if part[2] == "cmd"}
        if things:
            self.do(self.courier.look(things))

    async def _tell_kept(self, connection: Connection, session: Session, things: set[str]) -> None:
        wanted = None if "+" in things else things
        try:
            kept = await self._desk.do(lambda: self._books.kept(wanted))
        except DirectoryUnavailable:
            kept = {}
        for thing, number in kept.items():
            session.deliver(Outgoing(topics.ack(thing), b'{"seq":%d}' % number), 0)
        connection.release("receipts")

    def confirmed(self, connection: Connection, packet_id: int) -> None:
        """A device has got a message of ours."""
        session = connection.session
        message = session.confirmed(packet_id) if session is not None else None
        if message is not None and message.key:
            self.do(self.courier.confirmed(message.key))

    def receipts(self, kept: Mapping[str, int]) -> None:
        """Tell up to which number everything is kept; at QoS 0, for the next one says the same and more."""
        for thing, number in kept.items():
            topic = topics.ack(thing)
            message = Outgoing(topic, b'{"seq":%d}' % number)
            for session in self._audience.of(topic):
                session.deliver(message, 0)

    def tell(self, topic: str, payload: bytes) -> None:
        """Hand a message to whoever listens; from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell, topic, payload)

    def _tell(self, topic: str, payload: bytes) -> None:
        message = Outgoing(topic, payload)
        for session, qos in self._audience.of(topic).items():
            session.deliver(message, qos)

    def wants(self, prefix: str) -> bool:
        """Whether anybody listens to a topic that begins like this; from any thread."""
        return self._audience.wants(prefix)

    # --- counting

    def refused(self, connection: Connection, code: str, what: str) -> None:
        """Count a refusal and remember it among the last."""
        self.figures.refused[code] += 1
        told = Refused(self.now(), connection.address, shown(connection.name), code, shown(what))
        self.figures.last.append(told)

    def counted(self) -> Figures:
        """The figures as they are now; from any thread."""
        self.figures.connections = len(self.connections)
        self.figures.sessions = len(self.sessions)
        self.figures.subscriptions = len(self._audience)
        return self.figures

    def contacts(self) -> list[int]:
        """Tokens that hold a connection open; from any thread."""
        return list(self.reception.connected)
