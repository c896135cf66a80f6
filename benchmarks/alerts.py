"""From the moment a reading is posted to the moment its alert is on an open page: 2,000/s under 10,000 rules.

The streams are read by a process of its own, signed in as an officer; beside it Chromium shows *Toàn cảnh*.
`python -m benchmarks.alerts rule` (in the program's environment) gives every station a line, `… listen PORT
COOKIE SECONDS` tells when which alert was seen.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime
from http.cookiejar import CookieJar
from threading import Thread
from typing import Any
from urllib.request import HTTPCookieProcessor, OpenerDirector

from benchmarks.figure import Figure, percentile
from benchmarks.installation import PASSWORD, Installation
from benchmarks.page import signed_in
from tests.running import ROOT

TITLE = "Publish to alert: 2,000 observations/s of the present, 10,000 rules and as many of rates and silence"
PER = 100
RATE = 2_000
RINGING = 4
"""Stations a second whose water crosses the line …"""
LINE, CALM, HIGH = 8.0, 0.5, 9.0
WARM_S = 8.0
"""… once every station has been heard."""
FOLDED_S = 300.0
"""At most until the states of all rules are folded from the store."""
SEEN = """() => {
  window.seen = {};
  const look = () => document.querySelectorAll('#ringing a.tc-ring').forEach((row) => {
    window.seen[row.getAttribute('href')] ??= Date.now();
  });
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  look();
}"""


def measure(city: Installation, seconds: float) -> list[Figure]:
    seconds = min(seconds, 60.0)
    _with_lines(city)
    _until_idle(city)
    listener = _listener(city, seconds + WARM_S + 5)
    sent: dict[str, float] = {}
    standing = set(_stations(city).values())
    answered: list[float] = []
    publishing = Thread(target=lambda: answered.append(asyncio.run(_publish(city, seconds, sent, standing))))
    shown = _browsed(city, publishing)
    told, _nothing = listener.communicate(timeout=60)
    publishing.join()
    stations = _stations(city)
    streamed = {stations[pk]: at for pk, at in json.loads(told).items() if pk in stations}
    waits = [streamed[code] - at for code, at in sent.items() if code in streamed]
    pages = [shown[code] - at for code, at in sent.items() if code in shown]
    return [
        Figure("observations sent", answered[0] / (seconds + WARM_S), "/s", RATE * 0.98, "at least"),
        Figure("alerts on the stream", len(waits) / max(1, len(sent)), "of those due", 1.0, "at least"),
        Figure("publish to stream p50", percentile(waits or [9e9], 0.5) * 1000, "ms"),
        Figure("publish to stream p99", percentile(waits or [9e9], 0.99) * 1000, "ms", 1000),
        Figure("alerts seen in Chromium", len(pages) / max(1, len(sent)), "of those due", 0.9, "at least"),
        Figure("publish to row in Chromium p50", percentile(pages or [9e9], 0.5) * 1000, "ms"),
        Figure("publish to row in Chromium p99", percentile(pages or [9e9], 0.99) * 1000, "ms", 1000),
        Figure("memory", city.rss_mb(), "MB"),
    ]


def _with_lines(city: Installation) -> None:
    env = {**city.program.environment, "DJANGO_SETTINGS_MODULE": "toancanh.site.settings"}
    subprocess.run([sys.executable, "-m", "benchmarks.alerts", "rule"], env=env, cwd=ROOT, check=True)


def rule() -> None:
    """A line of its own for every station: none of them has an official level."""
    import django

    django.setup()
    from toancanh.kernel.alerts import ruling
    from toancanh.kernel.declare import Bands, Line, program

    lines = (Line(at=LINE, severity=2), Line(at=LINE * 2, severity=3))
    condition = Bands(series="level", lines=lines, hysteresis=0.1, calm_s=1800)
    ruling.set_rule("flood.level", None, condition, by=program("benchmarks"), reason="benchmark")


def _until_idle(city: Installation) -> None:
    """After a start states are folded: until the program takes less than a fifth of a core."""
    end, before, quiet = time.monotonic() + FOLDED_S, city.used_s(), 0
    while time.monotonic() < end and quiet < 6:
        time.sleep(5.0)
        now = city.used_s()
        # More than once: on a machine that others use it may only not have had its turn.
        quiet = quiet + 1 if now - before < 1.0 else 0
        before = now


def _listener(city: Installation, seconds: float) -> subprocess.Popen[str]:
    words = ["listen", str(city.program.port), _cookie(signed_in(city.program.url)), str(seconds)]
    command = [sys.executable, "-m", "benchmarks.alerts", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def _cookie(opener: OpenerDirector) -> str:
    jar: CookieJar = next(h.cookiejar for h in opener.handlers if isinstance(h, HTTPCookieProcessor))
    return "; ".join(f"{one.name}={one.value}" for one in jar)


async def listen(port: int, cookie: str, seconds: float) -> dict[str, float]:
    """When each alert was first told on the stream."""
    seen: dict[str, float] = {}
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
    head = f"GET /live HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nCookie: {cookie}\r\n\r\n"
    writer.write(head.encode())
    try:
        async with asyncio.timeout(seconds):
            while line := await reader.readline():
                if not line.startswith(b"data: {"):
                    continue
                at = time.time()
                for note in json.loads(line[5:]).get("notes", ()):
                    seen.setdefault(note["key"], at)
    except TimeoutError:
        pass
    writer.close()
    return seen


async def _publish(city: Installation, seconds: float, sent: dict[str, float], standing: set[str]) -> int:
    """At a steady rate; ``sent`` tells when each station's first reading above the line was posted.

    What was ``standing`` from a run before stays as it is.
    """
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(8):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", city.program.port))
    began, position, posts, tasks = time.perf_counter(), 0, int((seconds + WARM_S) * RATE / PER), []
    every = RATE // PER // RINGING
    for number in range(posts):
        await asyncio.sleep(max(0.0, began + number * PER / RATE - time.perf_counter()))
        codes = city.codes[position : position + PER]
        position = (position + PER) % len(city.codes)
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
        if number >= WARM_S * RATE / PER and number % every == 0:
            crossing = next((code for code in codes if code not in sent and code not in standing), None)
            if crossing is not None:
                sent[crossing] = time.time()
        rows = [
            {
                "thing": code,
                "series": "level",
                "time": stamp,
                "value": HIGH if code in sent or code in standing else CALM,
            }
            for code in codes
        ]
        tasks.append(asyncio.create_task(_post(await free.get(), free, city.token, rows)))
    await asyncio.gather(*tasks)
    await asyncio.sleep(3)
    return posts * PER


async def _post(
    pair: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]],
    token: str,
    rows: list[dict[str, Any]],
) -> None:
    reader, writer = pair
    body = json.dumps(rows).encode()
    head = f"POST /api/v1/observations HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    answer = (await reader.readuntil(b"\r\n\r\n")).lower()
    assert b" 200 " in answer.split(b"\r\n")[0], answer
    await reader.readexactly(int(answer.split(b"content-length:")[1].split(b"\r\n")[0]))
    free.put_nowait(pair)


def _browsed(city: Installation, publishing: Thread) -> dict[str, float]:
    """When a person saw each station's alert in the column of *Toàn cảnh*."""
    from tests.browser import chromium, open_page, sign_in

    with chromium() as browser:
        context, watched = open_page(browser, city.program.url)
        sign_in(watched.page, city.program.url, "bench", PASSWORD)
        watched.page.evaluate(SEEN)
        publishing.start()
        while publishing.is_alive():
            watched.page.wait_for_timeout(500)
        seen = watched.page.evaluate("window.seen")
        context.close()
    stations = _stations(city)
    numbers = {href.rstrip("/").rpartition("/")[2]: at / 1000 for href, at in seen.items()}
    return {stations[pk]: at for pk, at in numbers.items() if pk in stations}


def _stations(city: Installation) -> dict[str, str]:
    """The station of each alert of a level."""
    database = sqlite3.connect(f"file:{city.program.folder / 'city.db'}?mode=ro", uri=True)
    rows = database.execute(
        "SELECT a.id, t.code FROM alerts_alert a JOIN registry_thing t ON t.id = a.thing_id"
        " WHERE a.key = 'flood.level'"
    ).fetchall()
    database.close()
    return {str(pk): code for pk, code in rows}


if __name__ == "__main__":
    if sys.argv[1] == "rule":
        rule()
    else:
        print(json.dumps(asyncio.run(listen(int(sys.argv[2]), sys.argv[3], float(sys.argv[4])))))
