"""kill -9 at random moments: every acknowledged observation is there once (reliability bar 1)."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from tests.faults.running import Server, compare, end_senders, start_senders
from tests.postgres import postgres_cluster, shared_cluster
from toancanh.kernel.telemetry.store import open_store

pytestmark = pytest.mark.faults
KILLS = int(os.environ.get("KILLS", "50"))
BACK_WITHIN = 5.0


def killed(where: str, kills: int) -> int:
    """How many observations were acknowledged over so many kills, every one of them kept."""
    seed = int(os.environ.get("SEED", random.randrange(10**9)))
    print(f"SEED={seed}")
    chance = random.Random(seed)
    server = Server(where)
    server.start()
    senders = start_senders(server.port, seed)
    try:
        for _ in range(kills):
            time.sleep(chance.uniform(0.02, 0.5))
            server.kill()
            server.start(BACK_WITHIN)
        time.sleep(0.3)
        end_senders(senders)
    finally:
        server.kill()
    store = open_store(where)
    try:
        return compare(senders, store)
    finally:
        store.close()


@pytest.mark.slow
def test_acknowledged_is_kept_over_kills(tmp_path: Path) -> None:
    assert killed(str(tmp_path / "telemetry.db"), KILLS) > KILLS


@pytest.mark.slow
@pytest.mark.postgres
def test_acknowledged_is_kept_over_kills_on_postgres() -> None:
    assert killed(shared_cluster().fresh(), max(1, KILLS // 10)) > KILLS // 10


@pytest.mark.slow
@pytest.mark.postgres
def test_acknowledged_is_kept_when_the_database_server_falls() -> None:
    with postgres_cluster() as cluster:
        server = Server(cluster.fresh())
        server.start()
        senders = start_senders(server.port, 1)
        try:
            for _ in range(3):
                time.sleep(0.5)
                cluster.stop("immediate")
                time.sleep(0.3)
                cluster.start()
            before = sum(len(sender.ledger) for sender in senders)
            time.sleep(2)
            end_senders(senders)
        finally:
            server.kill()
        assert {status for sender in senders for status in sender.refused} == {503}
        store = open_store(server.where)
        assert compare(senders, store) > before
        store.close()
