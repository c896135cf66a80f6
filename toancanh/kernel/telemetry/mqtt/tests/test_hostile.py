"""What the door does to devices that misbehave, and that nobody else notices (reliability bar 29)."""

from __future__ import annotations

import asyncio
import random

import mqtt5
import pytest

from toancanh.kernel.telemetry import ingest as queue
from toancanh.kernel.telemetry.mqtt import connection, door, reception, session, signin, wire
from toancanh.kernel.telemetry.mqtt.tests.house import (
    LEVELS,
    Device,
    Gone,
    House,
    run,
    seconds_ago,
    until,
    written,
)

pytestmark = pytest.mark.slow


async def refused(house: House, level: int, name: str | None, secret: str | None) -> int:
    device = await Device.at(house.port, level)
    device.connect(name, secret)
    frame = await device.frame()
    assert frame[0] == 0x20
    assert await device.ended() is None
    return frame[3]


@LEVELS
def test_who_is_not_known_is_not_let_in(house: House, level: int) -> None:
    wrong, no = (0x86, 0x87) if level == 5 else (4, 5)

    async def act() -> None:
        assert await refused(house, level, "nobody", "secret") == wrong
        assert await refused(house, level, None, None) == no
        assert await refused(house, level, "device", None) == no
        house.revoke("device")
        assert await refused(house, level, "device", "other") == wrong, "tells nothing of revoked tokens"
        assert await refused(house, level, "device", "secret") == no

    run(house, act)
    assert house.door.figures.refused_sign_ins == 5
    counts = house.tally.take()
    assert {key[0]: knocks.count for key, knocks in counts.knocks.items()} == {
        "nobody": 1,
        "": 1,
        "device": 2,
    }
    assert [what for _, _, what in counts.rows] == ["sign_in"]
    last = house.door.figures.last[-1]
    assert (last.address, last.name, last.code) == ("127.0.0.1", "device", "sign_in_not_authorized")
    assert not any("device secret" in str(told) for told in house.door.figures.last)


def test_who_is_wrong_waits_longer_each_time_and_nobody_else_does(house: House) -> None:
    async def act() -> list[float]:
        loop = asyncio.get_running_loop()
        waits = []
        for _ in range(3):
            began = loop.time()
            await refused(house, 5, "device", "guess")
            waits.append(loop.time() - began)
        began = loop.time()
        await (await Device.at(house.port)).signed_in()
        return [*waits, loop.time() - began]

    first, second, third, right = run(house, act)
    assert first < signin.FIRST_PENALTY <= second < third
    assert right < signin.FIRST_PENALTY / 2


def test_token_made_a_moment_ago_is_known(house: House) -> None:
    async def act() -> None:
        await house.ingest.check()
        house.put("new", "secret", things=frozenset({"b"}))
        device = await (await Device.at(house.port)).signed_in("new")
        device.publish("toancanh/b/level", b"1")
        assert await device.acked() == (1, 0)

    run(house, act)


@LEVELS
def test_device_is_cut_within_seconds_of_its_revocation(house: House, level: int) -> None:
    async def act() -> tuple[int | None, float]:
        device = await (await Device.at(house.port, level)).signed_in(expiry=60, clean=False)
        other = await (await Device.at(house.port, level)).signed_in("gateway")
        loop = asyncio.get_running_loop()
        began = loop.time()
        house.revoke("device")
        reason = await device.ended(5)
        took = loop.time() - began
        assert house.door.sessions.find("device", "one") is None
        other.send(b"\xc0\x00")
        assert await other.frame() == b"\xd0\x00"
        return reason, took

    reason, took = run(house, act)
    assert reason == (0x98 if level == 5 else None)
    assert took < 5


@pytest.mark.parametrize("change", ["renewed", "narrowed", "gone"])
def test_device_is_cut_when_its_token_is(house: House, change: str) -> None:
    async def act() -> None:
        device = await (await Device.at(house.port)).signed_in("gateway")
        if change == "renewed":
            house.put("gateway", "another secret")
        elif change == "narrowed":
            house.put("gateway", "secret", things=frozenset({"a"}))
        else:
            house.tokens.clear()
            house.revision += 1
        assert await device.ended(5) == 0x98

    run(house, act)


def test_device_stays_when_its_token_may_more(house: House) -> None:
    async def act() -> None:
        device = await (await Device.at(house.port)).signed_in()
        device.publish("toancanh/b/level", b"1")
        assert await device.acked() == (1, 0x87)
        house.put("device", "secret", things=frozenset({"a", "b"}), rate=60_000)
        await asyncio.sleep(1.5)
        device.publish("toancanh/b/level", b"1")
        assert await device.acked() == (2, 0)

    run(house, act)


@LEVELS
def test_rows_after_a_revocation_are_not_taken(house: House, level: int) -> None:
    """The snapshot of the door may be a second old; what is written is judged by the newest."""

    async def act() -> int | None:
        device = await (await Device.at(house.port, level)).signed_in()
        house.revoke("device")
        device.publish("toancanh/a/level", b"1")
        return await device.ended(5)

    assert run(house, act) == (0x98 if level == 5 else None)
    assert house.kept() == []


def test_level_4_is_sent_away_at_a_forbidden_topic_and_keeps_what_was_its_own(house: House) -> None:
    async def act() -> None:
        device = await (await Device.at(house.port, 4)).signed_in()
        device.publish("toancanh/a/level", b"1", qos=0)
        device.publish("toancanh/b/level", b"2", qos=0)
        device.publish("toancanh/a/level", b"3", qos=0)
        assert await device.ended() is None
        await until(lambda: house.kept(1) == [1])

    run(house, act)
    assert house.kept(2) == []


def test_level_5_is_told_and_counted(house: House) -> None:
    async def act() -> None:
        device = await (await Device.at(house.port)).signed_in()
        device.publish("toancanh/b/level", b"1")
        told = await device.packet()
        assert (told.reason_code, told.reason_str) == (0x87, "this token may not publish for b")
        device.publish("toancanh/b/level", b"1", qos=0)
        device.send(b"\xc0\x00")
        assert await device.frame() == b"\xd0\x00"

    run(house, act)
    assert house.door.figures.refused == {"forbidden": 2}
    assert house.kept(2) == []


@pytest.mark.parametrize(("level", "reason"), [(4, None), (5, 0x9B)])
def test_qos_2_is_not_taken(house: House, level: int, reason: int | None) -> None:
    async def act() -> None:
        device = await (await Device.at(house.port, level)).signed_in()
        device.publish("toancanh/a/level", b"1", qos=2)
        assert await device.ended() == reason

    run(house, act)
    assert house.kept() == []


def test_rate_that_is_spent_is_refused_at_level_5(house: House) -> None:
    house.put("device", "secret", things=frozenset({"a"}), rate=60)

    async def act() -> list[int]:
        device = await (await Device.at(house.port)).signed_in()
        rows = b"[%s]" % b",".join(written(1, seconds_ago(100 + n)) for n in range(60))
        for _ in range(3):
            device.publish("toancanh/a/level", rows)
        return [(await device.acked())[1] for _ in range(3)]

    assert run(house, act) == [0, 0x97, 0x97]
    assert len(house.kept()) == 60


def test_rate_that_is_spent_slows_level_4(house: House) -> None:
    house.put("device", "secret", things=frozenset({"a"}), rate=600)

    async def act() -> float:
        device = await (await Device.at(house.port, 4)).signed_in()
        rows = b"[%s]" % b",".join(written(1, seconds_ago(700 + n)) for n in range(600))
        numbers = [device.publish("toancanh/a/level", payload) for payload in (rows, b"2", b"3")]
        times = []
        for number in numbers:
            assert await device.acked() == (number, 0)
            times.append(asyncio.get_running_loop().time())
        return times[1] - times[0]

    assert 0.9 < run(house, act) < 3
    assert len(house.kept()) == 602
    assert house.door.figures.refused == {}


def test_level_4_far_beyond_its_rate_is_sent_away(house: House) -> None:
    house.put("device", "secret", things=frozenset({"a"}), rate=10)

    async def act() -> None:
        device = await (await Device.at(house.port, 4)).signed_in()
        rows = b"[%s]" % b",".join(written(1, seconds_ago(700 + n)) for n in range(600))
        first = device.publish("toancanh/a/level", rows)
        assert await device.acked() == (first, 0)
        device.publish("toancanh/a/level", b"2")
        assert await device.ended() is None

    run(house, act)
    assert house.door.figures.refused["too_many"] == 1
    assert len(house.kept()) == 600


def test_receipt_of_who_has_left_is_told_to_who_listens(house: House) -> None:
    async def act() -> None:
        listener = await (await Device.at(house.port)).signed_in("gateway")
        await listener.subscribe("toancanh/a/ack")
        device = await (await Device.at(house.port)).signed_in()
        device.publish("toancanh/a/level", written(1, seconds_ago(1), seq=4), qos=0)
        device.send(b"\xe0\x00")
        assert await listener.message() == ("toancanh/a/ack", b'{"seq":4}')

    run(house, act)


@LEVELS
def test_full_queue_holds_the_device_and_loses_nothing(
    house: House, level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "MAX_REQUESTS", 1)

    async def act() -> None:
        devices = [
            await (await Device.at(house.port, level)).signed_in("gateway", client_id=str(n))
            for n in range(8)
        ]
        for n, device in enumerate(devices):
            for _ in range(20):
                device.publish("toancanh/a/level", b"%d" % n)
                await asyncio.sleep(0)
        for device in devices:
            assert [await device.acked() for _ in range(20)] == [(n, 0) for n in range(1, 21)]

    run(house, act)
    assert len(house.kept()) == 160


def test_database_that_is_away_ends_the_connection_without_an_acknowledgement(house: House) -> None:
    async def act() -> int | None:
        device = await (await Device.at(house.port)).signed_in()
        house.is_away = True
        device.publish("toancanh/a/level", b"1")
        ended = await device.ended()
        stranger = await Device.at(house.port)
        stranger.connect("new")
        assert (await stranger.packet()).reason_code == 0x88
        known = await (await Device.at(house.port)).signed_in()
        house.is_away = False
        known.publish("toancanh/a/level", b"2")
        assert await known.acked() == (1, 0)
        return ended

    assert run(house, act) == 0x89
    assert house.kept() == [2]


def test_half_open_connections_are_closed_and_hinder_nobody(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CONNECT_WITHIN", 1.0)
    monkeypatch.setattr("toancanh.kernel.telemetry.mqtt.sweep.CONNECT_WITHIN", 1.0)

    async def act() -> None:
        silent = [await Device.at(house.port) for _ in range(300)]
        for number, device in enumerate(silent[:150]):
            device.send(b"\x10\xff"[: number % 2 + 1])
        loop = asyncio.get_running_loop()
        began = loop.time()
        good = await (await Device.at(house.port)).signed_in()
        good.publish("toancanh/a/level", b"1")
        assert await good.acked() == (1, 0)
        assert loop.time() - began < 1
        assert [await device.ended(4) for device in silent] == [None] * 300
        await until(lambda: house.door.counted().connections == 1)

    run(house, act)
    assert house.door.figures.ended["connect"] == 300


def test_half_open_crowd_gives_way_from_its_oldest(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "HALF_OPEN", 20)

    async def act() -> None:
        crowd = [await Device.at(house.port) for _ in range(30)]
        assert await crowd[0].ended(2) is None
        good = await (await Device.at(house.port)).signed_in()
        good.close()

    run(house, act)


def test_connections_are_limited_in_all_and_by_token(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.door.most = 6
    monkeypatch.setattr(reception, "PER_TOKEN", 2)

    async def act() -> None:
        own = [await (await Device.at(house.port)).signed_in(client_id=str(n)) for n in range(2)]
        third = await Device.at(house.port)
        third.connect(client_id="third")
        assert (await third.packet()).reason_code == 0x97
        again = await (await Device.at(house.port)).signed_in(client_id="1")
        await (await Device.at(house.port)).signed_in("gateway")
        crowd = [await Device.at(house.port) for _ in range(6)]
        await until(lambda: house.door.figures.ended["crowded"] > 0)
        for device in (*own, *crowd, again):
            device.close()

    run(house, act)


@pytest.mark.slow
def test_keep_alive_that_is_not_kept_ends_the_connection(house: House) -> None:
    async def act() -> None:
        loop = asyncio.get_running_loop()
        four, five = [
            await (await Device.at(house.port, level)).signed_in(keep_alive=1, client_id=str(level))
            for level in (4, 5)
        ]
        for _ in range(3):
            await asyncio.sleep(0.8)
            for device in (four, five):
                device.send(b"\xc0\x00")
                assert await device.frame() == b"\xd0\x00"
        last = loop.time()
        assert [await four.ended(5), await five.ended(5)] == [None, 0x8D]
        assert 1.4 < loop.time() - last < 3.5

    run(house, act)


def test_packet_in_single_bytes_is_no_sign_of_life(house: House) -> None:
    async def act() -> int | None:
        device = await (await Device.at(house.port)).signed_in(keep_alive=1)

        async def trickle() -> None:
            device.send(b"\x30\xff\x7f")
            while True:
                device.send(b"a")
                await asyncio.sleep(0.1)

        task = asyncio.ensure_future(trickle())
        reason = await device.ended(5)
        task.cancel()
        return reason

    assert run(house, act) == 0x8D


@LEVELS
def test_packet_that_is_too_large_is_refused_at_its_header(house: House, level: int) -> None:
    async def act() -> None:
        device = await (await Device.at(house.port, level)).signed_in()
        device.send(b"\x32\xff\xff\xff\x7f")
        assert await device.ended() == (0x95 if level == 5 else None)
        stranger = await Device.at(house.port)
        stranger.send(b"\x10\x81\x80\x01" + b"\0" * 100)
        assert await stranger.ended() is None
        large = await (await Device.at(house.port, level)).signed_in()
        size = wire.MAX_PACKET - 1000
        number = large.publish("toancanh/a/level", b" " * size + b"1")
        assert await large.acked() == (number, 0)

    run(house, act)


def test_more_in_flight_than_was_offered_is_refused(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toancanh.kernel.telemetry.mqtt.inflow.IN_FLIGHT", 50)

    async def act() -> int | None:
        device = await (await Device.at(house.port)).signed_in()
        device.send(b"".join(_message(n) for n in range(1, 60)))
        return await device.ended()

    assert run(house, act) == 0x93


def test_level_4_with_much_in_flight_is_read_more_slowly(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toancanh.kernel.telemetry.mqtt.inflow.IN_FLIGHT", 50)

    async def act() -> None:
        device = await (await Device.at(house.port, 4)).signed_in()
        numbers = [device.publish("toancanh/a/level", b"%d" % n) for n in range(500)]
        assert [await device.acked() for _ in numbers] == [(number, 0) for number in numbers]

    run(house, act)


def _message(number: int) -> bytes:
    level = mqtt5.QoS.AT_LEAST_ONCE
    return mqtt5.PublishPacket("toancanh/a/level", b"1", qos=level, packet_id=number).write()


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
            sent = bytearray(_message(7) if level == 5 else b"\x32\x15\x00\x10toancanh/a/level\x00\x071")
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
