"""Posts of one observation each: rate and latency."""

from __future__ import annotations

import json

from benchmarks.figure import Figure
from benchmarks.installation import Installation

TITLE = "Single: posts of 1 observation, 32 connections, 1 % duplicates, 0.1 % bad"


def measure(city: Installation, seconds: float) -> list[Figure]:
    client = city.client(per=1, connections=32, seconds=seconds, hours_ago=6)
    told = json.loads(client.communicate(timeout=seconds + 60)[0])
    assert told["rejected"] == told["sent_bad"], told
    return [
        Figure("posts", told["requests"], "/s", 3_000, "at least"),
        Figure("worst second", told["worst_second"], "/s"),
        Figure("requests refused", told["refused"], "", 0),
        Figure("request p50", told["p50"], "ms"),
        Figure("request p99", told["p99"], "ms", 50),
        Figure("slowest request", told["max"], "ms"),
    ]
