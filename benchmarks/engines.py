"""The same bulk load on SQLite, on PostgreSQL, and on PostgreSQL with two processes that take data in."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.installation import Installation, write_pack
from tests.postgres import postgres_cluster
from tests.running import ROOT, Program

SERIES = 2_000
TITLE = "Engines: bulk of 1,000 a post over 8 connections into empty stores, one run after the other"


def measure(city: Installation, seconds: float) -> list[Figure]:
    """Rows a second; each engine in a new folder with as many series."""
    seconds = min(seconds, 30.0)
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="toancanh-engines-")))
        cluster = held.enter_context(postgres_cluster())
        sqlite = _bulk(folder / "sqlite", {}, ("ingest",), seconds)
        one = _bulk(folder / "one", {"DATABASE_URL": cluster.fresh()}, ("ingest",), seconds)
        two = _bulk(folder / "two", {"DATABASE_URL": cluster.fresh()}, ("ingest", "ingest"), seconds)
    return [
        Figure("SQLite", sqlite, "rows/s"),
        Figure("PostgreSQL", one, "rows/s", 0.7 * sqlite, "at least"),
        Figure("PostgreSQL, two ingest processes", two, "rows/s", sqlite, "at least"),
    ]


def _bulk(folder: Path, variables: dict[str, str], roles: Sequence[str], seconds: float) -> float:
    """Rows a second of all processes together, each with a client and a share of the series of its own."""
    folder.mkdir()
    first = Program(folder, variables=variables)
    first.do("migrate")
    for pack in ("vietnam", "hue"):
        first.do("pack", "load", str(ROOT / "packs" / pack))
    codes = [f"bench-{number:05d}" for number in range(SERIES)]
    write_pack(folder / "bench", codes)
    first.do("pack", "load", str(folder / "bench"))
    token = first.token("bench")
    running = [Program(folder, variables=variables, role=role) for role in roles]
    try:
        for program in running:
            program.start()
        clients = [
            _client(
                program,
                codes[number :: len(running)],
                folder / f"{number}.json",
                token,
                seconds,
                len(running),
            )
            for number, program in enumerate(running)
        ]
        told = [json.loads(client.communicate(timeout=seconds + 60)[0]) for client in clients]
    finally:
        for program in running:
            if program.process is not None and program.process.poll() is None:
                program.stop()
    assert not any(one["refused"] for one in told), told
    return float(sum(one["rows"] for one in told))


def _client(
    program: Program, codes: list[str], things: Path, token: str, seconds: float, clients: int
) -> subprocess.Popen[str]:
    things.write_text(json.dumps(codes))
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=12)
    words = ["--port", str(program.port), "--token", token, "--things", str(things), "--per", "1000"]
    words += ["--start", start.isoformat(), "--connections", str(8 // clients), "--seconds", str(seconds)]
    command = [sys.executable, "-m", "benchmarks.client", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
