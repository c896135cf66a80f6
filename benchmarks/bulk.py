"""Posts of 1,000 observations over 8 connections: rate, and whether memory stays flat."""

from __future__ import annotations

import json
import time

from benchmarks.figure import Figure
from benchmarks.installation import Installation

TITLE = "Bulk: posts of 1,000 observations, 8 connections, 1 % duplicates, 0.1 % bad"


def measure(city: Installation, seconds: float) -> list[Figure]:
    client = city.client(per=1000, connections=8, seconds=seconds, hours_ago=12)
    time.sleep(min(5.0, seconds / 4))
    start = city.rss_mb()
    time.sleep(max(0.0, seconds / 2 - min(5.0, seconds / 4)))
    middle = city.rss_mb()
    told = json.loads(client.communicate(timeout=seconds + 60)[0])
    end = city.rss_mb()
    assert told["rejected"] == told["sent_bad"], told
    return [
        Figure("observations", told["rows"], "/s", 20_000, "at least"),
        Figure("worst second", told["worst_second"], "/s"),
        Figure("requests refused", told["refused"], "", 0),
        Figure("request p50", told["p50"], "ms"),
        Figure("request p99", told["p99"], "ms"),
        Figure("memory after 5 s", start, "MB"),
        Figure("memory in the middle", middle, "MB"),
        Figure("memory at the end", end, "MB", middle * 1.1 + 8),
    ]
