"""Tells open pages that a message changed, whichever process changed it."""

from __future__ import annotations

import threading

from toancanh.kernel.runtime import revision
from toancanh.kernel.runtime.live import Hub, Note, hub
from toancanh.kernel.territory.models import Unit
from toancanh.kernel.warnings.keeping import CHANGED
from toancanh.kernel.warnings.models import Warning

EVERY = 0.5
"""Seconds between two looks."""
MOST = 200
"""Messages of one look: pages that hear of one ask for the whole list."""


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
        rows = Warning.objects.filter(revision__gt=told, revision__lte=newest).order_by("-revision")
        for row in rows.prefetch_related("units")[:MOST]:
            paths = [unit.path for unit in row.units.all()] or _everybody()
            # A note each: who stands over one of its units alone hears of it as well.
            self._hub.note(
                (Note("warning", f"{row.pk}:{path}", row.level or 0, row.state), path) for path in paths
            )
        return 0


def _everybody() -> list[str]:
    """Paths below which every officer of the installation stands: a draft is for no unit yet."""
    return list(Unit.objects.filter(valid_to=None).exclude(tier="district").values_list("path", flat=True))
