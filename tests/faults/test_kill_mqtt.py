"""kill -9 of the real program under MQTT: what a device's ledger says is acknowledged is there once."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.faults.measure import seconds, seed, tell, times
from tests.faults.running import Key, compare
from tests.faults.test_kill import gauges, series_ids
from tests.ports import free_port
from tests.running import Program, lay_out
from toancanh.kernel.runtime.clock import to_us
from toancanh.kernel.telemetry.store import open_store

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.xdist_group("kill mqtt")]
KILLS = times(5, 50)
ROWS = 20
"""Observations a message …"""
PER_SECOND = 25
"""… and messages a second of each of four devices: 2,000 observations a second in all."""
AHEAD = 400
"""Messages that a device keeps for itself while the server is away."""
BACK_WITHIN = seconds(5, 15)
V4, V5 = MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5


@dataclass(eq=False)
class Sender(threading.Thread):
    """A paho client that publishes lists at QoS 1; it notes what it sent and what was acknowledged."""

    port: int
    first_series: int
    secret: str
    level: MQTTProtocolVersion
    seed: int
    ledger: dict[Key, float] = field(default_factory=dict)
    sent: dict[Key, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    under_way: dict[int, dict[Key, float]] = field(default_factory=dict)
    acknowledged_at: float = 0.0

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.is_ending = threading.Event()
        self.acks: deque[tuple[int, bool]] = deque()
        client_id = f"sender-{self.first_series}"
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id, protocol=self.level)
        self.client.username_pw_set("senders", self.secret)
        self.client.on_publish = self._acknowledged
        self.client.reconnect_delay_set(1, 1)

    def _acknowledged(self, client: object, user: object, mid: int, code: Any, properties: object) -> None:
        # paho calls this with its own lock held: whatever waits for this thread's work would wait for ever.
        self.acks.append((mid, code.is_failure))
        self.acknowledged_at = time.monotonic()

    def _note(self) -> None:
        """Write down what was acknowledged; only the thread that publishes knows each message's number."""
        while self.acks:
            mid, is_failure = self.acks.popleft()
            if is_failure:
                self.wrong.append(f"message {mid} was refused")
            self.ledger.update(self.under_way.pop(mid))

    def run(self) -> None:
        chance = random.Random(self.seed)
        moment = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
        self.client.connect_async("127.0.0.1", self.port)
        self.client.loop_start()
        due, number = time.monotonic(), 0
        while not self.is_ending.is_set():
            due += 1 / PER_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
            self._note()
            if len(self.under_way) < AHEAD:
                number += 1
                moments = [moment + timedelta(seconds=number // 20 * ROWS + n) for n in range(ROWS)]
                self._publish(self.first_series + number % 20, moments, chance)

    def _publish(self, series: int, moments: list[datetime], chance: random.Random) -> None:
        batch = {(series, to_us(moment)): round(chance.uniform(0, 9), 3) for moment in moments}
        rows = [
            {"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "value": value}
            for moment, value in zip(moments, batch.values(), strict=True)
        ]
        self.sent.update(batch)
        info = self.client.publish(f"toancanh/t{series}/level", json.dumps(rows), qos=1)
        self.under_way[info.mid] = batch

    def end(self) -> None:
        """Publish no more, and wait until everything is acknowledged."""
        self.is_ending.set()
        self.join(10)
        end = time.monotonic() + 30
        while self.under_way and time.monotonic() < end:
            time.sleep(0.05)
            self._note()
        self.client.disconnect()
        self.client.loop_stop()
        assert not self.under_way, f"{len(self.under_way)} messages were never acknowledged"
        assert self.wrong == []


def test_acknowledged_at_qos_1_is_kept_over_kills_of_the_whole_program(tmp_path: Path) -> None:
    chosen = seed()
    chance, port = random.Random(chosen), free_port()
    program = Program(tmp_path, variables={"MQTT_PORT": str(port)})
    lay_out(program, "vietnam", "hue", gauges(tmp_path / "pack", 160))
    secret = program.token("senders")
    senders = [
        Sender(port, 1 + number * 40, secret, (V4, V5)[number % 2], chosen + number) for number in range(4)
    ]
    back: list[float] = []
    try:
        program.start()
        for sender in senders:
            sender.start()
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.02, 2.0))
            program.kill()
            killed = time.monotonic()
            program.start()
            ready = time.monotonic()
            while max(sender.acknowledged_at for sender in senders) < killed:
                assert time.monotonic() - ready < BACK_WITHIN, "no acknowledgement after a restart"
                time.sleep(0.01)
            back.append(time.monotonic() - killed)
        for sender in senders:
            sender.end()
    finally:
        program.end()
    store = open_store(str(tmp_path / "telemetry.db"))
    count = compare(senders, store, series_ids(tmp_path / "city.db"))
    store.close()
    tell("kill all in one, over MQTT", seed=chosen, kills=KILLS, kept=count, lost=0, back=max(back))
    assert count > KILLS * ROWS
