"""PostgreSQL stopped as by a power cut, and a backend killed, under load (reliability bar 5)."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import psycopg
import pytest

from tests.edge.wire import wait
from tests.faults import clerk, witness
from tests.faults.journal import RECORDED, UNSEALED, WAITING, changes_of
from tests.faults.ledger import compare
from tests.faults.measure import FULL, seconds, seed, tell, times
from tests.faults.senders import Sender, gather
from tests.faults.town import Town, flowing, sending
from tests.postgres import Cluster
from tests.running import Program

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.postgres,
    pytest.mark.xdist_group("postgres falls"),
]
AGAIN = seconds(15, 45)


def ready(program: Program) -> bool:
    """Whether the process says that it can serve."""
    from tests.edge.wire import ask

    return ask(program.port, "/readyz").status == 200


def backend(where: str) -> int:
    """The process of some connection of the product."""
    with psycopg.connect(where, connect_timeout=10) as server:
        rows = server.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    return int(random.choice(rows)[0])


class Recovery:
    """How long each process takes to work again after the database came back."""

    def __init__(self, programs: list[Program], senders: list[Sender], book: Path) -> None:
        self._programs = programs
        self._senders = senders
        self._book = book
        self.slowest = 0.0

    def measure(self) -> None:
        """Wait for all of them: pages, acknowledgements on every connection, reactions to new events."""
        began = time.monotonic()
        told = self._book.stat().st_size
        flowing(self._senders, AGAIN)
        for program in self._programs:
            assert wait(lambda program=program: ready(program), AGAIN), program.role
        assert wait(lambda: self._book.stat().st_size > told, AGAIN), "no event was delivered"
        self.slowest = max(self.slowest, time.monotonic() - began)


def test_acknowledged_is_kept_when_the_database_falls(
    town_on_postgres: Town, cluster: Cluster, tmp_path: Path
) -> None:
    town, stops, chosen = town_on_postgres, times(2, 20), seed()
    chance = random.Random(chosen)
    town.variables = {**town.variables, **witness.installed(tmp_path / "witness")}
    town.programs.clear()
    programs = town.start("ingest", "web", "worker")
    changes = tmp_path / "changes"
    with sending(town.senders(programs[0].port, chosen)) as senders, clerk.at_work(programs[2], changes):
        flowing(senders, AGAIN)
        assert wait((tmp_path / "witness" / "book").exists, AGAIN)
        recovery = Recovery(programs, list(senders), tmp_path / "witness" / "book")
        for _ in range(stops):
            time.sleep(chance.uniform(0.1, 1.5))
            cluster.stop("immediate")
            time.sleep(chance.uniform(0.1, 2.0))
            cluster.start()
            recovery.measure()
        os.kill(backend(town.where), signal.SIGKILL)
        recovery.measure()
        refused = {reason for sender in senders for reason in sender.refused}
        ledgers = gather(senders)
    assert "503" in refused
    assert refused <= {"503", "Server unavailable", "Server busy"}
    assert all(program.process is not None and program.process.poll() is None for program in programs)
    with psycopg.connect(town.where, autocommit=True, connect_timeout=10) as server:
        if not FULL:
            server.execute("UPDATE journal_event SET next_at = created WHERE next_at IS NOT NULL")
        assert wait(lambda: server.execute(WAITING).fetchone() == (0,), 90)
        assert wait(lambda: server.execute(UNSEALED).fetchone() == (0,), 30)
        kept = changes_of(server.execute(RECORDED).fetchall())
    done = clerk.done(changes)
    assert [change for change in done if change not in kept] == []
    programs[2].do("journal", "verify")
    town.end()
    readings = compare(ledgers, town.store(), town.series())
    assert recovery.slowest < AGAIN
    tell(
        "PostgreSQL stopped",
        seed=chosen,
        stops=stops,
        backends=1,
        kept=readings,
        lost=0,
        back=recovery.slowest,
        changes=len(done),
    )
