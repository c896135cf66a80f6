"""What the door does to whatever is no proper MQTT (reliability bar 29)."""

from __future__ import annotations

import random

import mqtt5
import pytest

from toancanh.kernel.telemetry.mqtt import session
from toancanh.kernel.telemetry.mqtt.tests.house import (
    LEVELS,
    Device,
    Gone,
    House,
    numbered,
    run,
    until,
)

pytestmark = pytest.mark.slow


@LEVELS
@pytest.mark.parametrize(
    "first", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"\x00" * 64, b"\xff" * 64]
)
def test_other_protocols_are_hung_up_on(house: House, level: int, first: bytes) -> None:
    async def act() -> None:
        device = await Device.at(house.port, level)
        device.send(first)
        assert await device.ended(3) is None

    run(house, act)


@pytest.mark.parametrize(
    ("first", "said"), [(b"\x06MQIsdp\x03", 1), (b"\x04MQTT\x06", 1), (b"\x04MQTT\x03", 1)]
)
def test_other_levels_are_told_so(house: House, first: bytes, said: int) -> None:
    async def act() -> None:
        device = await Device.at(house.port, 4)
        body = b"\x00" + first + b"\x02\x00\x3c\x00\x01a"
        device.send(b"\x10" + bytes((len(body),)) + body)
        assert await device.frame() == bytes((0x20, 2, 0, said))
        assert await device.ended() is None

    run(house, act)


def test_extended_sign_in_is_refused(house: House) -> None:
    async def act() -> None:
        device = await Device.at(house.port)
        device.connect(authentication_method="SCRAM-SHA-1")
        assert (await device.packet()).reason_code == 0x8C

    run(house, act)


@pytest.mark.parametrize("client_id", ["", "x" * 201])
def test_client_identifier_that_cannot_be(house: House, client_id: str) -> None:
    async def act() -> None:
        device = await Device.at(house.port, 4)
        device.connect(client_id=client_id, clean=False)
        assert (await device.frame())[3] == 2

    run(house, act)


@pytest.mark.parametrize("topic", ["toancanh/b/level", "toancanh/a/ack", "state/a"])
def test_will_for_what_is_anothers_is_refused(house: House, topic: str) -> None:
    async def act() -> None:
        device = await Device.at(house.port)
        device.connect(will=mqtt5.Will(topic, payload=b"1"))
        assert (await device.packet()).reason_code == 0x87
        qos = mqtt5.QoS.EXACTLY_ONCE
        other = await Device.at(house.port)
        other.connect(will=mqtt5.Will("toancanh/a/level", payload=b"1", qos=qos))
        assert (await other.packet()).reason_code == 0x9B

    run(house, act)


def test_second_connect_and_packets_of_servers_end_the_connection(house: House) -> None:
    async def act() -> None:
        for bad in (mqtt5.ConnectPacket("one").write(), b"\x90\x04\x00\x01\x00\x00", b"\x62\x02\x00\x01"):
            device = await (await Device.at(house.port)).signed_in()
            device.send(bad)
            assert await device.ended() in (0x81, 0x82)

    run(house, act)


def test_who_does_not_take_what_it_asked_for_is_let_go(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "WAITING_BYTES", 10_000)

    async def act() -> int | None:
        device = await (await Device.at(house.port)).signed_in()
        await device.subscribe("toancanh/a/ack")
        for _ in range(40):
            house.door.tell("toancanh/a/ack", b"x" * 1000)
        return await device.ended()

    assert run(house, act) == 0x97


def test_who_reads_nothing_is_not_read_and_in_the_end_cut(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toancanh.kernel.telemetry.mqtt.sweep.DRAIN_WITHIN", 1.0)

    async def act() -> None:
        device = await (await Device.at(house.port)).signed_in()
        await device.subscribe("toancanh/a/ack", qos=0)
        device.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(10_000):
            house.door.tell("toancanh/a/ack", b"x" * 2000)
        await until(lambda: house.door.figures.ended["unread"] == 1)
        await until(lambda: not house.door.connections)

    run(house, act)


def test_random_bytes_end_one_connection_and_nothing_else(house: House) -> None:
    seed = random.randrange(10**9)
    chance = random.Random(seed)

    async def act() -> None:
        good = await (await Device.at(house.port)).signed_in("gateway")
        for _ in range(150):
            level = chance.choice((4, 5))
            bad = await (await Device.at(house.port, level)).signed_in()
            sent = bytearray(numbered(7) if level == 5 else b"\x32\x15\x00\x10toancanh/a/level\x00\x071")
            sent += chance.randbytes(chance.randrange(200))
            for _ in range(chance.randrange(1, 5)):
                sent[chance.randrange(len(sent))] = chance.randrange(256)
            bad.send(bytes(sent))
            bad.send(b"\x30\x00" if chance.random() < 0.5 else b"\x00\x00")
            try:
                for _ in range(50):
                    await bad.frame(0.05)
            except (Gone, TimeoutError):
                pass
            bad.close()
            number = good.publish("toancanh/c/level", b"1")
            assert await good.acked() == (number, 0), f"seed {seed}"

    run(house, act)
    assert len(house.kept(3)) == 150
    assert house.kept(2) == []
