"""Devices that send over HTTP and MQTT whatever happens to the product, and keep their ledger."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import paho.mqtt.client as paho
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from tests.faults.ledger import Batch, Ledger
from toancanh.kernel.runtime.clock import to_us

ROWS = 20
SECOND = 1_000_000
PATIENCE = 0.2
"""Seconds at most before what was refused is sent again: devices that press harder than they should."""


def rfc3339(time_us: int) -> str:
    """A time of whole seconds as devices write it."""
    return f"{datetime.fromtimestamp(time_us // SECOND, UTC):%Y-%m-%dT%H:%M:%SZ}"


class Sender(threading.Thread):
    """Sends messages of twenty readings at a steady rate, each until it is acknowledged."""

    def __init__(self, port: int, token: str, things: Sequence[str], seed: int, rate: float) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.token = token
        self.things = things
        self.ledger = Ledger()
        self.refused: Counter[str] = Counter()
        """Answers that said no, by status or reason."""
        self.broken = 0
        """Connections that broke or could not be made."""
        self.wrong: list[str] = []
        """What may never be."""
        self.acknowledged_at = time.monotonic()
        self.longest_silence = 0.0
        """Seconds between two acknowledgements, at most."""
        self.is_ending = threading.Event()
        self._chance = random.Random(seed)
        self._every = 1 / rate
        self._moment = to_us(datetime.now(UTC).replace(microsecond=0) - timedelta(days=9))

    def value(self) -> float:
        """What was measured."""
        return round(self._chance.uniform(0, 9), 3)

    def forget_silence(self) -> None:
        """Measure the longest silence from now on."""
        self.acknowledged_at, self.longest_silence = time.monotonic(), 0.0

    def acknowledge(self, batch: Batch) -> None:
        """Write an acknowledgement down."""
        now = time.monotonic()
        self.longest_silence = max(self.longest_silence, now - self.acknowledged_at)
        self.acknowledged_at = now
        self.ledger.note_acknowledged(batch)

    def pace(self, due: float) -> float:
        """Wait until the next message is due; who is late does not hurry afterwards."""
        due = max(due + self._every, time.monotonic() - self._every)
        self.is_ending.wait(max(0.0, due - time.monotonic()))
        return due


class HttpSender(Sender):
    """A gateway: one moment of twenty things a request, half of the requests with an Idempotency-Key."""

    _connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        due, number = time.monotonic(), 0
        while not self.is_ending.is_set():
            due, number = self.pace(due), number + 1
            self._moment += SECOND
            batch = Batch({thing: {self._moment: self.value()} for thing in self.things})
            self.ledger.note_sent(batch)
            key = f"{self.things[0]}-{number}" if self._chance.random() < 0.5 else ""
            while not self.is_ending.is_set() and not self._deliver(batch, key):
                pass

    def _deliver(self, batch: Batch, key: str) -> bool:
        rows = [
            {"thing": thing, "series": "level", "time": rfc3339(moment), "value": value}
            for thing, readings in batch.readings.items()
            for moment, value in readings.items()
        ]
        headers = {"Authorization": f"Bearer {self.token}"} | ({"Idempotency-Key": key} if key else {})
        try:
            status, again, said = self._ask(json.dumps(rows), headers)
        except (OSError, http.client.HTTPException):
            self._let_go()
            self.broken += 1
            self.is_ending.wait(0.05)
            return False
        if status == 200:
            if said["accepted"] != len(rows):
                self.wrong.append(f"{said} for {rows}")
            self.acknowledge(batch)
            return True
        self.refused[str(status)] += 1
        if status in (429, 503) and not again.isdigit():
            self.wrong.append(f"{status} without Retry-After")
        self.is_ending.wait(PATIENCE)
        return False

    def _ask(self, body: str, headers: dict[str, str]) -> tuple[int, str, dict[str, int]]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        self._connection.request("POST", "/api/v1/observations", body, headers)
        answer = self._connection.getresponse()
        said = json.loads(answer.read())
        if answer.will_close:
            self._let_go()
        return answer.status, answer.headers.get("Retry-After", ""), said

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class MqttSender(Sender):
    """A device with paho: twenty moments of one thing a message, QoS 1, eight on their way at once."""

    IN_FLIGHT = 8

    def __init__(
        self, port: int, name: str, token: str, things: Sequence[str], seed: int, rate: float
    ) -> None:
        super().__init__(port, token, things, seed, rate)
        self._waiting: dict[int, Batch] = {}
        self._early: dict[int, ReasonCode] = {}
        self._again: list[Batch] = []
        self._lock = threading.Lock()
        self._place = threading.Semaphore(self.IN_FLIGHT)
        version = paho.CallbackAPIVersion.VERSION2
        self._client = paho.Client(version, client_id=f"sender-{things[0]}", protocol=paho.MQTTv5)
        self._client.username_pw_set(name, token)
        self._client.max_inflight_messages_set(self.IN_FLIGHT)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_publish = self._published
        self._client.on_disconnect = self._disconnected
        self._client.on_connect_fail = self._disconnected

    def run(self) -> None:
        self._client.connect_async("127.0.0.1", self.port, keepalive=10)
        self._client.loop_start()
        due, number = time.monotonic(), 0
        while not self.is_ending.is_set():
            due = self.pace(due)
            if not self._place.acquire(timeout=0.2):
                continue
            with self._lock:
                batch = self._again.pop(0) if self._again else None
            if batch is None:
                number += 1
                batch = self._measured(self.things[number % len(self.things)])
            self._publish(batch)
        # What is on its way may still be acknowledged, and then counts.
        end = time.monotonic() + 2
        while self._waiting and time.monotonic() < end:
            time.sleep(0.02)
        self._client.disconnect()
        self._client.loop_stop()

    def _measured(self, thing: str) -> Batch:
        readings = {}
        for _ in range(ROWS):
            self._moment += SECOND
            readings[self._moment] = self.value()
        batch = Batch({thing: readings})
        self.ledger.note_sent(batch)
        return batch

    def _publish(self, batch: Batch) -> None:
        (thing, readings), *_ = batch.readings.items()
        rows = [{"time": rfc3339(moment), "value": value} for moment, value in readings.items()]
        # Not under our lock, for publish() takes the one under which the callback runs: that may come first.
        number = self._client.publish(f"toancanh/{thing}/level", json.dumps(rows), qos=1).mid
        with self._lock:
            early = self._early.pop(number, None)
            if early is None:
                self._waiting[number] = batch
        if early is not None:
            self._settle(batch, early)

    def _published(
        self, _client: object, _data: object, mid: int, reason: ReasonCode, _properties: Properties
    ) -> None:
        with self._lock:
            batch = self._waiting.pop(mid, None)
            if batch is None:
                self._early[mid] = reason
        if batch is not None:
            self._settle(batch, reason)

    def _settle(self, batch: Batch, reason: ReasonCode) -> None:
        if reason.is_failure:
            self.refused[str(reason)] += 1
            with self._lock:
                self._again.append(batch)
        else:
            self.acknowledge(batch)
        self._place.release()

    def _disconnected(self, *_said: object) -> None:
        if not self.is_ending.is_set():
            self.broken += 1


def gather(senders: Iterable[Sender]) -> list[Ledger]:
    """End the senders; their ledgers, once nothing was answered that may never be."""
    ended = list(senders)
    for sender in ended:
        sender.is_ending.set()
    for sender in ended:
        sender.join(40)
        assert not sender.is_alive()
        assert sender.wrong == []
    return [sender.ledger for sender in ended]
