"""InfluxDB of Debian under the same load, in the same run: what a store without our promises reaches."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.installation import Installation
from tests.ports import free_port

TITLE = "Peer: InfluxDB (Debian), line protocol over 8 connections"
CONFIG = """reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  max-series-per-database = 0
  query-log-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
[logging]
  level = "error"
"""


def measure(city: Installation, seconds: float) -> list[Figure]:
    """Rows a second in batches of 1,000 lines, and single posts; none where Debian's package is missing."""
    if shutil.which("influxd") is None:
        return []
    seconds = min(seconds, 20.0)
    with server() as port:
        bulk = load(port, city.codes, per=1000, seconds=seconds)
        single = load(port, city.codes, per=1, seconds=seconds)
    return [Figure("batches of 1,000", bulk, "rows/s"), Figure("single posts", single, "/s")]


@contextmanager
def server() -> Iterator[int]:
    """A server in a folder of its own; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="toancanh-influx-"))
    port, rpc = free_port(), free_port()
    (folder / "influx.conf").write_text(CONFIG.format(folder=folder, port=port, rpc=rpc))
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        ["influxd", "-config", str(folder / "influx.conf")], stdout=log, stderr=log, start_new_session=True
    )
    try:
        _wait(port)
        _post(http.client.HTTPConnection("127.0.0.1", port), "/query", b"q=CREATE+DATABASE+bench")
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


def load(port: int, codes: list[str], *, per: int, seconds: float) -> float:
    """Rows a second that eight connections got acknowledged; bodies are made before the clock starts."""
    base = int(time.time()) - 12 * 3600
    bodies = [
        "\n".join(
            f"level,thing={codes[(n * per + k) % len(codes)]} value={(n + k) % 700 / 100} "
            f"{(base + (n * per + k) // len(codes)) * 1_000_000_000}"
            for k in range(per)
        ).encode()
        for n in range(2_000_000 // per if per > 1 else 100_000)
    ]
    taken = [0] * 8
    end = time.monotonic() + seconds

    def send(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for body in bodies[number::8]:
            if time.monotonic() >= end:
                break
            _post(connection, "/write?db=bench", body)
            taken[number] += per

    began = time.monotonic()
    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(taken) / (time.monotonic() - began)


def _post(connection: http.client.HTTPConnection, path: str, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if path == "/query" else {}
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    told = answer.read()
    assert answer.status in (200, 204), (answer.status, told)


def _wait(port: int) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/ping")
            if connection.getresponse().status == 204:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("influxd did not start")
