"""Killed while reports of an earlier system come in, or go back: each is there once, or not at all."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.postgres import shared_cluster
from tests.running import ROOT, Program

pytestmark = [
    pytest.mark.slow,
    pytest.mark.faults,
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("kill imports"),
]
BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
ROWS = 45
EVENTS = 6
"""Of each report: opened, four moves, taken over."""
COMING, GOING = (1, 40, 333, 700, 12), (1, 90, 4)
"""At which write each of the processes dies."""


def importer(program: Program, *words: str) -> subprocess.CompletedProcess[str]:
    env = {**program.environment, "DJANGO_SETTINGS_MODULE": "toancanh.site.settings"}
    command = [sys.executable, "-m", "tests.faults.importer", *words]
    return subprocess.run(
        command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )


def done(program: Program, *words: str) -> str:
    """What it printed, once it has ended as it should."""
    ended = importer(program, *words)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def killed(program: Program, writes: int) -> None:
    ended = importer(program, "run", str(writes))
    assert ended.returncode == -9, (writes, ended.stderr)


@pytest.mark.parametrize("engine", BOTH)
def test_each_report_is_there_once_whenever_it_is_killed(tmp_path: Path, engine: str) -> None:
    where = {"DATABASE_URL": shared_cluster().fresh()} if engine == "postgres" else {}
    program = Program(tmp_path, variables=where)
    program.do("migrate")
    done(program, "begin", str(ROWS))
    for writes in COMING:
        killed(program, writes)
        found: dict[str, Any] = json.loads(done(program, "tell"))
        # Whatever was kept of it, the ledger, its counts and the reports say the same.
        assert len(found["codes"]) == len(set(found["codes"])) == found["rows"] == found["counts"][0] < ROWS
        assert found["events"] == EVENTS * found["rows"]
    assert found["rows"], "some came in before it was killed"
    done(program, "run", "0")
    found = json.loads(done(program, "tell"))
    assert (found["state"], found["counts"]) == ("done", [ROWS, 0, 0, 0, 0])
    assert sorted(found["codes"]) == sorted(f"K{n}" for n in range(ROWS))
    assert (found["events"], found["identities"]) == (EVENTS * ROWS, ROWS)
    assert not found["differences"]

    done(program, "undo")
    for writes in GOING:
        killed(program, writes)
        found = json.loads(done(program, "tell"))
        assert len(found["codes"]) == ROWS - found["counts"][3]
    done(program, "run", "0")
    found = json.loads(done(program, "tell"))
    assert (found["state"], found["counts"]) == ("undone", [ROWS, 0, 0, ROWS, 0])
    assert found["codes"] == []
    assert (found["events"], found["identities"]) == (0, 0)
