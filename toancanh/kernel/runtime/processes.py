"""Every process of the program tells every ten seconds that it lives and how it does; anyone may look."""

from __future__ import annotations

import logging
import os
import resource
import socket
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from django.db import connection

from toancanh.kernel.runtime import clock, disks
from toancanh.kernel.runtime.models import Process

EVERY = 10.0
"""Seconds between two reports."""
SILENT = timedelta(minutes=1)
"""Who has not reported for so long has stopped or hangs."""
FORGOTTEN = timedelta(days=1)
"""Who has not reported for so long is not coming back."""
JUMP = 5.0
"""Seconds by which the wall clock may part from the steady one between two reports: a slew, not a jump."""
PAGE = resource.getpagesize()

PACES = {"accepted": "per_second", "broker_messages": "broker_per_second"}
"""Counts of which is told as well how fast they grew since the report before."""

Figures = Mapping[str, float | str]
"""Names known to the health page are shown with their words; others as they are."""


class LastFault(logging.Handler):
    """Remembers the newest error of the log."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.text = ""
        self.at: datetime | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Keep its first line, with what was raised."""
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text = f"{text}: {record.exc_info[1]}"
        self.text, self.at = " ".join(text.split())[:300], clock.now()


class Reporter:
    """Tells of this process; its figures come from who works in it."""

    def __init__(
        self,
        role: str,
        port: int,
        version: str,
        data: Path,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.role, self.port, self.version, self.data = role, port, version, data
        self.host = host()
        self.slot = f"{role}@{self.host}:{port}"
        self.sources: list[Callable[[], Figures]] = []
        self.since = clock.now()
        self.fault = LastFault()
        self._monotonic = monotonic
        self._before: tuple[datetime, float] | None = None
        self._counted: tuple[float, dict[str, float]] | None = None
        self._jump: dict[str, float] = {}

    def report(self) -> int:
        """Write how this process does."""
        now = clock.now()
        self._look_at_clock(now)
        figures = {**self._own(), **self._jump}
        for source in self.sources:
            figures.update(source())
        figures.update(self._pace(figures))
        Process.objects.update_or_create(
            slot=self.slot,
            defaults={
                "role": self.role,
                "host": self.host,
                "port": self.port,
                "pid": os.getpid(),
                "version": self.version,
                "since": self.since,
                "seen": now,
                "figures": figures,
                "fault": self.fault.text,
                "fault_at": self.fault.at,
            },
        )
        Process.objects.filter(seen__lt=now - FORGOTTEN).delete()
        return 0

    def leave(self) -> None:
        """Stopped on purpose: nobody need miss this process."""
        Process.objects.filter(slot=self.slot, pid=os.getpid()).delete()

    def _own(self) -> dict[str, float | str]:
        disk, database = disks.of(self.data), disks.of_database()
        found: dict[str, float | str] = {
            "memory": memory(),
            "memory_peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            "disk_free": disk.free,
            "disk_used": round(disk.used, 4),
        }
        if database is not None:
            found |= {"database_disk_free": database.free, "database_disk_used": round(database.used, 4)}
        behind = database_clock()
        return found if behind is None else {**found, "database_ahead": round(behind, 1)}

    def _look_at_clock(self, now: datetime) -> None:
        steady = self._monotonic()
        if self._before is not None:
            jumped = (now - self._before[0]).total_seconds() - (steady - self._before[1])
            if abs(jumped) > JUMP:
                self._jump = {"clock_jumped": round(jumped), "clock_jumped_at": now.timestamp()}
        self._before = now, steady

    def _pace(self, figures: Figures) -> dict[str, float]:
        counts = {name: count for name in PACES if isinstance(count := figures.get(name), int | float)}
        steady, before = self._monotonic(), self._counted
        self._counted = steady, counts
        if before is None or steady <= before[0]:
            return {}
        return {
            PACES[name]: round((count - before[1][name]) / (steady - before[0]), 1)
            for name, count in counts.items()
            if name in before[1]
        }


def host() -> str:
    """The name under which processes of this machine report."""
    return socket.gethostname()[:100]


def memory() -> int:
    """Resident bytes of this process now; its largest so far where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
    except (OSError, ValueError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def database_clock() -> float | None:
    """Seconds by which the clock of the database's server is ahead of ours; None where it is ours."""
    if connection.vendor != "postgresql":
        return None
    before = clock.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (there,) = cursor.fetchone()
    return float((there - (before + (clock.now() - before) / 2)).total_seconds())


def everyone() -> list[Process]:
    """Every process that told of itself within a day, what serves people first."""
    order = {"": 0, "web": 1, "ingest": 2, "worker": 3}
    return sorted(Process.objects.all(), key=lambda one: (order.get(one.role, 9), one.host, one.port))


def is_silent(one: Process, now: datetime) -> bool:
    """Whether it has not told of itself for a minute; a report from the future tells of a wrong clock."""
    return abs(now - one.seen) > SILENT
