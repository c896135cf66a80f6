"""SensorThings: data arrays of 1,000 observations and single posts, both acknowledged after commit."""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import cast

import uvloop

from benchmarks.figure import Figure, percentile
from benchmarks.installation import Installation
from tests.running import ROOT

TITLE = "SensorThings: data arrays of 1,000 over 10 datastreams, and single posts; 8 connections"
CONNECTIONS = 8
GROUPS = 10
PER = 1_000
FIRST_HOURS = {"arrays": 48.0, "single": 30.0}
"""How far back each measurement begins, so that no two of them meet."""


def measure(city: Installation, seconds: float) -> list[Figure]:
    arrays = _run(city, "arrays", seconds)
    single = _run(city, "single", seconds)
    return [
        Figure("observations in data arrays", arrays["rows"], "/s", 14_000, "at least"),
        Figure("data arrays refused", arrays["refused"], "", 0),
        Figure("data array p99", arrays["p99"], "ms"),
        Figure("single posts", single["rows"], "/s", 1_000, "at least"),
        Figure("single posts refused", single["refused"], "", 0),
        Figure("single post p50", single["p50"], "ms"),
        Figure("single post p99", single["p99"], "ms"),
    ]


def _run(city: Installation, what: str, seconds: float) -> dict[str, float]:
    ids = json.dumps([city.ids[code] for code in city.codes[:2_000]])
    start = city.now - timedelta(hours=FIRST_HOURS[what])
    words = ["--port", str(city.program.port), "--token", city.token, "--start", start.isoformat()]
    words += ["--what", what, "--seconds", str(seconds)]
    command = [sys.executable, "-m", "benchmarks.sensorthings", *words]
    done = subprocess.run(
        command, input=ids, capture_output=True, text=True, cwd=ROOT, timeout=seconds + 60, check=True
    )
    told: dict[str, float] = json.loads(done.stdout)
    return told


def arrays(ids: list[int], start: datetime) -> Iterator[tuple[str, bytes, int]]:
    """Bodies for CreateObservations: some datastreams a request, each with seconds that follow each other."""
    rows = PER // GROUPS
    while True:
        first_second = int(start.timestamp())
        # The value follows from the time: whoever measures twice sends the same again.
        table = [
            [f"{start + timedelta(seconds=n):%FT%TZ}", (first_second + n) % 700 / 100] for n in range(rows)
        ]
        for first in range(0, len(ids) - GROUPS + 1, GROUPS):
            groups = [
                {
                    "Datastream": {"@iot.id": key},
                    "components": ["phenomenonTime", "result"],
                    "dataArray": table,
                }
                for key in ids[first : first + GROUPS]
            ]
            yield "CreateObservations", json.dumps(groups).encode(), rows * GROUPS
        start += timedelta(seconds=rows)


def single(ids: list[int], start: datetime) -> Iterator[tuple[str, bytes, int]]:
    """Bodies for the observations of each datastream in turn."""
    while True:
        told = f"{start:%FT%TZ}"
        value = int(start.timestamp()) % 700 / 100
        for key in ids:
            body = f'{{"phenomenonTime":"{told}","result":{value}}}'
            yield f"Datastreams({key})/Observations", body.encode(), 1
        start += timedelta(seconds=1)


class Poster(asyncio.Protocol):
    """One connection: the next request goes out when the answer to the last one is in."""

    def __init__(self, bodies: Iterator[tuple[str, bytes, int]], token: str, end: float, seen: Seen) -> None:
        self._bodies, self._token, self._end, self._seen = bodies, token, end, seen
        self._buffer = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop has its own classes
        self._post()

    def _post(self) -> None:
        if time.perf_counter() >= self._end:
            self.done.set_result(None)
            self._transport.close()
            return
        path, body, self._rows = next(self._bodies)
        head = f"POST /sta/v1.1/{path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {self._token}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._sent = time.perf_counter()
        self._transport.write(head.encode() + body)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or len(body) < int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]):
            return
        self._buffer = b""
        self._seen.milliseconds.append((time.perf_counter() - self._sent) * 1000)
        if head.startswith(b"HTTP/1.1 201") and b'"error' not in body:
            self._seen.rows += self._rows
        else:
            self._seen.refused += 1
        self._post()


class Seen:
    """What the run has had for answers."""

    def __init__(self) -> None:
        self.rows = 0
        self.refused = 0
        self.milliseconds: list[float] = []


async def post(chosen: argparse.Namespace, ids: list[int]) -> dict[str, float]:
    """Post for so many seconds."""
    bodies = {"arrays": arrays, "single": single}[chosen.what](ids, datetime.fromisoformat(chosen.start))
    seen, loop, began = Seen(), asyncio.get_running_loop(), time.perf_counter()
    posters = []
    for _number in range(CONNECTIONS):
        _transport, poster = await loop.create_connection(
            lambda: Poster(bodies, chosen.token, began + chosen.seconds, seen), "127.0.0.1", chosen.port
        )
        posters.append(poster.done)
    await asyncio.gather(*posters)
    return {
        "rows": seen.rows / (time.perf_counter() - began),
        "refused": seen.refused,
        "p50": percentile(seen.milliseconds, 0.5),
        "p99": percentile(seen.milliseconds, 0.99),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--start", required=True, help="time of the first round, RFC 3339")
    parser.add_argument("--what", choices=list(FIRST_HOURS), required=True)
    parser.add_argument("--seconds", type=float, default=60)
    json.dump(uvloop.run(post(parser.parse_args(), json.load(sys.stdin))), sys.stdout)


if __name__ == "__main__":
    main()
