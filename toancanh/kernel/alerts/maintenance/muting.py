"""What of the rules is muted, in the memory of who judges: windows until what they held back is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from toancanh.kernel.alerts.maintenance.models import Maintenance
from toancanh.kernel.alerts.maintenance.queries import CHANGED, things_of
from toancanh.kernel.runtime import clock, revision


@dataclass(frozen=True)
class Window:
    """One window over the things that it is about today; times in microseconds."""

    number: int
    starts: int
    ends: int
    things: frozenset[int]


class Muting:
    """Windows that have not been settled yet: those to come, those that hold, those just over."""

    def __init__(self) -> None:
        self._windows: tuple[Window, ...] = ()
        self._of: dict[int, list[Window]] = {}
        self._seen: tuple[int, int] | None = None

    def refresh(self, directory: int) -> None:
        """Look whether windows or (by the revision of the directory) things have changed."""
        seen = (revision.current(CHANGED), directory)
        if seen != self._seen:
            rows = Maintenance.objects.filter(settled_at=None).select_related("unit")
            self._put(
                Window(row.pk, clock.to_us(row.starts), clock.to_us(row.ends), frozenset(things))
                for row, things in things_of(rows)
            )
            self._seen = seen

    def covers(self, thing: int, at: int) -> bool:
        """Whether somebody worked at the thing at that moment."""
        return any(window.starts <= at < window.ends for window in self._of.get(thing, ()))

    def over(self, now: int) -> list[Window]:
        """Windows that have ended and were not settled."""
        return [window for window in self._windows if window.ends <= now]

    def drop(self, window: Window) -> None:
        """It is settled: what was committed before its end and is seen only now rings like anything else."""
        self._put(one for one in self._windows if one != window)

    def _put(self, windows: Iterable[Window]) -> None:
        self._windows = tuple(windows)
        self._of = {}
        for window in self._windows:
            for thing in window.things:
                self._of.setdefault(thing, []).append(window)


def settled(windows: Iterable[Window], now: datetime) -> int:
    """Note that what these windows held back is written; in the transaction that writes it."""
    numbers = [window.number for window in windows]
    # One that was made longer meanwhile is not over.
    owed = Maintenance.objects.filter(pk__in=numbers, settled_at=None, ends__lte=now)
    return owed.update(settled_at=now)
