"""A load generator in a process of its own: keep-alive connections that post as fast as they are answered."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import uvloop

HEAD = (
    "POST /api/v1/observations HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
    "Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
)


class Rows:
    """Observations round and round over all series, a second later each round; some twice, some bad."""

    def __init__(
        self, things: list[str], series: str, start: datetime, duplicates: float, bad: float
    ) -> None:
        self._things = things
        self._series = series
        self._time = start
        self._next = 0
        self._chance = random.Random(7)
        self._duplicates = duplicates
        self._bad = bad
        self._before = ""
        self.sent_bad = 0

    def one(self) -> str:
        chance = self._chance.random()
        if chance < self._bad:
            self.sent_bad += 1
            return f'{{"thing":"nowhere","series":"level","time":"{self._time:%FT%TZ}","value":1}}'
        if self._before and chance < self._bad + self._duplicates:
            return self._before
        if self._next == len(self._things):
            self._next = 0
            self._time += timedelta(seconds=1)
        thing = self._things[self._next]
        self._next += 1
        value = self._next % 700 / 100
        self._before = (
            f'{{"thing":"{thing}","series":"{self._series}","time":"{self._stamp()}","value":{value}}}'
        )
        return self._before

    def _stamp(self) -> str:
        # Formatting a datetime a row would cost more than the rest of the client.
        if getattr(self, "_stamped", None) is not self._time:
            self._stamped, self._text = self._time, f"{self._time:%Y-%m-%dT%H:%M:%SZ}"
        return self._text

    def body(self, count: int) -> bytes:
        return ("[" + ",".join([self.one() for _ in range(count)]) + "]").encode()


@dataclass
class Seen:
    """What the run has had for answers."""

    accepted: int = 0
    rejected: int = 0
    refused: int = 0
    milliseconds: list[float] = field(default_factory=list)
    per_second: dict[int, int] = field(default_factory=dict)


class Poster(asyncio.Protocol):
    """One connection: the next request goes out when the answer to the last one is in."""

    def __init__(self, rows: Rows, per: int, token: str, seen: Seen, end: float) -> None:
        self._rows, self._per, self._token = rows, per, token
        self._seen, self._end = seen, end
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
        body = self._rows.body(self._per)
        head = HEAD.format(token=self._token, length=len(body)).encode()
        self._sent = time.perf_counter()
        self._transport.write(head + body)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(body) < length:
            return
        self._buffer = b""
        now = time.perf_counter()
        seen = self._seen
        seen.milliseconds.append((now - self._sent) * 1000)
        if head.startswith(b"HTTP/1.1 200"):
            accepted = int(body[body.index(b":") + 1 : body.index(b",")])
            seen.accepted += accepted
            seen.rejected += self._per - accepted
            second = int(now)
            seen.per_second[second] = seen.per_second.get(second, 0) + self._per
        else:
            seen.refused += 1
        self._post()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionError(str(exc)))


async def post(chosen: argparse.Namespace) -> dict[str, float]:
    things = json.loads(Path(chosen.things).read_text())
    start = datetime.fromisoformat(chosen.start).astimezone(UTC)
    rows = Rows(things, chosen.series, start, chosen.duplicates, chosen.bad)
    seen, loop = Seen(), asyncio.get_running_loop()
    began = time.perf_counter()
    posters = []
    for _ in range(chosen.connections):
        _transport, poster = await loop.create_connection(
            lambda: Poster(rows, chosen.per, chosen.token, seen, began + chosen.seconds),
            "127.0.0.1",
            chosen.port,
        )
        posters.append(poster.done)
    await asyncio.gather(*posters)
    elapsed = time.perf_counter() - began
    times = sorted(seen.milliseconds)
    whole = sorted(seen.per_second.values())[1:-1] or [0]
    return {
        "requests": len(times) / elapsed,
        "rows": (seen.accepted + seen.rejected) / elapsed,
        "accepted": seen.accepted,
        "rejected": seen.rejected,
        "sent_bad": rows.sent_bad,
        "refused": seen.refused,
        "p50": times[len(times) // 2],
        "p99": times[int(len(times) * 0.99)],
        "max": times[-1],
        "worst_second": whole[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--things", required=True, help="JSON file with the list of codes")
    parser.add_argument("--series", default="level")
    parser.add_argument("--start", required=True, help="time of the first round, RFC 3339")
    parser.add_argument("--per", type=int, default=1)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--duplicates", type=float, default=0.01)
    parser.add_argument("--bad", type=float, default=0.001)
    json.dump(uvloop.run(post(parser.parse_args())), sys.stdout)


if __name__ == "__main__":
    main()
