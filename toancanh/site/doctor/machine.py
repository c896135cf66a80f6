"""What the program stands on before any database: library, folder, disk, clock, front end, settings."""

from __future__ import annotations

import ctypes
import os
import pwd
import socket
import sqlite3
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from toancanh.kernel.console import troubles
from toancanh.kernel.exchange.inbox import work
from toancanh.kernel.exchange.inbox.disk import Inbox
from toancanh.kernel.runtime import clock, disks, secrets
from toancanh.kernel.runtime.disks import NEARLY_FULL
from toancanh.lib.trouble import Trouble
from toancanh.site import building, environment

SOUND = (3, 51, 3)
"""Older SQLite can corrupt a database in WAL mode that several connections write."""
FULL_SYNC = 2
BORN = datetime(2026, 1, 1, tzinfo=UTC)
"""This program is younger than a clock that shows an earlier day is right."""
TIME_ERROR = 5


def library() -> Iterator[Trouble]:
    """SQLite itself, where it keeps the data."""
    if settings.DATABASE_URL or sqlite3.sqlite_version_info >= SOUND:
        return
    what = _("SQLite %(version)s can damage the data; 3.51.3 or newer is needed.")
    mend = _("Install what the program was tested with: make run (or pip install -r requirements/run.txt)")
    yield Trouble("sqlite_old", True, what % {"version": sqlite3.sqlite_version}, mend)


def durability() -> Iterator[Trouble]:
    """Whether what SQLite acknowledges is on the disk, as the settings in force open it."""
    if settings.DATABASE_URL:
        return
    opening = settings.DATABASES["default"].get("OPTIONS", {}).get("init_command", "")
    with tempfile.TemporaryDirectory(prefix="toancanh-doctor-") as folder:
        connection = sqlite3.connect(Path(folder) / "probe.db", isolation_level=None)
        try:
            for statement in filter(None, map(str.strip, opening.split(";"))):
                connection.execute(statement)
            (sync,) = connection.execute("PRAGMA synchronous").fetchone()
            mapped = connection.execute("PRAGMA mmap_size").fetchone()
        finally:
            connection.close()
    if sync < FULL_SYNC or (mapped and mapped[0]):
        what = _(
            "SQLite is opened without full synchronisation: a power cut could lose what was acknowledged."
        )
        mend = _(
            "Set synchronous=FULL and mmap_size=0 in the settings of %(module)s, or leave them as shipped."
        )
        yield Trouble("sqlite_unsafe", True, what, mend % {"module": os.environ["DJANGO_SETTINGS_MODULE"]})


def folder() -> Iterator[Trouble]:
    """The data folder: there, ours, writable, its key kept to itself."""
    data: Path = settings.DATA
    facts = {"folder": data}
    if data.exists() and not data.is_dir():
        what = _("TOANCANH_DATA names a file, not a folder: %(folder)s") % facts
        yield Trouble("folder", True, what, _("Set TOANCANH_DATA to a folder."))
        return
    if not data.is_dir():
        if not settings.DATABASE_URL:
            what = _("There is no store in %(folder)s.") % facts
            yield Trouble("no_store", True, what, _("Set TOANCANH_DATA, or make a store: toancanh migrate"))
        return
    names = [path for path in sorted(data.iterdir()) if path.name.startswith(("city.db", "telemetry.db"))]
    if not os.access(data, os.W_OK | os.X_OK) or not all(os.access(path, os.W_OK) for path in names):
        me = pwd.getpwuid(os.geteuid()).pw_name if _known(os.geteuid()) else str(os.geteuid())
        what = _("%(folder)s or a file in it cannot be written by %(user)s.") % {**facts, "user": me}
        mend = _("Give it to who runs the program: chown -R %(user)s %(folder)s; or mount it writable.")
        yield Trouble("folder_unwritable", True, what, mend % {**facts, "user": me})
    owner = data.stat().st_uid
    keys = [data / "secret.key", data / secrets.NAME]
    strange = [path.name for path in (*names, *keys) if _owner(path) not in (None, owner)]
    if strange:
        name = pwd.getpwuid(owner).pw_name if _known(owner) else str(owner)
        what = _("Files of %(folder)s belong to another user than the folder: %(files)s.")
        mend = _("Run the program as one user, and give it all: chown -R %(user)s %(folder)s")
        yield Trouble(
            "wrong_owner", True, what % {**facts, "files": ", ".join(strange)}, mend % {**facts, "user": name}
        )
    for key in keys:
        if key.exists() and key.stat().st_mode & 0o077:
            what = _("The key of this installation can be read by others: %(file)s") % {"file": key}
            yield Trouble("key_open", True, what, f"chmod 600 {key}")


def _owner(path: Path) -> int | None:
    return path.stat().st_uid if path.exists() else None


def _known(user: int) -> bool:
    return any(entry.pw_uid == user for entry in pwd.getpwall())


def watched_folder() -> Iterator[Trouble]:
    """The folder from which files are taken in, where there is one already."""
    environment.inbox_settled()
    place = settings.DATA / work.FOLDER
    if not os.path.lexists(place):
        return
    try:
        # Left as it is where it is missing behind a link: what it is mounted on is not for us to make.
        place.stat()
        Inbox(place).check()
    except OSError as fault:
        yield troubles.inbox(socket.gethostname(), str(place), work.said(fault))


def disk() -> Iterator[Trouble]:
    """Room on the disk of the data folder."""
    found = disks.of(settings.DATA)
    if found.used >= NEARLY_FULL:
        yield troubles.disk(socket.gethostname(), found.used, found.free)


def time_of_day() -> Iterator[Trouble]:
    """What can be known of the clock without asking the internet."""
    mend = _("Set the date of that machine and let it be kept: timedatectl set-ntp true")
    if clock.now() < BORN:
        what = _("The clock of this machine shows %(at)s, which is past.") % {"at": f"{clock.now():%d/%m/%Y}"}
        yield Trouble("clock_behind", True, what, mend)
    adjust = getattr(ctypes.CDLL(None), "adjtimex", None)
    # A zeroed request changes nothing; the answer is the state of the kernel's clock.
    if adjust is not None and adjust(ctypes.create_string_buffer(512)) == TIME_ERROR:
        yield Trouble("clock_unsynchronised", False, _("Nobody keeps the clock of this machine right."), mend)


def front_end() -> Iterator[Trouble]:
    """Whether there are pages to show."""
    try:
        building.check()
    except SystemExit:
        yield Trouble("not_built", True, _("The front end has not been built."), "toancanh web build")


def doors() -> Iterator[Trouble]:
    """The settings of the MQTT door."""
    wanted = environment.mqtt()
    if wanted is not None and wanted.is_open:
        what = _("MQTT listens on %(host)s without TLS: passwords and readings can be read on the way.")
        mend = _("Set MQTT_CERT and MQTT_KEY; MQTT_PLAIN=1 only where nobody else is on the network.")
        yield Trouble("mqtt_open", True, what % {"host": wanted.host}, mend)


CHECKS = (library, durability, folder, watched_folder, disk, time_of_day, front_end, doors)
