"""How the installation does: every process, the disks, what waits, and what to do where something is bad."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

import toancanh
from toancanh.kernel.console import broker, troubles
from toancanh.kernel.console.troubles import GB, figure
from toancanh.kernel.journal import sealer
from toancanh.kernel.journal.models import Event
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime import clock, processes
from toancanh.kernel.runtime.brief import Brief
from toancanh.kernel.runtime.disks import FULL, NEARLY_FULL
from toancanh.kernel.runtime.doors import door
from toancanh.kernel.runtime.models import Process
from toancanh.kernel.telemetry.models import Letter
from toancanh.lib.trouble import Trouble
from toancanh.web import formats

SIGHT = "console.see"
ARRANGE = "telemetry.arrange"
BANNERS = (
    "disk_low",
    "disk_full",
    "clock_jumped",
    "clock_differs",
    "clock_behind",
    "not_kept",
    "broker_away",
)
"""What officers are told of on every page: it changes what they see or lose."""
_wrong: Brief[list[Trouble]] = Brief(5.0)


@door(right=SIGHT, data="staff")
def health(request: HttpRequest) -> HttpResponse:
    """The page, and again every few seconds as its inner part."""
    now = clock.now()
    everyone = processes.everyone()
    seats = broker.seats(one for one in everyone if not processes.is_silent(one, now))
    said = {
        "troubles": wrong(),
        "processes": [shown(one, now) for one in everyone],
        "tiles": tiles(everyone, now),
        "brokers": [(one, broker.facts(one)) for one in seats],
        "broker_gaps": broker.gaps(now) if seats else 0,
        "arranges": bool(of(request).paths(ARRANGE)),
        "version": toancanh.__version__,
        "at": now,
    }
    return render(request, "console/health.html", said)


@door(right=SIGHT, data="staff")
def alarms(request: HttpRequest) -> HttpResponse:
    """The banner of the console, asked for again by open pages."""
    return render(request, "web/components/alarms.html", {"alarms": banners()})


def wrong() -> list[Trouble]:
    """What is wrong, looked up every few seconds for all screens."""
    return _wrong.get(get_language(), lambda: troubles.found(clock.now()))


def banners() -> dict[str, object]:
    """What officers must know wherever they are: of each kind the first."""
    rows = {one.code: one for one in reversed(wrong()) if one.code in BANNERS}
    return {"src": "/console/alarms", "link": "/console/health/", "rows": list(reversed(rows.values()))}


def forget() -> None:
    """Look anew."""
    _wrong.forget()


@dataclass(frozen=True)
class Shown:
    """A process as a card."""

    row: Process
    title: str
    is_silent: bool
    facts: list[tuple[str, str]]


def shown(one: Process, now: datetime) -> Shown:
    """The process in words."""
    titles = {
        "": _("Everything in one"),
        "web": _("Pages"),
        "ingest": _("Intake of data"),
        "worker": _("Duties in the background"),
    }
    language = get_language() or "vi"
    facts = []
    for name, (title, decimals, unit) in words().items():
        if name in one.figures:
            value = figure(one, name) / (1_000_000 if unit == "MB" else 1)
            facts.append((title, f"{formats.number(value, decimals, language)} {unit}".rstrip()))
    return Shown(one, titles.get(one.role, one.role), processes.is_silent(one, now), facts)


def words() -> dict[str, tuple[str, int, str]]:
    """Figures that a process may tell: title, decimals, unit."""
    return {
        "memory": (_("Memory"), 0, "MB"),
        "per_second": (_("Observations a second"), 1, ""),
        "accepted": (_("Kept since start"), 0, ""),
        "rejected": (_("Refused since start"), 0, ""),
        "waiting_rows": (_("Waiting to be written"), 0, ""),
        "pages_open": (_("Open pages"), 0, ""),
        "mqtt_connections": (_("Devices connected by MQTT"), 0, ""),
        "mqtt_messages": (_("MQTT messages since start"), 0, ""),
        "mqtt_refused": (_("MQTT sign-ins refused since start"), 0, ""),
        "broker_per_second": (_("Broker messages a second"), 1, ""),
        "broker_receipts": (_("Receipts sent over the broker since start"), 0, ""),
    }


def tiles(everyone: list[Process], now: datetime) -> list[dict[str, object]]:
    """The figures that matter, each with its tone."""
    living = [one for one in everyone if not processes.is_silent(one, now)]
    unsealed, waiting, letters = (
        sealer.unsealed(),
        Event.objects.exclude(next_at=None).count(),
        letters_kept(),
    )
    queue = int(sum(figure(one, "waiting_rows") for one in living))
    found: list[dict[str, object]] = [
        tile("pace", _("Observations a second"), round(sum(figure(one, "per_second") for one in living), 1)),
        tile("queue", _("Waiting to be written"), queue, _("observations taken and not yet answered")),
        tile("letters", _("Refused, kept to look at"), letters, _("dead letters of the last 30 days")),
        tile("unsealed", _("Not sealed yet"), unsealed, _("entries of the journal")),
        tile("outbox", _("Events under way"), waiting, _("until their reactions have run")),
    ]
    used = max(
        (figure(one, f"{disk}_used") for one in living for disk in ("disk", "database_disk")), default=0.0
    )
    free = min((figure(one, "disk_free") for one in living), default=0.0)
    room = _("%(free)s GB free") % {"free": formats.number(free / GB, 1, get_language() or "vi")}
    tone = "danger" if used >= FULL else "warning" if used >= NEARLY_FULL else ""
    found.append({**tile("disk", _("Disk in use"), int(used * 100), room), "unit": "%", "tone": tone})
    found.append(tile("database", _("Data in the database"), database_size(), database_name()))
    return found


def tile(key: str, title: str, value: object, note: str = "") -> dict[str, object]:
    """One figure."""
    return {"key": f"health.{key}", "title": title, "value": value, "trend_text": note}


def letters_kept() -> int:
    """Dead letters that wait for somebody to look at them."""
    return Letter.objects.count()


def database_name() -> str:
    """SQLite 3.51 or PostgreSQL 15."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT version()" if connection.vendor == "postgresql" else "SELECT sqlite_version()")
        (said,) = cursor.fetchone()
    return " ".join(str(said).split()[:2]) if connection.vendor == "postgresql" else f"SQLite {said}"


def database_size() -> str:
    """How much room the data take."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            size = int(cursor.fetchone()[0])
    else:
        size = sum(path.stat().st_size for path in settings.DATA.glob("*.db*") if path.is_file())
    unit, per, decimals = ("GB", GB, 1) if size >= GB else ("MB", 1_000_000, 0)
    return f"{formats.number(size / per, decimals, get_language() or 'vi')} {unit}"
