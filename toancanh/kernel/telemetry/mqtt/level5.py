"""MQTT 5, by the library mqtt5, and what has to be looked at before and after it.

Before: mqtt5 0.8 takes every text for UTF-8; one that is not ends in a Rust panic, with a backtrace in our
log for each hostile packet. After: it lets packet identifier 0, U+0000 and wildcards in topics pass.
"""

from __future__ import annotations

import mqtt5

from toancanh.kernel.telemetry.mqtt import packets, wire
from toancanh.kernel.telemetry.mqtt.level4 import check_connect_flags, length
from toancanh.kernel.telemetry.mqtt.packets import Fault, Reason
from toancanh.kernel.telemetry.mqtt.wire import Reader, malformed

NUMBER = 5
ALIASES = 32
"""Topic aliases that a device may use on one connection."""
IN_FLIGHT = 1_000
"""Messages of a device that may wait for their PUBACK."""

# Identifier of a property -> how its value is made: a number of bytes, or one of these.
_TEXT, _BINARY, _NUMBER, _PAIR = 100, 101, 102, 103
_PROPERTIES = {
    0x01: 1, 0x02: 4, 0x03: _TEXT, 0x08: _TEXT, 0x09: _BINARY, 0x0B: _NUMBER, 0x11: 4, 0x12: _TEXT,
    0x13: 2, 0x15: _TEXT, 0x16: _BINARY, 0x17: 1, 0x18: 4, 0x19: 1, 0x1A: _TEXT, 0x1C: _TEXT,
    0x1F: _TEXT, 0x21: 2, 0x22: 2, 0x23: 2, 0x24: 1, 0x25: 1, 0x26: _PAIR, 0x27: 4, 0x28: 1,
    0x29: 1, 0x2A: 1,
}  # fmt: skip


def read(frame: bytes) -> packets.Packet:
    """The packet in a whole frame; raises Fault for one that a device may not send."""
    first = frame[0]
    kind = first >> 4
    if kind == wire.PUBLISH:
        return _publish(frame)
    wire.check_flags(first)
    _LOOK.get(kind, _nothing)(Reader(frame, wire.body_at(frame)))
    found = _read(frame)
    match found:
        case mqtt5.PubAckPacket():
            return packets.PubAck(found.packet_id, found.reason_code)
        case mqtt5.PingReqPacket():
            return packets.PingReq()
        case mqtt5.SubscribePacket():
            filters = [(each.pattern, int(each.max_qos)) for each in found.topic_filters]
            return packets.Subscribe(found.packet_id, filters, found.subscription_id is not None)
        case mqtt5.UnsubscribePacket():
            return packets.Unsubscribe(found.packet_id, found.patterns)
        case mqtt5.DisconnectPacket():
            return packets.Disconnect(int(found.reason_code) == 4, found.session_expiry_interval)
        case mqtt5.ConnectPacket():
            return _connect(found)
    raise Fault(Reason.PROTOCOL_ERROR, f"a packet of type {kind}")


def _read(frame: bytes) -> mqtt5.Packet:
    try:
        return mqtt5.read(memoryview(frame))[0]
    except (ValueError, IndexError) as fault:
        raise malformed(str(fault)) from None


def _publish(frame: bytes) -> packets.Publish:
    first = frame[0]
    qos = wire.check_publish(first)
    reader = Reader(frame, wire.body_at(frame))
    topic = reader.text()
    if "+" in topic or "#" in topic:
        wire.check_topic(topic)
    packet_id = reader.packet_id() if qos else 0
    if reader.byte() == 0 and topic:
        # No properties, as nearly always: everything has been read.
        return packets.Publish(topic, reader.rest(), qos, packet_id)
    reader.at -= 1
    _properties(reader)
    found = _read(frame)
    assert isinstance(found, mqtt5.PublishPacket)
    if found.subscription_ids:
        raise Fault(Reason.PROTOCOL_ERROR, "a subscription identifier from a client")
    return packets.Publish(topic, found.payload, qos, packet_id, found.topic_alias or 0)


def _connect(found: mqtt5.ConnectPacket) -> packets.Connect:
    will = None
    if found.will is not None:
        wire.check_topic(found.will.topic)
        payload = found.will.payload or b""
        will = packets.Will(found.will.topic, payload, int(found.will.qos), found.will.will_delay_interval)
    return packets.Connect(
        found.client_id,
        found.username,
        found.password,
        found.clean_start,
        found.keep_alive,
        will,
        session_expiry=found.session_expiry_interval,
        receive_max=found.receive_max,
        max_packet=found.max_packet_size,
        wants_reasons=found.request_problem_info,
        method=found.authentication_method,
    )


# --- looking, before the library does


def _properties(reader: Reader) -> None:
    end = reader.number() + reader.at
    if end > reader.end:
        raise malformed("properties that are longer than the packet")
    while reader.at < end:
        made = _PROPERTIES.get(reader.byte())
        if made is None:
            raise malformed("an unknown property")
        if made < _TEXT:
            reader.skip(made)
        elif made == _BINARY:
            reader.binary()
        elif made == _NUMBER:
            reader.number()
        else:
            reader.text()
            if made == _PAIR:
                reader.text()
    if reader.at != end:
        raise malformed("properties that are longer than they say")


def _look_connect(reader: Reader) -> None:
    reader.binary()
    reader.byte()
    flags = reader.byte()
    check_connect_flags(flags)
    reader.short()
    _properties(reader)
    reader.text()
    if flags & 0x04:
        _properties(reader)
        reader.text()
        reader.binary()
    if flags & 0x80:
        reader.text()


def _look_subscribe(reader: Reader) -> None:
    reader.packet_id()
    _properties(reader)
    if reader.is_at_end:
        raise Fault(Reason.PROTOCOL_ERROR, "SUBSCRIBE without a filter")
    while not reader.is_at_end:
        wire.check_filter(reader.text())
        options = reader.byte()
        if options & 0xC0 or options & 0x03 == 3 or options & 0x30 == 0x30:
            raise malformed("options of a subscription")


def _look_unsubscribe(reader: Reader) -> None:
    reader.packet_id()
    _properties(reader)
    if reader.is_at_end:
        raise Fault(Reason.PROTOCOL_ERROR, "UNSUBSCRIBE without a filter")
    while not reader.is_at_end:
        wire.check_filter(reader.text())


def _look_acknowledgement(reader: Reader) -> None:
    reader.packet_id()
    _look_reason(reader)


def _look_reason(reader: Reader) -> None:
    if not reader.is_at_end:
        reader.byte()
    if not reader.is_at_end:
        _properties(reader)


def _nothing(reader: Reader) -> None:
    pass


_LOOK = {
    wire.CONNECT: _look_connect,
    wire.PUBACK: _look_acknowledgement,
    wire.PUBREC: _look_acknowledgement,
    wire.PUBREL: _look_acknowledgement,
    wire.PUBCOMP: _look_acknowledgement,
    wire.SUBSCRIBE: _look_subscribe,
    wire.UNSUBSCRIBE: _look_unsubscribe,
    wire.DISCONNECT: _look_reason,
    wire.AUTH: _look_reason,
}


# --- writing


def connack(told: packets.ConnAck) -> bytes:
    """Let in with what this door offers, or refused."""
    if told.reason is not Reason.SUCCESS:
        code = mqtt5.ConnAckReasonCode(told.reason)
        return mqtt5.ConnAckPacket(reason_code=code, reason_str=told.said or None).write()
    return mqtt5.ConnAckPacket(
        session_present=told.session_present,
        session_expiry_interval=told.session_expiry,
        assigned_client_id=told.client_id or None,
        receive_max=IN_FLIGHT,
        topic_alias_max=ALIASES,
        max_qos=mqtt5.QoS.AT_LEAST_ONCE,
        max_packet_size=wire.MAX_PACKET,
        subscription_id_available=False,
        shared_subscription_available=False,
    ).write()


def publish(topic: str, payload: bytes, qos: int, packet_id: int, is_again: bool) -> bytes:
    """A message to a device."""
    name = topic.encode()
    number = packet_id.to_bytes(2, "big") if qos else b""
    body = len(name).to_bytes(2, "big") + name + number + b"\0" + payload
    return bytes((0x30 | qos << 1 | is_again << 3,)) + length(len(body)) + body


def puback(packet_id: int, reason: Reason, said: str) -> bytes:
    """Taken, or why not."""
    if not reason:
        return b"\x40\x02" + packet_id.to_bytes(2, "big")
    code = mqtt5.PubAckReasonCode(reason)
    return mqtt5.PubAckPacket(packet_id, reason_code=code, reason_str=said or None).write()


def suback(packet_id: int, codes: list[int]) -> bytes:
    """The QoS granted to each filter, or why none was."""
    return mqtt5.SubAckPacket(packet_id, [mqtt5.SubAckReasonCode(code) for code in codes]).write()


def unsuback(packet_id: int, codes: list[int]) -> bytes:
    """What became of each filter."""
    return mqtt5.UnsubAckPacket(packet_id, [mqtt5.UnsubAckReasonCode(code) for code in codes]).write()


def disconnect(reason: Reason, said: str) -> bytes:
    """Why the connection ends now."""
    code = mqtt5.DisconnectReasonCode(reason)
    return mqtt5.DisconnectPacket(reason_code=code, reason_str=said or None).write()
