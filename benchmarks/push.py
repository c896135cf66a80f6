"""A warning to 100,000 browsers: from the order to the last copy at the push service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, percentile
from benchmarks.installation import Installation
from tests.running import ROOT, Program

TITLE = "Push: a warning to 100,000 subscriptions, while pages are served"
EVERYONE = 100_000
WITHIN = 60.0
OPENED = 200
"""Of so many copies the service opens one and checks who signed it."""
KEY = "warnings.message:{}"
FAR = 0.05
"""Seconds that a service takes for an answer which is not on this machine."""


class Service:
    """The push service in a process of its own."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.peers.push", "12345", str(OPENED)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def counted(self, delay: float | None = None) -> dict[str, Any]:
        """What has reached it; ``delay`` is how long its answers take from now on."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n" if delay is None else f"{delay}\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


class Visitor:
    """Somebody who looks at a page ten times a second meanwhile."""

    def __init__(self, url: str) -> None:
        self.took: list[float] = []
        self._url, self._stop = url, threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        while not self._stop.wait(0.1):
            began = time.monotonic()
            with urllib.request.urlopen(self._url, timeout=30) as answer:
                answer.read()
            self.took.append((time.monotonic() - began) * 1000)

    def end(self) -> None:
        self._stop.set()
        self._thread.join()


def measure(city: Installation, seconds: float) -> list[Figure]:
    """``seconds`` below 60 shorten the list in proportion, and the time that is allowed with it."""
    people = min(EVERYONE, max(2_000, round(EVERYONE * seconds / WITHIN)))
    service = Service()
    with tempfile.TemporaryDirectory(prefix="toancanh-push-") as folder:
        program = Program(
            Path(folder),
            variables={"EGRESS_ALLOW": "127.0.0.0/8", "PUSH_HOSTS": f"127.0.0.1:{service.port}"},
        )
        try:
            return _measured(program, service, people)
        finally:
            program.end()
            service.end()


def _measured(program: Program, service: Service, people: int) -> list[Figure]:
    program.do("migrate")
    _teller(program, "prepare", str(service.port), str(people))
    program.start()
    visitor = Visitor(f"{program.url}/")
    used = _processor(program)
    first, took = _told(program, service, 1, people)
    used = _processor(program) - used
    visitor.end()
    service.counted(FAR)
    _first, took_far = _told(program, service, 2, people)
    told = service.counted()
    allowed = WITHIN * people / EVERYONE
    return [
        Figure("subscriptions", people, ""),
        Figure("first copy after", first, "s"),
        Figure("last copy after", took, "s", allowed),
        Figure("copies", people / took, "/s"),
        Figure("processor time of a copy", used / people * 1000, "ms", 2 * WITHIN * 1000 / EVERYONE),
        Figure("public page meanwhile p95", percentile(visitor.took, 0.95), "ms"),
        Figure(f"last copy where answers take {FAR * 1000:g} ms", took_far, "s", allowed),
        Figure("second copies of both", told["asked"] - 2 * people, "", 0),
        Figure("opened and checked by the service", told["opened"], ""),
        Figure("connections to the service", told["connections"], ""),
    ]


def _told(program: Program, service: Service, number: int, people: int) -> tuple[float, float]:
    """Seconds from the order to the first copy and to the last; back once all of them are noted."""
    key, all_of_them = KEY.format(number), number * people
    began = time.monotonic()
    _teller(program, "send", key)
    first = 0.0
    while (told := service.counted())["different"] < all_of_them:
        assert time.monotonic() - began < 20 * WITHIN, told
        if not first and told["different"] > all_of_them - people:
            first = time.monotonic() - began
        time.sleep(0.1)
    took = time.monotonic() - began
    while json.loads(_teller(program, "counts", key))["told"]["handed"] < people:
        assert time.monotonic() - began < 20 * WITHIN
    assert told["faults"] == [], told
    return first, took


def _processor(program: Program) -> float:
    """Seconds of processor time that the program and the process that pushes for it have used."""
    assert program.process is not None
    session, ticks = str(program.process.pid), 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended just now
        if fields[3] == session:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _teller(program: Program, *words: str) -> str:
    env = {**program.environment, "DJANGO_SETTINGS_MODULE": "toancanh.site.settings"}
    command = [sys.executable, "-m", "tests.faults.teller", *words]
    return subprocess.run(command, env=env, cwd=ROOT, check=True, capture_output=True, text=True).stdout
