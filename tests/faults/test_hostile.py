"""A device that wants more than its own, at both doors of the real program (reliability bar 29)."""

from __future__ import annotations

import json
import random
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import paho.mqtt.client as paho
import pytest
from paho.mqtt.reasoncodes import ReasonCode

from tests.edge.wire import ask, wait
from tests.faults.journal import rows
from tests.faults.measure import FULL, seconds, seed, tell
from tests.faults.town import DEVICE, OTHER, Town

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.xdist_group("hostile")]
CUT = seconds(5, 20)
NOISES = 1_000 if FULL else 100


class Device:
    """paho at MQTT 5, and every answer it has had."""

    def __init__(self, town: Town, name: str) -> None:
        self.acks: dict[int, str] = {}
        self.granted: dict[int, list[str]] = {}
        self.ended: list[str] = []
        version = paho.CallbackAPIVersion.VERSION2
        self.client = paho.Client(version, client_id=name, protocol=paho.MQTTv5, reconnect_on_failure=False)
        self.client.username_pw_set(name, town.tokens[name])
        self.client.on_publish = self._published
        self.client.on_subscribe = self._subscribed
        self.client.on_disconnect = self._disconnected
        self.client.connect("127.0.0.1", town.mqtt_port, keepalive=60)
        self.client.loop_start()
        assert wait(self.client.is_connected, 30)

    def publish(self, topic: str, payload: object) -> str:
        """The reason with which a message was acknowledged."""
        number = self.client.publish(topic, json.dumps(payload), qos=1).mid
        assert wait(lambda: number in self.acks, 30)
        return self.acks[number]

    def subscribe(self, pattern: str) -> list[str]:
        """What was granted."""
        number = self.client.subscribe(pattern, 1)[1]
        assert number is not None
        assert wait(lambda: number in self.granted, 30)
        return self.granted[number]

    def _published(self, _c: object, _d: object, mid: int, reason: ReasonCode, _p: object) -> None:
        self.acks[mid] = str(reason)

    def _subscribed(self, _c: object, _d: object, mid: int, reasons: list[ReasonCode], _p: object) -> None:
        self.granted[mid] = [str(reason) for reason in reasons]

    def _disconnected(self, _c: object, _d: object, _f: object, reason: ReasonCode, _p: object) -> None:
        self.ended.append(str(reason))


def timed(moment: datetime, value: float) -> dict[str, object]:
    """A reading as devices write it over MQTT."""
    return {"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "value": value}


def test_device_gets_nothing_but_its_own(town: Town) -> None:
    chosen = seed()
    chance = random.Random(chosen)
    [program] = town.start("")
    device = Device(town, DEVICE)
    now = datetime.now(UTC)
    own = timed(now, 1.5)
    assert device.publish("toancanh/t1/level", own) == "Success"
    for topic in ("toancanh/t2/level", "toancanh/t1/ack", "toancanh/t1/cmd", "toancanh/t2/cmd/ack"):
        assert device.publish(topic, timed(now, 9.9)) == "Not authorized"
    for pattern in ("#", "+/#", "toancanh/#", "toancanh/+/ack", "toancanh/t2/ack", "$SYS/#", "v1.1/#"):
        assert device.subscribe(pattern) == ["Not authorized"], pattern
    assert device.subscribe("$share/all/toancanh/#") != ["Granted QoS 1"]
    assert device.publish("toancanh/t1/level", timed(now + timedelta(days=1), 9.9)) == "Success"
    assert [device.publish("toancanh/t1/level", own) for _ in range(5)] == ["Success"] * 5
    said = {"Authorization": f"Bearer {town.tokens[DEVICE]}"}
    row = {"thing": "t2", "series": "level", "time": now.isoformat(), "value": 9.9}
    answer = ask(program.port, "/api/v1/observations", "POST", json.dumps([row]).encode(), **said)
    assert [one["code"] for one in answer.json["rejected"]] == ["forbidden"]
    flood = [timed(now - timedelta(hours=1, seconds=n), 0.5) for n in range(700)]
    answers = [device.publish("toancanh/t1/level", flood) for _ in range(3)]
    assert answers[-1] == "Quota exceeded"
    for _ in range(NOISES):
        noise(town.mqtt_port, chance)
    other = Device(town, OTHER)
    assert other.publish("toancanh/t2/level", timed(now, 2.5)) == "Success"
    program.do("token", "revoke", DEVICE)
    began = time.monotonic()
    assert wait(lambda: bool(device.ended), CUT)
    cut = time.monotonic() - began
    assert "Traceback" not in town.log
    town.end()
    store, series = town.store(), town.series()
    kept: Callable[[str], dict[int, float]] = lambda thing: {  # noqa: E731
        reading.time: reading.value for reading in store.range(series[thing], 0, 2**62, limit=10_000)
    }
    assert set(kept("t1").values()) == {1.5, 0.5}
    assert len(kept("t1")) == 701
    assert list(kept("t2").values()) == [2.5]
    letters = dict(rows(town.folder / "city.db", "SELECT code, count(*) FROM telemetry_letter GROUP BY code"))
    assert letters == {"future": 1, "forbidden": 1}
    tell("hostile device", seed=chosen, noises=NOISES, accepted=0, cut=cut)


def noise(port: int, chance: random.Random) -> None:
    """Random bytes where packets are expected, some behind a good first byte."""
    first = chance.choice([b"", b"\x10", b"\x10\x20\x00\x04MQTT\x05"])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as wire:
        try:
            wire.sendall(first + chance.randbytes(chance.randrange(1, 400)))
        except OSError:
            return
