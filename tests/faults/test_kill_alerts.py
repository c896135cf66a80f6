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
                time.sleep(random.uniform(0.001, 0.01))


def rung(where: str) -> list[tuple[int, float, str]]:
    """Every alert there is: series, crest, state."""
    if where.startswith("postgresql"):
        with psycopg.connect(where) as database:
            return database.execute(ASK).fetchall()
    with closing(sqlite3.connect(f"{where}/city.db", timeout=20)) as database:
        return database.execute(ASK).fetchall()


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
    log = (tmp_path / "judges.txt").open("ab")

    def begin() -> subprocess.Popen[bytes]:
        return subprocess.Popen([*command, "judge"], env=env, cwd=ROOT, stdout=log, stderr=log)

    judges = [begin(), begin()]
    database = where or str(tmp_path)
    end = time.monotonic() + 60
    with Rivers(where or str(tmp_path / "telemetry.db"), series) as rivers:
        while not rung(database):
            assert time.monotonic() < end, (tmp_path / "judges.txt").read_text()
            time.sleep(0.1)
        # What was committed before anybody ever judged is nobody's.
        begun = rivers.crests.copy()
        for number in range(KILLS):
            time.sleep(random.uniform(0.2, 1.5))
            os.kill(judges[number % 2].pid, 9)
            judges[number % 2].wait()
            judges[number % 2] = begin()
    wanted = Counter({key: n for key, n in rivers.crests.items() if key not in begun})
    end = time.monotonic() + 60
    while True:
        found = rung(database)
        counts = Counter((one, round(peak, 2)) for one, peak, _ in found)
        if not wanted - counts and all(state == "closed" for *_, state in found):
            break
        assert time.monotonic() < end, f"lost {wanted - counts}: {(tmp_path / 'judges.txt').read_text()}"
        time.sleep(0.2)
    for one in judges:
        os.kill(one.pid, 9)
        one.wait()
    log.close()
    twice = {key: n for key, n in counts.items() if n > 1}
    assert not twice
    assert not counts - rivers.crests, "an alert of a wave that never was"
    assert len(wanted) > KILLS * len(series)
    tell("kill who judges", seed=chosen, kills=KILLS, waves=len(wanted), lost=0, twice=0)
    said = (tmp_path / "judges.txt").read_text()
    assert "IntegrityError" not in said, said
