"""The simulator against a real server that is late, busy, gone, and acknowledges into the void."""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port
from toancanh.domains.flood.storm import HOUR_US, SECOND_US, due_times
from toancanh.site.simulate import main
from toancanh.site.simulate.fleet import Fleet, rfc3339, sensors_of, stranger, time_us_of
from toancanh.site.simulate.tests.peer import TOKEN, Peer

START = "2026-10-01T00:00:00Z"


def gauge(code: str, latest: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "code": code,
        "kind": "flood.gauge",
        "name": code,
        "location": {"lon": 107.56, "lat": 16.457},
        "series": [{"name": "level", "unit": "m", "period": 60}],
        "latest": latest or {},
    }


def rain(code: str, lon: float = 107.6) -> dict[str, Any]:
    return {
        "code": code,
        "kind": "flood.rain_station",
        "name": code,
        "location": {"lon": lon, "lat": 16.45},
        "series": [{"name": "rain", "unit": "mm", "period": 300}],
        "latest": {},
    }


THINGS = [gauge("g-1"), rain("r-1"), rain("r-2", 107.3), rain("r-3", 107.8)]


def run(peer: Peer, *more: str) -> int:
    return main(["--url", peer.url, "--token", TOKEN, *more])


def replay(peer: Peer, hours: int, *more: str) -> int:
    end = rfc3339(time_us_of(START) + hours * HOUR_US)
    return run(peer, "--from", START, "--to", end, "--speed", "0", *more)


def expected(code: str, period: int, hours: int) -> list[str]:
    start = time_us_of(START)
    return sorted(rfc3339(t) for t in due_times(code, period, start - 1, start + hours * HOUR_US))


def silent_of(things: list[dict[str, Any]]) -> str:
    fleet = Fleet(2026)
    fleet.muster(sensors_of(things), 0, from_latest=False)
    assert fleet.faults.silent is not None
    return fleet.faults.silent


class Started:
    """The simulator as a process of its own, and the file with what it complained of."""

    def __init__(self, url: str, log: Path, *more: str, stdin: int | None = None) -> None:
        self._log = log
        command = "import sys; from toancanh.site.simulate import main; sys.exit(main())"
        with log.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-c", command, "--url", url, *more],
                env={**os.environ, "TOANCANH_TOKEN": TOKEN},
                stdin=stdin,
                stderr=errors,
            )

    @property
    def said(self) -> str:
        return self._log.read_text()


@contextmanager
def started(url: str, folder: Path, *more: str, stdin: int | None = None) -> Iterator[Started]:
    program = Started(url, folder / "simulator.log", *more, stdin=stdin)
    try:
        yield program
    finally:
        program.process.kill()
        program.process.wait(10)


def wait_for(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.mark.slow
def test_replay_hands_in_every_reading_once() -> None:
    with Peer(THINGS) as peer:
        assert replay(peer, 30) == 0
    quiet = silent_of(THINGS)
    assert peer.times("g-1") == expected("g-1", 60, 30)
    for code in {"r-1", "r-2", "r-3"} - {quiet}:
        assert peer.times(code) == expected(code, 300, 30)
    assert peer.times(quiet) == []
    assert max(size for _, size in peer.posts) <= 1_000
    assert peer.conflicts == 0


@pytest.mark.parametrize(
    "mishap",
    [
        "late",
        "reset",
        "kept then reset",
        "close",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("503", "507", "gibberish")),
    ],
)
def test_nothing_is_lost_or_changed_when_the_door_fails_twice(mishap: str) -> None:
    with Peer(THINGS, [mishap, "none", mishap, mishap]) as peer:
        assert replay(peer, 5) == 0
    assert peer.times("g-1") == expected("g-1", 60, 5)
    assert peer.conflicts == 0
    assert not peer.mishaps


@pytest.mark.slow
def test_a_batch_sent_again_bears_the_same_key() -> None:
    with Peer(THINGS, ["kept then reset", "kept then reset"]) as peer:
        assert replay(peer, 1) == 0
    keys = [key for key, _ in peer.posts]
    assert len(keys) >= 3
    assert keys[0] == keys[1] == keys[2]


@pytest.mark.slow
def test_the_same_replay_again_sends_the_same_values() -> None:
    with Peer(THINGS) as peer:
        assert replay(peer, 3) == 0
        before = dict(peer.kept)
        assert replay(peer, 3) == 0
    assert peer.kept == before
    assert peer.conflicts == 0


@pytest.mark.slow
def test_one_reading_in_six_hours_jumps() -> None:
    with Peer([gauge("g-1"), rain("r-1")]) as peer:
        assert replay(peer, 24) == 0
    jumps = [value for value in peer.kept.values() if value == 99.99]
    assert len(jumps) == 4


def test_once_sends_the_last_reading_of_each() -> None:
    with Peer(THINGS) as peer:
        assert run(peer, "--once") == 0
    assert len(peer.kept) == 3
    ages = [datetime.now(UTC) - datetime.fromisoformat(time) for _, _, time in peer.kept]
    assert all(timedelta(seconds=-1) < age < timedelta(seconds=310) for age in ages)


def test_a_refused_token_ends_the_program_with_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    with Peer(THINGS) as peer:
        assert main(["--url", peer.url, "--token", "wrong", "--once"]) == 1
    assert "401" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [[], ["--token", "x", "--url", "ftp://x"], ["--token", "x", "--from", "2026-10-01"], ["--nonsense"]],
)
def test_misuse_is_told_with_code_2(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOANCANH_TOKEN", raising=False)
    assert main(arguments) == 2


@pytest.mark.slow
def test_a_start_fills_the_gap_since_the_latest_reading_then_goes_on(tmp_path: Path) -> None:
    now = time.time_ns() // 1000
    latest = {"level": {"time": rfc3339(now - HOUR_US), "value": 1.0}}
    things = [gauge("g-1", latest), gauge("g-2"), rain("r-1")]
    with Peer(things) as peer, started(peer.url, tmp_path) as program:
        wait_for(lambda: len(peer.times("g-2")) >= 360 and len(peer.times("g-1")) >= 60)
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(5) == 0
    gaps = [time_us_of(t) for t in peer.times("g-1")]
    assert 59 <= len(gaps) <= 62
    assert all(b - a == 60 * SECOND_US for a, b in itertools.pairwise(gaps))
    assert 359 <= len(peer.times("g-2")) <= 362


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_at_once_even_while_the_door_is_silent(how: signal.Signals, tmp_path: Path) -> None:
    with Peer(THINGS, ["late"] * 500) as peer, started(peer.url, tmp_path) as program:
        wait_for(lambda: bool(peer.posts))
        asked = time.monotonic()
        program.process.send_signal(how)
        assert program.process.wait(5) == 0
        assert time.monotonic() - asked < 2
        assert "Traceback" not in program.said


@pytest.mark.slow
def test_it_ends_when_its_parent_does(tmp_path: Path) -> None:
    pipe = subprocess.PIPE
    with Peer(THINGS) as peer, started(peer.url, tmp_path, "--parent-pipe", stdin=pipe) as program:
        wait_for(lambda: bool(peer.posts))
        assert program.process.poll() is None
        assert program.process.stdin is not None
        program.process.stdin.close()
        assert program.process.wait(5) == 0


@pytest.mark.slow
def test_it_waits_for_a_server_that_is_still_starting(tmp_path: Path) -> None:
    with started(f"http://127.0.0.1:{free_port()}", tmp_path, "--once") as program:
        wait_for(lambda: "again in" in program.said)
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(5) == 0


def test_latest_is_read_whatever_its_offset() -> None:
    (sensor,) = sensors_of([gauge("g-1", {"level": {"time": "2026-10-01T07:00:00+07:00", "value": 1}})])
    assert sensor.latest_us == time_us_of(START)


def test_things_of_other_kinds_and_other_series_are_left_alone() -> None:
    lamp = {**gauge("lamp"), "kind": "lighting.lamp"}
    turbid = {**gauge("g-9"), "series": [{"name": "turbidity", "unit": "NTU", "period": 60}]}
    assert sensors_of([lamp, turbid]) == []


def test_stranger_is_played_beside_the_stations_that_the_door_lists() -> None:
    start = time_us_of(START)
    rows = stranger("nobody-knows", 1, start).report(start + 600 * SECOND_US)
    assert [(row["thing"], row["series"]) for row in rows] == [("nobody-knows", "level")] * 10
    assert stranger("nobody-knows", 1, start).report(start + 600 * SECOND_US) == rows
