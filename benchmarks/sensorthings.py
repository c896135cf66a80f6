"""SensorThings: tables, single posts and one wide request; what is taken is acknowledged after commit."""

from __future__ import annotations

from datetime import timedelta

from benchmarks.figure import Figure
from benchmarks.installation import Installation
from benchmarks.sta_client import Service, run
from toancanh.kernel.exchange.sensorthings import ids

TITLE = (
    "SensorThings: data arrays of 1,000 over 10 datastreams, and single posts, 8 connections;"
    " 100 datastreams expanded, 1 connection"
)
FIRST_HOURS = {"arrays": 23.0, "single": 10.0, "expand": 0.0}
"""How far back each measurement begins: no two of them meet, nor the week that was stored before."""


def measure(city: Installation, seconds: float) -> list[Figure]:
    streams = [city.ids[code] for code in city.codes[:2_000]]
    service = Service(port=city.program.port, root=ids.PREFIX, streams=streams, token=city.token)
    arrays, single, expand = (
        run(what, service, city.now - timedelta(hours=hours), seconds if hours else min(seconds, 20.0))
        for what, hours in FIRST_HOURS.items()
    )
    return [
        Figure("observations in data arrays", arrays["rows"], "/s", 14_000, "at least"),
        Figure("data arrays refused", arrays["refused"], "", 0),
        Figure("data array p99", arrays["p99"], "ms"),
        Figure("single posts", single["rows"], "/s", 1_000, "at least"),
        Figure("single posts refused", single["refused"], "", 0),
        Figure("single post p50", single["p50"], "ms"),
        Figure("single post p99", single["p99"], "ms"),
        Figure("100 datastreams expanded, p50", expand["p50"], "ms", 50),
        Figure("100 datastreams expanded, p99", expand["p99"], "ms"),
        Figure("expansions refused", expand["refused"], "", 0),
    ]
