"""MQTT 3.1.1, which calls itself level 4: what cheap gateways speak."""

from __future__ import annotations

from toancanh.kernel.telemetry.mqtt import packets, wire
from toancanh.kernel.telemetry.mqtt.packets import Fault, Reason
from toancanh.kernel.telemetry.mqtt.wire import Reader, malformed

NUMBER = 4
FOR_EVER = 0xFFFFFFFF
_REFUSED = {
    Reason.UNSUPPORTED_LEVEL: 1,
    Reason.BAD_CLIENT_ID: 2,
    Reason.BAD_CREDENTIALS: 4,
    Reason.NOT_AUTHORIZED: 5,
}
_UNAVAILABLE = 3


def read(frame: bytes) -> packets.Packet:
    """The packet in a whole frame; raises Fault for one that a device may not send."""
    first = frame[0]
    kind = first >> 4
    if kind == wire.PUBLISH:
        return _publish(frame)
    wire.check_flags(first)
    reader = Reader(frame, wire.body_at(frame))
    found: packets.Packet
    if kind == wire.PUBACK:
        found = packets.PubAck(reader.packet_id(), 0)
    elif kind == wire.PINGREQ:
        found = packets.PingReq()
    elif kind == wire.DISCONNECT:
        found = packets.Disconnect()
    elif kind == wire.SUBSCRIBE:
        found = _subscribe(reader)
    elif kind == wire.UNSUBSCRIBE:
        found = _unsubscribe(reader)
    elif kind == wire.CONNECT:
        found = _connect(reader)
    else:
        raise Fault(Reason.PROTOCOL_ERROR, f"a packet of type {kind}")
    reader.finish()
    return found


def _publish(frame: bytes) -> packets.Publish:
    qos = wire.check_publish(frame[0])
    reader = Reader(frame, wire.body_at(frame))
    topic = reader.text()
    if not topic:
        raise malformed("an empty topic")
    wire.check_topic(topic)
    packet_id = reader.packet_id() if qos else 0
    return packets.Publish(topic, reader.rest(), qos, packet_id)


def _connect(reader: Reader) -> packets.Connect:
    reader.binary()
    reader.byte()
    flags = reader.byte()
    check_connect_flags(flags)
    if flags & 0x40 and not flags & 0x80:
        raise malformed("a password without a user name")
    keep_alive = reader.short()
    client_id = reader.text()
    will = None
    if flags & 0x04:
        topic = reader.text()
        wire.check_topic(topic)
        will = packets.Will(topic, reader.binary(), flags >> 3 & 3)
    name = reader.text() if flags & 0x80 else None
    secret = reader.binary() if flags & 0x40 else None
    is_clean = bool(flags & 0x02)
    return packets.Connect(
        client_id, name, secret, is_clean, keep_alive, will, session_expiry=0 if is_clean else FOR_EVER
    )


def check_connect_flags(flags: int) -> None:
    """What holds of the flags of a CONNECT on both levels."""
    if flags & 1:
        raise malformed("the reserved flag of CONNECT")
    if not flags & 0x04 and flags & 0x38:
        raise malformed("flags of a will without a will")
    if flags >> 3 & 3 == 3:
        raise malformed("a will at QoS 3")


def _subscribe(reader: Reader) -> packets.Subscribe:
    packet_id = reader.packet_id()
    filters = []
    while not reader.is_at_end:
        pattern = reader.text()
        wire.check_filter(pattern)
        qos = reader.byte()
        if qos > 2:
            raise malformed("a subscription at QoS 3, or with reserved bits")
        filters.append((pattern, qos))
    if not filters:
        raise Fault(Reason.PROTOCOL_ERROR, "SUBSCRIBE without a filter")
    return packets.Subscribe(packet_id, filters)


def _unsubscribe(reader: Reader) -> packets.Unsubscribe:
    packet_id = reader.packet_id()
    filters = []
    while not reader.is_at_end:
        pattern = reader.text()
        wire.check_filter(pattern)
        filters.append(pattern)
    if not filters:
        raise Fault(Reason.PROTOCOL_ERROR, "UNSUBSCRIBE without a filter")
    return packets.Unsubscribe(packet_id, filters)


def connack(told: packets.ConnAck) -> bytes:
    """Let in, or refused with the nearest of five codes."""
    if told.reason is Reason.SUCCESS:
        return b"\x20\x02\x01\x00" if told.session_present else b"\x20\x02\x00\x00"
    return bytes((0x20, 2, 0, _REFUSED.get(told.reason, _UNAVAILABLE)))


def publish(topic: str, payload: bytes, qos: int, packet_id: int, is_again: bool) -> bytes:
    """A message to a device."""
    name = topic.encode()
    number = packet_id.to_bytes(2, "big") if qos else b""
    body = len(name).to_bytes(2, "big") + name + number + payload
    return bytes((0x30 | qos << 1 | is_again << 3,)) + length(len(body)) + body


def puback(packet_id: int, reason: Reason, said: str) -> bytes:
    """Taken; this level cannot say that something was not."""
    return b"\x40\x02" + packet_id.to_bytes(2, "big")


def suback(packet_id: int, codes: list[int]) -> bytes:
    """The QoS granted to each filter; 0x80 for every kind of refusal."""
    body = packet_id.to_bytes(2, "big") + bytes(min(code, 0x80) for code in codes)
    return b"\x90" + length(len(body)) + body


def unsuback(packet_id: int, codes: list[int]) -> bytes:
    """Done."""
    return b"\xb0\x02" + packet_id.to_bytes(2, "big")


def disconnect(reason: Reason, said: str) -> bytes:
    """Nothing: a server of this level can only close."""
    return b""


def length(value: int) -> bytes:
    """A remaining length as it stands in the fixed header."""
    out = bytearray()
    while True:
        value, byte = value >> 7, value & 0x7F
        out.append(byte | 0x80 if value else byte)
        if not value:
            return bytes(out)
