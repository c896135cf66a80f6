"""The public's warning pages under a crowd: so many requests a second, and 25,000 visitors in five minutes.

A visitor comes on a connection of his own and loads the list and what its script asks for; every fourth comes
for the first time and loads the look of the page as well.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.figure import Figure, percentile
from benchmarks.installation import Installation
from tests.warned import tell

HEADLINE, UNIT = "Nước sông Hương tại Kim Long vượt báo động 3", "19774"
TITLE = "Warning pages for a crowd"
RATE = 160
VISITORS, WITHIN = 25_000, 300
AGAIN = ("/warnings/", "/warnings/now.json")
HEAD = "GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\nConnection: {way}\r\n\r\n"


@dataclass
class Crowd:
    """What a crowd met."""

    times: list[float] = field(default_factory=list)
    """Milliseconds from asking to the last byte."""
    statuses: Counter[int] = field(default_factory=Counter)
    late: float = 0.0
    """Seconds by which the slowest start of a visit was behind its plan: the crowd's own fault."""
    seconds: float = 0.0

    @property
    def failed(self) -> int:
        """Requests that were not answered with 200."""
        return sum(count for status, count in self.statuses.items() if status != 200)


def measure(city: Installation, seconds: float) -> list[Figure]:
    port = city.program.port
    tell(city.program, HEADLINE, UNIT)
    while HEADLINE.encode() not in (city.program.folder / "public/warnings/index.html").read_bytes():
        time.sleep(0.2)
    look = assets(city.program.folder / "public")
    lasting = min(seconds, float(WITHIN))
    single = asyncio.run(come(port, [("/warnings/",)] * int(RATE * lasting), RATE))
    visits = VISITORS / WITHIN
    crowd = asyncio.run(come(port, plan(int(visits * lasting), look), visits))
    return [
        Figure(
            "list alone, requests", single.statuses.total() / single.seconds, "/s", RATE * 0.99, "at least"
        ),
        Figure("list alone, p95", percentile(single.times, 0.95), "ms", 100),
        Figure("list alone, failed", single.failed, ""),
        Figure("visitors in five minutes at this rate", visits * WITHIN, "", VISITORS * 0.99, "at least"),
        Figure("requests of visitors", crowd.statuses.total() / crowd.seconds, "/s"),
        Figure("requests of visitors, p95", percentile(crowd.times, 0.95), "ms", 100),
        Figure("requests of visitors, failed", crowd.failed, "", 0),
        Figure("memory afterwards", city.rss_mb(), "MB"),
    ]


def assets(public: Path) -> tuple[str, ...]:
    """What the list loads beside itself."""
    page = (public / "warnings" / "index.html").read_text()
    return tuple(dict.fromkeys(re.findall(r'(?:href|src)="(/static/[^"]+)"', page)))


def plan(visitors: int, look: tuple[str, ...]) -> list[tuple[str, ...]]:
    """What each visitor asks for, in turn."""
    first = ("/warnings/", *look, "/warnings/now.json", "/manifest.webmanifest")
    return [first if n % 4 == 0 else AGAIN for n in range(visitors)]


async def come(port: int, visits: list[tuple[str, ...]], rate: float) -> Crowd:
    """Send them at a steady rate, whether those before were answered or not."""
    crowd, began = Crowd(), time.perf_counter()
    running: set[asyncio.Task[None]] = set()
    for n, paths in enumerate(visits):
        due = began + n / rate
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        crowd.late = max(crowd.late, time.perf_counter() - due)
        task = asyncio.create_task(_visit(port, paths, crowd))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)
    crowd.seconds = time.perf_counter() - began
    return crowd


async def _visit(port: int, paths: tuple[str, ...], crowd: Crowd) -> None:
    writer = None
    try:
        async with asyncio.timeout(30):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for n, path in enumerate(paths):
                began = time.perf_counter()
                way = "close" if n == len(paths) - 1 else "keep-alive"
                writer.write(HEAD.format(path=path, way=way).encode())
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", head.lower())
                await reader.readexactly(int(length[1]) if length else 0)
                crowd.times.append((time.perf_counter() - began) * 1000)
                crowd.statuses[int(head.split()[1])] += 1
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        crowd.statuses[0] += 1
    finally:
        if writer is not None:
            writer.close()
