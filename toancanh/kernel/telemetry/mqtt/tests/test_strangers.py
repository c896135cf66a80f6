"""Who is let in, what he may do, how soon he is out when his right ends (reliability bar 29)."""

from __future__ import annotations

import asyncio

import pytest

from toancanh.kernel.telemetry.mqtt import signin
from toancanh.kernel.telemetry.mqtt.tests.house import (
    LEVELS,
    Device,
    House,
    run,
    until,
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
