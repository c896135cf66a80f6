"""`python -m benchmarks.soak [--minutes N] [--rows N]`: memory of the program under a city's daily load.

500 observations a second of the present (300 MQTT messages of one, four posts of 50), five open streams, an
officer who opens *Toàn cảnh* every ten seconds. Before it starts every station has spoken for an hour as it
will go on to, so that the windows of the alert rules are full. Writes its part of docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import cycle, islice

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

import toancanh  # noqa: F401 - swaps in the SQLite that the program uses
from benchmarks import report
from benchmarks.figure import Figure, percentile
from benchmarks.installation import Installation, installation, tide
from benchmarks.page import signed_in

MESSAGES, POSTS, PER = 300, 4, 50
STREAMS = 5
LIVED_S = 3600
LOOK = 10.0
"""Seconds between two looks at the memory, and between two pages."""
MOST_MB = 512
"""What a process may take under overload too; each of 10,000 stations keeps half an hour for its rules."""
GROWTH = 0.05
"""By which the memory of the last tenth may exceed that of the second tenth: the first fills the caches."""


class Load:
    """Sends until it is told to end, and counts what was acknowledged."""

    def __init__(self, city: Installation) -> None:
        self._city = city
        self.is_ending = threading.Event()
        # One writer each.
        self.published = self.heard = self.posted = self.taken = 0
        self.faults: list[str] = []
        self._threads = [
            threading.Thread(target=self._guarded, args=(f,)) for f in (self._publish, self._post)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Send no more, and wait for the answers."""
        self.is_ending.set()
        for thread in self._threads:
            thread.join(60)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except (OSError, ValueError, KeyError) as fault:
            self.faults.append(repr(fault))

    def _publish(self) -> None:
        client = paho.Client(CallbackAPIVersion.VERSION2, "soak")
        client.username_pw_set("bench", self._city.token)

        def acknowledged(*_: object) -> None:
            self.heard += 1

        client.on_publish = acknowledged
        client.connect("127.0.0.1", self._city.mqtt_port)
        client.loop_start()
        due, last = time.monotonic(), None
        for code in cycle(self._city.codes[: len(self._city.codes) // 2]):
            if self.is_ending.is_set():
                break
            due += 1 / MESSAGES
            time.sleep(max(0.0, due - time.monotonic()))
            said = {"time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "value": tide(time.time())}
            last = client.publish(f"toancanh/{code}/level", json.dumps(said), qos=1)
            self.published += 1
        if last is not None:
            last.wait_for_publish(30)
        client.disconnect()
        client.loop_stop()

    def _post(self) -> None:
        codes = cycle(self._city.codes[len(self._city.codes) // 2 :])
        head = {"Authorization": f"Bearer {self._city.token}"}
        due = time.monotonic()
        while not self.is_ending.is_set():
            due += 1 / POSTS
            time.sleep(max(0.0, due - time.monotonic()))
            stamp = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
            rows = [
                {"thing": code, "series": "level", "time": stamp, "value": tide(time.time())}
                for code in islice(codes, PER)
            ]
            self.posted += PER
            request = urllib.request.Request(
                f"{self._city.program.url}/api/v1/observations", json.dumps(rows).encode(), head
            )
            with urllib.request.urlopen(request, timeout=30) as answer:
                self.taken += json.load(answer)["accepted"]


def drain(stream: socket.socket) -> None:
    """Read a stream as a browser does, until it is closed."""
    try:
        while stream.recv(65536):
            pass
    except OSError:
        pass


def measure(city: Installation, seconds: float) -> list[Figure]:
    """Run the load for so long."""
    officer, load = signed_in(city.program.url), Load(city)
    streams = []
    for _ in range(STREAMS):
        stream = socket.create_connection(("127.0.0.1", city.program.port))
        stream.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
        threading.Thread(target=drain, args=(stream,), daemon=True).start()
        streams.append(stream)
    memory: list[float] = []
    pages: list[float] = []
    began = time.monotonic()
    load.start()
    try:
        while time.monotonic() - began < seconds and not load.faults:
            time.sleep(LOOK)
            memory.append(city.rss_mb())
            at = time.perf_counter()
            with officer.open(f"{city.program.url}/console/") as answer:
                answer.read()
            pages.append((time.perf_counter() - at) * 1000)
            if len(memory) % 30 == 0:
                print(f"  {(time.monotonic() - began) / 60:.0f} min: {memory[-1]:.0f} MB", flush=True)
    finally:
        load.end()
        for stream in streams:
            stream.close()
    assert load.faults == [], load.faults
    elapsed = time.monotonic() - began
    tenth = max(1, len(memory) // 10)
    early = sum(memory[tenth : 2 * tenth]) / tenth
    late = sum(memory[-tenth:]) / tenth
    return [
        Figure("minutes", elapsed / 60, ""),
        Figure("observations acknowledged", (load.heard + load.taken) / elapsed, "/s", 490, "at least"),
        Figure("messages sent and not acknowledged", load.published - load.heard, "", 0),
        Figure("posted and not acknowledged", load.posted - load.taken, "", 0),
        Figure("memory in the second tenth", early, "MB"),
        Figure("memory in the last tenth", late, "MB", early * (1 + GROWTH)),
        Figure("largest memory", max(memory), "MB", MOST_MB),
        Figure("page p50", percentile(pages, 0.5), "ms"),
        Figure("page p99", percentile(pages, 0.99), "ms", 1000),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rows", type=int, default=1_000_000, help="stored before")
    chosen = parser.parse_args()
    with installation(chosen.rows, None, LIVED_S) as city:
        figures = measure(city, chosen.minutes * 60)
    for figure in figures:
        print(f"  {figure.name}: {figure.value:,.2f} {figure.unit}{'' if figure.is_reached else '   missed'}")
    if chosen.minutes >= 60:
        print(f"Written: {report.write_soak(figures)}")
    return 0 if all(figure.is_reached for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
