"""Several workers on one database: nothing is done twice or left out, and one chain is sealed in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psycopg
import pytest

from tests.faults.duties import TRACES
from tests.postgres import shared_cluster
from tests.running import ROOT, Program

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.xdist_group("two workers")]
COUNT = 400
WAITING = "SELECT count(*) FROM journal_event WHERE next_at IS NOT NULL"
UNSEALED = "SELECT count(*) FROM journal_entry WHERE id NOT IN (SELECT entry_id FROM journal_link)"


def duties(program: Program, log: Path, *words: str) -> subprocess.Popen[bytes]:
    """Start a process of `tests.faults.duties` on the program's store."""
    env = {**program.environment, "DJANGO_SETTINGS_MODULE": "toancanh.site.settings"}
    with log.open("ab") as said:
        command = [sys.executable, "-m", "tests.faults.duties", *words]
        return subprocess.Popen(command, env=env, cwd=ROOT, stdout=said, stderr=said)


def test_two_workers_share_events_and_seal_one_chain(tmp_path: Path) -> None:
    where, log = shared_cluster().fresh(), tmp_path / "said.txt"
    program = Program(tmp_path, variables={"DATABASE_URL": where})
    program.do("migrate")
    with psycopg.connect(where, autocommit=True) as database:
        database.execute(TRACES)
        workers = [duties(program, log, "work") for _ in range(2)]
        try:
            writers = [duties(program, log, "write", str(n * COUNT), str(COUNT)) for n in range(2)]
            assert [writer.wait(120) for writer in writers] == [0, 0]
            end = time.monotonic() + 60
            while any(database.execute(query).fetchone() != (0,) for query in (WAITING, UNSEALED)):
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.1)
        finally:
            for worker in workers:
                os.kill(worker.pid, signal.SIGTERM)
            codes = [worker.wait(20) for worker in workers]
        events = {int(key) for (key,) in database.execute("SELECT key FROM journal_event").fetchall()}
        traces = database.execute("SELECT key, process FROM traces").fetchall()
    assert codes == [0, 0]
    assert COUNT < len(events) < 2 * COUNT
    assert Counter(key for key, _ in traces) == Counter(events)
    assert min(Counter(process for _, process in traces).values()) > COUNT // 20, "one worker did it all"
    assert program.do("journal", "verify").startswith("0 ")
    assert "Traceback" not in log.read_text(), log.read_text()
