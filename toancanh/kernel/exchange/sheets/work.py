"""Takes confirmed imports in, and takes back those that somebody undoes: part by part, in the worker.

A part is written down before it is stored and after. Whatever kills the worker between, another one goes on
at that part once the lease has run out, and knows what the part had changed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec
from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from toancanh.kernel.exchange import taking
from toancanh.kernel.exchange.sheets import judging, reading
from toancanh.kernel.exchange.sheets.mapping import Found, Mapping, Observed
from toancanh.kernel.exchange.sheets.models import Content, Import, Part, State
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock, holders
from toancanh.kernel.runtime.web import is_full
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.directory import DirectoryUnavailable
from toancanh.kernel.telemetry.intake import microseconds
from toancanh.kernel.telemetry.store import Row
from toancanh.lib.errors import Refused, Unavailable

log = logging.getLogger(__name__)

WAY = "nhap-tep"
"""Name of the token under which files come in."""
PART = 2_000
"""Readings that the store takes at once: devices wait no longer than that behind an import."""
LEASE = timedelta(seconds=60)
TRIES = 8
"""Times that a part may fail before somebody has to look."""
DRAFT_KEPT = timedelta(days=7)
KEPT = timedelta(days=30)
"""How long an import can be undone and its refused rows be had."""


class Lost(Exception):
    """The lease ran out and somebody else has taken over."""


class Duty:
    """Does one part at a call, so that the program may end between two; says whether there was something."""

    def __init__(self) -> None:
        self._at_work: Import | None = None
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
    held = Import.objects.filter(next_at__gt=clock.now(), state__in=(State.RUNNING, State.UNDOING))
    for pk, holder in held.exclude(holder="").values_list("pk", "holder"):
        if holders.is_dead(holder):
            Import.objects.filter(pk=pk, holder=holder).update(next_at=clock.now())


def lease() -> Import | None:
    """An import that waits, held for a minute: who dies holding it loses it to the next look."""
    now = clock.now()
    with transaction.atomic():
        due = Import.objects.filter(next_at__lte=now, state__in=(State.RUNNING, State.UNDOING))
        one = due.select_for_update(skip_locked=True).order_by("next_at", "pk").first()
        if one is not None:
            one.holder, one.next_at, one.attempts = holders.fresh(), now + LEASE, one.attempts + 1
            one.save(update_fields=["holder", "next_at", "attempts"])
    return one


def content(one: Import) -> list[Found]:
    """Everything in the file of an import, read by its mapping; raises Refused where it is gone."""
    kept = Content.objects.filter(of=one).first()
    if kept is None:
        raise Refused(_("The file of this import is no longer kept."), "gone")
    said = msgspec.convert(one.mapping, Mapping)
    sheet = reading.unpacked(bytes(kept.book)).sheet(said.sheet)
    return judging.readings(said, sheet.rows, replaces=one.replaces)


def _steps(one: Import) -> Iterator[None]:
    found = content(one)
    if one.state == State.RUNNING:
        yield from _take_in(one, found)
    else:
        yield from _take_back(one, found)


def _take_in(one: Import, found: Sequence[Found]) -> Iterator[None]:
    taking.open_way(WAY)
    things = taking.things_within(one.scope)
    done = set(Part.objects.filter(of=one, is_done=True).values_list("number", flat=True))
    for number, start in enumerate(range(0, len(found), PART)):
        if number not in done:
            _take_part(one, number, found[start : start + PART], things)
            yield
    with transaction.atomic():
        _hold(one, next_at=None, state=State.DONE, finished_at=clock.now(), fault="")
        one.refresh_from_db()
        counts = {name: getattr(one, name) for name in ("new", "same", "corrected", "refused")}
        journal.record("exchange.import_finished", f"import:{one.pk}", by=taking.BY, content=counts)


def _take_part(one: Import, number: int, found: Sequence[Found], things: frozenset[str] | None) -> None:
    part = Part.objects.filter(of=one, number=number).first()
    if part is None:
        made = judging.judge(found, taking.directory(), engine.store(), clock.now_us(), things)
        before = [[position, had.value, had.quality] for position, had in made.before.items()]
        part = Part.objects.create(of=one, number=number, fresh=packed(made.fresh, len(found)), before=before)
    refused = taking.bring(found, way=WAY, door=one.door, things=things)
    fresh = unpacked(bytes(part.fresh)) - set(refused)
    part.before = [had for had in part.before if had[0] not in refused]
    part.fresh, part.is_done = packed(fresh, len(found)), True
    part.new, part.corrected = len(fresh), len(part.before)
    part.same = len(found) - len(refused) - part.new - part.corrected
    part.refusals = [[position, code] for position, code in sorted(refused.items())]
    with transaction.atomic():
        sums = {name: F(name) + getattr(part, name) for name in ("new", "same", "corrected")}
        _hold(one, **sums, refused=F("refused") + len(refused))
        part.save()


def _take_back(one: Import, found: Sequence[Found]) -> Iterator[None]:
    for part in Part.objects.filter(of=one, is_undone=False).order_by("-number"):
        start = part.number * PART
        gone = _withdraw(one, part, found[start : start + PART])
        with transaction.atomic():
            _hold(one, withdrawn=F("withdrawn") + gone)
            part.is_undone = True
            part.save(update_fields=["is_undone"])
        yield
    with transaction.atomic():
        _hold(one, next_at=None, state=State.UNDONE, undone_at=clock.now(), fault="")
        one.refresh_from_db()
        left = max(0, one.new + one.corrected - one.withdrawn)
        counts = {"withdrawn": one.withdrawn, "left": left}
        journal.record("exchange.import_undone", f"import:{one.pk}", by=taking.BY, content=counts)


def _withdraw(one: Import, part: Part, found: Sequence[Found]) -> int:
    """Take back what the part had changed and nobody has changed since; how many readings that are."""
    known, store, now = taking.directory(), engine.store(), clock.now_us()
    fresh = unpacked(bytes(part.fresh))
    before = {position: (value, quality) for position, value, quality in part.before}
    ours: dict[tuple[int, int], tuple[int, float]] = {}
    for position in sorted(fresh | before.keys()):
        row = found[position]
        series = known.things.get(row.thing, {}).get(row.series)
        if series is not None and isinstance(row, Observed):
            ours[series.id, microseconds(row.time)] = position, row.value
    there = store.at(list(ours))
    source = f"{WAY} {one.pk}"
    leave = [key for key, (position, value) in ours.items()
             if position in fresh and key in there and there[key].value == value]  # fmt: skip
    back = [Row(*key, *before[position], source) for key, (position, value) in ours.items()
            if position in before and key in there and there[key].value == value]  # fmt: skip
    if back:
        store.put(back, now)
    if leave:
        store.withdraw(leave, now, source)
    if not part.is_done:
        # It is not known what of it was stored at all.
        return len(leave) + len(back)
    # What a kill left withdrawn without a note is not there any more, and counts as well.
    absent = sum(1 for key, (position, _value) in ours.items() if position in fresh and key not in there)
    return len(leave) + len(back) + absent


def _hold(one: Import, **changes: object) -> None:
    """Write to an import that is still ours, and hold it further; raises Lost."""
    changes = {"next_at": clock.now() + LEASE, "attempts": 0, **changes}
    if not Import.objects.filter(pk=one.pk, holder=one.holder).update(**changes):
        raise Lost


def _failed(one: Import, fault: Exception) -> None:
    """Try again later; what trying will not mend waits for somebody."""
    again: datetime | None = clock.now() + timedelta(seconds=min(5 * 2**one.attempts, 600))
    state = one.state
    if isinstance(fault, Refused):
        said, again, state = fault.message, None, State.STOPPED
    elif isinstance(fault, Unavailable | DirectoryUnavailable | DatabaseError):
        said = _("The disk is full.") if is_full(fault) else _("The database does not answer.")
    else:
        log.exception("import %s failed", one.pk, exc_info=fault)
        said = _("This is a fault of the program: %(fault)s") % {"fault": type(fault).__name__}
        if one.attempts >= TRIES:
            again, state = None, State.STOPPED
    Import.objects.filter(pk=one.pk, holder=one.holder).update(fault=said[:400], next_at=again, state=state)


def tidy() -> int:
    """Forget drafts that nobody confirmed, and what was kept for undoing; returns how many went."""
    now = clock.now()
    drafts, _kinds = Import.objects.filter(state=State.DRAFT, made_at__lt=now - DRAFT_KEPT).delete()
    old = Import.objects.filter(made_at__lt=now - KEPT, next_at=None).exclude(state=State.DRAFT)
    pks = list(old.filter(content__isnull=False).values_list("pk", flat=True)[:100])
    Part.objects.filter(of__in=pks).delete()
    gone, _kinds = Content.objects.filter(of__in=pks).delete()
    return drafts + gone


def packed(positions: set[int], length: int) -> bytes:
    """A bit for each position."""
    bits = bytearray((length + 7) // 8)
    for position in positions:
        bits[position // 8] |= 1 << position % 8
    return bytes(bits)


def unpacked(bits: bytes) -> set[int]:
    """The positions whose bit is set."""
    return {n * 8 + bit for n, byte in enumerate(bits) if byte for bit in range(8) if byte >> bit & 1}
