"""Starting, stopping and standing alone: what the one who runs the program meets."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import running
from tests.edge.wire import ask, connect, wait
from tests.running import PROGRAM, ROOT, Program

pytestmark = [pytest.mark.xdist_group("life"), pytest.mark.slow]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """A running program without a locality."""
    with running.city(tmp_path / "data") as started:
        yield started


def second(of: Program, **variables: str) -> subprocess.CompletedProcess[str]:
    """Try to run another; how it ended."""
    env = {**of.environment, **variables}
    return subprocess.run(
        [PROGRAM, "run"], env=env, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )


def test_ctrl_c_ends_it_cleanly_with_twenty_streams_open_and_it_starts_again(program: Program) -> None:
    wires = []
    for _ in range(20):
        wire = connect(program.port)
        wire.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert wire.recv(100).startswith(b"HTTP/1.1 200")
        wires.append(wire)
    idle = connect(program.port)
    start = time.monotonic()
    assert program.stop() == 0
    assert time.monotonic() - start < 5
    for wire in (*wires, idle):
        wire.close()
    log = (program.folder / "log.txt").read_text()
    assert "Traceback" not in log
    assert "KeyboardInterrupt" not in log
    start = time.monotonic()
    program.start()
    assert time.monotonic() - start < 15
    assert ask(program.port, "/").status == 200


def test_term_ends_it_cleanly(program: Program) -> None:
    assert program.process is not None
    program.process.send_signal(signal.SIGTERM)
    assert program.process.wait(timeout=8) == 0


def test_second_on_the_same_data_is_refused_with_a_sentence(program: Program) -> None:
    done = second(program, PORT=str(running.free_port()))
    assert done.returncode == 1
    assert (done.stdout, len(done.stderr.strip().splitlines())) == ("", 1)
    assert "TOANCANH_DATA" in done.stderr
    assert ask(program.port, "/healthz").status == 200


def test_taken_port_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = second(Program(tmp_path, port=port))
    assert done.returncode == 1
    assert (done.stdout, len(done.stderr.strip().splitlines())) == ("", 1)
    assert f"PORT={port + 1}" in done.stderr


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "http"), ("PORT", "0"), ("PORT", "70000"), ("DATABASE_URL", "mysql://x/y")]
)
def test_impossible_setting_is_refused_with_a_sentence(tmp_path: Path, name: str, value: str) -> None:
    done = second(Program(tmp_path), **{name: value})
    assert done.returncode == 1
    assert name in done.stderr
    assert "Traceback" not in done.stderr


def test_database_that_is_away_is_told_in_a_sentence(tmp_path: Path) -> None:
    done = second(Program(tmp_path), DATABASE_URL=f"postgresql://a:b@127.0.0.1:{running.free_port()}/x")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_other_files_of_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "notes.txt").write_text("mine")
    with running.city(tmp_path / "data") as program:
        assert program.stop() == 0
    assert (tmp_path / "data" / "notes.txt").read_text() == "mine"


def test_key_of_the_installation_is_for_its_owner_alone(program: Program) -> None:
    assert (program.folder / "secret.key").stat().st_mode & 0o077 == 0


def children(pid: int) -> list[int]:
    """Processes that a process has started."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


SHORT_PAST = """
import sys
from datetime import timedelta
from functools import partial
import toancanh, django
django.setup()
from toancanh.site import commands, demo
demo.build = partial(demo.build, past=timedelta(days=4))
sys.exit(commands.main(sys.argv[2:]))
"""
"""The program with a demo city whose past is four days, not three months: half a minute less to build."""


def test_killed_program_leaves_no_simulator_behind(tmp_path: Path) -> None:
    """The demo city, built once in the suite: living stations, the officer, one child, and none after."""
    variables = {"DEMO": "1", "DJANGO_SETTINGS_MODULE": "toancanh.site.settings"}
    program = Program(tmp_path, variables=variables, under=(sys.executable, "-c", SHORT_PAST))
    program.start()
    try:
        assert program.process is not None
        simulators = children(program.process.pid)
        assert len(simulators) == 1
        assert "simulate" in Path(f"/proc/{simulators[0]}/cmdline").read_text()
        assert os.getpgid(simulators[0]) == program.process.pid
        assert b"canbotruc" in ask(program.port, "/sign-in/").body

        def fresh() -> bool:
            items = ask(program.port, "/api/v1/things?limit=1000").json["items"]
            return sum(bool(item["latest"]) for item in items) >= 40

        assert wait(fresh, 30)
    finally:
        program.kill()
    assert wait(lambda: not Path(f"/proc/{simulators[0]}").exists(), 10)
