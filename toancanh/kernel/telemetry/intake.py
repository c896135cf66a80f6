"""What a door hands in and what becomes of it: rows are judged one by one, kept, or put aside."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from toancanh.kernel.telemetry.directory import Directory, TokenInfo
from toancanh.kernel.telemetry.store import (
    GOOD,
    OUT_OF_RANGE,
    SECOND,
    Answer,
    Batch,
    Outcome,
    Reading,
    Row,
    Store,
)

FUTURE = 5 * 60 * SECOND
TOO_OLD = int(20 * 365.25 * 86_400) * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Code = str


class Observation(Protocol):
    """One row as a door decoded it; `time` is aware, `seq` the number a device gave it."""

    thing: str
    series: str
    time: datetime
    value: float
    correction: bool
    seq: int | None


class Malformed(NamedTuple):
    """A row that a door could not even decode: for whom it came, what it was, what is wrong with it."""

    thing: str
    series: str
    raw: bytes
    fault: str


class Refusal(NamedTuple):
    """A row that was not taken, by its position in the request."""

    position: int
    code: Code


class Taken(NamedTuple):
    """What became of a request whose rows were judged one by one; durable.

    `receipts` says of each thing whose rows were numbered up to which number everything is kept.
    """

    accepted: int
    refusals: list[Refusal]
    receipts: dict[str, int] = {}


class Recorded(NamedTuple):
    """The answer that an earlier request with the same Idempotency-Key and body has had."""

    answer: bytes


# What a whole request can be refused for, after it was queued.
Denied = str
UNAUTHORIZED: Denied = "unauthorized"
KEY_REUSED: Denied = "key_reused"
UNAVAILABLE: Denied = "unavailable"
FULL: Denied = "full"

Result = Taken | Recorded | Denied


@dataclass(eq=False, slots=True)
class Request:
    """Rows of one sender; `render` makes the answer that is recorded under the key."""

    digest: str
    observations: Sequence[Observation]
    door: str = "http"
    malformed: Sequence[Malformed] = ()
    key: str = ""
    body_hash: bytes = b""
    render: Callable[[Taken], bytes] | None = None
    address: str = ""
    """From where it came, as far as the door saw."""
    future: asyncio.Future[Result] = field(init=False)

    @property
    def weight(self) -> int:
        """How many rows it brings, readable or not."""
        return len(self.observations) + len(self.malformed)


class Dead(NamedTuple):
    """A refused row with all that is needed to understand it and to take it later."""

    token: int
    source: str
    door: str
    code: Code
    thing: str
    series: str
    time: int | None = None
    value: float | None = None
    correction: bool = False
    raw: bytes = b""
    fault: str = ""


class Numbered(NamedTuple):
    """A row that its device numbered, kept or put aside."""

    thing: str
    source: str
    seq: int
    time: int


class Ledger(Protocol):
    """Where refused rows and the numbers of devices are written down, durably."""

    def settle(self, dead: Sequence[Dead], numbered: Sequence[Numbered], now: int) -> dict[str, int]:
        """Write both down; up to which number everything is kept, by thing. Raises Unavailable."""


class NoLedger:
    """Writes nothing down, for tests and tools without a main database."""

    def settle(self, dead: Sequence[Dead], numbered: Sequence[Numbered], now: int) -> dict[str, int]:
        return {}


class Judged(NamedTuple):
    """A request whose rows are resolved: `positions` are the indexes of the `rows` that may be stored."""

    request: Request
    token: TokenInfo
    rows: list[Row]
    positions: list[int]
    refusals: list[Refusal]


class Kept(NamedTuple):
    """What became of a group: `later` are requests that wait for the answer of another one in it."""

    results: list[tuple[Request, Result]]
    later: list[Request]
    newest: list[Reading]
    rows: list[Row]


def keep(store: Store, directory: Directory, ledger: Ledger, group: Sequence[Request], now: int) -> Kept:
    """Judge a group of requests and keep it in one transaction; durable when it returns.

    The ledger is written after the commit, never within it: two stores locked at once could wait for each
    other. Not to be called inside a transaction of the main database, for the same reason.
    """
    results: list[tuple[Request, Result]] = []
    keys: set[tuple[int, str]] = set()
    judged: list[Judged] = []
    later: list[Request] = []
    answers: list[Taken] = []
    with store.batch() as batch:
        for request in group:
            token = directory.tokens.get(request.digest)
            if token is None or not token.is_valid(now):
                results.append((request, UNAUTHORIZED))
                continue
            if request.key:
                before = batch.recall(token.id, request.key, now)
                if before is not None:
                    same = before.body_hash == request.body_hash
                    results.append((request, Recorded(before.answer) if same else KEY_REUSED))
                    continue
                if (token.id, request.key) in keys:
                    later.append(request)
                    continue
                keys.add((token.id, request.key))
            judged.append(judge(request, token, directory, now))
        rows = [row for item in judged for row in item.rows]
        placed = batch.put(rows, now)
        start = 0
        for item in judged:
            end = start + len(item.rows)
            answer = taken(item, placed.outcomes[start:end])
            start = end
            answers.append(answer)
            _remember(batch, item, answer, now)
    dead = [row for item, answer in zip(judged, answers, strict=True) for row in _dead(item, answer)]
    numbered = [row for item in judged for row in _numbered(item)]
    receipts = ledger.settle(dead, numbered, now) if dead or numbered else {}
    for item, answer in zip(judged, answers, strict=True):
        results.append((item.request, _receipted(item.request, answer, receipts)))
    stored = [row for row, outcome in zip(rows, placed.outcomes, strict=True) if outcome != Outcome.CONFLICT]
    return Kept(results, later, placed.newest, stored)


def take(
    store: Store,
    directory: Directory,
    ledger: Ledger,
    requests: Sequence[Request],
    now: int,
    tell: Callable[[list[Reading]], None] = lambda _: None,
) -> list[Result]:
    """Keep requests at once on the caller's thread, in their order: for what the program itself brings in.

    ``tell`` is given the readings that became the newest of their series.
    """
    found: dict[int, Result] = {}
    waiting = list(requests)
    while waiting:
        kept = keep(store, directory, ledger, waiting, now)
        found.update((id(request), result) for request, result in kept.results)
        tell(kept.newest)
        waiting = kept.later
    return [found[id(request)] for request in requests]


def judge(request: Request, token: TokenInfo, directory: Directory, now: int) -> Judged:
    """Resolve the names of a request and sort out what may not be stored."""
    latest, oldest = now + FUTURE, now - TOO_OLD
    things, allowed = directory.things, token.things
    rows: list[Row] = []
    positions: list[int] = []
    refusals: list[Refusal] = []
    for index, observation in enumerate(request.observations):
        of_thing = things.get(observation.thing)
        if of_thing is None:
            refusals.append(Refusal(index, "unknown_thing"))
            continue
        series = of_thing.get(observation.series)
        if series is None:
            refusals.append(Refusal(index, "unknown_series"))
            continue
        if allowed is not None and observation.thing not in allowed:
            refusals.append(Refusal(index, "forbidden"))
            continue
        time = microseconds(observation.time)
        if time > latest or time < oldest:
            refusals.append(Refusal(index, "future" if time > latest else "too_old"))
            continue
        value = observation.value
        quality = GOOD if series.low <= value <= series.high else OUT_OF_RANGE
        rows.append(Row(series.id, time, value, quality, token.name if observation.correction else ""))
        positions.append(index)
    return Judged(request, token, rows, positions, refusals)


def microseconds(time: datetime) -> int:
    """Microseconds since 1970 of an aware time."""
    passed = time - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * SECOND + passed.microseconds


def taken(item: Judged, outcomes: list[Outcome]) -> Taken:
    """What is answered, once it is known which rows the store holds with another value."""
    conflicts = [
        Refusal(index, "conflict")
        for index, outcome in zip(item.positions, outcomes, strict=True)
        if outcome is Outcome.CONFLICT
    ]
    refusals = sorted(item.refusals + conflicts) if conflicts else item.refusals
    return Taken(len(outcomes) - len(conflicts), refusals)


def _dead(item: Judged, answer: Taken) -> Iterator[Dead]:
    request, token = item.request, item.token
    for position, code in answer.refusals:
        row = request.observations[position]
        time = microseconds(row.time)
        said = (row.thing, row.series, time, row.value, row.correction)
        yield Dead(token.id, token.name, request.door, code, *said)
    for thing, series, raw, fault in request.malformed:
        said_of = (request.door, "malformed", thing, series)
        yield Dead(token.id, token.name, *said_of, raw=raw, fault=fault)


def _numbered(item: Judged) -> Iterator[Numbered]:
    for row in item.request.observations:
        # A number that is not of the sender's own things must not move theirs.
        if row.seq is not None and item.token.may_write(row.thing):
            yield Numbered(row.thing, item.token.name, row.seq, microseconds(row.time))


def _receipted(request: Request, answer: Taken, receipts: dict[str, int]) -> Taken:
    if not receipts:
        return answer
    things = {row.thing for row in request.observations if row.seq is not None}
    return answer._replace(receipts={thing: receipts[thing] for thing in things if thing in receipts})


def _remember(batch: Batch, item: Judged, answer: Taken, now: int) -> None:
    request = item.request
    if request.key and request.render is not None:
        batch.remember(item.token.id, request.key, Answer(request.body_hash, request.render(answer)), now)
