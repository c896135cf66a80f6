"""Numbers that devices give their observations: receipts of what is kept, gaps where something is missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from toancanh.kernel.declare import program
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.intake import Numbered
from toancanh.kernel.telemetry.models import Gap
from toancanh.kernel.telemetry.models import Sequence as Counted

GRACE = timedelta(seconds=20)
"""A message that is merely late fills its gap within this; after it the gap is told."""
GIVEN_UP = timedelta(hours=24)
"""What did not come within this will not come: receipts go on past it."""
FILLED_KEPT, GIVEN_UP_KEPT = timedelta(days=1), timedelta(days=7)
"""For how long the past of gaps can be seen: a device that leaves every second number out makes millions."""
MOST_GAPS = 1_000
"""Open gaps of one thing; a device that numbers at random must not fill the table."""
BY = program("numbering")


@transaction.atomic
def note(numbered: Sequence[Numbered], now: int) -> dict[str, int]:
    """Follow the numbers of kept rows; up to which number everything of each thing is kept."""
    at = clock.from_us(now)
    by_thing: defaultdict[str, list[Numbered]] = defaultdict(list)
    for row in numbered:
        by_thing[row.thing].append(row)
    # In one order for all processes: whoever waits for a row holds none that comes later.
    of_things = Counted.objects.select_for_update().order_by("thing")
    counted = {row.thing: row for row in of_things.filter(thing__in=by_thing)}
    missing = [thing for thing in by_thing if thing not in counted]
    if missing:
        first = {thing: min(by_thing[thing], key=lambda row: row.seq) for thing in missing}
        rows = [
            Counted(thing=thing, newest=row.seq, newest_us=row.time, updated=at)
            for thing, row in sorted(first.items())
        ]
        # Another process may have been first; whoever was, its row is locked now.
        Counted.objects.bulk_create(rows, ignore_conflicts=True)
        counted |= {row.thing: row for row in of_things.filter(thing__in=missing)}
    gaps: defaultdict[str, list[Gap]] = defaultdict(list)
    for gap in _open(by_thing):
        gaps[gap.thing].append(gap)
    changed: list[Gap] = []
    for thing, rows_of in by_thing.items():
        for row in rows_of:
            _follow(counted[thing], gaps[thing], row, at, changed)
        counted[thing].updated = at
    Counted.objects.bulk_update(counted.values(), ["newest", "newest_us", "updated"])
    _write(changed)
    return {thing: _kept(counted[thing], gaps[thing]) for thing in by_thing}


def kept(things: Iterable[str]) -> dict[str, int]:
    """Up to which number everything is kept, of those things that number what they send."""
    counted = list(Counted.objects.filter(thing__in=list(things)))
    gaps: defaultdict[str, list[Gap]] = defaultdict(list)
    for gap in _open([row.thing for row in counted]):
        gaps[gap.thing].append(gap)
    return {row.thing: _kept(row, gaps[row.thing]) for row in counted}


def numbered(most: int = 1_000) -> list[str]:
    """Things that number what they send, those first that did so last."""
    return list(Counted.objects.order_by("-updated").values_list("thing", flat=True)[:most])


def tell() -> int:
    """Make events of gaps that stayed open, and give up those of yesterday; returns how many were told."""
    now = clock.now()
    Gap.objects.filter(filled_at=None, given_up_at=None, noticed_at__lt=now - GIVEN_UP).update(
        given_up_at=now
    )
    due = Gap.objects.filter(told_at=None, filled_at=None, given_up_at=None, noticed_at__lte=now - GRACE)
    with transaction.atomic():
        found = list(due.select_for_update(skip_locked=True).order_by("pk")[:500])
        for gap in found:
            content = {"thing": gap.thing, "source": gap.source, "first": gap.first, "last": gap.last}
            journal.record("telemetry.gap_found", f"thing:{gap.thing}", by=BY, content=content)
            journal.emit("telemetry.gap", str(gap.pk), content)
            gap.told_at = now
        Gap.objects.bulk_update(found, ["told_at"])
    return len(found)


def forget() -> int:
    """Forget gaps that were filled or given up long ago; returns how many went."""
    now = clock.now()
    is_past = Q(filled_at__lt=now - FILLED_KEPT) | Q(given_up_at__lt=now - GIVEN_UP_KEPT)
    gone, _kinds = Gap.objects.filter(is_past).delete()
    return gone


def _open(things: Iterable[str]) -> Iterable[Gap]:
    return Gap.objects.filter(thing__in=list(things), filled_at=None, given_up_at=None).order_by("first")


def _kept(counted: Counted, gaps: list[Gap]) -> int:
    is_open = [gap.first for gap in gaps if gap.filled_at is None and gap.given_up_at is None]
    return min(is_open) - 1 if is_open else counted.newest


def _follow(counted: Counted, gaps: list[Gap], row: Numbered, at: datetime, changed: list[Gap]) -> None:
    if row.seq > counted.newest:
        if row.seq > counted.newest + 1:
            _begin(counted, gaps, row, at, changed)
        counted.newest, counted.newest_us = row.seq, max(row.time, counted.newest_us)
        return
    for gap in gaps:
        if gap.filled_at is None and gap.given_up_at is None and gap.first <= row.seq <= gap.last:
            _fill(gap, gaps, row.seq, at, changed)
            return
    if row.seq < counted.newest and row.time > counted.newest_us:
        # What is sent again bears its old time: this device counts anew, and what was missing stays missing.
        for gap in gaps:
            if gap.filled_at is None and gap.given_up_at is None:
                gap.given_up_at = at
                changed.append(gap)
        counted.newest, counted.newest_us = row.seq, row.time


def _begin(counted: Counted, gaps: list[Gap], row: Numbered, at: datetime, changed: list[Gap]) -> None:
    is_open = [gap for gap in gaps if gap.filled_at is None and gap.given_up_at is None]
    if len(is_open) >= MOST_GAPS:
        is_open[0].given_up_at = at
        changed.append(is_open[0])
    gap = Gap(thing=row.thing, source=row.source, first=counted.newest + 1, last=row.seq - 1, noticed_at=at)
    gaps.append(gap)
    changed.append(gap)


def _fill(gap: Gap, gaps: list[Gap], seq: int, at: datetime, changed: list[Gap]) -> None:
    """One number of a gap came: the gap shrinks, is cut in two, or is filled."""
    if gap.first == gap.last:
        gap.filled_at = at
    elif seq == gap.first:
        gap.first += 1
    elif seq == gap.last:
        gap.last -= 1
    else:
        rest = Gap(
            thing=gap.thing, source=gap.source, first=seq + 1, last=gap.last, noticed_at=gap.noticed_at
        )
        rest.told_at = gap.told_at
        gap.last = seq - 1
        gaps.append(rest)
        changed.append(rest)
    changed.append(gap)


def _write(changed: list[Gap]) -> None:
    unique = list({id(gap): gap for gap in changed}.values())
    made, old = [g for g in unique if g.pk is None], [g for g in unique if g.pk is not None]
    Gap.objects.bulk_create(made)
    Gap.objects.bulk_update(old, ["first", "last", "filled_at", "given_up_at"])
