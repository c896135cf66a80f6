"""Takes confirmed files of reports in, and takes back those that somebody undoes: some rows at a call.

What is written of a row stands in the transaction that opens its case. Whatever kills the worker between two
rows, another one goes on at the next; whatever kills it within one leaves nothing of that one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

import msgspec
from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from toancanh.domains.reports.importing import bringing, judging, kept
from toancanh.domains.reports.importing.mapping import Mapping
from toancanh.domains.reports.importing.models import ImportedRow, ReportImport, Verdict
from toancanh.kernel.exchange.sheets.models import State
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock, holders
from toancanh.kernel.runtime.web import is_full
from toancanh.lib.errors import Refused, Unavailable

log = logging.getLogger(__name__)
PART = 10
"""Rows of one transaction: who works at a desk waits no longer than that behind a file."""
LEASE = timedelta(seconds=60)
TRIES = 5
"""Times that a part may fail before somebody has to look."""
AT_WORK = (State.RUNNING, State.UNDOING)


class Lost(Exception):
    """The lease ran out and somebody else has taken over."""


class Duty:
    """Does some rows at a call, so that the program may end between two; says whether there was something."""

    def __init__(self) -> None:
        self._at_work: ReportImport | None = None
        self._is_first = True
        self._steps: Iterator[None] = iter(())

    def __call__(self) -> int:
        if self._is_first:
            take_over()
            self._is_first = False
        if self._at_work is None:
            self._at_work = lease()
            if self._at_work is None:
                return 0
            self._steps = _steps(self._at_work)
        one = self._at_work
        try:
            next(self._steps)
        except (StopIteration, Lost):
            self._at_work = None
        except Exception as fault:  # noqa: BLE001 - whatever fails in one file, the next one is taken in
            self._at_work = None
            _failed(one, fault)
        return 1


def take_over() -> None:
    """Let go of what processes of this machine held when they died, instead of waiting for their leases."""
    held = ReportImport.objects.filter(next_at__gt=clock.now(), state__in=AT_WORK).exclude(holder="")
    for pk, holder in held.values_list("pk", "holder"):
        if holders.is_dead(holder):
            ReportImport.objects.filter(pk=pk, holder=holder).update(next_at=clock.now())


def lease() -> ReportImport | None:
    """A file that waits, held for a minute: who dies holding it loses it to the next look."""
    now = clock.now()
    with transaction.atomic():
        due = ReportImport.objects.filter(next_at__lte=now, state__in=AT_WORK)
        one = due.select_for_update(skip_locked=True).order_by("next_at", "pk").first()
        if one is not None:
            one.holder, one.next_at, one.attempts = holders.fresh(), now + LEASE, one.attempts + 1
            one.save(update_fields=["holder", "next_at", "attempts"])
    return one


def _steps(one: ReportImport) -> Iterator[None]:
    if one.state == State.RUNNING:
        yield from _take_in(one)
    else:
        yield from _take_back(one)


def _take_in(one: ReportImport) -> Iterator[None]:
    said = msgspec.convert(one.mapping, Mapping)
    done = set(one.rows.values_list("number", flat=True))
    lines = [
        line for line in judging.Judge(said, kept.rows(one), one.scope).judge() if line.number not in done
    ]
    for start in range(0, len(lines), PART):
        with transaction.atomic():
            _take_part(one, said.source, lines[start : start + PART])
        yield
    with transaction.atomic():
        _hold(one, next_at=None, state=State.DONE, finished_at=clock.now(), fault="")
        one.refresh_from_db(fields=["new", "same", "refused"])
        counts = {"new": one.new, "same": one.same, "refused": one.refused}
        journal.record("reports.import_finished", f"report-import:{one.pk}", by=bringing.BY, content=counts)


def _take_part(one: ReportImport, source: str, lines: list[judging.Line]) -> None:
    counts = dict.fromkeys(("new", "same", "refused"), 0)
    for line in lines:
        verdict, reason = line.verdict, ""
        if verdict == "new" and line.facts is not None:
            try:
                with transaction.atomic():
                    bringing.bring(line.facts, source, line.number, one)
            except Refused as fault:
                log.info("row %s of report import %s was refused: %s", line.number, one.pk, fault.message)
                verdict, reason = "refused", fault.message[:300]
        if verdict != "new":
            ImportedRow.objects.create(of=one, number=line.number, verdict=verdict, reason=reason)
        counts[verdict] += 1
    _hold(one, **{name: F(name) + count for name, count in counts.items()})


def _take_back(one: ReportImport) -> Iterator[None]:
    while True:
        with transaction.atomic():
            rows = list(one.rows.filter(verdict=Verdict.NEW).select_related("of").order_by("-number")[:PART])
            gone = sum(map(bringing.take_back, rows))
            _hold(one, withdrawn=F("withdrawn") + gone, left=F("left") + len(rows) - gone)
        if not rows:
            break
        yield
    with transaction.atomic():
        _hold(one, next_at=None, state=State.UNDONE, undone_at=clock.now(), fault="")
        one.refresh_from_db(fields=["withdrawn", "left"])
        counts = {"withdrawn": one.withdrawn, "left": one.left}
        journal.record("reports.import_undone", f"report-import:{one.pk}", by=bringing.BY, content=counts)


def _hold(one: ReportImport, **changes: object) -> None:
    """Write to a file that is still ours, and hold it on; raises Lost, which undoes the part."""
    changes = {"next_at": clock.now() + LEASE, "attempts": 0, "fault": "", **changes}
    if not ReportImport.objects.filter(pk=one.pk, holder=one.holder).update(**changes):
        raise Lost


def _failed(one: ReportImport, fault: Exception) -> None:
    """Try again later; what trying will not mend waits for somebody."""
    again = clock.now() + timedelta(seconds=min(5 * 2**one.attempts, 600))
    changes: dict[str, object] = {"next_at": again}
    if isinstance(fault, Refused):
        said, changes = fault.message, {"next_at": None, "state": State.STOPPED}
    elif isinstance(fault, Unavailable | DatabaseError):
        said = _("The disk is full.") if is_full(fault) else _("The database does not answer.")
    else:
        log.exception("report import %s failed", one.pk, exc_info=fault)
        said = _("This is a fault of the program: %(fault)s") % {"fault": type(fault).__name__}
        if one.attempts >= TRIES:
            changes = {"next_at": None, "state": State.STOPPED}
    ReportImport.objects.filter(pk=one.pk, holder=one.holder).update(fault=said[:400], **changes)
