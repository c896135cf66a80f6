"""What the door does for devices that behave: on a real socket, over a real store."""

from __future__ import annotations

import asyncio
from pathlib import Path

import mqtt5
import pytest

from toancanh.kernel.telemetry.mqtt import session as sessions
from toancanh.kernel.telemetry.mqtt.tests.house import (
    LEVELS,
    Device,
    House,
    run,
    seconds_ago,
    until,
    written,
)
from toancanh.kernel.telemetry.store import open_store


@LEVELS
def test_acknowledged_is_kept(house: House, level: int) -> None:
    async def act() -> None:
        device = await (await Device.at(house.port, level)).signed_in()
        one = device.publish("toancanh/a/level", b"1.5")
        assert await device.acked() == (one, 0)
        assert house.kept() == [1.5]
        two = device.publish("toancanh/a/level", written(2.5, seconds_ago(60)))
        three = device.publish(
            "toancanh/a/level", b"[%s,%s]" % (written(3, seconds_ago(50)), written(4, seconds_ago(40)))
        )
        assert await device.acked() == (two, 0)
        assert await device.acked() == (three, 0)

    run(house, act)
    assert house.kept() == [2.5, 3, 4, 1.5]


@LEVELS
def test_qos_0_is_kept_and_not_answered(house: House, level: int) -> None:
    async def act() -> None:
        device = await (await Device.at(house.port, level)).signed_in()
        device.publish("toancanh/a/level", b"1", qos=0)
        device.send(b"\xc0\x00")
        assert await device.frame() == b"\xd0\x00"
        device.send(b"\xe0\x00")
        await until(lambda: house.kept() == [1])

    run(house, act)


@LEVELS
def test_many_in_one_breath_are_acknowledged_in_their_order(house: House, level: int) -> None:
    async def act() -> None:
        device = await (await Device.at(house.port, level)).signed_in("gateway")
        numbers = [device.publish(f"toancanh/{'ab'[n % 2]}/level", b"%d" % n) for n in range(800)]
        assert [await device.acked() for _ in numbers] == [(number, 0) for number in numbers]

    run(house, act)
    assert house.kept(1) == list(range(0, 800, 2)), "bare numbers of one breath each have a time of their own"
    assert house.kept(2) == list(range(1, 800, 2))


def test_refusals_wait_for_their_turn(house: House) -> None:
    async def act() -> list[tuple[int, int]]:
        device = await (await Device.at(house.port)).signed_in()
        for topic in (
            "toancanh/a/level",
            "toancanh/b/level",
            "toancanh/a/level",
            "elsewhere",
            "toancanh/a/ack",
        ):
            device.publish(topic, b"1")
        return [await device.acked() for _ in range(5)]

    assert run(house, act) == [(1, 0), (2, 0x87), (3, 0), (4, 0x90), (5, 0x87)]
    assert house.kept(2) == []
    assert house.door.figures.refused["forbidden"] == 3


@LEVELS
def test_refused_row_is_acknowledged_and_put_aside(house: House, level: int) -> None:
    async def act() -> None:
        device = await (await Device.at(house.port, level)).signed_in("gateway")
        for topic, payload in (
            ("toancanh/a/level", b"{bad"),
            ("toancanh/a/salt", b"1"),
            ("toancanh/z/level", b"1"),
            ("toancanh/a/level", written(1, seconds_ago(-7200))),
        ):
            number = device.publish(topic, payload)
            assert await device.acked() == (number, 0)

    run(house, act)
    codes = ["malformed", "unknown_series", "unknown_thing", "future"]
    assert [letter.code for letter in house.notes.dead] == codes
    assert {letter.door for letter in house.notes.dead} == {"mqtt"}
    assert (house.notes.dead[0].raw, house.notes.dead[0].source) == (b"{bad", "gateway")
    assert house.kept() == []


@LEVELS
def test_receipts_are_told_and_told_again_to_who_comes_later(house: House, level: int) -> None:
    async def act() -> None:
        device = await (await Device.at(house.port, level)).signed_in()
        assert await device.subscribe("toancanh/a/ack") == [1]
        device.publish("toancanh/a/level", written(1, seconds_ago(9), seq=7), qos=0)
        assert await device.message() == ("toancanh/a/ack", b'{"seq":7}')
        later = await (await Device.at(house.port, level)).signed_in("gateway", client_id="two")
        assert await later.subscribe("toancanh/+/ack", qos=0) == [0]
        assert await later.message() == ("toancanh/a/ack", b'{"seq":7}')

    run(house, act)


@LEVELS
def test_listening_is_granted_to_the_own_alone(house: House, level: int) -> None:
    no = 0x87 if level == 5 else 0x80

    async def act() -> None:
        device = await (await Device.at(house.port, level)).signed_in()
        wishes = ("toancanh/a/ack", "toancanh/a/cmd", "toancanh/b/cmd", "#", "toancanh/+/ack", "$SYS/#")
        assert await device.subscribe(*wishes, qos=2) == [1, 1, no, no, no, no]

    run(house, act)
    assert house.door.figures.refused["subscription"] == 4


@pytest.mark.slow
@LEVELS
def test_command_is_brought_confirmed_and_answered(house: House, level: int) -> None:
    async def act() -> None:
        device = await (await Device.at(house.port, level)).signed_in()
        house.notes.give("a1", "a")
        assert await device.subscribe("toancanh/a/cmd") == [1]
        assert await device.message() == ("toancanh/a/cmd", b'{"id":"a1"}')
        await until(lambda: house.notes.delivered_keys == ["a1"])
        house.notes.give("a2", "a")
        assert await device.message() == ("toancanh/a/cmd", b'{"id":"a2"}')
        number = device.publish("toancanh/a/cmd/ack", b'{"id":"a2","result":{"on":true}}')
        assert await device.acked() == (number, 0)
        assert house.notes.answers == [("a", "a2", {"on": True})]
        assert house.notes.sent_keys == ["a1", "a2"]
        foreign = device.publish("toancanh/a/cmd/ack", b'{"id":"b1"}')
        refused = 0x83 if level == 5 else 0
        assert await device.acked() == (foreign, refused)
        assert len(house.notes.answers) == 1

    run(house, act)


def test_command_is_sent_again_to_who_left_before_confirming(house: House) -> None:
    async def act() -> None:
        house.notes.give("a1", "a")
        device = await (await Device.at(house.port)).signed_in()
        await device.subscribe("toancanh/a/cmd")
        first = await device.packet()
        device.close()
        again = await (await Device.at(house.port)).signed_in()
        await again.subscribe("toancanh/a/cmd")
        assert (await again.message())[1] == first.payload
        await until(lambda: house.notes.delivered_keys == ["a1"])

    run(house, act)


@pytest.mark.slow
def test_session_that_stays_resends_under_the_same_number(house: House) -> None:
    async def act() -> None:
        house.notes.give("a1", "a")
        device = await (await Device.at(house.port)).signed_in(expiry=300)
        await device.subscribe("toancanh/a/cmd")
        first = await device.packet()
        device.close()
        await until(lambda: not house.door.connections)
        again = await (await Device.at(house.port)).signed_in(clean=False, expiry=300)
        assert again.is_present
        second = await again.packet()
        assert (second.packet_id, second.payload, second.duplicate) == (first.packet_id, first.payload, True)
        assert await again.silent(), "sent twice on one connection"
        again.send(mqtt5.PubAckPacket(second.packet_id).write())
        await until(lambda: house.notes.delivered_keys == ["a1"])

    run(house, act)


@pytest.mark.slow
def test_session_is_the_tokens_own_and_has_its_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "LONGEST_EXPIRY", 1)

    async def act() -> None:
        device = await Device.at(house.port)
        device.connect(expiry=86_400)
        told = await device.packet()
        assert (told.session_present, told.session_expiry_interval) == (False, 1)
        await device.subscribe("toancanh/a/ack")
        device.send(b"\xe0\x00")
        assert await device.ended() is None
        foreign = await (await Device.at(house.port)).signed_in("gateway", clean=False, expiry=10)
        assert not foreign.is_present
        own = await (await Device.at(house.port)).signed_in(clean=False, expiry=10)
        assert own.is_present
        own.close()
        await until(lambda: len(house.door.sessions) == 1)
        late = await (await Device.at(house.port)).signed_in(clean=False, expiry=10)
        assert not late.is_present

    run(house, act)


@pytest.mark.slow
@LEVELS
def test_newer_connection_of_a_client_takes_over(house: House, level: int) -> None:
    async def act() -> None:
        first = await (await Device.at(house.port, level)).signed_in(expiry=60, clean=False)
        await first.subscribe("toancanh/a/ack")
        second = await (await Device.at(house.port, level)).signed_in(expiry=60, clean=False)
        assert second.is_present
        assert await first.ended() == (0x8E if level == 5 else None)
        second.publish("toancanh/a/level", written(1, seconds_ago(1), seq=1), qos=0)
        assert await second.message() == ("toancanh/a/ack", b'{"seq":1}')
        other = await (await Device.at(house.port, level)).signed_in("gateway")
        assert await second.silent(), "another token's client of that name takes nothing over"
        other.close()

    run(house, act)


def test_aliases_stand_for_topics(house: House) -> None:
    async def act() -> None:
        device = await (await Device.at(house.port)).signed_in()
        device.publish("toancanh/a/level", b"1", topic_alias=3)
        device.publish("", b"2", topic_alias=3)
        assert [await device.acked() for _ in range(2)] == [(1, 0), (2, 0)]
        device.publish("", b"2", topic_alias=4)
        assert await device.ended() == 0x94
        other = await (await Device.at(house.port)).signed_in()
        other.publish("toancanh/a/level", b"1", topic_alias=33)
        assert await other.ended() == 0x94

    run(house, act)
    assert house.kept() == [1, 2]


def test_what_is_offered_is_told(house: House) -> None:
    async def act() -> mqtt5.ConnAckPacket:
        device = await Device.at(house.port)
        device.connect(client_id="")
        told = await device.packet()
        assert isinstance(told, mqtt5.ConnAckPacket)
        return told

    told = run(house, act)
    assert told.assigned_client_id
    assert told.max_qos == mqtt5.QoS.AT_LEAST_ONCE
    assert (told.max_packet_size, told.topic_alias_max) == (256 * 1024, 32)
    assert (told.subscription_id_available, told.shared_subscription_available) == (False, False)


@pytest.mark.slow
@LEVELS
def test_will_is_published_for_who_falls_silent_alone(house: House, level: int) -> None:
    async def act() -> None:
        will = mqtt5.Will("toancanh/a/level", payload=b"-1")
        for is_polite in (True, False):
            device = await Device.at(house.port, level)
            if level == 5:
                await device.signed_in(will=will)
            else:
                device.send(
                    b"\x10\x3c\x00\x04MQTT\x04\xc6\x00\x3c\x00\x03one"
                    b"\x00\x10toancanh/a/level\x00\x02-1\x00\x06device\x00\x0ddevice secret"
                )
                assert await device.frame() == b"\x20\x02\x00\x00"
            if is_polite:
                device.send(b"\xe0\x00")
                await device.ended()
                await asyncio.sleep(0.2)
                assert house.kept() == []
            else:
                device.close()
        await until(lambda: house.kept() == [-1])

    run(house, act)


@pytest.mark.slow
def test_will_that_waits_is_not_published_for_who_comes_back(house: House) -> None:
    async def act() -> None:
        will = mqtt5.Will("toancanh/a/level", payload=b"-1", will_delay_interval=1)
        device = await (await Device.at(house.port)).signed_in(expiry=60, will=will)
        device.close()
        await until(lambda: not house.door.connections)
        back = await (await Device.at(house.port)).signed_in(expiry=60, clean=False)
        assert await back.silent(1.3)
        assert house.kept() == []

    run(house, act)


class Things:
    """Topics of another part of the house: keeps what it is told."""

    prefix = "v1.1/"

    def __init__(self) -> None:
        self.told: list[tuple[str, bytes, str]] = []

    async def publish(self, topic: str, payload: bytes, token: object) -> str | None:
        await asyncio.sleep(0.05)
        self.told.append((topic, payload, str(getattr(token, "name", ""))))
        if payload == b"fault":
            raise RuntimeError("this part of the house has a fault")
        return {b"bad": "malformed", b"away": "unavailable"}.get(payload)

    def may_subscribe(self, filter: str, token: object) -> bool:
        return filter == "v1.1/Datastreams(1)/Observations"


@pytest.mark.slow
def test_other_parts_of_the_house_stand_behind_the_same_door(tmp_path: Path) -> None:
    things = Things()
    store = open_store(str(tmp_path / "telemetry.db"))
    house = House(store, extras=[things])

    async def act() -> None:
        device = await (await Device.at(house.port)).signed_in()
        topic = "v1.1/Datastreams(1)/Observations"
        assert await device.subscribe(topic, "v1.1/#") == [1, 0x87]
        assert house.door.wants("v1.1/")
        assert not house.door.wants("v1.0/")
        device.publish(topic, b"{}")
        device.publish("toancanh/a/level", b"1")
        device.publish(topic, b"bad")
        assert [await device.acked() for _ in range(3)] == [(2, 0), (3, 0), (4, 0x83)]
        await asyncio.to_thread(house.door.tell, topic, b"new")
        assert await device.message() == (topic, b"new")

        for payload, reason in ((b"away", 0x89), (b"fault", 0x80)):
            device.publish(topic, payload)
            assert await device.ended() == reason, "it has to be sent again"
            device = await (await Device.at(house.port)).signed_in()

    run(house, act)
    assert [name for _, _, name in things.told] == ["device"] * 4
    store.close()


def test_figures_and_contacts(house: House) -> None:
    async def act() -> None:
        device = await (await Device.at(house.port)).signed_in()
        device.publish("toancanh/a/level", b"1")
        await device.acked()
        figures = house.door.counted()
        assert (figures.connections, figures.sessions, figures.signed_in) == (1, 1, 1)
        assert figures.messages_in == 1
        assert house.tally.online() == {sum(map(ord, "device"))}
        (heard,) = house.tally.take().heard.values()
        assert (heard.door, heard.address) == ("mqtt", "127.0.0.1")
        device.close()
        await until(lambda: house.tally.online() == set())

    run(house, act)


def test_closing_acknowledges_what_was_taken(house: House) -> None:
    async def act() -> tuple[list[tuple[int, int]], int | None]:
        device = await (await Device.at(house.port)).signed_in()
        for number in range(300):
            device.publish("toancanh/a/level", b"%d" % number)
        await until(lambda: house.door.figures.messages_in == 300)
        await house.door.stop()
        acked = [await device.acked() for _ in range(300)]
        return acked, await device.ended()

    acked, reason = run(house, act)
    assert acked == [(number, 0) for number in range(1, 301)]
    assert reason == 0x8B
