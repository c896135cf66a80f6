"""The databases: reachable, whole, durable, of this version; and what an installation tells of itself."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext as _

from toancanh.kernel.console import troubles
from toancanh.kernel.journal import sealer
from toancanh.kernel.runtime import clock
from toancanh.lib.trouble import Trouble
from toancanh.site import environment

OLDEST = 140_000
"""PostgreSQL 14; the suite is run on 15."""
SAFE = ("fsync", "full_page_writes", "synchronous_commit")
SECONDS = 5.0
"""Longest look into a file; a large one is looked at from its beginning."""
LAST_LINKS = 1_000


def files() -> Iterator[Trouble]:
    """city.db and telemetry.db: databases, whole, and belonging together."""
    if settings.DATABASE_URL:
        return
    good = _("Put a good copy back, with the program stopped; what is damaged keep aside.")
    for path in (settings.CITY, settings.DATA / "telemetry.db"):
        if path.exists() and (said := damage(path)):
            what = _("%(file)s is damaged: %(said)s") % {"file": path, "said": said}
            yield Trouble("damaged", True, what, good)
    orphans = sorted(settings.DATA.glob("telemetry.db.orphan-*"))
    is_alone = (settings.DATA / "telemetry.db").exists() and not settings.CITY.exists()
    if is_alone or orphans:
        names = ", ".join(path.name for path in orphans) or "telemetry.db"
        what = _("There are readings without the city.db that they belong to: %(files)s.") % {"files": names}
        mend = _(
            "Put the city.db back beside them (with its telemetry.db), or remove them if they are not wanted."
        )
        yield Trouble("orphaned", True, what, mend)
    if settings.DATA.is_dir() and not settings.CITY.exists():
        what = _("There is no store in %(folder)s.") % {"folder": settings.DATA}
        yield Trouble("no_store", True, what, _("Set TOANCANH_DATA, or make a store: toancanh migrate"))


def damage(path: Path) -> str:
    """What SQLite's own quick check says of a file; empty where it finds nothing wrong in time."""
    end = time.monotonic() + SECONDS
    try:
        with closing(sqlite3.connect(environment.to_look_at(path), uri=True, timeout=2)) as file:
            file.set_progress_handler(lambda: time.monotonic() > end, 10_000)
            (said,) = file.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as fault:
        return "" if "interrupted" in str(fault) or "locked" in str(fault) else str(fault)
    except sqlite3.DatabaseError as fault:
        return str(fault)
    return "" if said == "ok" else " ".join(str(said).split())[:200]


def database() -> Iterator[Trouble]:
    """The main database, and on it what the running installation tells of itself."""
    if not settings.DATABASE_URL and not settings.CITY.exists():
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if connection.vendor == "postgresql":
            yield from server()
        missing, strange = migrations()
    except DatabaseError as fault:
        # A damaged file is told by its own check.
        if settings.DATABASE_URL or not damage(settings.CITY):
            what = _("The database cannot be reached: %(fault)s") % {"fault": " ".join(str(fault).split())}
            mend = _("See that it runs (systemctl status postgresql) and that DATABASE_URL is right.")
            yield Trouble("database_away", True, what, mend)
        return
    if strange:
        what = _("The store is newer than this program: it knows %(names)s.") % {
            "names": ", ".join(strange[:3])
        }
        yield Trouble("store_newer", True, what, _("Update the program: git pull, then make run"))
    if missing:
        what = _("The store is older than this program: %(count)s steps are missing.") % {
            "count": len(missing)
        }
        yield Trouble("store_older", True, what, "toancanh migrate")
        return
    yield from troubles.found(clock.now())
    fault_found = next(sealer.faults_at_end(LAST_LINKS), None)
    if fault_found is not None:
        what = _("The sealed journal was changed: %(number)s: %(what)s.")
        facts = {"number": fault_found.number, "what": fault_found.what}
        mend = _(
            "Look at all of it (toancanh journal verify), keep a copy of the store, find out who wrote to it."
        )
        yield Trouble("chain_broken", True, what % facts, mend)


def server() -> Iterator[Trouble]:
    """PostgreSQL: its version, and whether what it acknowledges is on the disk."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        version = int(cursor.fetchone()[0])
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(SAFE)])
        off = sorted(name for name, value in cursor.fetchall() if value == "off")
    if version < OLDEST:
        what = _("PostgreSQL %(version)s is too old; 14 or newer is needed.") % {"version": version // 10_000}
        yield Trouble(
            "postgres_old", True, what, _("Update the database server (pg_upgradecluster on Debian).")
        )
    if off:
        what = _("PostgreSQL may lose what it acknowledged: %(names)s is off.") % {"names": ", ".join(off)}
        steps = "; ".join(f"ALTER SYSTEM SET {name} = on" for name in off)
        yield Trouble("postgres_unsafe", True, what, f"psql -c '{steps}' -c 'SELECT pg_reload_conf()'")


def migrations() -> tuple[list[str], list[str]]:
    """Steps that the store lacks, and such that this program does not know."""
    loader = MigrationLoader(connection)
    known, applied = set(loader.disk_migrations or ()), set(loader.applied_migrations or ())
    labels = {label for label, _name in known}
    strange = [f"{label}.{name}" for label, name in sorted(applied - known) if label in labels]
    return [f"{label}.{name}" for label, name in sorted(known - applied)], strange


CHECKS = (files, database)
