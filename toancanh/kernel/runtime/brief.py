"""Remembers an answer for a moment, so that a hundred open screens ask the database once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Found = TypeVar("Found")
MOST = 200
"""Answers kept; the oldest goes first."""


class Brief(Generic[Found]):
    """Answers by key, each made anew after ``seconds``; one maker at a time for a key, others wait for it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._kept: dict[Hashable, tuple[float, Found]] = {}
        self._making: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Found]) -> Found:
        """The answer remembered under the key, or a new one."""
        with self._lock:
            lock = self._making.setdefault(key, threading.Lock())
        with lock:
            kept = self._kept.get(key)
            if kept is not None and time.monotonic() < kept[0]:
                return kept[1]
            found = make()
            with self._lock:
                self._kept.pop(key, None)
                self._kept[key] = (time.monotonic() + self._seconds, found)
                while len(self._kept) > MOST:
                    oldest = next(iter(self._kept))
                    del self._kept[oldest]
                    self._making.pop(oldest, None)
        return found

    def forget(self) -> None:
        """Make everything anew."""
        with self._lock:
            self._kept.clear()
