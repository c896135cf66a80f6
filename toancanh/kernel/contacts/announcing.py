"""Tells open pages that somebody has confirmed or is being called, whichever process wrote it."""

from __future__ import annotations

import threading

from toancanh.kernel.contacts.models import Told
from toancanh.kernel.contacts.telling import CHANGED
from toancanh.kernel.runtime import revision
from toancanh.kernel.runtime.live import Hub, Note, hub

EVERY = 0.5
"""Seconds between two looks."""
MOST = 500


class Announcements:
    """Remembers up to which change pages were told."""

    def __init__(self, to: Hub = hub) -> None:
        self._hub = to
        self._told: int | None = None
        self._lock = threading.Lock()

    def look(self) -> int:
        """Tell what changed since the last look; what was there before the first is on the pages already."""
        with self._lock:
            newest = revision.current(CHANGED)
            told, self._told = self._told, newest
        if told is None or told == newest:
            return 0
        rows = Told.objects.filter(revision__gt=told, revision__lte=newest)
        pairs = rows.values_list("notice_id", "unit__path").order_by().distinct()[:MOST]
        self._hub.note((Note("receipt", f"{pk}:{path}"), path) for pk, path in pairs)
        return 0
