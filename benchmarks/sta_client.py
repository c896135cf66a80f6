"""A load generator for any SensorThings server, in a process of its own: tables, single posts, a wide one."""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, cast

import uvloop

from benchmarks.figure import percentile
from tests.running import ROOT

CONNECTIONS: Final = {"arrays": 8, "single": 8, "expand": 1}
GROUPS: Final = 10
PER: Final = 1_000
"""Observations in a request of tables, spread over so many datastreams."""
EXPAND: Final = "Datastreams?$top=100&$expand=Thing,Sensor,ObservedProperty,Observations($top=1)"
WARM: Final = 3
"""Requests that are not counted: what a server works out once is not what is measured."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """Where a server is, what it calls its datastreams, and the token that it wants."""

    port: int
    root: str
    streams: Sequence[int | str]
    token: str = ""


@dataclass(frozen=True)
class Request:
    """What goes out, and how many observations it holds."""

    method: str
    path: str
    body: bytes = b""
    rows: int = 1


def run(what: str, service: Service, start: datetime, seconds: float) -> dict[str, float]:
    """Measure in a process of its own; what it counted."""
    words = ["--port", str(service.port), "--root", service.root, "--token", service.token]
    words += ["--start", start.isoformat(), "--what", what, "--seconds", str(seconds)]
    command = [sys.executable, "-m", "benchmarks.sta_client", *words]
    ids = json.dumps(list(service.streams))
    done = subprocess.run(
        command, input=ids, capture_output=True, text=True, cwd=ROOT, timeout=seconds + 120, check=True
    )
    if done.stderr:
        print(f"  refused: {done.stderr.strip()}", flush=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def arrays(ids: Sequence[int | str], start: datetime) -> Iterator[Request]:
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
            yield Request("POST", "CreateObservations", json.dumps(groups).encode(), rows * GROUPS)
        start += timedelta(seconds=rows)


def single(ids: Sequence[int | str], start: datetime) -> Iterator[Request]:
    """An observation for each datastream in turn; linked in the body, which every server takes."""
    while True:
        told = f"{start:%FT%TZ}"
        value = int(start.timestamp()) % 700 / 100
        for key in ids:
            link = f'"Datastream":{{"@iot.id":{json.dumps(key)}}}'
            body = f'{{"phenomenonTime":"{told}","result":{value},{link}}}'
            yield Request("POST", "Observations", body.encode())
        start += timedelta(seconds=1)


def expand(_ids: Sequence[int | str], _start: datetime) -> Iterator[Request]:
    """A hundred datastreams with all that belongs to them, again and again."""
    while True:
        yield Request("GET", EXPAND)


KINDS: Final = {"arrays": arrays, "single": single, "expand": expand}


@dataclass
class Seen:
    """What the run has had for answers."""

    rows: int = 0
    refused: int = 0
    first: str = ""
    """The first answer that was a refusal."""
    milliseconds: list[float] = field(default_factory=list)


class Connection(asyncio.Protocol):
    """One connection: the next request goes out when the answer to the last one is in."""

    def __init__(self, requests: Iterator[Request], head: str, seen: Seen, end: float) -> None:
        self._requests, self._head, self._seen, self._end = requests, head, seen, end
        self._buffer = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop has its own classes
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionError(str(exc)))

    def _send(self) -> None:
        if time.perf_counter() >= self._end:
            self.done.set_result(None)
            self._transport.close()
            return
        self._out = next(self._requests)
        head = self._head.format(method=self._out.method, path=self._out.path, length=len(self._out.body))
        self._sent = time.perf_counter()
        self._transport.write(head.encode() + self._out.body)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or not _is_whole(head, body):
            return
        self._buffer = b""
        self._seen.milliseconds.append((time.perf_counter() - self._sent) * 1000)
        if head.split(b" ", 2)[1] in (b"200", b"201") and b'"error' not in body:
            self._seen.rows += self._out.rows
        else:
            self._seen.refused += 1
            self._seen.first = self._seen.first or (head + b"\n" + body)[:600].decode(errors="replace")
        self._send()


def _is_whole(head: bytes, body: bytes) -> bool:
    fields = head.lower()
    if b"content-length:" in fields:
        return len(body) >= int(fields.split(b"content-length:")[1].split(b"\r\n")[0])
    return body.endswith(b"0\r\n\r\n") if b"chunked" in fields else False


async def measure(chosen: argparse.Namespace, ids: list[int | str]) -> dict[str, float]:
    """Ask for so many seconds."""
    requests = KINDS[chosen.what](ids, datetime.fromisoformat(chosen.start))
    authorization = f"Authorization: Bearer {chosen.token}\r\n" if chosen.token else ""
    head = (
        f"{{method}} {chosen.root}/{{path}} HTTP/1.1\r\nHost: 127.0.0.1\r\n{authorization}"
        "Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
    seen, loop, began = Seen(), asyncio.get_running_loop(), time.perf_counter()
    connections = []
    for _number in range(CONNECTIONS[chosen.what]):
        _transport, connection = await loop.create_connection(
            lambda: Connection(requests, head, seen, began + chosen.seconds), "127.0.0.1", chosen.port
        )
        connections.append(connection.done)
    await asyncio.gather(*connections)
    elapsed = time.perf_counter() - began
    if seen.first:
        print(seen.first, file=sys.stderr)
    counted = seen.milliseconds[WARM:] or seen.milliseconds
    return {
        "rows": seen.rows / elapsed,
        "refused": seen.refused,
        "p50": percentile(counted, 0.5),
        "p99": percentile(counted, 0.99),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--root", required=True, help="path of the service, such as /sta/v1.1")
    parser.add_argument("--token", default="")
    parser.add_argument("--start", required=True, help="time of the first round, RFC 3339")
    parser.add_argument("--what", choices=list(KINDS), required=True)
    parser.add_argument("--seconds", type=float, default=60)
    json.dump(uvloop.run(measure(parser.parse_args(), json.load(sys.stdin))), sys.stdout)


if __name__ == "__main__":
    main()
