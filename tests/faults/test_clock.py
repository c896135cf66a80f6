"""The clock of the machine jumps while the program runs (reliability bar 9)."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.edge.wire import ask, wait
from tests.faults import clerk, witness
from tests.faults.journal import RECORDED, UNSEALED, WAITING, changes_of, count, rows
from tests.faults.ledger import compare
from tests.faults.measure import seconds, seed, tell
from tests.faults.officer import Officer, told
from tests.faults.senders import gather
from tests.faults.town import GATEWAY, OFFICER, Town, flowing, sending
from tests.running import Program

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.faketime,
    pytest.mark.xdist_group("clock"),
]
TOLD = seconds(15, 45)
"""Seconds within which a change is told, whatever the clock says."""


class Clock:
    """The time of processes that look at a file for it; the steady clock goes on as it is."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "time"
        self.jump(timedelta())

    @property
    def variables(self) -> dict[str, str]:
        """With which a process lives in this time."""
        return {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # Made for an older C library; with today's it lets waiters for a lock wait too long.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
            "NO_FAKE_STAT": "1",
        }

    def jump(self, ahead: timedelta) -> None:
        """Let it be so much later than it is, from within a second on."""
        whole = round(ahead.total_seconds())
        aside = self._file.with_suffix(".new")
        aside.write_text(f"{whole:+d}")
        aside.replace(self._file)
        time.sleep(1.2)


def size(path: Path) -> int:
    """Bytes of a file that may not be there yet."""
    return path.stat().st_size if path.exists() else 0


def grows(path: Path, seconds: float) -> bool:
    """Whether the file gets longer in time."""
    before = size(path)
    return wait(lambda: size(path) > before, seconds)


def process(program: Program) -> int:
    """Its process id."""
    assert program.process is not None
    return program.process.pid


def stand_still(worker: Program, changes: Path) -> None:
    """Halt the worker at a moment at which it holds nothing that others wait for."""
    for _ in range(20):
        os.kill(process(worker), signal.SIGSTOP)
        if grows(changes, 1.5):
            return
        os.kill(process(worker), signal.SIGCONT)
        time.sleep(0.1)
    raise AssertionError("the clerk does not get on")


def of_the_future(port: int, token: str) -> list[str]:
    """What a device with a right clock is told by a program whose clock is hours behind."""
    row = {"thing": "t200", "series": "level", "time": datetime.now(UTC).isoformat(), "value": 1.0}
    said = {"Authorization": f"Bearer {token}"}
    answer = ask(port, "/api/v1/observations", "POST", json.dumps([row]).encode(), **said)
    return [refused["code"] for refused in answer.json["rejected"]]


def settled(city: Path, statement: str) -> bool:
    """Whether the statement counts nothing any more."""
    return count(city, statement) == 0


def new_year() -> timedelta:
    """How far it is to ten seconds before midnight of the year's end in Vietnam."""
    now = datetime.now(UTC)
    return datetime(now.year, 12, 31, 16, 59, 50, tzinfo=UTC) - now


def alarmed(url: str, seconds: float) -> bool:
    """Whether an officer is told of the jump in time.

    Who signed in before was here two days ago, and a process sees the jump some seconds later than
    another: who is sent to the sign-in page signs in again.
    """
    officer: Officer | None = None
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            officer = officer or Officer(url, *OFFICER)
            if told(officer, "clock_jumped"):
                return True
        except AssertionError:
            officer = None
        time.sleep(0.5)
    return False


def test_nothing_is_skipped_or_done_twice_when_the_clock_jumps(town: Town, tmp_path: Path) -> None:
    chosen, clock = seed(), Clock(tmp_path)
    town.variables = {**witness.installed(tmp_path / "witness"), **clock.variables}
    door, web, worker = town.start("ingest", "web", "worker")
    city = town.folder / "city.db"
    changes, book = tmp_path / "changes", tmp_path / "witness" / "book"
    slowest = 0.0
    jumps = [timedelta(days=2), timedelta(), timedelta(hours=-6), timedelta(), new_year(), timedelta()]
    alarm = 0.0
    with sending(town.senders(door.port, chosen)) as senders, clerk.at_work(worker, changes):
        for jump in jumps:
            # What is changed while the worker stands still is told at another time than it was changed at.
            stand_still(worker, changes)
            newest = count(city, "SELECT max(id) FROM journal_event")
            clock.jump(jump)
            began = time.monotonic()
            os.kill(process(worker), signal.SIGCONT)
            assert grows(book, TOLD), f"nothing is told after {jump}"
            untold = f"{WAITING} AND id <= {newest}"
            assert wait(partial(settled, city, untold), TOLD), f"untold after {jump}"
            flowing(senders, TOLD)
            slowest = max(slowest, time.monotonic() - began)
            if not alarm:
                assert alarmed(web.url, 60), rows(city, "SELECT slot, seen, figures FROM runtime_process")
                alarm = time.monotonic() - began
            if jump < timedelta():
                # Until the door's process sees the jump as well, a reading of now is one of now.
                told_early = partial(of_the_future, door.port, town.tokens[GATEWAY])
                assert wait(lambda ask=told_early: ask() == ["future"], TOLD)
                assert count(city, "SELECT count(*) FROM telemetry_letter WHERE code = 'future'") == 1
        assert [(s.broken, s.refused) for s in senders if s.broken or s.refused] == []
        ledgers = gather(senders)
    assert wait(lambda: not count(city, WAITING), TOLD)
    assert wait(lambda: not count(city, UNSEALED), TOLD)
    worker.do("journal", "verify")
    done, kept = clerk.done(changes), changes_of(rows(city, RECORDED))
    assert [change for change in done if change not in kept] == []
    assert witness.noted(tmp_path / "witness") == Counter(series for series, _ in kept)
    town.end()
    readings = compare(ledgers, town.store(), town.series())
    tell(
        "clock jumps",
        seed=chosen,
        jumps=len(jumps),
        kept=readings,
        lost=0,
        changes=len(kept),
        told=slowest,
        alarm=alarm,
    )
