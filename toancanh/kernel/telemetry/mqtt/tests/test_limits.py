"""What the door does to devices that send too much, too slowly or never, and that nobody else notices."""

from __future__ import annotations

import asyncio

import pytest

from toancanh.kernel.telemetry import ingest as queue
from toancanh.kernel.telemetry.mqtt import connection, door, reception, wire
from toancanh.kernel.telemetry.mqtt.tests.house import (
    LEVELS,
    Device,
    House,
    numbered,
    run,
    seconds_ago,
    until,
    written,
)

pytestmark = pytest.mark.slow


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
        device.send(b"".join(numbered(n) for n in range(1, 60)))
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
