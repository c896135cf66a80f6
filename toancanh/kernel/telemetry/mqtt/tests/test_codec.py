"""Both levels of the protocol against the library mqtt5, paho's own encoder, and bytes that mean no good."""

from __future__ import annotations

import random
import subprocess
import sys
from contextlib import suppress
from types import ModuleType
from typing import Any

import mqtt5
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from toancanh.kernel.telemetry.mqtt import level4, level5, packets, wire
from toancanh.kernel.telemetry.mqtt.packets import Fault, Reason
from toancanh.kernel.telemetry.mqtt.wire import Frames

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0+#"), min_size=1, max_size=60)
PAYLOADS = st.binary(max_size=300)
IDS = st.integers(1, 65535)
QOS1 = mqtt5.QoS.AT_LEAST_ONCE


class Wire:
    """paho's client on a wire of ours: what it would send."""

    def __init__(self, protocol: MQTTProtocolVersion) -> None:
        self.client = paho.Client(CallbackAPIVersion.VERSION2, "gauge", protocol=protocol)
        self.sent = bytearray()
        client: Any = self.client
        client._packet_queue = self._queue
        # It refuses to write a message without a socket, whatever that is.
        client._sock = self

    def close(self) -> None:
        """What paho does to its socket in the end."""

    def _queue(self, command: int, packet: bytes, mid: int, qos: int, info: object = None) -> int:
        self.sent += packet
        return 0

    def connect(self) -> bytes:
        client: Any = self.client
        client._send_connect(60)
        return bytes(self.sent)


@pytest.fixture(params=[4, 5])
def level(request: pytest.FixtureRequest) -> ModuleType:
    return level4 if request.param == 4 else level5


@pytest.fixture
def device(level: ModuleType) -> Wire:
    return Wire(MQTTProtocolVersion.MQTTv311 if level is level4 else MQTTProtocolVersion.MQTTv5)


def test_paho_connects(level: ModuleType, device: Wire) -> None:
    device.client.username_pw_set("trạm", "bí mật")
    device.client.will_set("toancanh/a/state", b"0", qos=1)
    sent = device.connect()
    assert wire.level_of(sent) == level.NUMBER
    found = level.read(sent)
    assert isinstance(found, packets.Connect)
    assert (found.client_id, found.name, found.secret) == ("gauge", "trạm", "bí mật".encode())
    assert (found.keep_alive, found.will) == (60, packets.Will("toancanh/a/state", b"0", 1))
    assert found.clean_start is True


def test_paho_connects_to_a_session_that_stays() -> None:
    device = Wire(MQTTProtocolVersion.MQTTv311)
    client: Any = device.client
    client._clean_session = False
    found = level4.read(device.connect())
    assert isinstance(found, packets.Connect)
    assert (found.clean_start, found.session_expiry, found.name) == (False, level4.FOR_EVER, None)


def test_paho_publishes(level: ModuleType, device: Wire) -> None:
    client: Any = device.client
    for qos, number in ((0, 0), (1, 7)):
        device.sent.clear()
        client._send_publish(number, "toancanh/a/mực nước".encode(), b"1.5", qos)
        assert level.read(bytes(device.sent)) == packets.Publish("toancanh/a/mực nước", b"1.5", qos, number)


def test_paho_publishes_with_properties() -> None:
    device = Wire(MQTTProtocolVersion.MQTTv5)
    client: Any = device.client
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.UserProperty = ("nơi", "Huế")
    properties.TopicAlias = 3
    properties.ContentType = "application/json"
    client._send_publish(9, b"toancanh/a/b", b"{}", 1, properties=properties)
    assert level5.read(bytes(device.sent)) == packets.Publish("toancanh/a/b", b"{}", 1, 9, alias=3)


def test_paho_subscribes(level: ModuleType, device: Wire) -> None:
    client: Any = device.client
    filters: list[Any] = [(b"toancanh/a/ack", 0), ("toancanh/a/mưa".encode(), 1)]
    if level is level5:
        filters = [(topic, SubscribeOptions(qos=qos)) for topic, qos in filters]
    client._send_subscribe(False, filters)
    wanted = [("toancanh/a/ack", 0), ("toancanh/a/mưa", 1)]
    assert level.read(bytes(device.sent)) == packets.Subscribe(1, wanted)
    device.sent.clear()
    client._send_unsubscribe(False, [b"toancanh/a/ack"])
    assert level.read(bytes(device.sent)) == packets.Unsubscribe(2, ["toancanh/a/ack"])


def test_paho_pings_acknowledges_and_leaves(level: ModuleType, device: Wire) -> None:
    client: Any = device.client
    client._send_pingreq()
    client._send_puback(513)
    client._send_disconnect()
    frames, found = Frames(), []
    frames.feed(bytes(device.sent))
    while (frame := frames.next()) is not None:
        found.append(level.read(frame))
    assert found == [packets.PingReq(), packets.PubAck(513, 0), packets.Disconnect()]


@pytest.mark.slow
@given(NAMES, PAYLOADS, st.sampled_from([0, 1]), IDS, st.booleans())
def test_what_is_published_is_read_again(
    topic: str, payload: bytes, qos: int, number: int, again: bool
) -> None:
    number, again = (number, again) if qos else (0, False)
    for level in (level4, level5):
        sent = level.publish(topic, payload, qos, number, again)
        assert level.read(sent) == packets.Publish(topic, payload, qos, number)
    found, _ = mqtt5.read(memoryview(level5.publish(topic, payload, qos, number, again)))
    assert isinstance(found, mqtt5.PublishPacket)
    assert (found.topic, found.payload, int(found.qos), found.packet_id or 0) == (topic, payload, qos, number)
    assert found.duplicate is again


@pytest.mark.slow
@given(NAMES, PAYLOADS, IDS, st.lists(st.tuples(NAMES, NAMES), max_size=3), st.integers(0, 32))
def test_publishes_of_the_library_are_read(
    topic: str, payload: bytes, number: int, pairs: list[tuple[str, str]], alias: int
) -> None:
    packet = mqtt5.PublishPacket(
        topic, payload, qos=QOS1, packet_id=number, user_properties=pairs, topic_alias=alias or None
    )
    assert level5.read(packet.write()) == packets.Publish(topic, payload, 1, number, alias)


@pytest.mark.slow
@given(
    NAMES,
    st.none() | NAMES,
    st.none() | st.binary(max_size=40),
    st.booleans(),
    st.integers(0, 65535),
    st.integers(1, 65535),
    st.none() | st.tuples(NAMES, PAYLOADS, st.integers(0, 100)),
)
def test_connects_of_the_library_are_read(
    client_id: str,
    name: str | None,
    secret: bytes | None,
    clean: bool,
    alive: int,
    window: int,
    will: tuple[str, bytes, int] | None,
) -> None:
    told = mqtt5.Will(will[0], payload=will[1], qos=QOS1, will_delay_interval=will[2]) if will else None
    packet = mqtt5.ConnectPacket(
        client_id,
        username=name,
        password=secret,
        clean_start=clean,
        keep_alive=alive,
        receive_max=window,
        will=told,
    )
    wanted = packets.Connect(
        client_id,
        name,
        secret,
        clean,
        alive,
        packets.Will(will[0], will[1], 1, will[2]) if will else None,
        receive_max=window,
    )
    assert level5.read(packet.write()) == wanted


@pytest.mark.slow
@given(st.lists(st.tuples(NAMES, st.integers(0, 2)), min_size=1, max_size=5), IDS)
def test_subscriptions_of_the_library_are_read(filters: list[tuple[str, int]], number: int) -> None:
    wishes = [mqtt5.TopicFilter(pattern, max_qos=mqtt5.QoS(qos)) for pattern, qos in filters]
    assert level5.read(mqtt5.SubscribePacket(number, wishes).write()) == packets.Subscribe(number, filters)
    patterns = [pattern for pattern, _ in filters]
    assert level5.read(mqtt5.UnsubscribePacket(number, patterns).write()) == packets.Unsubscribe(
        number, patterns
    )


def test_answers_of_level_5_are_understood_by_the_library() -> None:
    let_in = mqtt5.read(memoryview(level5.connack(packets.ConnAck(Reason.SUCCESS, True, 60, "made"))))[0]
    assert isinstance(let_in, mqtt5.ConnAckPacket)
    assert (let_in.session_present, let_in.session_expiry_interval) == (True, 60)
    assert (let_in.assigned_client_id, let_in.max_qos) == ("made", QOS1)
    assert (let_in.max_packet_size, let_in.topic_alias_max) == (wire.MAX_PACKET, level5.ALIASES)
    refused = mqtt5.read(memoryview(level5.connack(packets.ConnAck(Reason.NOT_AUTHORIZED, said="no"))))[0]
    assert isinstance(refused, mqtt5.ConnAckPacket)
    assert (refused.reason_code, refused.reason_str) == (0x87, "no")
    puback = mqtt5.read(memoryview(level5.puback(3, Reason.QUOTA, "slower")))[0]
    assert isinstance(puback, mqtt5.PubAckPacket)
    assert (puback.packet_id, puback.reason_code, puback.reason_str) == (3, 0x97, "slower")
    taken = mqtt5.read(memoryview(level5.puback(300, Reason.SUCCESS, "")))[0]
    assert taken == mqtt5.PubAckPacket(300)
    suback = mqtt5.read(memoryview(level5.suback(4, [0, 1, 0x87])))[0]
    assert suback == mqtt5.SubAckPacket(4, [mqtt5.SubAckReasonCode(code) for code in (0, 1, 0x87)])
    unsuback = mqtt5.read(memoryview(level5.unsuback(4, [0, 0x11])))[0]
    assert isinstance(unsuback, mqtt5.UnsubAckPacket)
    assert unsuback.reason_codes == [0, 0x11]
    goodbye = mqtt5.read(memoryview(level5.disconnect(Reason.TAKEN_OVER, "")))[0]
    assert goodbye == mqtt5.DisconnectPacket(reason_code=mqtt5.DisconnectReasonCode.SESSION_TAKEN_OVER)


def test_answers_of_level_4() -> None:
    assert level4.connack(packets.ConnAck(Reason.SUCCESS, session_present=True)) == b"\x20\x02\x01\x00"
    refusals = {
        Reason.UNSUPPORTED_LEVEL: 1,
        Reason.BAD_CLIENT_ID: 2,
        Reason.BUSY: 3,
        Reason.BAD_CREDENTIALS: 4,
        Reason.NOT_AUTHORIZED: 5,
    }
    for reason, code in refusals.items():
        assert level4.connack(packets.ConnAck(reason)) == bytes((0x20, 2, 0, code))
    assert level4.puback(258, Reason.SUCCESS, "") == b"\x40\x02\x01\x02"
    assert level4.suback(1, [0, 1, 0x87, 0x9E]) == b"\x90\x06\x00\x01\x00\x01\x80\x80"
    assert level4.unsuback(2, [0, 0]) == b"\xb0\x02\x00\x02"
    assert level4.disconnect(Reason.REVOKED, "") == b""


CONNECT4 = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01a"
BAD4 = {
    "reserved flag": CONNECT4.replace(b"\x04\x02", b"\x04\x03"),
    "will flags without will": CONNECT4.replace(b"\x04\x02", b"\x04\x0a"),
    "will at QoS 3": CONNECT4.replace(b"\x04\x02", b"\x04\x1e"),
    "password without name": CONNECT4.replace(b"\x04\x02", b"\x04\x42"),
    "longer than its content": CONNECT4[:1] + b"\x0e" + CONNECT4[2:] + b"!",
    "shorter than its content": b"\x10\x0c" + CONNECT4[2:-1],
    "client id no UTF-8": CONNECT4[:-1] + b"\xff",
    "client id with U+0000": CONNECT4[:-1] + b"\0",
    "QoS 3": b"\x36\x05\x00\x01a\x00\x01",
    "DUP at QoS 0": b"\x38\x03\x00\x01a",
    "packet identifier 0": b"\x32\x05\x00\x01a\x00\x00",
    "no packet identifier": b"\x32\x03\x00\x01a",
    "topic longer than the packet": b"\x30\x03\x00\x09a",
    "empty topic": b"\x30\x02\x00\x00",
    "wildcard in a topic": b"\x30\x05\x00\x03a/+",
    "topic with half a letter": b"\x30\x04\x00\x02a\xc3",
    "topic with a surrogate": b"\x30\x05\x00\x03\xed\xa0\x80",
    "no filter": b"\x82\x02\x00\x01",
    "filter without QoS": b"\x82\x05\x00\x01\x00\x01a",
    "subscription at QoS 3": b"\x82\x06\x00\x01\x00\x01a\x03",
    "subscribe flags": b"\x80\x06\x00\x01\x00\x01a\x00",
    "# in the middle": b"\x82\x08\x00\x01\x00\x03#/a\x00",
    "+ beside a letter": b"\x82\x07\x00\x01\x00\x02a+\x00",
    "empty filter": b"\x82\x05\x00\x01\x00\x00\x00",
    "ping with a body": b"\xc0\x01\x00",
    "ping flags": b"\xc1\x00",
    "type 0": b"\x00\x00",
    "type 15": b"\xf0\x00",
    "a packet of servers": b"\x20\x02\x00\x00",
    "release of QoS 2": b"\x62\x02\x00\x01",
    "no filter to leave": b"\xa2\x02\x00\x01",
}
CONNECT5 = mqtt5.ConnectPacket("a", clean_start=True).write()
BAD5 = {
    "reserved flag": CONNECT5.replace(b"\x05\x02", b"\x05\x03"),
    "will flags without will": CONNECT5.replace(b"\x05\x02", b"\x05\x0a"),
    "longer than its content": CONNECT5[:1] + bytes((CONNECT5[1] + 1,)) + CONNECT5[2:] + b"!",
    "client id no UTF-8": CONNECT5[:-1] + b"\xff",
    "receive maximum 0": b"\x10\x11\x00\x04MQTT\x05\x02\x00\x00\x03\x21\x00\x00\x00\x01a",
    "a property twice": b"\x10\x14\x00\x04MQTT\x05\x02\x00\x00\x06\x21\x00\x01\x21\x00\x01\x00\x01a",
    "a property of other packets": b"\x10\x11\x00\x04MQTT\x05\x02\x00\x00\x03\x23\x00\x01\x00\x01a",
    "an unknown property": b"\x30\x05\x00\x01a\x01\x7f",
    "properties longer than the packet": b"\x30\x04\x00\x01a\x09",
    "properties longer than they say": b"\x30\x07\x00\x01a\x02\x23\x00\x01",
    "user property no UTF-8": b"\x30\x0b\x00\x01a\x07\x26\x00\x01\xff\x00\x01b",
    "content type no UTF-8": b"\x30\x08\x00\x01a\x04\x03\x00\x01\xff",
    "topic no UTF-8": b"\x30\x04\x00\x01\xff\x00",
    "topic with U+0000": b"\x30\x04\x00\x01\x00\x00",
    "neither topic nor alias": b"\x30\x03\x00\x00\x00",
    "alias 0": b"\x30\x07\x00\x01a\x03\x23\x00\x00",
    "packet identifier 0": b"\x32\x06\x00\x01a\x00\x00\x00",
    "subscription identifier": b"\x30\x06\x00\x01a\x02\x0b\x01",
    "wildcard in a topic": b"\x30\x06\x00\x03a/#\x00",
    "options with reserved bits": b"\x82\x07\x00\x01\x00\x00\x01a\xc0",
    "options with QoS 3": b"\x82\x07\x00\x01\x00\x00\x01a\x03",
    "no filter": b"\x82\x03\x00\x01\x00",
    "filter no UTF-8": b"\x82\x07\x00\x01\x00\x00\x01\xff\x00",
    "filter to leave no UTF-8": b"\xa2\x06\x00\x01\x00\x00\x01\xff",
    "reason no UTF-8": b"\xe0\x06\x80\x04\x1f\x00\x01\xff",
    "goodbye of an unknown code": b"\xe0\x01\x01",
    "acknowledged number 0": b"\x40\x02\x00\x00",
    "authentication that was not agreed": b"\xf0\x02\x18\x00",
    "a packet of servers": level5.connack(packets.ConnAck(Reason.SUCCESS)),
    "release of QoS 2": b"\x62\x02\x00\x01",
}


@pytest.mark.parametrize("bad", BAD4.values(), ids=BAD4)
def test_level_4_refuses(bad: bytes) -> None:
    with pytest.raises(Fault):
        level4.read(bad)


@pytest.mark.parametrize("bad", BAD5.values(), ids=BAD5)
def test_level_5_refuses(bad: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Fault):
        level5.read(bad)
    assert capfd.readouterr().err == "", "the library must not come to panic"


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (b"\x10\x0c\x00\x04MQTT\x06\x02\x00\x00\x00\x00", Reason.UNSUPPORTED_LEVEL),
        (b"\x10\x0e\x00\x06MQIsdp\x03\x02\x00\x00\x00\x00", Reason.UNSUPPORTED_LEVEL),
        (b"\x10\x0c\x00\x04HTTP\x04\x02\x00\x00\x00\x00", Reason.PROTOCOL_ERROR),
        (b"\xc0\x00", Reason.PROTOCOL_ERROR),
        (b"\x11\x0c\x00\x04MQTT\x04\x02\x00\x00\x00\x00", Reason.MALFORMED),
        (b"\x10\x02\x00\x04", Reason.MALFORMED),
    ],
)
def test_a_first_packet_of_another_kind(first: bytes, reason: Reason) -> None:
    with pytest.raises(Fault) as refused:
        wire.level_of(first)
    assert refused.value.reason is reason


@pytest.mark.slow
@given(st.data())
def test_packets_are_found_however_they_are_cut(data: st.DataObject) -> None:
    packets = data.draw(st.lists(PAYLOADS.map(lambda body: level4.publish("a", body, 0, 0, False))))
    stream = b"".join(packets)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    frames, found = Frames(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        frames.feed(stream[start:end])
        while (frame := frames.next()) is not None:
            found.append(frame)
    assert found == packets
    assert frames.waiting == 0


def test_too_large_is_known_from_the_header_alone() -> None:
    frames = Frames(limit=1000)
    frames.feed(b"\x30\xe8\x07")
    with pytest.raises(Fault) as refused:
        frames.next()
    assert refused.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize("header", [b"\x30\xff\xff\xff\xff", b"\x30\x80\x80\x80\x80\x01", b"\x30\x80\x00"])
def test_a_remaining_length_that_is_none(header: bytes) -> None:
    frames = Frames(limit=2**40)
    frames.feed(header)
    with pytest.raises(Fault) as refused:
        frames.next()
    assert refused.value.reason is Reason.MALFORMED


@pytest.mark.slow
@given(st.binary(min_size=2, max_size=200))
def test_any_bytes_are_a_packet_or_a_fault(noise: bytes) -> None:
    for level in (level4, level5):
        frame = noise[:1] + level4.length(len(noise) - 1) + noise[1:]
        with suppress(Fault):
            level.read(frame)


ONE_OF_EACH = [
    mqtt5.ConnectPacket(
        "gauge",
        username="trạm",
        password=b"s",
        will=mqtt5.Will("tắt", payload=b"0", content_type="chữ"),
        user_properties=[("nơi", "Huế")],
        authentication_method="không",
    ),
    mqtt5.PublishPacket(
        "toancanh/a/b", b"1", qos=QOS1, packet_id=2, user_properties=[("nơi", "Huế")], response_topic="về"
    ),
    mqtt5.SubscribePacket(3, [mqtt5.TopicFilter("toancanh/mưa/ack")], user_properties=[("nơi", "Huế")]),
    mqtt5.UnsubscribePacket(4, ["toancanh/mưa/ack"], user_properties=[("nơi", "Huế")]),
    mqtt5.PubAckPacket(5, reason_str="được", user_properties=[("nơi", "Huế")]),
    mqtt5.DisconnectPacket(reason_str="xong", user_properties=[("nơi", "Huế")]),
    mqtt5.AuthPacket(reason_str="xong", authentication_method="không"),
    mqtt5.PubRelPacket(5, reason_str="được"),
]


@pytest.mark.slow
def test_no_bent_packet_makes_the_library_panic() -> None:
    """In a process of its own: a panic would be told on its error stream, whatever Python catches."""
    program = """
import random, sys
from toancanh.kernel.telemetry.mqtt import level5
from toancanh.kernel.telemetry.mqtt.packets import Fault
from toancanh.kernel.telemetry.mqtt.tests.test_codec import ONE_OF_EACH
chance = random.Random(int(sys.argv[1]))
for _ in range(30_000):
    bent = bytearray(chance.choice(ONE_OF_EACH).write())
    for _ in range(chance.choice((1, 1, 2, 4))):
        evil = (0, 1, 0x26, 0x7F, 0x80, 0xC3, 0xFF, chance.randrange(256))
        bent[chance.randrange(2, len(bent))] = chance.choice(evil)
    try:
        level5.read(bytes(bent))
    except Fault:
        pass
"""
    seed = random.randrange(10**9)
    done = subprocess.run(
        [sys.executable, "-c", program, str(seed)], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), f"seed {seed}"
