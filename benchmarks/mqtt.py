"""MQTT at QoS 1, acknowledged after commit: one observation a message, lists of 50, and paho alone."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from typing import Any

from benchmarks.figure import Figure
from benchmarks.installation import Installation
from tests.running import ROOT
from toancanh.kernel.runtime.clock import to_us

TITLE = "MQTT: QoS 1, acknowledged after commit, 16 connections with 20 messages on their way each"
LIST = 50


def measure(city: Installation, seconds: float) -> list[Figure]:
    one = run(city, seconds, per=1, hours_ago=20)
    many = run(city, seconds, per=LIST, hours_ago=18)
    slow = run(city, min(seconds, 15), "--paho", per=1, hours_ago=16, window=100)
    wanted = one["acknowledged"] + LIST * many["acknowledged"] + slow["acknowledged"]
    return [
        Figure("messages of one observation", one["messages"], "/s", 3_000, "at least"),
        Figure("worst second of them", one["worst_second"], "/s"),
        Figure("acknowledged, p50", one["p50"], "ms"),
        Figure("acknowledged, p99", one["p99"], "ms"),
        Figure("observations in lists of 50", LIST * many["messages"], "/s", 20_000, "at least"),
        Figure("one paho client with 100 on their way", slow["messages"], "/s"),
        Figure("acknowledged and not kept", max(0, wanted - _kept(city)), "", 0),
    ]


def run(
    city: Installation, seconds: float, *words: str, per: int, hours_ago: float, window: int = 20
) -> dict[str, Any]:
    """Run the load generator as a process of its own."""
    start = city.now - timedelta(hours=hours_ago)
    command = [sys.executable, "-m", "benchmarks.mqtt_client", "--port", str(city.mqtt_port), *words]
    command += ["--token", city.token, "--things", str(city.things_file), "--start", start.isoformat()]
    command += ["--per", str(per), "--window", str(window), "--seconds", str(seconds)]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, cwd=ROOT, timeout=seconds + 60, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _kept(city: Installation) -> int:
    """How many observations the store holds of the hours in which the runs measured."""
    start, end = (to_us(city.now - timedelta(hours=hours)) for hours in (20, 15))
    store = city.store()
    try:
        return sum(total.count for total in store.sums(city.ids.values(), start, end).values())
    finally:
        store.close()
