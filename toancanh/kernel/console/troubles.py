"""What is wrong with the running installation and how it is mended, for officers and for `doctor`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.kernel.console import broker
from toancanh.kernel.exchange.feeds import troubles as feeds
from toancanh.kernel.exchange.inbox.models import Watched
from toancanh.kernel.files import troubles as files
from toancanh.kernel.journal import sealer
from toancanh.kernel.journal.models import Entry, Event
from toancanh.kernel.notify import troubles as channels
from toancanh.kernel.runtime import clock, processes
from toancanh.kernel.runtime import disks as volumes
from toancanh.kernel.runtime.disks import FULL, NEARLY_FULL
from toancanh.kernel.runtime.models import Process
from toancanh.lib.trouble import Trouble
from toancanh.web import formats

AHEAD = timedelta(minutes=1)
"""By which clocks of two machines may differ."""
JUMP_TOLD = timedelta(hours=1)
SEALED_WITHIN = timedelta(minutes=1)
DELIVERED_WITHIN = timedelta(minutes=5)
NEEDED = ("web", "ingest", "worker")
GB = 1_000_000_000


def found(now: datetime) -> list[Trouble]:
    """Everything that is wrong now, what is grave first."""
    everyone = processes.everyone()
    if volumes.of(settings.DATA).used >= FULL:
        # On a full disk nobody can report: that is one trouble and not one of each process.
        everyone = [
            one for one in everyone if one.host != processes.host() or not processes.is_silent(one, now)
        ]
    living = [one for one in everyone if not processes.is_silent(one, now)]
    troubles = [
        *silent(everyone, now),
        *missing(living),
        *disks(living),
        *clocks(living, now),
        *doors(living),
        *broker.troubles(living, now),
        *inboxes(now),
        *feeds.found(now),
        *channels.found(now),
        *files.found(now),
        *tail(now),
        *outbox(now),
    ]
    return sorted(troubles, key=lambda one: not one.is_grave)


def command(role: str) -> str:
    """What starts a role."""
    return f"toancanh run {role}".rstrip()


def silent(everyone: Sequence[Process], now: datetime) -> Iterator[Trouble]:
    """Processes that told of themselves and do so no more."""
    for one in everyone:
        if processes.is_silent(one, now):
            facts = {
                "command": command(one.role),
                "host": one.host,
                "port": one.port,
                "since": _moment(one.seen),
            }
            what = _("%(command)s on %(host)s, port %(port)s, has not reported since %(since)s.") % facts
            mend = _(
                "Start it again there: %(command)s. Where it is wanted no more, it is forgotten after a day."
            )
            yield Trouble("role_silent", True, what, mend % facts)


def missing(living: Sequence[Process]) -> Iterator[Trouble]:
    """Roles of which nobody runs, where roles run apart."""
    roles = {one.role for one in living}
    if "" in roles or not roles:
        return
    lacking = {
        "web": _("No web process runs: nobody can see the pages."),
        "ingest": _("No ingest process runs: devices have no MQTT door."),
        "worker": _("No worker runs: nothing is sealed, delivered or tidied up."),
    }
    for role in NEEDED:
        if role not in roles:
            mend = _("Start it: %(command)s") % {"command": command(role)}
            yield Trouble("role_missing", True, lacking[role], mend)
    if len({one.version for one in living}) > 1:
        what = _("Processes of different versions run beside each other.")
        yield Trouble("versions_differ", False, what, _("Stop all, update, and start them again."))


def disks(living: Sequence[Process]) -> Iterator[Trouble]:
    """Disks that are nearly full, each once a machine.

    Ours is looked at here and now: when it is full, no process can report any more.
    """
    own = volumes.of(settings.DATA)
    fullest: dict[tuple[str, str], tuple[float, float]] = {(processes.host(), "disk"): (own.used, own.free)}
    for one in living:
        for name in ("disk", "database_disk"):
            told = figure(one, f"{name}_used"), figure(one, f"{name}_free")
            fullest[one.host, name] = max(told, fullest.get((one.host, name), told))
    for (host, _name), (used, free) in fullest.items():
        if used >= NEARLY_FULL:
            yield disk(host, used, free)


def disk(host: str, used: float, free: float) -> Trouble:
    """One disk that is nearly full."""
    language = get_language() or "vi"
    facts = {
        "host": host,
        "share": formats.number(int(used * 100), language=language),
        "free": formats.number(free / GB, 1, language),
    }
    what = _("The disk of %(host)s is %(share)s %% full; %(free)s GB are free.") % facts
    mend = _(
        "Make room on it: old copies and logs, or a larger disk. When it is full, new data are refused; "
        "nothing is lost, and writing goes on by itself once there is room."
    )
    return Trouble("disk_full" if used >= FULL else "disk_low", used >= FULL, what, mend)


def clocks(living: Sequence[Process], now: datetime) -> Iterator[Trouble]:
    """Clocks that jumped, and times that cannot be."""
    mend = _("Set the date of that machine and let it be kept: timedatectl set-ntp true")
    for one in living:
        at = figure(one, "clock_jumped_at")
        if at and abs(now.timestamp() - at) < JUMP_TOLD.total_seconds():
            hours = formats.number(figure(one, "clock_jumped") / 3600, 1, get_language() or "vi")
            facts = {"host": one.host, "hours": hours, "at": _moment(datetime.fromtimestamp(at, now.tzinfo))}
            what = _("The clock of %(host)s jumped by %(hours)s hours, to %(at)s.") % facts
            yield Trouble("clock_jumped", True, what, mend)
            break
    for one in living:
        ahead = figure(one, "database_ahead")
        if abs(ahead) > AHEAD.total_seconds():
            facts = {"host": one.host, "seconds": str(round(ahead))}
            what = _("The clocks of %(host)s and of the database differ by %(seconds)s seconds.") % facts
            yield Trouble("clock_differs", True, what, mend)
            break
    newest = Entry.objects.aggregate(at=Max("at"))["at"]
    if newest is not None and newest > now + AHEAD:
        text = _(
            "The newest entry of the journal is of %(at)s: it lies in the future, so a clock is or was wrong."
        )
        yield Trouble("clock_behind", True, text % {"at": _moment(newest)}, mend)


def doors(living: Sequence[Process]) -> Iterator[Trouble]:
    """Processes that cannot keep what devices send."""
    for one in living:
        trouble = one.figures.get("trouble", "")
        if not trouble:
            continue
        facts = {"host": one.host, "command": command(one.role)}
        what = _("%(command)s on %(host)s cannot keep readings; devices are told to send them again.") % facts
        mends = {
            "full": _("The disk of the database is full: make room on it."),
            "unavailable": _("See that the database runs and can be reached: toancanh doctor"),
        }
        yield Trouble("not_kept", True, what, mends.get(trouble, _("Look at its log, then: toancanh doctor")))


def inboxes(now: datetime) -> Iterator[Trouble]:
    """Watched folders that their workers cannot use."""
    for one in Watched.objects.exclude(trouble="").filter(looked_at__gt=now - processes.SILENT):
        yield inbox(one.host, one.path, one.trouble)


def inbox(host: str, folder: str, said: str) -> Trouble:
    """One watched folder that cannot be used."""
    what = _("The watched folder %(folder)s of %(host)s cannot be read and written: %(said)s")
    mend = _(
        "Look at it with ls -la %(folder)s; give it to the user who runs the program (chown -R), or mount it "
        "again. Files wait where they are."
    )
    facts = {"host": host, "folder": folder, "said": said}
    return Trouble("inbox", True, what % facts, mend % facts)


def tail(now: datetime) -> Iterator[Trouble]:
    """Journal entries that the chain does not reach."""
    oldest = sealer.waiting(everywhere=False).order_by("pk").values_list("at", flat=True).first()
    if oldest is not None and now - oldest > SEALED_WITHIN:
        what = _("The journal is not sealed since %(at)s.") % {"at": _moment(oldest)}
        mend = _("See that a worker runs (toancanh run worker) and look at its log.")
        yield Trouble("tail_unsealed", False, what, mend)


def outbox(now: datetime) -> Iterator[Trouble]:
    """Events whose reactions do not succeed."""
    late = Event.objects.filter(next_at__isnull=False, created__lt=now - DELIVERED_WITHIN)
    first = late.order_by("created").first()
    if first is not None:
        facts = {"count": late.count(), "since": _moment(first.created), "name": first.name}
        what = _("%(count)s events wait for their reactions, the oldest (%(name)s) since %(since)s.") % facts
        mend = _("See that a worker runs (toancanh run worker); the error is in its log.")
        if first.fault:
            mend = f"{mend} {_('The last one: %(fault)s') % {'fault': first.fault}}"
        yield Trouble("outbox_stuck", False, what, mend)


def figure(one: Process, name: str) -> float:
    """A number that a process told; 0 where it told none."""
    value = one.figures.get(name, 0)
    return float(value) if isinstance(value, int | float) else 0.0


def _moment(at: datetime) -> str:
    return formats.clock_time(at, clock.now(), get_language() or "vi")
