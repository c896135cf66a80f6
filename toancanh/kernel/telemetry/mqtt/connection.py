"""One connection of a device: from its first byte to its last."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, cast

from toancanh.kernel.telemetry.directory import TokenInfo
from toancanh.kernel.telemetry.mqtt import level4, level5, packets, wire
from toancanh.kernel.telemetry.mqtt.inflow import Inflow
from toancanh.kernel.telemetry.mqtt.packets import Fault, Reason
from toancanh.kernel.telemetry.mqtt.session import LONGEST_EXPIRY, Outgoing, Session

if TYPE_CHECKING:
    from toancanh.kernel.telemetry.mqtt.door import MqttDoor

FIRST_PACKET = 16 * 1024
"""Bytes of a CONNECT: nobody has proven yet who it is that wants so much memory."""
CONNECT_WITHIN = 10.0
CLOSE_WITHIN = 5.0
DRAIN_WITHIN = 30.0
"""Seconds for a device to take what was written for it."""
UNREAD = 64 * 1024
"""Bytes written and not taken, from which on nothing more is read from the device."""
TLS_HELLO = 0x16
PINGRESP = b"\xd0\x00"
_SAID_BEFORE = (Reason.MALFORMED, Reason.PROTOCOL_ERROR, Reason.TOO_LARGE)
"""Why a connection may end before it is let in, as far as CONNACK can say it."""


class Level(Protocol):
    """What the two modules of the protocol have in common."""

    NUMBER: int

    def read(self, frame: bytes) -> packets.Packet: ...
    def connack(self, told: packets.ConnAck) -> bytes: ...
    def publish(self, topic: str, payload: bytes, qos: int, packet_id: int, is_again: bool) -> bytes: ...
    def puback(self, packet_id: int, reason: Reason, said: str) -> bytes: ...
    def suback(self, packet_id: int, codes: list[int]) -> bytes: ...
    def unsuback(self, packet_id: int, codes: list[int]) -> bytes: ...
    def disconnect(self, reason: Reason, said: str) -> bytes: ...


LEVELS: dict[int, Level] = {4: cast(Level, level4), 5: cast(Level, level5)}


class Connection(asyncio.Protocol):
    """Reads packets, answers those that concern the connection alone, and hands the others on."""

    token: TokenInfo

    def __init__(self, door: MqttDoor) -> None:
        self.door = door
        self.loop = asyncio.get_running_loop()
        self.level = LEVELS[4]
        """Which level it speaks; meaningless until the first packet has come."""
        self.address = ""
        self.name = ""
        self.session: Session | None = None
        self.will: packets.Will | None = None
        self.wants_reasons = True
        self.window = 65535
        self.max_packet: int | None = None
        self.keep_alive = 0.0
        self.began = self.heard = self.loop.time()
        self.ended = 0.0
        """When it was told to end; 0 while it lives."""
        self.full_since = 0.0
        """Since when the device does not take what is written; 0 while it does."""
        self.is_in = False
        self._frames = wire.Frames(FIRST_PACKET)
        self._holds: set[str] = set()
        self._is_fresh = True
        self._is_reading = self._is_due = False
        self._inflow = Inflow(self)
        self._aliases: dict[int, str] = {}

    # --- the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop has its own classes
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""
        self.transport.set_write_buffer_limits(high=UNREAD)
        if not self.door.came(self):
            self.ended = self.loop.time()
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._is_fresh:
            self._is_fresh = False
            if data[0] >> 4 != wire.CONNECT:
                # Known from one byte; what such a caller takes for a length is not worth waiting for.
                spoken = "TLS" if data[0] == TLS_HELLO else "another protocol"
                self.door.refused(self, "protocol", f"{spoken} where MQTT is spoken")
                return self.close()
        self._frames.feed(data)
        self._read()

    def pause_writing(self) -> None:
        self.full_since = self.loop.time()
        self.hold("unread")

    def resume_writing(self) -> None:
        self.full_since = 0.0
        self.release("unread")

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended:
            self.ended = self.loop.time()
            self._inflow.flush()
        self.door.gone(self)

    # --- reading

    def hold(self, why: str) -> None:
        """Read nothing more from the device until this reason is gone."""
        if not self._holds and not self.transport.is_closing():
            self.transport.pause_reading()
        self._holds.add(why)

    def release(self, why: str) -> None:
        """This reason is gone; read on where there is no other."""
        if why not in self._holds:
            return
        self._holds.discard(why)
        if not self._holds and not self.transport.is_closing():
            self.heard = self.loop.time()
            self.transport.resume_reading()
            self._read()

    @property
    def is_held(self) -> bool:
        """Whether it is us who do not read."""
        return bool(self._holds)

    @property
    def is_ended(self) -> bool:
        """Whether nothing more is to be done for it."""
        return self.ended > 0

    @property
    def is_idle(self) -> bool:
        """Whether everything that came was answered."""
        return self._inflow.is_idle

    def _read(self) -> None:
        self._is_due = True
        if self._is_reading:
            return
        self._is_reading = True
        try:
            # What is decided while reading may take away the reason for which reading stopped.
            while self._is_due:
                self._is_due = False
                while not self._holds and not self.ended and (frame := self._frames.next()) is not None:
                    self.heard = self.loop.time()
                    self._take(frame)
                self._inflow.flush()
        except Fault as fault:
            self._inflow.flush()
            self.door.refused(self, "protocol", fault.what)
            self.end(fault.reason, fault.what)
        finally:
            self._is_reading = False

    def _take(self, frame: bytes) -> None:
        if not self.is_in:
            self._first(frame)
            return
        packet = self.level.read(frame)
        if isinstance(packet, packets.Publish):
            self._publish(packet)
        elif isinstance(packet, packets.PubAck):
            self.door.confirmed(self, packet.packet_id)
        elif isinstance(packet, packets.PingReq):
            self.write(PINGRESP)
        elif isinstance(packet, packets.Subscribe):
            # What was published before is answered before.
            self._inflow.flush()
            self._subscribe(packet)
        elif isinstance(packet, packets.Unsubscribe):
            self._unsubscribe(packet)
        elif isinstance(packet, packets.Disconnect):
            self._leave(packet)
        else:
            raise Fault(Reason.PROTOCOL_ERROR, "a second CONNECT")

    def _publish(self, packet: packets.Publish) -> None:
        if packet.alias:
            if packet.alias > level5.ALIASES:
                raise Fault(Reason.BAD_ALIAS, f"topic aliases go up to {level5.ALIASES}")
            if packet.topic:
                self._aliases[packet.alias] = packet.topic
            elif packet.alias in self._aliases:
                packet.topic = self._aliases[packet.alias]
            else:
                raise Fault(Reason.BAD_ALIAS, "a topic alias that stands for nothing yet")
        self.door.figures.messages_in += 1
        self._inflow.publish(packet)

    def _subscribe(self, packet: packets.Subscribe) -> None:
        if packet.has_id:
            codes: list[int] = [Reason.SUBSCRIPTION_ID_UNSUPPORTED] * len(packet.filters)
        else:
            codes = [self.door.subscribe(self, pattern, min(qos, 1)) for pattern, qos in packet.filters]
        self.write(self.level.suback(packet.packet_id, codes))
        self.door.subscribed(
            self, [pattern for (pattern, _), code in zip(packet.filters, codes, strict=True) if code < 0x80]
        )

    def _unsubscribe(self, packet: packets.Unsubscribe) -> None:
        codes: list[int] = [self.door.unsubscribe(self, pattern) for pattern in packet.filters]
        self.write(self.level.unsuback(packet.packet_id, codes))

    def _leave(self, packet: packets.Disconnect) -> None:
        """A proper goodbye: no will, unless it is asked for."""
        self._inflow.flush()
        if not packet.with_will:
            self.will = None
        if packet.session_expiry is not None and self.session is not None:
            if packet.session_expiry and not self.session.expiry:
                raise Fault(Reason.PROTOCOL_ERROR, "a session that was to end with the connection")
            self.session.expiry = min(packet.session_expiry, LONGEST_EXPIRY)
        self.ended = self.loop.time()
        self.transport.close()

    # --- the first packet

    def _first(self, frame: bytes) -> None:
        try:
            self.level = LEVELS[wire.level_of(frame)]
        except Fault as fault:
            if fault.reason is Reason.UNSUPPORTED_LEVEL:
                # In the form of the level that knows this answer best: the oldest.
                self.write(level4.connack(packets.ConnAck(fault.reason)))
            raise
        packet = self.level.read(frame)
        assert isinstance(packet, packets.Connect)
        self.name = packet.name or ""
        self.wants_reasons = packet.wants_reasons
        self.door.reception.sign_in(self, packet)

    def let_in(
        self, token: TokenInfo, packet: packets.Connect, session: Session, told: packets.ConnAck
    ) -> None:
        """Who it is is known: from now on its packets count."""
        self.token, self.session, self.will = token, session, packet.will
        self.window = packet.receive_max
        self.max_packet = packet.max_packet
        self.keep_alive = packet.keep_alive * 1.5
        self._frames.limit = wire.MAX_PACKET
        self.is_in = True
        self.heard = self.loop.time()
        self.write(self.level.connack(told))
        session.resume(self)

    def refuse(self, reason: Reason, said: str) -> None:
        """Not let in."""
        if not self.is_ended:
            self.write(self.level.connack(packets.ConnAck(reason, said=said)))
            self.close()

    # --- writing

    def write(self, data: bytes) -> None:
        """Write to the device."""
        if data and not self.ended:
            self.transport.write(data)

    def send(self, message: Outgoing, qos: int, packet_id: int, is_again: bool) -> bool:
        """Write a PUBLISH; False where the device takes none of this size, or at QoS 0 does not read."""
        data = self.level.publish(message.topic, message.payload, qos, packet_id, is_again)
        if (qos == 0 and self.full_since) or len(data) > (self.max_packet or len(data)):
            return False
        self.door.figures.messages_out += 1
        self.write(data)
        return True

    def end_as_slow(self) -> None:
        """Let a device go that does not take what it asked for."""
        self.end(Reason.QUOTA, "too much waits for this client")

    def end(self, reason: Reason, said: str) -> None:
        """End the connection, and say why where the protocol can."""
        if self.ended:
            return
        self.door.figures.ended[reason.name.lower()] += 1
        if self.is_in:
            self.write(self.level.disconnect(reason, said))
        elif self.level.NUMBER == 5 and reason in _SAID_BEFORE:
            self.write(self.level.connack(packets.ConnAck(reason, said=said)))
        self.close()

    def close(self) -> None:
        """Close once what was written is taken; the sweep ends it where it is not."""
        self.ended = self.loop.time()
        self.transport.close()
