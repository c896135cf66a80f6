"""Gateways that speak paho to a broker; each keeps a ledger of what it sent and what was acknowledged."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.mosquitto import PASSWORD
from toancanh.kernel.runtime.clock import to_us

AGAIN = 1.0
"""Seconds without a receipt after which a gateway sends once more what is above the last one."""
ROWS = 200


@dataclass(eq=False)
class Gateway(threading.Thread):
    """Numbers what it measures, ``rows`` every ``pause`` seconds, one message each; ledgers are by number."""

    port: int
    thing: str
    pause: float = 0.02
    rows: int = 1
    level: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5
    values: dict[int, float] = field(default_factory=dict)
    sent_at: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(daemon=True, name=self.thing)
        self.is_ending = threading.Event()
        self.began = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=6)
        self.mqtt = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=f"gateway-{self.thing}", protocol=self.level
        )
        self.mqtt.username_pw_set("gateway", PASSWORD)
        self.mqtt.reconnect_delay_set(0.05, 0.5)  # type: ignore[arg-type]  # takes parts of a second too
        self.mqtt.max_queued_messages_set(0)
        self.mqtt.max_inflight_messages_set(100)
        self.mqtt.on_connect = self.connected
        self.mqtt.on_publish = self.published
        self._numbers: dict[int, list[int]] = {}
        self._done: set[int] = set()

    def time_us(self, number: int) -> int:
        """When this number was measured: each at a time of its own."""
        return to_us(self.began) + number * 10_000

    def run(self) -> None:
        said = Properties(PacketTypes.CONNECT)
        said.SessionExpiryInterval = 3600
        self.mqtt.connect_async("127.0.0.1", self.port, clean_start=False, properties=said)
        self.mqtt.loop_start()
        number = 0
        while not self.is_ending.is_set():
            numbers = list(range(number + 1, number + 1 + self.rows))
            number += self.rows
            for each in numbers:
                self.values[each] = each % 97 / 10
                self.sent_at[each] = time.time()
            self.measured(numbers)
            time.sleep(self.pause)

    def measured(self, numbers: list[int]) -> None:
        """New numbers are there."""
        self.publish(numbers)

    def publish(self, numbers: list[int]) -> None:
        rows = [
            {"time": self.time_us(number) // 1000, "value": self.values[number], "seq": number}
            for number in numbers
        ]
        told = self.mqtt.publish(f"toancanh/{self.thing}/level", json.dumps(rows), qos=1)
        self._numbers[told.mid] = numbers

    def connected(self, *_: object) -> None:
        """The broker let us in."""

    def published(self, _: object, __: object, mid: int, *___: object) -> None:
        # Perhaps before `publish` has returned the number; no lock of ours, for paho holds its own here.
        self._done.add(mid)

    @property
    def acknowledged(self) -> set[int]:
        """Numbers of which the broker said PUBACK."""
        return {number for mid in list(self._done) for number in self._numbers[mid]}

    def finish(self, within: float = 20.0) -> None:
        """Measure nothing more, and get rid of everything."""
        self.is_ending.set()
        self.join(10)
        wait(lambda: not self.owes, within, f"{self.thing} does not get rid of its messages")
        self.mqtt.loop_stop()
        self.mqtt.disconnect()

    @property
    def owes(self) -> int:
        """How much is still to be sent or acknowledged."""
        return len(self._numbers) - len(self._done)


@dataclass(eq=False)
class Careful(Gateway):
    """Keeps what it measured until a receipt says that it is kept, and sends it again until then."""

    kept: int = 0
    """Everything to this number."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.mqtt.on_message = self.heard
        self._tried = 0.0

    def connected(self, *_: object) -> None:
        self.mqtt.subscribe(f"toancanh/{self.thing}/ack", 1)
        self._tried = 0.0

    def heard(self, _: object, __: object, message: paho.MQTTMessage) -> None:
        self.kept = max(self.kept, json.loads(message.payload)["seq"])

    def measured(self, numbers: list[int]) -> None:
        self.publish(numbers)
        self.send_again()

    def send_again(self) -> None:
        """What is above the last receipt, where that is some time ago."""
        now = time.monotonic()
        if now - self._tried < AGAIN or not self.mqtt.is_connected():
            return
        self._tried = now
        left = [n for n in self.values if n > self.kept and self.sent_at[n] < time.time() - AGAIN]
        for first in range(0, len(left), ROWS):
            self.publish(left[first : first + ROWS])

    @property
    def owes(self) -> int:
        self.send_again()
        return len(self.values) - self.kept


def wait(condition: Callable[[], bool], seconds: float, said: str) -> None:
    """Wait for what must come true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, said
        time.sleep(0.05)
