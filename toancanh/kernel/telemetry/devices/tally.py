"""Who was heard: counts of one process, told by the doors and taken every few seconds to be written down.

Plain Python without a database: it is called for every request that a door takes.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from toancanh.kernel.telemetry.directory import Directory
from toancanh.kernel.telemetry.intake import Request, Result, Taken
from toancanh.kernel.telemetry.store import SECOND

STEP = 300 * SECOND
"""Counts are kept by five minutes."""
KEPT = "kept"
SIGN_IN = "sign_in"
TOO_MANY = "too_many"
MOST_KNOCKS = 200
"""Unknown names remembered between two writings; more of them are an attack, not devices."""


@dataclass(frozen=True)
class Heard:
    """The last word of a token."""

    at: int
    door: str
    address: str


@dataclass
class Knocks:
    """Sign-ins under one name that no token bears, from one address."""

    count: int
    first: int
    last: int


@dataclass
class Counts:
    """What was counted since the last writing: rows by (token, five minutes, what became of them)."""

    rows: Counter[tuple[int, int, str]] = field(default_factory=Counter)
    heard: dict[int, Heard] = field(default_factory=dict)
    knocks: dict[tuple[str, str, str], Knocks] = field(default_factory=dict)


class Tally:
    """Counts until it is emptied; called from any thread."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._counts = Counts()
        self._online: list[Callable[[], Iterable[int]]] = []

    def took(self, results: Sequence[tuple[Request, Result]], directory: Directory) -> None:
        """A group was judged and what it brought is kept."""
        now = self._now()
        start = now - now % STEP
        with self._lock:
            rows, heard = self._counts.rows, self._counts.heard
            for request, result in results:
                token = directory.tokens.get(request.digest)
                if token is None:
                    continue
                heard[token.id] = Heard(now, request.door, request.address)
                if not isinstance(result, Taken):
                    continue
                if result.accepted:
                    rows[token.id, start, KEPT] += result.accepted
                for refusal in result.refusals:
                    rows[token.id, start, refusal.code] += 1
                if request.malformed:
                    rows[token.id, start, "malformed"] += len(request.malformed)

    def failed(self, token: int, what: str, count: int = 1) -> None:
        """A known token was turned away as a whole: it has ended (``sign_in``), or sends ``too_many``."""
        now = self._now()
        with self._lock:
            self._counts.rows[token, now - now % STEP, what] += count

    def knocked(self, name: str, door: str, address: str) -> None:
        """Somebody signed in under a name, or with a secret (empty name), that no token here has."""
        now, key = self._now(), (name[:100], door, address[:60])
        with self._lock:
            known = self._counts.knocks.get(key)
            if known is not None:
                known.count, known.last = known.count + 1, now
            elif len(self._counts.knocks) < MOST_KNOCKS:
                self._counts.knocks[key] = Knocks(1, now, now)

    def ask(self, connected: Callable[[], Iterable[int]]) -> None:
        """Register who knows which tokens hold a connection open; asked at every writing."""
        self._online.append(connected)

    def online(self) -> set[int]:
        """Tokens with an open connection to this process now."""
        return {token for connected in self._online for token in connected()}

    def take(self) -> Counts:
        """What was counted since the last time; counting begins anew."""
        with self._lock:
            counts, self._counts = self._counts, Counts()
        return counts

    def give_back(self, counts: Counts) -> None:
        """It could not be written: count it together with what came since."""
        with self._lock:
            newer, self._counts = self._counts, counts
            self._counts.rows.update(newer.rows)
            self._counts.heard.update(newer.heard)
            for key, knocks in newer.knocks.items():
                known = self._counts.knocks.setdefault(key, knocks)
                if known is not knocks:
                    known.count, known.last = known.count + knocks.count, knocks.last
