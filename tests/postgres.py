"""A throw-away PostgreSQL cluster on a free loopback port, for tests that need the real server."""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg

from tests.ports import free_port

_LOOK_IN = ("/usr/lib/postgresql", "/usr/local/pgsql", "/usr/pgsql")
_NAMES = iter(range(1, 1_000_000))


@dataclass(frozen=True)
class Cluster:
    """A running server; `url` is its maintenance database."""

    folder: Path
    binaries: Path
    port: int

    @property
    def url(self) -> str:
        return self.database("postgres")

    def database(self, name: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def fresh(self) -> str:
        """The address of a new, empty database."""
        name = f"fresh_{os.getpid()}_{next(_NAMES)}"
        with psycopg.connect(self.url, autocommit=True, connect_timeout=10) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.database(name)

    def start(self) -> None:
        settings = f"-p {self.port} -k {self.folder} -h 127.0.0.1"
        log = str(self.folder / "log")
        self._control("start", "-w", "-t", "30", "-o", settings, "-l", log)

    def stop(self, mode: str = "fast") -> None:
        self._control("stop", "-w", "-t", "60", "-m", mode)

    def _control(self, *arguments: str) -> None:
        command = [str(self.binaries / "pg_ctl"), "-s", "-D", str(self.folder / "data"), *arguments]
        # Not a pipe: the server that it starts would hold the other end.
        silent = subprocess.DEVNULL
        subprocess.run(_as_postgres(command), check=True, cwd=self.folder, stdout=silent, timeout=90)


@cache
def postgres_binaries() -> Path | None:
    """The folder of `initdb` of the newest version, or None."""
    folders = [path.parent for base in _LOOK_IN for path in Path(base).glob("**/bin/initdb")]
    on_path = shutil.which("initdb")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    return max(folders, key=lambda folder: (len(str(folder)), str(folder)), default=None)


@cache
def postgres_available() -> str | None:
    """None when the tests can start a server here, else the reason why not."""
    if postgres_binaries() is None:
        return "no PostgreSQL server is installed (Debian: apt-get install postgresql)"
    if os.getuid() == 0:
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            return "root may not run PostgreSQL, and there is no user postgres"
        if shutil.which("setpriv") is None:
            return "root may not run PostgreSQL, and setpriv is missing"
    return None


@contextmanager
def postgres_cluster() -> Iterator[Cluster]:
    """A cluster with fsync on; gone with everything in it afterwards."""
    binaries = postgres_binaries()
    assert binaries is not None, postgres_available()
    folder = Path(tempfile.mkdtemp(prefix="toancanh-pg-"))
    if os.getuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    cluster = Cluster(folder, binaries, free_port())
    try:
        make = [str(binaries / "initdb"), "-D", str(folder / "data"), "-U", "postgres", "-A", "trust"]
        make += ["-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(_as_postgres(make), check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=120)
        cluster.start()
        yield cluster
    finally:
        _end(cluster)
        shutil.rmtree(folder, ignore_errors=True)


def _end(cluster: Cluster) -> None:
    """Stop the server hard: nobody needs its data any more."""
    try:
        pid = int((cluster.folder / "data" / "postmaster.pid").read_text().split("\n")[0])
    except (OSError, ValueError):
        return
    try:
        os.kill(pid, signal.SIGQUIT)
        for _ in range(100):
            os.kill(pid, 0)
            time.sleep(0.05)
        # Its backends see that it is gone and end too.
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _as_postgres(command: list[str]) -> list[str]:
    if os.getuid() != 0:
        return command
    return ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", *command]


def dump(url: str, to: Path) -> None:
    """Write a database into a file, of whatever server of this machine."""
    _client("pg_dump", "--format=custom", "--compress=0", f"--file={to}", url)


def restore(what: Path, url: str) -> None:
    """Fill an empty database from such a file."""
    _client("pg_restore", "--exit-on-error", f"--dbname={url}", str(what))


def _client(program: str, *arguments: str) -> None:
    binaries = postgres_binaries()
    assert binaries is not None, postgres_available()
    subprocess.run([str(binaries / program), *arguments], check=True, timeout=120)


@cache
def shared_cluster() -> Cluster:
    """One cluster for all tests of this process, ended when the process ends."""
    held = ExitStack()
    atexit.register(held.close)
    return held.enter_context(postgres_cluster())
