"""What nobody came back for: sendings that nothing names, bytes without a row, halves of writes."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice

from django.db import transaction

from toancanh.kernel.files import keeping, storage
from toancanh.kernel.files.models import Content, File, State, Variant
from toancanh.kernel.files.work import BY
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock

KEPT = timedelta(days=1)
"""A form that was begun without a network is sent within a day."""
AT_ONCE = 200
EVERY = 300.0
PARTS = 256


class Duty:
    """A part of the storage at every call: all of it in a day, and never long."""

    def __init__(self) -> None:
        self._next = 0

    def __call__(self) -> int:
        before = (clock.now() - KEPT).timestamp()
        gone = storage.here().sweep(before) + unnamed_rows()
        unnamed_bytes(f"{self._next:02x}", before)
        self._next = (self._next + 1) % PARTS
        return gone


def sweep() -> int:
    """Everything at once; how many rows and contents went."""
    before = (clock.now() - KEPT).timestamp()
    gone = storage.here().sweep(before)
    while rows := unnamed_rows():
        gone += rows
    return gone + sum(unnamed_bytes(f"{part:02x}", before) for part in range(PARTS))


def unnamed_rows() -> int:
    """Forget files that belong to nothing a day after they came; how many went."""
    with transaction.atomic():
        old = File.objects.select_for_update(skip_locked=True).filter(
            subject="", made_at__lt=clock.now() - KEPT
        )
        rows = list(old.exclude(state=State.DESTROYED).order_by("made_at")[:AT_ONCE])
        for row in rows:
            keeping.forget(row, Variant)
            journal.record("files.forgotten", f"file:{row.pk}", by=BY, content={"sha256": row.sha256})
        File.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)


def unnamed_bytes(prefix: str, before: float) -> int:
    """Take away contents that no row names and nobody has sent since; how many went."""
    kept, gone = storage.here(), 0
    found = kept.older(prefix, before)
    while digests := list(islice(found, AT_ONCE)):
        named = set(Content.objects.filter(sha256__in=digests).values_list("sha256", flat=True))
        gone += sum(keeping.discard(digest) for digest in digests if digest not in named)
    return gone
