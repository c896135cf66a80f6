"""Tells open pages that rows changed, whichever process changed them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from toancanh.kernel.runtime import revision
from toancanh.kernel.runtime.live import Hub, Note, hub

Changes = Callable[[int, int], Iterable[tuple[Note, str]]]
"""What changed after one revision and up to another: notes, each with the path of the unit it is about."""


class Announcements:
    """Remembers up to which revision of ``name`` pages were told."""

    def __init__(self, name: str, changes: Changes, to: Hub = hub) -> None:
        self._name, self._changes, self._hub = name, changes, to
        self._told: int | None = None
        self._lock = threading.Lock()

    def look(self) -> int:
        """Tell what changed since the last look; what was there before the first is on the pages already."""
        with self._lock:
            newest = revision.current(self._name)
            told, self._told = self._told, newest
        if told is not None and told != newest:
            # A list: the hub must not wait for the database.
            self._hub.note(list(self._changes(told, newest)))
        return 0
