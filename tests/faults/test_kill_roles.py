"""kill -9 of each role at random moments under 2,000 observations a second (reliability bar 1)."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.edge.wire import wait
from tests.faults import clerk, witness
from tests.faults.journal import RECORDED, UNSEALED, WAITING, changes_of, count, rows
from tests.faults.ledger import compare
from tests.faults.measure import seconds, seed, tell, times
from tests.faults.senders import gather
from tests.faults.town import Town, flowing, sending

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.xdist_group("kill roles")]
BACK = seconds(5, 60)
LEASE = 60
"""Seconds for which a worker that died keeps the events it held from others than who takes its place."""


@pytest.mark.parametrize("role", ["ingest", ""], ids=["ingest", "all in one"])
def test_acknowledged_is_kept_when_the_door_is_killed(town: Town, role: str) -> None:
    kills, chosen = times(3, 50), seed()
    chance = random.Random(chosen)
    [door] = town.start(role)
    slowest = 0.0
    with sending(town.senders(door.port, chosen)) as senders:
        flowing(senders, BACK)
        for _ in range(kills):
            time.sleep(chance.uniform(0.02, 1.0))
            killed = time.monotonic()
            door.kill()
            door.start()
            slowest = max(slowest, time.monotonic() - killed)
            flowing(senders, BACK)
        ledgers = gather(senders)
    town.end()
    kept = compare(ledgers, town.store(), town.series())
    assert kept > kills * 100
    assert slowest < BACK
    tell(f"kill {role or 'all in one'}", seed=chosen, kills=kills, kept=kept, lost=0, back=slowest)


def test_doors_feel_nothing_when_web_and_worker_are_killed(town: Town, tmp_path: Path) -> None:
    """Readings go on being acknowledged, what was changed is told at least once, the chain stays whole."""
    kills, chosen = times(3, 50), seed()
    chance = random.Random(chosen)
    town.variables = witness.installed(tmp_path / "witness")
    door, _, worker = town.start("ingest", "web", "worker")
    turns = ["web", "worker"] * kills
    chance.shuffle(turns)
    slowest = 0.0
    changes = tmp_path / "changes"
    with sending(town.senders(door.port, chosen)) as senders, clerk.at_work(worker, changes):
        flowing(senders, BACK)
        for sender in senders:
            sender.forget_silence()
        for role in turns:
            time.sleep(chance.uniform(0.02, 1.0))
            killed = time.monotonic()
            town.program(role).kill()
            town.program(role).start()
            slowest = max(slowest, time.monotonic() - killed)
        silence = max(sender.longest_silence for sender in senders)
        assert [(s.broken, s.refused) for s in senders if s.broken or s.refused] == []
        ledgers = gather(senders)
    assert slowest < BACK
    assert silence < seconds(2, 15)
    city = town.folder / "city.db"
    untold = "SELECT key, attempts, next_at, fault FROM journal_event WHERE next_at IS NOT NULL LIMIT 5"
    assert wait(lambda: not count(city, WAITING), LEASE + 30), rows(city, untold)
    assert wait(lambda: not count(city, UNSEALED), 30)
    worker.do("journal", "verify")
    told = witness.noted(tmp_path / "witness")
    done = clerk.done(changes)
    kept = changes_of(rows(city, RECORDED))
    assert [change for change in done if change not in kept] == []
    events = sum(told.values())
    for series in {series for series, _ in done}:
        assert told[series] >= sum(one == series for one, _ in done)
    town.end()
    readings = compare(ledgers, town.store(), town.series())
    assert readings > kills * 100
    tell(
        "kill web and worker",
        seed=chosen,
        kills=2 * kills,
        kept=readings,
        lost=0,
        back=slowest,
        silence=silence,
        changes=len(done),
        told=events,
    )
