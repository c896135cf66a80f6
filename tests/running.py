"""The real program as a process of its own, for tests that stand where its users stand."""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path

from tests import postgres
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = str(Path(sys.executable).parent / "toancanh")
SLOWER = float(os.environ.get("SLOWER", "1"))
"""How many times slower than usual the machine is: others use it too."""
READY = 60.0 * SLOWER
DUMP = "database.dump"
NOT_PASSED = (
    "DATABASE_URL",
    "DJANGO_ALLOW_ASYNC_UNSAFE",
    "DJANGO_SETTINGS_MODULE",
    "PYTHONDONTWRITEBYTECODE",
)


@dataclass
class Program:
    """One installation: its folder, its port, and the process (of one role) while it runs."""

    folder: Path
    port: int = field(default_factory=free_port)
    variables: dict[str, str] = field(default_factory=dict)
    role: str = ""
    under: tuple[str, ...] = ()
    """What runs it, such as `strace` with its options."""
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What it is started with: nothing of the tests' own settings; compiled, as an installed one is."""
        kept = {k: v for k, v in os.environ.items() if k not in NOT_PASSED}
        own = {"TOANCANH_DATA": str(self.folder), "PORT": str(self.port), "DEMO": "0", "MQTT_PORT": "0"}
        return {**kept, **own, **self.variables}

    def do(self, *words: str) -> str:
        """Run a command of the program; what it printed."""
        done = subprocess.run(
            [PROGRAM, *words], env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=600
        )
        assert done.returncode == 0, f"toancanh {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    def token(self, name: str, *words: str) -> str:
        """A token, as the command prints it: alone on the last line."""
        return self.do("token", "create", name, *words).splitlines()[-1]

    def module(self, name: str, said: object) -> str:
        """What a module of the tests printed, run on this store with ``said`` as JSON on its input."""
        done = subprocess.run(
            [sys.executable, "-m", name],
            input=json.dumps(said),
            env={**self.environment, "DJANGO_SETTINGS_MODULE": "toancanh.site.settings"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def observe(self, token: str, *rows: Mapping[str, object]) -> dict[str, object]:
        """Hand readings in at the HTTP door; its receipt."""
        head = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        asked = urllib.request.Request(f"{self.url}/api/v1/observations", json.dumps(rows).encode(), head)
        with urllib.request.urlopen(asked, timeout=30) as answer:
            receipt: dict[str, object] = json.load(answer)
        return receipt

    def start(self) -> None:
        """Start, and wait until it can serve."""
        self.begin()
        self.wait()

    def begin(self) -> None:
        """Start, without waiting."""
        log = (self.folder / "log.txt").open("ab")
        command = [*self.under, PROGRAM, "run", *([self.role] if self.role else [])]
        self.process = subprocess.Popen(
            command, env=self.environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
        )
        log.close()

    def wait(self, seconds: float = READY) -> None:
        """Wait until it can serve."""
        assert self.process is not None
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.process.poll() is None, (self.folder / "log.txt").read_text()
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
        raise AssertionError(f"not ready after {seconds} s: {(self.folder / 'log.txt').read_text()}")

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=30)

    def end(self) -> None:
        """End it and whatever it started, however it does; nothing where nothing runs."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=30)

    def stop(self) -> int:
        """End it as Ctrl-C would; its exit code."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(timeout=20)


def lay_out(program: Program, *packs: str | Path) -> None:
    """Bring the store of a program up with these packs: names of ours, or folders.

    Within a run of the suite a store of the leading packs of ours is made once and copied.
    """
    shared = os.environ.get("TOANCANH_TEST_SHARED")
    ours = [] if shared is None else list(takewhile(lambda pack: isinstance(pack, str), packs))
    if shared is None:
        program.do("migrate")
    else:
        _copy(Path(shared), program, *map(str, ours))
    for pack in packs[len(ours) :]:
        program.do("pack", "load", str(ROOT / "packs" / pack))


def _copy(shared: Path, program: Program, *packs: str) -> None:
    """Give the program the store with these packs; the first who asks makes it."""
    server = program.variables.get("DATABASE_URL")
    made = shared / "-".join(("server" if server else "store", *packs))
    with made.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        is_new = not made.exists()
        if is_new:
            aside = made.with_suffix(".new")
            aside.mkdir()
            first = Program(aside, variables={"DATABASE_URL": server} if server else {})
            first.do("migrate")
            for pack in packs:
                first.do("pack", "load", str(ROOT / "packs" / pack))
            if server:
                postgres.dump(server, aside / DUMP)
            aside.rename(made)
    shutil.copytree(made, program.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(DUMP))
    if server and not is_new:
        postgres.restore(made / DUMP, server)


@contextmanager
def city(folder: Path, *packs: str | Path, **variables: str) -> Iterator[Program]:
    """A running installation with these packs loaded, gone afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    program = Program(folder, variables=variables)
    lay_out(program, *packs)
    try:
        program.start()
        yield program
    finally:
        program.end()


@contextmanager
def troubled(beside: Program) -> Iterator[None]:
    """Beside the program a process of another machine, whose disk is nearly full."""
    now = datetime.now(UTC).isoformat(sep=" ")
    figures = json.dumps({"disk_used": 0.96, "disk_free": 1.2e9, "memory": 9e7, "per_second": 12.5})
    facts = ("ingest@kho:8001", "ingest", "kho", 8001, 1, "1.0", now, now, figures, "disk I/O error", now)
    with closing(sqlite3.connect(beside.folder / "city.db", timeout=10)) as city:
        city.execute(f"INSERT INTO runtime_process VALUES ({', '.join('?' * len(facts))})", facts)
        city.commit()
        try:
            yield
        finally:
            city.execute("DELETE FROM runtime_process WHERE host = 'kho'")
            city.commit()
