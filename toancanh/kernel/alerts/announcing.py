"""Tells open pages that an alert changed, whichever process changed it."""

from __future__ import annotations

import threading

from toancanh.kernel.alerts.models import Alert
from toancanh.kernel.alerts.ringing import CHANGED
from toancanh.kernel.runtime import revision
from toancanh.kernel.runtime.live import Hub, Note, hub

EVERY = 0.3
"""Seconds between two looks, where nobody in this process says that something changed."""
MOST = 500
"""Alerts of one look: pages that hear of one ask for the whole list."""


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
        rows = Alert.objects.filter(revision__gt=told, revision__lte=newest).order_by("-revision")
        columns = rows.values_list("pk", "severity", "state", "thing__unit__path")[:MOST]
        self._hub.note(
            (Note("alert", str(pk), severity, state), path) for pk, severity, state, path in columns
        )
        return 0
