"""The one interface between measurements and the engine that keeps them, so that any engine will do.

Times are integer microseconds since 1970 in UTC and never negative.
A *good* reading is one inside its declared range.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from math import inf
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from toancanh.lib.errors import Full, Unavailable

if TYPE_CHECKING:
    from toancanh.kernel.telemetry.feed import Followed  # its entries are readings

GOOD = 0
OUT_OF_RANGE = 1
CORRECTED = 2

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
# Buckets of an hour and more begin where the day begins in Asia/Ho_Chi_Minh, which has kept +7 h since 1975.
LOCAL_OFFSET = 7 * HOUR
# How long a recorded answer to an Idempotency-Key is kept.
ANSWER_KEPT = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

FOREVER = 1 << 62
"""A time after every reading."""

How = Literal["mean", "sum"]
Column = Literal["series", "time", "value"]
Order = tuple[tuple[Column, bool], ...]
"""Columns to sort by, each with whether it descends."""


class StoreUnavailable(Unavailable):
    """The engine cannot be reached or refuses to work; nothing of the transaction was kept."""


class StoreFull(StoreUnavailable, Full):
    """There is no room left for the transaction; nothing of it was kept, and it may be sent again later."""


class TooLong(Exception):
    """A selection took longer than it may; one of a shorter span or of fewer series will do."""


class Outcome(IntEnum):
    """What became of one row; everything but a conflict counts as accepted."""

    KEPT = 0  # stored now, or there already with the same value
    CORRECTED = 1
    CONFLICT = 2


class Row(NamedTuple):
    """One observation to be kept; `corrected_by` names the sender of a correction, else empty."""

    series: int
    time: int
    value: float
    quality: int = GOOD
    corrected_by: str = ""


class Reading(NamedTuple):
    """One kept observation."""

    series: int
    time: int
    value: float
    quality: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """The readings of one step; made of the good ones, or of all (and marked) where none of them is good."""

    time: int
    value: float
    min: float
    max: float
    last: float
    count: int
    quality: int


@dataclass(frozen=True, slots=True)
class Total:
    """The sum over the good readings of a span and how many there were."""

    sum: float
    count: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Readings of these series with start <= time < end and low <= value <= high.

    ``after`` is time and series of a row that was had: of the readings at that time, those of series up to it
    are left out. With ``start`` or ``end`` moved to that time it continues an order by time.
    """

    series: Sequence[int]
    start: int = 0
    end: int = FOREVER
    low: float = -inf
    high: float = inf
    after: tuple[int, int] | None = None


class Superseded(NamedTuple):
    """A value that a correction replaced, or that was withdrawn."""

    series: int
    time: int
    value: float
    quality: int
    at: int
    source: str


class Answer(NamedTuple):
    """What was answered to a request under an Idempotency-Key, and to which body."""

    body_hash: bytes
    answer: bytes


class Placed(NamedTuple):
    """The outcome of every row of a `put`, in order, and the readings now newest of their series."""

    outcomes: list[Outcome]
    newest: list[Reading]


Mark = tuple[int, int]
"""Where a look at the newest readings stood, as its engine counts."""


class Changed(NamedTuple):
    """Where this look stood, and readings among which is every one that became newest since the last."""

    mark: Mark
    readings: list[Reading]


class Batch(Protocol):
    """One open transaction of the writer."""

    def put(self, rows: Sequence[Row], now: int) -> Placed:
        """Keep the rows in their order; the same value again changes nothing, another one is a conflict."""

    def recall(self, token: int, key: str, now: int) -> Answer | None:
        """The answer recorded for the token and key within the last 24 hours."""

    def remember(self, token: int, key: str, answer: Answer, now: int) -> None: ...


class Store(Protocol):
    """Where observations live. Every method may be called from any thread, and raises StoreUnavailable."""

    def batch(self) -> AbstractContextManager[Batch]:
        """A transaction: durable once the block is left; nothing of it is kept when the block raises."""

    def put(self, rows: Sequence[Row], now: int) -> Placed:
        """Keep the rows in a transaction of their own."""

    def withdraw(self, keys: Iterable[tuple[int, int]], now: int, source: str) -> list[Reading]:
        """Take the readings of these (series, time) out, and put them among the superseded values.

        Returns those that were there; a reading of the same time that comes later is a new one. The writer of
        another process may go on holding a withdrawn newest reading for the newest until a later one comes.
        """

    def range(
        self, series: int, start: int, end: int, *, limit: int, after: int | None = None
    ) -> list[Reading]:
        """Readings with start <= time < end, oldest first; `after` is the time of the last one had."""

    def buckets(self, series: int, start: int, end: int, step: int, how: How) -> list[Bucket]:
        """The same span in steps aligned to Vietnamese midnight; steps without a reading are left out.

        Amounts bear the end of their period: for sums the span is start < time <= end, and so is every step.
        """

    def sums(self, series: Iterable[int], start: int, end: int) -> dict[int, Total]:
        """The total of each series over start <= time < end; series without a good reading are left out."""

    def latest(self, series: Iterable[int] | None = None) -> dict[int, Reading]:
        """The newest reading of each series."""

    def select(self, wanted: Wanted, order: Order, *, limit: int, skip: int = 0) -> list[Reading]:
        """Readings in that order, rows that are equal in it by time and series; raises TooLong."""

    def each(self, wanted: Wanted, order: Order, *, limit: int, skip: int = 0) -> dict[int, list[Reading]]:
        """The same of every series by itself, ``limit`` of each; series without any are left out."""

    def counts(self, wanted: Wanted) -> dict[int, int]:
        """How many readings every series has; those without any are left out; raises TooLong."""

    def changed(self, since: Mark | None) -> Changed:
        """What processes have made newest since a mark (None: all that is newest); may name too much.

        Cheap enough to be asked several times a second where nothing happens.
        """

    def follow(self, since: Mark | None, known: Collection[int] = (), *, limit: int = 64) -> Followed:
        """Transactions committed since a mark, none missing; ``known`` are those behind it had already.

        Without a mark only where the feed stands. In the order of their numbers on one writer; the readings
        of one series, which one process writes, always are.
        """

    def followed(self, mark: Mark) -> None:
        """Drop what lies behind the mark: its reader has done with it."""

    def at(self, keys: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Reading]:
        """The readings of these (series, time); keys without one are left out."""

    def superseded(self, series: int, start: int, end: int) -> list[Superseded]:
        """The values that were corrected or withdrawn in the span, what happened first coming first."""

    def close(self) -> None: ...


def open_store(where: str) -> Store:
    """Open (and where needed make) the store at a `postgresql://` address or in an SQLite file."""
    if where.startswith(("postgresql://", "postgres://")):
        from toancanh.kernel.telemetry.store_postgres import PostgresStore  # optional dependency

        return PostgresStore(where)
    from toancanh.kernel.telemetry.store_sqlite import SqliteStore

    return SqliteStore(where)


def month(time: int) -> str:
    """The UTC month of a time as YYYYMM, which names the table the reading lives in."""
    moment = _EPOCH + timedelta(microseconds=time)
    return f"{moment.year:04d}{moment.month:02d}"


def month_span(name: str) -> tuple[int, int]:
    """The first moment of a month YYYYMM and the first one after it."""
    year, number = int(name[:4]), int(name[4:])
    start = datetime(year, number, 1, tzinfo=UTC)
    end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    return (start - _EPOCH) // _MICROSECOND, (end - _EPOCH) // _MICROSECOND
