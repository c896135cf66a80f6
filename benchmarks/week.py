"""A week of one series among ten million rows, straight from the store and through the API."""

from __future__ import annotations

import time
import urllib.request
from datetime import timedelta
from urllib.parse import urlencode

from benchmarks.figure import Figure, percentile
from benchmarks.installation import DENSE, WEEK_ROWS, Installation
from toancanh.kernel.telemetry.store import HOUR

TITLE = "A week of one series, a reading a minute"
TIMES = 20


def measure(city: Installation, seconds: float) -> list[Figure]:
    store = city.store()
    codes = city.codes[:DENSE]
    raw, hours = [], []
    for number in range(TIMES):
        series = city.ids[codes[number % DENSE]]
        began = time.perf_counter()
        found = store.range(series, 0, 2**62, limit=WEEK_ROWS)
        raw.append((time.perf_counter() - began) * 1000)
        assert len(found) == WEEK_ROWS
        began = time.perf_counter()
        assert store.buckets(series, 0, 2**62, HOUR, "mean")
        hours.append((time.perf_counter() - began) * 1000)
    store.close()
    api = [_timed(city, code, step) for step in ("10m",) for code in codes * 2]
    whole = [_timed(city, code, "") for code in codes * 2]
    return [
        Figure("rows in the store", city.rows, ""),
        Figure("store: raw week, p50", percentile(raw, 0.5), "ms", 50),
        Figure("store: raw week, p95", percentile(raw, 0.95), "ms"),
        Figure("store: hours of a week, p50", percentile(hours, 0.5), "ms", 50),
        Figure("API: week by 10 minutes, p50", percentile(api, 0.5), "ms", 50),
        Figure("API: week by 10 minutes, p95", percentile(api, 0.95), "ms"),
        Figure("API: raw week (10,080 items), p50", percentile(whole, 0.5), "ms"),
    ]


def _timed(city: Installation, code: str, step: str) -> float:
    asked = {"from": f"{city.now - timedelta(days=9):%FT%TZ}", "to": f"{city.now:%FT%TZ}", "limit": "100000"}
    query = urlencode(asked | ({"step": step} if step else {}))
    url = f"{city.program.url}/api/v1/things/{code}/series/level/observations?{query}"
    began = time.perf_counter()
    with urllib.request.urlopen(url) as answer:
        answer.read()
    return (time.perf_counter() - began) * 1000
