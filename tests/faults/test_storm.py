"""Thousands of stations cross their line in one commit: all ring, and nobody else waits for the last one."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.measure import FULL, tell
from tests.running import ROOT, Program
from toancanh.kernel.alerts.slices import MOST
from toancanh.kernel.telemetry.store import Row, open_store

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.xdist_group("storm")]
STATIONS = 5000 if FULL else 1000
TURNS = 4
"""So many transactions of who judges may come between a writer's asking and his turn: he asks every 0.1 s."""
PATIENCE = 120
RUNG = "SELECT count(*), count(DISTINCT thing_id) FROM alerts_alert"


def rung(city: sqlite3.Connection) -> int:
    """How many stations ring, each of them once."""
    alerts, stations = city.execute(RUNG).fetchone()
    assert alerts == stations
    return int(alerts)


def test_no_writer_waits_for_the_end_of_a_storm(tmp_path: Path) -> None:
    program = Program(tmp_path)
    program.do("migrate")
    env = {**program.environment, "DJANGO_SETTINGS_MODULE": "toancanh.site.settings"}
    command = [sys.executable, "-m", "tests.faults.judges"]
    prepare = [*command, "prepare", str(STATIONS)]
    done = subprocess.run(prepare, env=env, cwd=ROOT, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    series = json.loads(done.stdout.splitlines()[-1])
    judge = subprocess.Popen([*command, "judge"], env=env, cwd=ROOT)
    store = open_store(str(tmp_path / "telemetry.db"))
    waited, turns = [], 0
    try:
        with closing(sqlite3.connect(tmp_path / "city.db", timeout=30, isolation_level=None)) as city:
            end = time.monotonic() + PATIENCE
            # The first one rings before the storm: whoever judges has begun.
            value = 0.5
            while not rung(city):
                value += 0.5
                store.put([Row(series[0], time.time_ns() // 1000, value)], time.time_ns() // 1000)
                time.sleep(0.2)
                assert time.monotonic() < end
            now = time.time_ns() // 1000
            store.put([Row(one, now, 1.4) for one in series[1:]], now)
            end = time.monotonic() + PATIENCE
            while (before := rung(city)) < STATIONS:
                assert time.monotonic() < end, f"{before} ring"
                city.execute("BEGIN IMMEDIATE")
                waited.append(rung(city) - before)
                city.execute("UPDATE runtime_revision SET number = number WHERE name = 'directory'")
                city.execute("COMMIT")
                turns += 1
                time.sleep(0.01)
    finally:
        judge.kill()
        judge.wait()
        store.close()
    tell("storm", stations=STATIONS, longest_wait_in_slices=max(waited) / MOST, turns=turns)
    assert max(waited) <= TURNS * MOST
    assert turns > STATIONS / MOST
