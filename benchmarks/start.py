"""How long an installed system takes to its first page, and what it weighs at rest."""

from __future__ import annotations

import subprocess
import time
import urllib.error
import urllib.request

from benchmarks.figure import Figure
from benchmarks.installation import Installation
from tests.running import PROGRAM, ROOT

TITLE = "Start of an installed system, and rest"
TIMES = 3
REST = 10.0


def measure(city: Installation, seconds: float) -> list[Figure]:
    program, times = city.program, []
    for _ in range(TIMES):
        program.stop()
        began = time.perf_counter()
        program.process = subprocess.Popen(
            [PROGRAM, "run"],
            env=program.environment,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        _first_page(program.url)
        times.append(time.perf_counter() - began)
    time.sleep(min(REST, seconds))
    return [
        Figure("start to the first page", max(times), "s", 5),
        Figure("memory at rest", city.rss_mb(), "MB", 250),
    ]


def _first_page(url: str) -> None:
    end = time.perf_counter() + 60
    while time.perf_counter() < end:
        try:
            with urllib.request.urlopen(url + "/", timeout=10) as answer:
                answer.read()
                return
        except urllib.error.HTTPError:
            raise
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.02)
    raise AssertionError("no first page within a minute")
