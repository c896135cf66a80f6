"""Reads what was committed, behind a durable cursor, and rings: one process at a time, nothing twice.

The cursor and what follows from the entries before it are written in one transaction, by whoever holds the
lease; of a storm the first slice, and the others as rows that are worked off before anything else is judged
(`slices.py`). Who fails or loses the lease forgets all that he had in memory; the next one folds the states
anew from the store, up to the entries that nobody has judged yet, and goes on with those.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from datetime import timedelta

from django.db import transaction

from toancanh.kernel.alerts import ringing, slices
from toancanh.kernel.alerts.board import Board
from toancanh.kernel.alerts.history import QUIET_S, History
from toancanh.kernel.alerts.maintenance.muting import Window, settled
from toancanh.kernel.alerts.models import Cursor
from toancanh.kernel.alerts.ringing import Finding
from toancanh.kernel.runtime import clock, garbage
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.store import Mark

log = logging.getLogger(__name__)
NAME = "rules"
EVERY = 0.25
"""Seconds between two looks, where nobody wakes the desk."""
LEASE = timedelta(seconds=10)
RENEW_S = 3.0
SAVE_S = 1.0
"""How often the cursor is kept while nothing rings."""
TIDY_S = 10.0
MANY, SETTLE_S = 1_000, 3_600.0
"""From so many states on they are kept from the collector of garbage, and how often anew."""
CLOCK_S = 1.0
"""How often silences and dates are looked at."""
SLICE, PAUSE_S = 500, 0.25
"""So many states are folded from the store at once, and so long doors and pages go first."""


class Desk:
    """The duty of a worker: call `look` several times a second."""

    def __init__(
        self,
        *,
        told: Callable[[], None] = lambda: None,
        slot: str = "",
        clock_s: float = CLOCK_S,
        save_s: float = SAVE_S,
        quiet_s: float = QUIET_S,
        pause_s: float = slices.PAUSE_S,
    ) -> None:
        """``told`` is called after a commit that changed alerts.

        Who starts again in the ``slot`` of a process knows that it is dead and does not wait for its lease.
        """
        self._slot = f"{slot}#" if slot else ""
        self._clock_s, self._save_s, self._quiet_s, self._pause_s = clock_s, save_s, quiet_s, pause_s
        self._owner = f"{self._slot}{secrets.token_hex(16)}"
        self._told = told
        self._forget()

    def _forget(self) -> None:
        self._board: Board | None = None
        self._history: History | None = None
        self._mark: Mark | None = None
        self._known: dict[int, int] = {}
        self._saved_mark: Mark | None = None
        self._dirty = self._is_late = self._is_behind = False
        self._renewed = self._saved = self._tidied = self._clocked = self._filled = self._sliced = -1e9
        self._settled = -1e9

    def look(self) -> int:
        """Judge what was committed since the last look; more than 0 where more is waiting."""
        try:
            if not self._has_lease():
                return 0
            return self._look()
        except BaseException:
            # What is in memory may be ahead of what was kept.
            self._forget()
            raise

    def leave(self) -> None:
        """Let another process go on at once."""
        Cursor.objects.filter(name=NAME, owner=self._owner).update(leased_until=clock.now())
        self._forget()

    def _has_lease(self) -> bool:
        if self._board is not None and time.monotonic() - self._renewed < RENEW_S:
            return True
        now = clock.now()
        with transaction.atomic():
            cursor, _new = Cursor.objects.select_for_update().get_or_create(
                name=NAME, defaults={"leased_until": now}
            )
            # A lease longer than any was given before the clock was set back.
            is_held = now < cursor.leased_until <= now + 2 * LEASE
            if self._slot and cursor.owner.startswith(self._slot):
                is_held = False
            if cursor.owner != self._owner and is_held:
                self._forget()
                return False
            if cursor.owner != self._owner or self._board is None:
                self._forget()
                self._take_over(cursor)
            cursor.owner, cursor.leased_until = self._owner, now + LEASE
            cursor.save()
        self._renewed = time.monotonic()
        return True

    def _take_over(self, cursor: Cursor) -> None:
        if cursor.mark is None:
            # Before anything was ever judged: the states of now are looked at, the past is not.
            cursor.mark = {"at": engine.store().follow(None).mark, "known": []}
        first, second = cursor.mark["at"]
        self._mark = (int(first), int(second))
        self._known = {int(number): int(place) for number, place in cursor.mark["known"]}
        self._board, self._history = Board(), History(self._quiet_s)
        self._is_behind = slices.are_left()

    def _look(self) -> int:
        assert self._board is not None
        if self._is_behind:
            # States are folded and compared with what stands: first all that was found is to stand.
            self._write_on()
            return 0
        followed = engine.store().follow(self._mark, self._known)
        self._mark = followed.mark
        if followed.entries:
            self._dirty = True
            self._known |= {entry.number: entry.place for entry in followed.entries}
        self._known = {number: place for number, place in self._known.items() if place >= self._mark[0]}
        now = time.monotonic()
        if now - self._clocked >= self._clock_s:
            self._clocked, self._is_late = now, True
            self._board.refresh()
        self._board.take(followed.entries)
        if followed.is_all and self._is_late and now - self._filled >= min(PAUSE_S, self._clock_s):
            # Every rule is looked at: at each commit that would take more than all doors together.
            self._is_late = not self._board.fill(SLICE)
            self._filled = time.monotonic()
            if not self._is_late:
                self._board.look_at_clock()
                self._board.settle_over()
                self._settle(len(self._board.watched))
        findings, over = self._board.findings(), self._board.settled()
        if findings or over or (self._dirty and now - self._saved >= self._save_s):
            self._save(findings, over)
        if followed.is_all and not self._is_late:
            self._learn()
        self._tidy()
        return 0 if followed.is_all else len(followed.entries)

    def _save(self, findings: list[Finding], over: list[Window]) -> None:
        """Keep the cursor and what follows from what lies before it, unless somebody else goes on already."""
        assert self._board is not None
        assert self._history is not None
        with transaction.atomic():
            # On SQLite this also takes the place of the one writer before anything is read.
            is_ours = Cursor.objects.filter(name=NAME, owner=self._owner).update(mark=self._kept())
            if is_ours:
                self._history.note(self._board.late())
                self._is_behind = slices.write(findings)
                if over and settled(over, clock.now()):
                    # What stood muted sounds again on open pages.
                    ringing.number()
        if not is_ours:
            return self._forget()
        self._dirty, self._saved, self._saved_mark = False, time.monotonic(), self._mark
        self._sliced = self._saved
        if findings or over:
            self._told()

    def _write_on(self) -> None:
        """Write the next slice of what was found, unless somebody else goes on already."""
        if time.monotonic() - self._sliced < self._pause_s:
            return
        with transaction.atomic():
            is_ours = Cursor.objects.select_for_update().filter(name=NAME, owner=self._owner).exists()
            self._is_behind = is_ours and slices.go_on()
        if not is_ours:
            return self._forget()
        self._sliced = time.monotonic()
        self._told()

    def _kept(self) -> dict[str, object]:
        """The cursor; entries beyond the mark that are judged already nobody judges a second time."""
        return {"at": self._mark, "known": list(self._known.items())}

    def _learn(self) -> None:
        """Write the alerts of the past that late readings tell of."""
        if self._board is None or self._history is None or self._dirty:
            # Forgotten, or what was noted is not kept yet.
            return
        keys = self._history.due()
        if not keys:
            return
        made = 0
        for key in keys:
            past = self._history.look_at(key, self._board.specs.get(key))
            with transaction.atomic():
                is_ours = Cursor.objects.filter(name=NAME, owner=self._owner).update(mark=self._kept())
                made += self._history.write(past) if is_ours else 0
            if not is_ours:
                return self._forget()
        if made:
            self._told()

    def _settle(self, states: int) -> None:
        """All states are in memory, and stay there."""
        if states >= MANY and time.monotonic() - self._settled >= SETTLE_S:
            garbage.settle()
            self._settled = time.monotonic()

    def _tidy(self) -> None:
        """Drop the entries before the cursor as it was kept."""
        if self._saved_mark is not None and time.monotonic() - self._tidied > TIDY_S:
            engine.store().followed(self._saved_mark)
            self._tidied, self._saved_mark = time.monotonic(), None
