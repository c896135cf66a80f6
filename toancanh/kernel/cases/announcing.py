"""What open pages are told of work that changed."""

from __future__ import annotations

import threading

from django.db.models import Max

from toancanh.kernel.cases.models import Event
from toancanh.kernel.runtime.live import Hub, Note, hub

EVERY = 1.0
"""Seconds between two looks."""
BACK = 200
"""Events that are looked at again: one of a transaction that committed late has an older number."""
AGAIN = 10
"""Looks after the last new event during which a late one is waited for."""


class Announcements:
    """Remembers which events pages were told of.

    By the events themselves: a revision counted with every change would be one row for which all who work
    at cases wait, and two that change two cases each could wait for each other.
    """

    def __init__(self, to: Hub = hub) -> None:
        self._hub = to
        self._newest: int | None = None
        self._told: set[int] = set()
        self._calm = 0
        self._lock = threading.Lock()

    def look(self) -> int:
        """Tell what changed since the last look; what was there before the first is on the pages already."""
        with self._lock:
            newest = Event.objects.aggregate(newest=Max("pk"))["newest"] or 0
            is_first = self._newest is None
            self._calm = self._calm + 1 if newest == self._newest else 0
            if self._calm > AGAIN:
                return 0
            before, self._newest = self._newest or 0, newest
            # After a rush more than usual is new.
            floor = newest - BACK if is_first else min(before, newest) - BACK
            rows = dict(Event.objects.filter(pk__gt=floor).values_list("pk", "case__unit_path"))
            fresh = set() if is_first else rows.keys() - self._told
            self._told = set(rows)
        # Of all that changed in a unit one note: a page asks anew for its whole list. Without the code, since
        # who hears of the unit may not see each of its cases.
        self._hub.note([(Note("case", path), path) for path in sorted({rows[pk] for pk in fresh})])
        return 0
