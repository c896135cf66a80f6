"""Clients that are not ours at the MQTT door of the real program."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import gmqtt
import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.faults.test_kill import gauges, series_ids
from tests.ports import free_port
from tests.running import ROOT, Program, lay_out
from toancanh.kernel.telemetry.store import open_store

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("mqtt clients")]
WITHIN = 15.0
V4, V5 = MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5
LEVELS = pytest.mark.parametrize("level", [V4, V5], ids=["3.1.1", "5"])


@dataclass
class City:
    """The program and the keys of its devices."""

    program: Program
    port: int
    secrets: dict[str, str]
    series: dict[str, int]

    def kept(self, thing: str) -> list[float]:
        """What the store holds of a gauge."""
        store = open_store(str(self.program.folder / "telemetry.db"))
        try:
            return [r.value for r in store.range(self.series[thing], 0, 2**62, limit=1_000_000)]
        finally:
            store.close()

    def sign_in(self, name: str) -> list[str]:
        """How mosquitto's commands are told where to go and as whom."""
        return ["-h", "127.0.0.1", "-p", str(self.port), "-u", name, "-P", self.secrets[name]]

    def shell(self, program: str, *words: str, name: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """One of mosquitto's commands, signed in as a device."""
        command = [program, *self.sign_in(name), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=WITHIN, check=False, **more)

    def python(self, code: str) -> str:
        """Run code of the product in another process on the same store."""
        setup = "import toancanh, django; django.setup()\n"
        env = {**self.program.environment, "DJANGO_SETTINGS_MODULE": "toancanh.site.settings"}
        command = [sys.executable, "-c", setup + code]
        done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    folder = Path(tmp_path_factory.mktemp("mqtt"))
    port = free_port()
    program = Program(folder, variables={"MQTT_PORT": str(port)})
    lay_out(program, "vietnam", "hue", gauges(folder / "pack", 40))
    secrets = {"gateway": program.token("gateway"), "device": program.token("device", "--thing", "t1")}
    program.start()
    try:
        yield City(program, port, secrets, series_ids(folder / "city.db"))
    finally:
        program.end()


def until(is_so: Callable[[], object], what: str) -> None:
    end = time.monotonic() + WITHIN
    while not is_so():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def ago(minutes: float) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="seconds")


@dataclass
class Device:
    """A paho client that notes what befalls it."""

    client: paho.Client
    messages: list[tuple[str, bytes]] = field(default_factory=list)
    acks: list[tuple[int, int]] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    granted: list[list[int]] = field(default_factory=list)
    connected: threading.Event = field(default_factory=threading.Event)
    refused: int = 0

    @staticmethod
    def at(city: City, level: MQTTProtocolVersion, name: str = "device", secret: str = "") -> Device:
        client = paho.Client(CallbackAPIVersion.VERSION2, f"paho-{name}-{level.value}", protocol=level)
        client.username_pw_set(name, secret or city.secrets[name])
        device = Device(client)
        client.on_connect = device._on_connect
        client.on_message = lambda c, u, message: device.messages.append(
            (message.topic, bytes(message.payload))
        )
        client.on_publish = lambda c, u, mid, code, p: device.acks.append((mid, code.value))
        client.on_disconnect = lambda c, u, flags, code, p: device.ended.append(code.value)
        client.on_subscribe = lambda c, u, mid, codes, p: device.granted.append([c.value for c in codes])
        client.connect("127.0.0.1", city.port)
        client.loop_start()
        return device

    def _on_connect(self, client: object, user: object, flags: object, code: Any, properties: object) -> None:
        self.refused = code.value if code.is_failure else 0
        self.connected.set()

    def __enter__(self) -> Device:
        assert self.connected.wait(WITHIN)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def subscribe(self, *topics: str) -> list[int]:
        before = len(self.granted)
        self.client.subscribe([(topic, 1) for topic in topics])
        until(lambda: len(self.granted) > before, "no SUBACK")
        return self.granted[-1]


@pytest.mark.clients
@pytest.mark.parametrize("version", ["311", "5"])
def test_mosquitto_pub_and_sub(city: City, version: str) -> None:
    thing = f"t1{version[0]}"
    publish = ["mosquitto_pub", "-V", version, "-q", "1", "-t", f"toancanh/{thing}/level"]
    sent = city.shell(*publish, "-m", "1.25", name="gateway")
    assert (sent.returncode, sent.stderr) == (0, "")
    assert city.kept(thing) == [1.25]
    rows = json.dumps([{"time": ago(n), "value": n, "seq": 10 - n} for n in (3, 2, 1)])
    listening = ["mosquitto_sub", *city.sign_in("gateway"), "-V", version, "-C", "1", "-W", "10"]
    listening += ["-t", f"toancanh/{thing}/ack", "-F", "%t %p"]
    with subprocess.Popen(listening, stdout=subprocess.PIPE, text=True) as listener:
        time.sleep(0.5)
        sent = city.shell(*publish, "-s", name="gateway", input=rows)
        assert sent.returncode == 0, sent.stderr
        told = listener.communicate(timeout=WITHIN)[0]
    assert told.strip() == f'toancanh/{thing}/ack {{"seq":9}}'
    assert city.kept(thing) == [3, 2, 1, 1.25]


@pytest.mark.clients
def test_mosquitto_pub_is_told_why_not(city: City) -> None:
    foreign = ["-V", "5", "-q", "1", "-t", "toancanh/t2/level", "-m", "1"]
    forbidden = city.shell("mosquitto_pub", *foreign, name="device")
    assert "Not authorized" in forbidden.stdout + forbidden.stderr
    city.secrets["nobody"] = "wrong"
    for version, said in (("5", "Bad User Name or Password"), ("311", "bad user name or password")):
        wrong = city.shell("mosquitto_pub", "-V", version, "-t", "a", "-m", "1", name="nobody")
        assert wrong.returncode != 0
        assert said.lower() in (wrong.stdout + wrong.stderr).lower()
    assert city.kept("t2") == []


@LEVELS
def test_paho_publishes_and_hears(city: City, level: MQTTProtocolVersion) -> None:
    thing = f"t{20 + level.value}"
    with Device.at(city, level, "gateway") as device:
        assert device.subscribe(f"toancanh/{thing}/ack", f"toancanh/{thing}/level")[1] >= 0x80
        infos = [
            device.client.publish(
                f"toancanh/{thing}/level", json.dumps({"time": ago(n), "value": n, "seq": 200 - n}), qos=1
            )
            for n in range(199, 0, -1)
        ]
        for info in infos:
            info.wait_for_publish(WITHIN)
        assert sorted(city.kept(thing)) == list(range(1, 200))
        last = (f"toancanh/{thing}/ack", b'{"seq":199}')
        until(lambda: last in device.messages, "no receipt")
        assert [code for _, code in device.acks] == [0] * 199


@LEVELS
def test_paho_at_a_forbidden_topic(city: City, level: MQTTProtocolVersion) -> None:
    with Device.at(city, level) as device:
        assert (
            device.subscribe("#", "toancanh/t2/cmd", "toancanh/t1/cmd")[:2] == [[0x87, 0x80][level is V4]] * 2
        )
        device.client.publish("toancanh/t2/level", b"1", qos=1)
        if level is V5:
            until(lambda: device.acks, "no PUBACK")
            assert device.acks[0][1] == 0x87
            assert device.ended == []
        else:
            until(lambda: device.ended, "not sent away")
    assert city.kept("t2") == []


@LEVELS
def test_paho_with_a_wrong_secret(city: City, level: MQTTProtocolVersion) -> None:
    with Device.at(city, level, secret="wrong") as device:
        assert device.refused == 0x86


def test_gmqtt_publishes_and_hears(city: City) -> None:
    async def act() -> list[bytes]:
        heard: asyncio.Queue[bytes] = asyncio.Queue()
        client = gmqtt.Client("gmqtt")
        client.set_auth_credentials("gateway", city.secrets["gateway"])

        async def on_message(client: object, topic: str, payload: bytes, qos: int, properties: object) -> int:
            heard.put_nowait(payload)
            return 0

        client.on_message = on_message
        async with asyncio.timeout(WITHIN):
            await client.connect("127.0.0.1", city.port, version=5)
            client.subscribe("toancanh/t30/ack", qos=1)
            await asyncio.sleep(0.3)
            for number in range(1, 101):
                client.publish(
                    "toancanh/t30/level", {"time": ago(200 - number), "value": 1, "seq": number}, qos=1
                )
            told = []
            while b'{"seq":100}' not in told:
                told.append(await heard.get())
            await client.disconnect()
        return told

    # In a thread of its own: a browser's journey before may have left its loop in this one.
    with ThreadPoolExecutor(1) as aside:
        assert aside.submit(asyncio.run, act()).result(timeout=120)
    assert city.kept("t30") == [1] * 100


COMMAND = """
from datetime import timedelta
from toancanh.kernel.declare import program
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.commands import command
soon, by = clock.now() + timedelta(minutes=5), program("test")
for code in ("t3", "t4"):
    print(command(Thing.objects.get(code=code), "siren", {"seconds": 3}, by=by, expires=soon).key)
"""
STATE = """
from toancanh.kernel.telemetry.models import Command
for found in Command.objects.order_by("pk"):
    print(found.key, found.state, found.result)
"""


def test_commands_given_in_another_process_are_carried_out(city: City) -> None:
    waiting = city.python(COMMAND).split()
    with Device.at(city, V4, "gateway") as four, Device.at(city, V5, "gateway") as five:
        assert four.subscribe("toancanh/t3/cmd") == [1]
        assert five.subscribe("toancanh/+/cmd") == [1]
        until(lambda: len(four.messages) == 1, "the command that waited did not come")
        until(lambda: len(five.messages) >= 1, "the command that waited did not come")
        given = city.python(COMMAND).split()
        until(lambda: len(four.messages) == 2, "the command did not come")
        until(lambda: len(five.messages) >= 3, "the command did not come")
        said = [json.loads(payload) for _, payload in four.messages]
        assert [each["id"] for each in said] == [waiting[0], given[0]]
        assert (said[1]["name"], said[1]["args"]) == ("siren", {"seconds": 3})
        assert {waiting[1], given[1]} <= {json.loads(payload)["id"] for _, payload in five.messages}
        for device, thing, key in ((four, "t3", given[0]), (five, "t4", given[1])):
            answer = json.dumps({"id": key, "result": {"on": True}})
            device.client.publish(f"toancanh/{thing}/cmd/ack", answer, qos=1).wait_for_publish(WITHIN)
        states = [f"{key} delivered None" for key in waiting] + [
            f"{key} answered {{'on': True}}" for key in given
        ]
        assert city.python(STATE).splitlines() == states


CREATE = """
from toancanh.kernel.declare import program
from toancanh.kernel.people import actions
for name in ("fleeting-4", "fleeting-5"):
    print(actions.create_token(name, by=program("test")).secret)
"""
REVOKE = """
from toancanh.kernel.declare import program
from toancanh.kernel.people import actions
for name in ("fleeting-4", "fleeting-5"):
    actions.revoke_token(name, by=program("test"))
"""


def test_devices_are_cut_within_five_seconds_of_their_revocation(city: City) -> None:
    city.secrets["fleeting-4"], city.secrets["fleeting-5"] = city.python(CREATE).split()
    with Device.at(city, V4, "fleeting-4") as four, Device.at(city, V5, "fleeting-5") as five:
        for device in (four, five):
            device.client.reconnect_delay_set(60, 60)
        city.python(REVOKE)
        began = time.monotonic()
        until(lambda: four.ended and five.ended, "not cut")
        assert time.monotonic() - began < 5
        assert five.ended == [0x98]


def test_readings_are_seen_and_counted(city: City) -> None:
    with urllib.request.urlopen(f"{city.program.url}/metrics", timeout=10) as answer:
        told = answer.read().decode()
    assert "toancanh_mqtt_messages_in_total" in told
