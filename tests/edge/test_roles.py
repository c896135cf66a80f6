"""The roles of the program apart: what each serves, who may run beside whom, several that start at once."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.edge.wire import ask, connect
from tests.postgres import shared_cluster
from tests.running import PROGRAM, ROOT, Program, lay_out
from toancanh.site.roles import ROLES

pytestmark = [pytest.mark.xdist_group("roles"), pytest.mark.slow]
OPERATIONS = ("/healthz", "/readyz", "/metrics")


@contextmanager
def running(folder: Path, *roles: str, **variables: str) -> Iterator[list[Program]]:
    """One process of each role named, all on one store."""
    folder.mkdir(parents=True, exist_ok=True)
    programs = [Program(folder, role=role, variables=variables) for role in roles]
    try:
        for program in programs:
            program.begin()
        for program in programs:
            program.wait()
        yield programs
    finally:
        for program in programs:
            program.kill()


def refused(folder: Path, role: str) -> str:
    """What the role says that may not run here."""
    program = Program(folder, role=role)
    command = [PROGRAM, "run", *([role] if role else [])]
    done = subprocess.run(
        command, env=program.environment, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout, len(done.stderr.strip().splitlines())) == (1, "", 1)
    return done.stderr


def test_each_role_answers_for_itself_and_for_nothing_else(tmp_path: Path) -> None:
    with running(tmp_path, *ROLES) as programs:
        web, ingest, worker = programs
        for program in programs:
            assert [ask(program.port, path).status for path in OPERATIONS] == [200] * 3
        assert [ask(web.port, path).status for path in ("/", "/map/", "/api/v1/things")] == [200] * 3
        for program in (ingest, worker):
            assert [ask(program.port, path).status for path in ("/", "/map/", "/sign-in/", "/live")] == [
                404
            ] * 4
        doors = [ask(program.port, "/api/v1/observations", method="POST").status for program in programs]
        assert doors == [401, 401, 404]
        for role in ("", *ROLES):
            assert f"toancanh run {role}".rstrip() in refused(tmp_path, role) or role == ""
        for program in programs:
            assert program.process is not None
            program.process.send_signal(signal.SIGTERM)
            assert program.process.wait(10) == 0
        assert "Traceback" not in (tmp_path / "log.txt").read_text()


def test_whole_program_keeps_roles_away(tmp_path: Path) -> None:
    with running(tmp_path, ""):
        for role in ROLES:
            assert "toancanh run" in refused(tmp_path, role)


@pytest.mark.postgres
def test_several_that_start_at_once_on_an_empty_database_bring_it_up_together(tmp_path: Path) -> None:
    where = shared_cluster().fresh()
    with running(tmp_path, "web", "web", "ingest", "ingest", "worker", DATABASE_URL=where) as programs:
        assert [ask(program.port, "/readyz").status for program in programs] == [200] * 5
    assert "Traceback" not in (tmp_path / "log.txt").read_text()


class Listening:
    """A page's stream, and what was told on it."""

    def __init__(self, port: int) -> None:
        self._wire = connect(port)
        self._wire.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self._heard = b""
        while b"heartbeat" not in self._heard:
            self._heard += self._wire.recv(65536)

    def until(self, said: bytes) -> float:
        """Seconds until this stood on the stream."""
        start = time.monotonic()
        while said not in self._heard:
            assert time.monotonic() - start < 30, f"{said!r} never came"
            part = self._wire.recv(65536)
            assert part, "the stream ended"
            self._heard += part
        return time.monotonic() - start

    def close(self) -> None:
        self._wire.close()


def post(program: Program, token: str, value: float, at: datetime) -> None:
    """Let a gauge of Huế have measured."""
    row = {"thing": "hue-kim-long", "series": "level", "time": at.isoformat(), "value": value}
    answer = ask(
        program.port,
        "/api/v1/observations",
        "POST",
        json.dumps([row]).encode(),
        Authorization=f"Bearer {token}",
    )
    assert (answer.status, answer.json["accepted"]) == (200, 1)


def live_across(folder: Path, *ingests: str, **variables: str) -> None:
    """Readings posted to each ingest in turn reach a page of the web process within about a second."""
    program = Program(folder, variables=variables)
    folder.mkdir(parents=True, exist_ok=True)
    lay_out(program, "hue")
    token = program.token("gateway")
    with running(folder, "web", *ingests, **variables) as (web, *doors):
        page = Listening(web.port)
        start = datetime.now(UTC) - timedelta(hours=1)
        took = []
        for number in range(12):
            value = 1.001 + number / 100
            post(doors[number % len(doors)], token, value, start + timedelta(minutes=number))
            took.append(page.until(f",{value},".encode()))
        post(web, token, 2.345, datetime.now(UTC))
        took.append(page.until(b",2.345,"))
        page.close()
        text = ask(doors[0].port, "/metrics").body.decode()
        assert f"toancanh_observations_accepted_total {12 / len(doors)}" in text
        assert max(took) < 1.5, took
        assert sorted(took)[len(took) // 2] < 1.0, took


def test_page_hears_what_an_ingest_process_beside_it_commits(tmp_path: Path) -> None:
    live_across(tmp_path, "ingest")


@pytest.mark.postgres
def test_page_hears_what_several_ingest_processes_commit(tmp_path: Path) -> None:
    live_across(tmp_path, "ingest", "ingest", DATABASE_URL=shared_cluster().fresh())
