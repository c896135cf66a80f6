"""A server that can be killed, and beside it a client with a ledger of what was acknowledged."""

from __future__ import annotations

import http.client
import json
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.faults.server import TOKEN
from tests.ports import free_port
from toancanh.kernel.runtime.clock import to_us
from toancanh.kernel.telemetry.store import Store

Key = tuple[int, int]
BACK_WITHIN = 15.0


class Server:
    """The door on a store, in a process of its own."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.port = free_port()
        self._command = [
            sys.executable,
            "-m",
            "tests.faults.server",
            where,
            str(self.port),
            "--series",
            "200",
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command)
        end = time.monotonic() + BACK_WITHIN
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert self._process.poll() is None, "the server ended at its start"
                assert time.monotonic() < end, "the server did not start in time"
                time.sleep(0.02)

    def kill(self) -> None:
        """Without warning, as the power would."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(timeout=30)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()


def post(
    port: int, rows: list[dict[str, object]], key: str = "", token: str = TOKEN
) -> tuple[int, dict[str, int]]:
    """One request on a connection of its own; raises OSError or HTTPException when there is no answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Authorization": f"Bearer {token}"} | ({"Idempotency-Key": key} if key else {})
    try:
        connection.request("POST", "/api/v1/observations", json.dumps(rows), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@dataclass(eq=False)
class Sender(threading.Thread):
    """Posts small batches of its own series, each until it is acknowledged, and keeps the ledger."""

    port: int
    first_series: int
    seed: int
    token: str = TOKEN
    ledger: dict[Key, float] = field(default_factory=dict)
    sent: dict[Key, float] = field(default_factory=dict)
    refused: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.is_ending = threading.Event()

    def run(self) -> None:
        chance = random.Random(self.seed)
        moment = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
        number = 0
        while not self.is_ending.is_set():
            moment += timedelta(seconds=1)
            number += 1
            batch = {
                (self.first_series + n, to_us(moment)): round(chance.uniform(0, 9), 3)
                for n in range(chance.choice([1, 1, 5, 20]))
            }
            self.sent.update(batch)
            self._deliver(batch, moment, f"{self.first_series}-{number}" if chance.random() < 0.5 else "")

    def _deliver(self, batch: dict[Key, float], moment: datetime, key: str) -> None:
        rows: list[dict[str, object]] = [
            {"thing": f"t{series}", "series": "level", "time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "value": value}
            for (series, _), value in batch.items()
        ]
        while not self.is_ending.is_set():
            try:
                status, told = post(self.port, rows, key, self.token)
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)
                continue
            if status == 200:
                if told["accepted"] != len(rows):
                    self.wrong.append(f"{told} for {rows}")
                self.ledger.update(batch)
                return
            self.refused.append(status)
            time.sleep(0.05)


def start_senders(port: int, seed: int, token: str = TOKEN, count: int = 4) -> list[Sender]:
    senders = [Sender(port, 1 + number * 40, seed + number, token) for number in range(count)]
    for sender in senders:
        sender.start()
    return senders


def end_senders(senders: list[Sender]) -> None:
    for sender in senders:
        sender.is_ending.set()
    for sender in senders:
        sender.join(20)
        assert not sender.is_alive()
        assert sender.wrong == []


def compare(senders: list[Sender], store: Store, ids: Mapping[str, int] | None = None) -> int:
    """Every acknowledged reading is there once with its value, and nothing is there that nobody sent.

    `ids` says which series a thing's code stands for; without it, the number in the code.
    """
    acknowledged = 0
    for sender in senders:
        for series in range(sender.first_series, sender.first_series + 20):
            key = series if ids is None else ids[f"t{series}"]
            kept = [(r.time, r.value) for r in store.range(key, 0, 2**62, limit=1_000_000)]
            times = dict(kept)
            assert len(times) == len(kept), "a reading is there twice"
            ledger = {time: value for (of, time), value in sender.ledger.items() if of == series}
            missing = {time: value for time, value in ledger.items() if times.get(time) != value}
            assert missing == {}, f"series {series} lost {len(missing)} acknowledged readings"
            strange = {time: value for time, value in kept if sender.sent.get((series, time)) != value}
            assert strange == {}
            if kept:
                newest = store.latest([key])[key]
                assert (newest.time, newest.value) == max(kept)
            acknowledged += len(ledger)
    return acknowledged
