"""From the moment a reading is posted to the moment an open page has it, at 2,000 observations a second."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import timedelta

from benchmarks.figure import Figure, percentile
from benchmarks.installation import Installation

TITLE = "Publish to browser: 2,000 observations/s in posts of 100, 20 streams listening"
PER = 100
RATE = 2_000
STREAMS = 20


def measure(city: Installation, seconds: float) -> list[Figure]:
    waits, sent = asyncio.run(_both(city, min(seconds, 30.0)))
    return [
        Figure("observations sent", sent / min(seconds, 30.0), "/s", RATE * 0.98, "at least"),
        Figure(
            "readings seen on the streams", len(waits) / STREAMS / sent, "of those sent", 0.99, "at least"
        ),
        Figure("publish to stream p50", percentile(waits, 0.5) * 1000, "ms"),
        Figure("publish to stream p99", percentile(waits, 0.99) * 1000, "ms", 500),
    ]


async def _both(city: Installation, seconds: float) -> tuple[list[float], int]:
    posted: dict[tuple[str, int], float] = {}
    waits: list[float] = []
    listeners = [asyncio.create_task(_listen(city.program.port, posted, waits)) for _ in range(STREAMS)]
    await asyncio.sleep(1)
    await _publish(city, seconds, posted)
    await asyncio.sleep(1.5)
    for listener in listeners:
        assert not listener.done(), listener.exception()
        listener.cancel()
    return waits, len(posted)


async def _listen(port: int, posted: dict[tuple[str, int], float], waits: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
    writer.write(b"GET /live HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
    try:
        while line := await reader.readline():
            if not line.startswith(b"data: {"):
                continue  # heads of chunks and events, heartbeats
            at = time.perf_counter()
            for code, _series, time_ms, *_rest in json.loads(line[5:])["readings"]:
                sent = posted.get((code, time_ms))
                if sent is not None:
                    waits.append(at - sent)
    finally:
        writer.close()


async def _publish(city: Installation, seconds: float, posted: dict[tuple[str, int], float]) -> None:
    """At a steady rate, whatever the answers take; each connection waits for its answer."""
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(8):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", city.program.port))
    moment, position = city.now - timedelta(hours=3), 0
    began = time.perf_counter()
    tasks = []
    for number in range(int(seconds * RATE / PER)):
        await asyncio.sleep(max(0.0, began + number * PER / RATE - time.perf_counter()))
        codes = city.codes[position : position + PER]
        position = (position + PER) % len(city.codes)
        if position == 0:
            moment += timedelta(seconds=1)
        stamp, time_ms = f"{moment:%Y-%m-%dT%H:%M:%SZ}", round(moment.timestamp() * 1000)
        rows = [
            {"thing": code, "series": "level", "time": stamp, "value": number % 700 / 100} for code in codes
        ]
        body = json.dumps(rows).encode()
        sent = time.perf_counter()
        posted.update(dict.fromkeys(((code, time_ms) for code in codes), sent))
        tasks.append(asyncio.create_task(_post(await free.get(), free, city.token, body)))
    await asyncio.gather(*tasks)


async def _post(
    pair: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]],
    token: str,
    body: bytes,
) -> None:
    reader, writer = pair
    head = f"POST /api/v1/observations HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    answer = (await reader.readuntil(b"\r\n\r\n")).lower()
    assert b" 200 " in answer.split(b"\r\n")[0], answer
    await reader.readexactly(int(answer.split(b"content-length:")[1].split(b"\r\n")[0]))
    free.put_nowait(pair)
