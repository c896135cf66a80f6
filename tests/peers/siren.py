"""A siren: a client of MQTT that is not ours, sounds once for each command and says that it did."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.running import SLOWER

PATIENCE = 30.0 * SLOWER


@dataclass
class Siren:
    """A siren at the door, and what reached it."""

    thing: str
    heard: Counter[str] = field(default_factory=Counter)
    """Commands by their key: one may come twice, as the protocol has it."""
    sounded: list[dict[str, Any]] = field(default_factory=list)
    """What it sounded for, each key once."""
    listens: threading.Event = field(default_factory=threading.Event)

    def connected(self, client: paho.Client, *_: object) -> None:
        client.subscribe(f"toancanh/{self.thing}/cmd", qos=1)

    def subscribed(self, *_: object) -> None:
        self.listens.set()

    def told(self, client: paho.Client, _: object, message: paho.MQTTMessage) -> None:
        said = json.loads(message.payload)
        self.heard[said["id"]] += 1
        if self.heard[said["id"]] == 1:
            self.sounded.append(said["args"])
        answer = {"id": said["id"], "result": {"ok": True}}
        client.publish(f"toancanh/{self.thing}/cmd/ack", json.dumps(answer), qos=1)


@contextmanager
def siren(port: int, thing: str, name: str, secret: str) -> Iterator[Siren]:
    """A siren that listens until the block is left; ``name`` and ``secret`` are its token's."""
    made = Siren(thing)
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=thing, protocol=MQTTProtocolVersion.MQTTv311)
    client.username_pw_set(name, secret)
    client.on_connect, client.on_subscribe, client.on_message = made.connected, made.subscribed, made.told
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        assert made.listens.wait(PATIENCE), f"{thing} was not let in"
        yield made
    finally:
        client.disconnect()
        client.loop_stop()
