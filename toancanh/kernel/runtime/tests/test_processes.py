"""Processes tell of themselves: once a slot, with what went wrong, and a clock that jumped."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import pytest

from tests.city import NOON
from toancanh.kernel.runtime import clock, disks, processes
from toancanh.kernel.runtime.models import Process
from toancanh.kernel.runtime.processes import Reporter


class Steady:
    """A steady clock and a wall clock, each set by hand."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.jumped = timedelta(0)

    def monotonic(self) -> float:
        return self.passed

    def wait(self, seconds: float) -> None:
        self.passed += seconds

    def wall(self) -> timedelta:
        return timedelta(seconds=self.passed) + self.jumped


def reporter(folder: Path, steady: Steady, role: str = "web", port: int = 8000) -> Reporter:
    return Reporter(role, port, "1.0", folder, monotonic=steady.monotonic)


def test_row_is_that_of_the_place_whoever_takes_it(db: None, tmp_path: Path) -> None:
    steady = Steady()
    with clock.set_to(NOON):
        reporter(tmp_path, steady).report()
        Process.objects.update(pid=1, since=NOON - timedelta(days=1))
        reporter(tmp_path, steady).report()
        reporter(tmp_path, steady, port=8005).report()
        reporter(tmp_path, steady, "worker", 8002).report()
    rows = processes.everyone()
    assert [(row.role, row.port) for row in rows] == [("web", 8000), ("web", 8005), ("worker", 8002)]
    assert {(row.since, row.seen, row.version) for row in rows} == {(NOON, NOON, "1.0")}
    assert 1 not in {row.pid for row in rows}
    assert {0 < row.figures["disk_used"] < 1 and row.figures["memory"] > 1_000_000 for row in rows} == {True}


def test_who_stops_on_purpose_is_not_missed_and_who_died_is_for_a_day(db: None, tmp_path: Path) -> None:
    steady = Steady()
    with clock.set_to(lambda: NOON + steady.wall()):
        stopped, dead = reporter(tmp_path, steady), reporter(tmp_path, steady, "ingest", 8001)
        living = reporter(tmp_path, steady, "worker", 8002)
        for one in (stopped, dead, living):
            one.report()
        stopped.leave()
        steady.wait(61)
        living.report()
        silent = [row.role for row in processes.everyone() if processes.is_silent(row, clock.now())]
        assert silent == ["ingest"]
        steady.wait(86_400)
        living.report()
    assert [row.role for row in processes.everyone()] == ["worker"]


def test_who_was_replaced_in_its_place_does_not_take_the_row_with_it(db: None, tmp_path: Path) -> None:
    old = reporter(tmp_path, Steady())
    old.report()
    Process.objects.update(pid=1)
    old.leave()
    assert Process.objects.count() == 1


@pytest.mark.parametrize("hours", [48, -6])
def test_clock_that_jumps_is_told_and_one_that_is_slewed_is_not(db: None, tmp_path: Path, hours: int) -> None:
    steady = Steady()
    with clock.set_to(lambda: NOON + steady.wall()):
        telling = reporter(tmp_path, steady)
        for _ in range(3):
            telling.report()
            steady.wait(10)
            steady.jumped += timedelta(seconds=2)
        assert "clock_jumped" not in Process.objects.get().figures
        steady.jumped += timedelta(hours=hours)
        telling.report()
        at = clock.now().timestamp()
        steady.wait(10)
        telling.report()
    told = Process.objects.get().figures
    assert abs(told["clock_jumped"] - hours * 3600) <= 2
    assert told["clock_jumped_at"] == at


def test_newest_error_of_the_log_is_told_on_one_line(db: None, tmp_path: Path) -> None:
    telling = reporter(tmp_path, Steady())
    log = logging.Logger("test")
    log.addHandler(telling.fault)
    log.warning("nothing grave")
    telling.report()
    assert Process.objects.get().fault == ""
    try:
        raise ValueError("a value\nof two lines")
    except ValueError:
        log.exception("%s failed", "sealer")
    telling.report()
    assert Process.objects.get().fault == "sealer failed: a value of two lines"
    assert Process.objects.get().fault_at is not None


def test_pace_is_what_was_accepted_between_two_reports(db: None, tmp_path: Path) -> None:
    steady, accepted = Steady(), [1000.0]
    telling = reporter(tmp_path, steady)
    telling.sources.append(
        lambda: {"accepted": accepted[0], "broker_messages": accepted[0] / 10, "trouble": ""}
    )
    telling.report()
    assert "per_second" not in Process.objects.get().figures
    steady.wait(10)
    accepted[0] = 6000.0
    telling.report()
    figures = Process.objects.get().figures
    assert (figures["per_second"], figures["broker_per_second"]) == (500.0, 50.0)


def test_disk_of_what_is_not_there_yet_is_that_above_it(tmp_path: Path) -> None:
    found = disks.of(tmp_path / "not" / "there")
    assert found.free > 0
    assert abs(found.used - disks.of(tmp_path).used) < 0.01
