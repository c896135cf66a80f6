"""Killed between bytes and rows: nothing acknowledged is lost, nothing is there twice, nothing stays over."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.postgres import shared_cluster
from tests.running import ROOT, Program

pytestmark = [
    pytest.mark.slow,
    pytest.mark.faults,
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("kill files"),
]
BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
STEPS = {
    "half of the bytes": "ready",
    "bytes and no row": "ready",
    "row and no answer": "ready",
    "drawn and no row": "ready",
    "destroyed and not emptied": "destroyed",
    "half emptied": "destroyed",
}
"""Where it is killed, and what the file is in the end, when its sender has sent it again."""


def run(program: Program, *words: str) -> subprocess.CompletedProcess[str]:
    env = {**program.environment, "DJANGO_SETTINGS_MODULE": "toancanh.site.settings"}
    command = [sys.executable, "-m", "tests.faults.photographer", *words]
    return subprocess.run(
        command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )


def sent_at_once(program: Program, many: int) -> list[str]:
    """What so many processes are told that send the same photo under the same key at the same time."""
    env = {**program.environment, "DJANGO_SETTINGS_MODULE": "toancanh.site.settings"}
    command = [sys.executable, "-m", "tests.faults.photographer", "send", "the-same-key-for-all"]
    running = [
        subprocess.Popen(command, env=env, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(many)
    ]
    time.sleep(3)  # until all of them wait for the word
    for one in running:
        assert one.stdin is not None
        one.stdin.write("now\n")
        one.stdin.flush()
    return [one.communicate(timeout=120)[0].strip() for one in running]


@pytest.mark.parametrize("engine", BOTH)
def test_rows_and_bytes_agree_wherever_it_is_killed(tmp_path: Path, engine: str) -> None:
    where = {"DATABASE_URL": shared_cluster().fresh()} if engine == "postgres" else {}
    program = Program(tmp_path, variables=where)
    program.do("migrate")
    keys = {step: secrets.token_urlsafe(16).replace("-", "x") for step in STEPS}
    for step, key in keys.items():
        done = run(program, step, f"k{key}")
        assert done.returncode == -9, (step, done.stderr)
    # Something was left at every turn, or the steps are none.
    assert any((tmp_path / "files" / "coming").iterdir())
    done = run(program, "finish", *(f"k{key}" for key in keys.values()))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["states"] == {f"k{keys[step]}": [state] for step, state in STEPS.items()}
    assert sorted(found["lying"]) == found["named"]
    assert all(name == digest for name, digest in found["lying"].items())
    assert len(set(sent_at_once(program, 3))) == 1
    # The pictures differ in a comment alone, which is not drawn: one full, one small.
    assert len(found["named"]) == 2
