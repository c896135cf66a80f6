"""The tests' database as the migrations leave it: made once for each state of them, then copied.

Migrations take seconds of the processor, and every worker of every run needs their result. It is kept in
pytest's cache under a digest of the migrations' text; Django still migrates each copy, and finds nothing to
do but what follows a migration.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import django
import psycopg
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from tests import postgres


class Migrated:
    """What is kept of the migrated database. Nobody waits for another: who finds nothing makes his own."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / f"{connection.vendor}-{_digest()}"
        self._held: Any = None

    def copied(self) -> bool:
        """Whether the tests' database now is a copy; else it is to be made, and to be given to ``keep``."""
        if not self._path.exists():
            return False
        if settings.DATABASE_URL:
            _on_server(f'CREATE DATABASE "{_name()}"')
            postgres.restore(self._path, _url(_name()))
        else:
            # A database in memory lasts as long as somebody is connected to it.
            self._held = sqlite3.connect(_name(), uri=True, check_same_thread=False)
            with closing(sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True)) as kept:
                kept.backup(self._held)
        return True

    def keep(self) -> None:
        """Keep the tests' database for others, instead of those of earlier migrations."""
        if self._path.exists():
            return
        made = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        if settings.DATABASE_URL:
            postgres.dump(_url(connection.settings_dict["NAME"]), made)
        else:
            connection.ensure_connection()
            with closing(sqlite3.connect(made)) as kept:
                connection.connection.backup(kept)
        for earlier in self._path.parent.glob(f"{connection.vendor}-*"):
            if not earlier.name.startswith(self._path.name):
                with suppress(FileNotFoundError):
                    earlier.unlink()
        made.rename(self._path)


def _digest() -> str:
    """Of the text of all migrations, of whoever runs them and of what dumps them."""
    migrations = MigrationLoader(None, ignore_no_migrations=True).disk_migrations.values()
    files = sorted({inspect.getfile(type(migration)) for migration in migrations})
    told = hashlib.sha256(
        f"{django.VERSION} {sqlite3.sqlite_version} {postgres.postgres_binaries()}".encode()
    )
    for file in files:
        told.update(Path(file).read_bytes())
    return told.hexdigest()[:32]


def _name() -> str:
    """What Django is going to call the tests' database."""
    name: str = connection.creation._get_test_db_name()
    return name


def _url(name: str) -> str:
    return f"{settings.DATABASE_URL.rpartition('/')[0]}/{name}"


def _on_server(statement: str) -> None:
    server = settings.DATABASE_URL.rpartition("/")[0]
    with psycopg.connect(f"{server}/postgres", autocommit=True, connect_timeout=10) as server_itself:
        server_itself.execute(statement.encode())
