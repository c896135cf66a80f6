"""The worker is killed while it hands messages over: everyone gets them, twice only after a kill."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.faults.measure import seed, tell, times
from tests.peers.push import PushService, push_service
from tests.postgres import shared_cluster
from tests.running import ROOT, Program

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.xdist_group("kill notify")]
KILLS = times(3, 50)
PEOPLE = times(2_000, 20_000)
SLICES = 4 * 250
"""Copies that may be on their way when the worker dies."""
PATIENCE = 120.0
BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


def run(program: Program, *words: str) -> str:
    """A command of `teller` on the program's store."""
    env = {**program.environment, "DJANGO_SETTINGS_MODULE": "toancanh.site.settings"}
    command = [sys.executable, "-m", "tests.faults.teller", *words]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def counted(program: Program, key: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(program, "counts", key))
    return found


def until(service: PushService, more: int, program: Program) -> None:
    """Wait until so many messages have come, or none is left to come."""
    end = time.monotonic() + PATIENCE
    while sum(service.topics.values()) < more:
        assert time.monotonic() < end, (program.folder / "log.txt").read_text()
        time.sleep(0.005)


@pytest.mark.parametrize("engine", BOTH)
def test_everyone_is_told_whatever_is_killed(tmp_path: Path, engine: str) -> None:
    random.seed(chosen := seed())
    where = shared_cluster().fresh() if engine == "postgres" else ""
    with push_service() as service:
        variables = {"EGRESS_ALLOW": "127.0.0.0/8", "PUSH_HOSTS": f"127.0.0.1:{service.port}"}
        worker = Program(
            tmp_path, role="worker", variables={**variables, **({"DATABASE_URL": where} if where else {})}
        )
        worker.do("migrate")
        run(worker, "prepare", str(service.port), str(PEOPLE))
        run(worker, "send", "warnings.message:1")
        kills = 0
        try:
            for _ in range(KILLS):
                worker.begin()
                had = sum(service.topics.values())
                if len(service.topics) >= PEOPLE:
                    break
                until(service, had + random.randint(1, 400), worker)
                time.sleep(random.uniform(0, 0.05))
                worker.kill()
                kills += 1
            if worker.process is None or worker.process.poll() is not None:
                worker.begin()
            until(service, PEOPLE, worker)
            end = time.monotonic() + PATIENCE
            while (found := counted(worker, "warnings.message:1"))["told"]["handed"] < PEOPLE:
                assert time.monotonic() < end, (found, (tmp_path / "log.txt").read_text())
                time.sleep(0.5)
        finally:
            worker.end()
    second = sum(service.topics.values()) - PEOPLE
    tell("kill notify", kills=kills, people=PEOPLE, second=second, seed=chosen, engine=engine)
    assert len(service.topics) == PEOPLE, "each recipient once by key"
    assert 0 <= second <= kills * SLICES
    assert found == {
        "spreading": False,
        "told": {"waiting": 0, "handed": PEOPLE, "received": 0, "failed": 0},
        "rows": {"handed": PEOPLE},
    }
    assert service.faults == []
