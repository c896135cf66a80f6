"""Findings written a few at a time, so that a storm of alerts keeps no other writer waiting.

What is more than one transaction is to write is kept in rows beside the cursor, in the transaction that moves
it. Each slice is then written in the transaction that drops its row: whoever is killed, the next one goes on
with the first row that is left, and nothing is found a second time.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from toancanh.kernel.alerts import ringing
from toancanh.kernel.alerts.models import Unwritten
from toancanh.kernel.alerts.ringing import Finding

MOST = 50
"""So many alerts are changed in one transaction, which holds SQLite's only writer for a part of a second."""
MOST_PEAKS = 1000
"""So many peaks, which are written without looking at the alert."""
PAUSE_S = 0.15
"""Between two slices: who waits for SQLite's writer asks ten times a second, and is to find it free."""


def write(findings: Sequence[Finding]) -> bool:
    """Write the first slice and keep the others; True where there are any."""
    # What is found of a key before its peak moved also comes before it: peaks are the last of any findings.
    changes = [finding for finding in findings if not finding.is_peak_alone]
    peaks = [finding for finding in findings if finding.is_peak_alone]
    parts = [*_cut(changes, MOST), *_cut(peaks, MOST_PEAKS)]
    _apply(parts[0] if parts else ())
    Unwritten.objects.bulk_create(Unwritten(findings=msgspec.msgpack.encode(one)) for one in parts[1:])
    return len(parts) > 1


def go_on() -> bool:
    """Write the first slice that is left; True where more are."""
    rows = list(Unwritten.objects.all()[:2])
    if rows:
        _apply(msgspec.msgpack.decode(rows[0].findings, type=list[Finding]))
        rows[0].delete()
    return len(rows) > 1


def are_left() -> bool:
    """Whether who judged before left any."""
    return Unwritten.objects.exists()


def _cut(findings: Sequence[Finding], most: int) -> list[Sequence[Finding]]:
    return [findings[at : at + most] for at in range(0, len(findings), most)]


def _apply(findings: Sequence[Finding]) -> None:
    changes = [finding for finding in findings if not finding.is_peak_alone]
    if changes:
        ringing.hold()
    for finding in changes:
        ringing.apply(finding)
    ringing.note_peaks(finding for finding in findings if finding.is_peak_alone)
