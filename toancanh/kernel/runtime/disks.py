"""How full the disks are that data lies on."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db import DatabaseError, connection

NEARLY_FULL, FULL = 0.85, 0.95
"""Shares from which people are told, and told that it is grave."""
LOCAL = ("", "localhost", "127.0.0.1", "::1")


class Disk(NamedTuple):
    """Bytes that this user may still write, and the share that is taken."""

    free: int
    used: float


def of(path: Path) -> Disk:
    """The disk of a path or, where it does not exist or may not be seen, of what is above it."""
    while True:
        try:
            found = os.statvfs(path)
            break
        except OSError:
            if path == path.parent:
                raise
            path = path.parent
    taken = (found.f_blocks - found.f_bfree) * found.f_frsize
    free = found.f_bavail * found.f_frsize
    # As df counts it: what is reserved for root is neither taken nor free.
    return Disk(free, taken / max(1, taken + free))


def of_database() -> Disk | None:
    """The disk of PostgreSQL where it runs on this machine and tells its folder; None otherwise."""
    folder = _folder()
    return of(folder) if folder is not None else None


@cache
def _folder() -> Path | None:
    own = settings.DATABASES["default"]
    host = own.get("HOST", "")
    if connection.vendor != "postgresql" or not (host in LOCAL or host.startswith("/")):
        return None
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT setting FROM pg_settings WHERE name = 'data_directory'")
            row = cursor.fetchone()
    except DatabaseError:
        return None
    # Empty for users who may not know it; a path of another machine's container may not exist here.
    return Path(row[0]) if row and row[0] and Path(row[0]).parent.exists() else None
