"""Who may run on which store, and that only one process at a time changes its shape."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _

MIGRATING = 7_267_226
"""Number of PostgreSQL's advisory lock for migrations; any fixed one will do."""


def hold(data: Path, role: str, *, many: bool) -> list[IO[str]]:
    """Keep the store for this process; to be held open until it ends.

    On SQLite the whole program excludes every role, and each role a second one of itself: their writers would
    wait for each other. On PostgreSQL (``many``) there may be several; only a second whole program on one
    folder is refused.
    """
    whole = _open(data / "run.lock")
    if not role:
        _take(whole, fcntl.LOCK_EX, data, "toancanh run")
        return [whole]
    if many:
        return []
    _take(whole, fcntl.LOCK_SH, data, "toancanh run")
    own = _open(data / f"run-{role}.lock")
    _take(own, fcntl.LOCK_EX, data, f"toancanh run {role}")
    return [whole, own]


def _open(path: Path) -> IO[str]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a")
    except OSError as fault:
        text = _("The folder of TOANCANH_DATA cannot be written: %(fault)s")
        raise SystemExit(text % {"fault": fault}) from fault


def _take(lock: IO[str], how: int, data: Path, command: str) -> None:
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except OSError as fault:
        text = _("%(command)s is running on %(folder)s already. Stop it first, or set another TOANCANH_DATA.")
        raise SystemExit(text % {"command": command, "folder": data}) from fault


@contextmanager
def migrating(data: Path) -> Iterator[None]:
    """Wait until nobody else brings the store up, and keep the others waiting meanwhile."""
    from django.db import connection  # app ready

    with _open(data / "migrate.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if connection.vendor != "postgresql":
            yield
            return
        # The folder may be another host's: the server is what all have in common.
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATING])
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATING])
