"""Who judges is killed between commit and rule, at random moments: every wave rings once, with its crest."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.faults.measure import seed, tell, times
from tests.postgres import shared_cluster
from tests.running import ROOT, Program
from toancanh.kernel.telemetry.store import Row, open_store

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.xdist_group("kill alerts")]
KILLS = times(4, 50)
ASK = "SELECT s.id, a.peak, a.state FROM alerts_alert a JOIN telemetry_series s ON s.thing_id = a.thing_id"
SAID = "judges.txt"
PATIENCE = 60
BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


class Rivers:
    """Gauges whose water crosses the line again and again; keeps a ledger of the crests it committed."""

    def __init__(self, where: str, series: list[int]) -> None:
        self.store, self.series = open_store(where), series
        self.crests: Counter[tuple[int, float]] = Counter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._flow)

    def __enter__(self) -> Rivers:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.store.close()

    def _flow(self) -> None:
        wave = 0
        while not self._stop.is_set():
            wave += 1
            crest = round(1.1 + wave / 100, 2)
            for value in (0.4, round(crest - 0.05, 2), crest, 0.4):
                now = time.time_ns() // 1000
                self.store.put([Row(one, now, value) for one in self.series], now)
                if value == crest:
                    self.crests.update((one, crest) for one in self.series)
                time.sleep(random.uniform(0.005, 0.03))


def rung(where: str) -> list[tuple[int, float, str]]:
    """Every alert there is: series, crest, state."""
    if where.startswith("postgresql"):
        with psycopg.connect(where) as database:
            return database.execute(ASK).fetchall()
    with closing(sqlite3.connect(f"{where}/city.db", timeout=20)) as database:
        return database.execute(ASK).fetchall()


def wait_for_more(database: str, had: int, folder: Path) -> None:
    """Until more alerts are there than were had."""
    end = time.monotonic() + PATIENCE
    while len(rung(database)) <= had:
        assert time.monotonic() < end, (folder / SAID).read_text()
        time.sleep(0.05)


def all_judged(database: str, wanted: Counter[tuple[int, float]], folder: Path) -> Counter[tuple[int, float]]:
    """How often each wave rang, once all that were wanted did and are over; however long that takes, but for
    a standstill."""
    left = None
    while True:
        found = rung(database)
        counts = Counter((one, round(peak, 2)) for one, peak, _ in found)
        missing = wanted - counts, sum(state != "closed" for *_, state in found)
        if not any(missing):
            return counts
        if missing != left:
            left, end = missing, time.monotonic() + PATIENCE
        assert time.monotonic() < end, f"lost {missing}: {(folder / SAID).read_text()}"
        time.sleep(0.2)


@pytest.mark.parametrize("engine", BOTH)
def test_every_wave_rings_once_whatever_is_killed(tmp_path: Path, engine: str) -> None:
    random.seed(chosen := seed())
    where = shared_cluster().fresh() if engine == "postgres" else ""
    program = Program(tmp_path, variables={"DATABASE_URL": where} if where else {})
    program.do("migrate")
    env = {**program.environment, "DJANGO_SETTINGS_MODULE": "toancanh.site.settings"}
    command = [sys.executable, "-m", "tests.faults.judges"]
    done = subprocess.run([*command, "prepare"], env=env, cwd=ROOT, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    series = json.loads(done.stdout.splitlines()[-1])
    log = (tmp_path / SAID).open("ab")

    def begin() -> subprocess.Popen[bytes]:
        return subprocess.Popen([*command, "judge"], env=env, cwd=ROOT, stdout=log, stderr=log)

    database = where or str(tmp_path)
    judges = [begin(), begin()]
    try:
        with Rivers(where or str(tmp_path / "telemetry.db"), series) as rivers:
            wait_for_more(database, 0, tmp_path)
            # What was committed before anybody ever judged is nobody's.
            begun = rivers.crests.copy()
            for number in range(KILLS):
                # Killed before it judges, it would die of nothing.
                wait_for_more(database, len(rung(database)), tmp_path)
                time.sleep(random.uniform(0, 0.5))
                os.kill(judges[number % 2].pid, 9)
                judges[number % 2].wait()
                judges[number % 2] = begin()
        wanted = Counter({key: n for key, n in rivers.crests.items() if key not in begun})
        counts = all_judged(database, wanted, tmp_path)
    finally:
        for one in judges:
            os.kill(one.pid, 9)
            one.wait()
        log.close()
    twice = {key: n for key, n in counts.items() if n > 1}
    assert not twice
    assert not counts - rivers.crests, "an alert of a wave that never was"
    assert len(wanted) > KILLS * len(series)
    tell("kill who judges", seed=chosen, kills=KILLS, waves=len(wanted), lost=0, twice=0)
    said = (tmp_path / SAID).read_text()
    assert "IntegrityError" not in said, said
