"""What open pages are told when somebody confirms or is being called."""

from __future__ import annotations

from collections.abc import Iterator

from toancanh.kernel.contacts.models import Told
from toancanh.kernel.contacts.telling import CHANGED
from toancanh.kernel.runtime.announcing import Announcements
from toancanh.kernel.runtime.live import Hub, Note, hub

EVERY = 0.5
"""Seconds between two looks."""
MOST = 500


def announcements(to: Hub = hub) -> Announcements:
    """Of receipts."""
    return Announcements(CHANGED, changes, to)


def changes(after: int, until: int) -> Iterator[tuple[Note, str]]:
    """A note for each message and commune."""
    rows = Told.objects.filter(revision__gt=after, revision__lte=until)
    for pk, path in rows.values_list("notice_id", "unit__path").order_by().distinct()[:MOST]:
        yield Note("receipt", f"{pk}:{path}"), path
