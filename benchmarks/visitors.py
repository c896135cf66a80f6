"""The public's warning pages under a crowd: so many requests a second, and 25,000 visitors in five minutes.

Every visitor comes for the first time, on a connection of his own, and asks one after the other for all that
Chromium asks for at its first visit, scripts, fonts and icons included, as its headers ask for it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from dataclasses import dataclass, field

from benchmarks.figure import Figure, percentile
from benchmarks.installation import Installation
from tests.warned import tell

HEADLINE, UNIT = "Nước sông Hương tại Kim Long vượt báo động 3", "19774"
TITLE = "Warning pages for a crowd"
RATE = 160
VISITORS, WITHIN = 25_000, 300
LIST = "/warnings/"
HEAD = (
    "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: {way}\r\n"
    'sec-ch-ua: "Chromium";v="142", "Not_A Brand";v="99"\r\nsec-ch-ua-mobile: ?1\r\n'
    'sec-ch-ua-platform: "Android"\r\n'
    "User-Agent: Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/142.0.0.0 Mobile\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: no-cors\r\nReferer: http://localhost/warnings/\r\n"
    "Accept-Encoding: gzip, deflate\r\nAccept-Language: vi-VN,vi;q=0.9\r\n\r\n"
)


@dataclass
class Crowd:
    """What a crowd met."""

    times: list[float] = field(default_factory=list)
    """Milliseconds from asking to the last byte."""
    visits: list[float] = field(default_factory=list)
    """Milliseconds from the connection to the last byte of the last file."""
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
    visit = first_visit(city.program.url)
    lasting = min(seconds, float(WITHIN))
    used = city.used_s()
    single = asyncio.run(come(port, [(LIST,)] * int(RATE * lasting), RATE))
    used_single = city.used_s() - used
    visits = VISITORS / WITHIN
    crowd = asyncio.run(come(port, [visit] * int(visits * lasting), visits))
    used_crowd = city.used_s() - used - used_single
    return [
        Figure(
            "list alone, requests", single.statuses.total() / single.seconds, "/s", RATE * 0.99, "at least"
        ),
        Figure("list alone, p95", percentile(single.times, 0.95), "ms", 100),
        Figure("list alone, failed", single.failed, "", 0),
        Figure("list alone, a core's time for a request", used_single / single.statuses.total() * 1000, "ms"),
        Figure("visitors in five minutes at this rate", visits * WITHIN, "", VISITORS * 0.99, "at least"),
        Figure("files of a first visit", len(visit), ""),
        Figure("requests of visitors", crowd.statuses.total() / crowd.seconds, "/s"),
        Figure("requests of visitors, p95", percentile(crowd.times, 0.95), "ms", 100),
        Figure("whole visit, p95", percentile(crowd.visits, 0.95), "ms"),
        Figure("requests of visitors, failed", crowd.failed, "", 0),
        Figure("visitors, share of a core", used_crowd / crowd.seconds, "cores"),
        Figure("slowest start of a visit behind its plan", crowd.late * 1000, "ms"),
        Figure("memory afterwards", city.rss_mb(), "MB"),
    ]


def first_visit(url: str) -> tuple[str, ...]:
    """Paths of all that a browser asks for that was never here, the worker that it installs included."""
    from tests.browser import chromium, open_page

    with chromium() as browser:
        context, watched = open_page(browser, url)
        asked: list[str] = []
        context.on("request", lambda request: asked.append(request.url.removeprefix(url).partition("#")[0]))
        watched.page.goto(f"{url}{LIST}")
        watched.page.wait_for_load_state("networkidle")
        watched.page.wait_for_timeout(1_000)
        context.close()
    return tuple(dict.fromkeys(path for path in asked if path.startswith("/")))


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
            came = time.perf_counter()
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
            crowd.visits.append((time.perf_counter() - came) * 1000)
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        crowd.statuses[0] += 1
    finally:
        if writer is not None:
            writer.close()
