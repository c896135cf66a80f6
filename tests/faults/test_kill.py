"""kill -9 at random moments: every acknowledged observation is there once (reliability bar 1)."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pytest

from tests.faults.measure import seed, tell, times
from tests.faults.running import Sender, Server, compare, end_senders, start_senders
from tests.faults.server import TOKEN
from tests.faults.town import gauges as gauges
from tests.faults.town import series_ids as series_ids
from tests.postgres import shared_cluster
from toancanh.kernel.telemetry.store import open_store

pytestmark = pytest.mark.faults
KILLS = times(6, 50)


class Killable(Protocol):
    """A server that starts, and returns when it can serve."""

    port: int

    def start(self) -> None: ...

    def kill(self) -> None: ...


def killed(server: Killable, kills: int, token: str = TOKEN) -> list[Sender]:
    """The ledgers of clients that posted while the server was killed so often."""
    chosen = seed()
    chance = random.Random(chosen)
    server.start()
    senders = start_senders(server.port, chosen, token)
    try:
        for _ in range(kills):
            time.sleep(chance.uniform(0.02, 0.5))
            server.kill()
            server.start()
        time.sleep(0.3)
        end_senders(senders)
    finally:
        server.kill()
    return senders


def kept(senders: list[Sender], where: str, ids: Mapping[str, int] | None = None) -> int:
    """How many observations were acknowledged, every one of them kept."""
    store = open_store(where)
    try:
        return compare(senders, store, ids)
    finally:
        store.close()


@pytest.mark.slow
def test_acknowledged_is_kept_over_kills(tmp_path: Path) -> None:
    server = Server(str(tmp_path / "telemetry.db"))
    count = kept(killed(server, KILLS), server.where)
    tell("kill the pipeline alone", kills=KILLS, kept=count, lost=0)
    assert count > KILLS


@pytest.mark.slow
@pytest.mark.postgres
def test_acknowledged_is_kept_over_kills_on_postgres() -> None:
    server = Server(shared_cluster().fresh())
    assert kept(killed(server, max(3, KILLS // 10)), server.where) > KILLS // 10
