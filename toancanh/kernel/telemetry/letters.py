"""Dead letters: rows that a door refused, kept until their cause is mended or their time is over."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.devices.models import Keeping
from toancanh.kernel.telemetry.intake import Dead
from toancanh.kernel.telemetry.models import Letter

KEPT = timedelta(days=30)
MOST = 200_000
"""Letters of one source: who sends only what is refused must not fill the disk."""
EVERY = 50_000
"""After so many of one source they are counted, not only once an hour."""
_brought: Counter[str] = Counter()
"""By source, since that was last done."""


def keep(dead: Sequence[Dead], now: int) -> int:
    """Write refused rows down; the same row sent again is the same letter. Returns how many were given."""
    at = clock.from_us(now)
    letters = {letter.digest: letter for letter in (_letter(row) for row in dead)}
    for letter in letters.values():
        letter.at = at
    # As they came: the last of a sender is the one that came last.
    Letter.objects.bulk_create(letters.values(), ignore_conflicts=True, batch_size=1000)
    _brought.update(row.source for row in dead)
    for source in [source for source, count in _brought.items() if count >= EVERY]:
        del _brought[source]
        _trim(source, keeping()[1])
    return len(dead)


def expire() -> int:
    """Forget letters past their time, and the oldest of sources that have too many; returns how many went."""
    kept, most = keeping()
    gone, _kinds = Letter.objects.filter(at__lt=clock.now() - kept).delete()
    for source in Letter.objects.order_by().values_list("source", flat=True).distinct():
        gone += _trim(source, most)
    return gone


def _trim(source: str, most: int) -> int:
    own = Letter.objects.filter(source=source).order_by("-at", "-pk")
    last = own.values_list("pk", flat=True)[most : most + 1].first()
    if last is None:
        return 0
    gone, _kinds = Letter.objects.filter(source=source, pk__lte=last).delete()
    return gone


def keeping() -> tuple[timedelta, int]:
    """How long letters are kept and how many of one source, as set for today."""
    today = clock.now().astimezone(clock.VIETNAM).date()
    found = Keeping.objects.filter(valid_from__lte=today).order_by("-valid_from").first()
    return (timedelta(days=found.days), found.most) if found else (KEPT, MOST)


def _letter(row: Dead) -> Letter:
    raw = row.raw.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    said = (row.token, row.door, row.code, row.thing, row.series, row.time, row.value, row.correction)
    return Letter(
        digest=hashlib.sha256(repr((*said, row.raw)).encode()).hexdigest(),
        token=row.token,
        source=row.source,
        door=row.door,
        code=row.code,
        thing=_short(row.thing, 100),
        series=_short(row.series, 100),
        time_us=row.time,
        value=row.value,
        correction=row.correction,
        raw=raw[:2000],
        fault=_short(row.fault, 300),
    )


def _short(text: str, most: int) -> str:
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")[:most]
