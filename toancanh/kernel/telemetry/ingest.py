"""Takes observations from every door into the store: one writer, whole groups, acknowledged after commit."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from toancanh.kernel.telemetry.directory import (
    Directory,
    DirectorySource,
    DirectoryUnavailable,
    TokenInfo,
)
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
    StoreFull,
    StoreUnavailable,
)

_log = logging.getLogger(__name__)

GROUP_ROWS = 20_000
MAX_ROWS = 100_000
MAX_REQUESTS = 10_000
FUTURE = 5 * 60 * SECOND
TOO_OLD = int(20 * 365.25 * 86_400) * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Code = str


class Observation(Protocol):
    """One row as a door decoded it; `time` is aware."""

    thing: str
    series: str
    time: datetime
    value: float
    correction: bool


class Refusal(NamedTuple):
    """A row that was not taken, by its position in the request."""

    position: int
    code: Code


class Taken(NamedTuple):
    """What became of a request whose rows were judged one by one; durable."""

    accepted: int
    refusals: list[Refusal]


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


class Busy(Exception):
    """The queue is full; nothing of the request was taken."""


@dataclass(eq=False, slots=True)
class Request:
    """Rows of one sender; `render` makes the answer that is recorded under the key."""

    digest: str
    observations: Sequence[Observation]
    key: str = ""
    body_hash: bytes = b""
    render: Callable[[Taken], bytes] | None = None
    future: asyncio.Future[Result] = field(init=False)


@dataclass(slots=True)
class Figures:
    """Counts since the start, for /metrics; written by the ingest alone."""

    accepted: int = 0
    rejected: Counter[Code] = field(default_factory=Counter)
    groups: int = 0
    failed_groups: int = 0


class _Judged(NamedTuple):
    """A request whose rows are resolved: `positions` are the indexes of the `rows` that may be stored."""

    request: Request
    token: TokenInfo
    rows: list[Row]
    positions: list[int]
    refusals: list[Refusal]


class Ingest:
    """A bounded queue and the thread that empties it; `offer` and `check` belong to one event loop.

    `on_committed` is called on the writer's thread with the readings that became the newest of their series.
    """

    def __init__(
        self,
        store: Store,
        directory: DirectorySource,
        on_committed: Callable[[list[Reading]], None] = lambda _: None,
        *,
        now: Callable[[], int],
    ) -> None:
        self._store = store
        self._directory = directory
        self._on_committed = on_committed
        self._now = now
        self._queue: deque[Request] = deque()
        self._checks: deque[asyncio.Future[bool]] = deque()
        self._wake = threading.Event()
        self._is_stopping = False
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rows = 0
        self._requests = 0
        self._trouble = ""
        self.figures = Figures()

    # --- on the event loop

    def start(self) -> None:
        """Begin to write; to be called on the event loop that will offer."""
        self._loop = asyncio.get_running_loop()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Write and acknowledge what was taken, then end; what is offered meanwhile is refused."""
        self._is_stopping = True
        self._wake.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)
            # The last acknowledgements are waiting on this loop.
            await asyncio.sleep(0)

    @property
    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive() and not self._is_stopping

    @property
    def waiting_rows(self) -> int:
        """Rows taken and not yet answered."""
        return self._rows

    def offer(self, request: Request) -> asyncio.Future[Result]:
        """Take the request; its future is done after commit. Raises Busy when there is no place."""
        count = len(request.observations)
        if not self.is_running or self._requests >= MAX_REQUESTS:
            raise Busy
        if self._rows and self._rows + count > MAX_ROWS:
            raise Busy
        assert self._loop is not None
        request.future = self._loop.create_future()
        self._rows += count
        self._requests += 1
        self._queue.append(request)
        self._wake.set()
        return request.future

    async def check(self) -> bool:
        """Have the directory looked at once more; False when its database is away."""
        if not self.is_running:
            return False
        assert self._loop is not None
        future: asyncio.Future[bool] = self._loop.create_future()
        self._checks.append(future)
        self._wake.set()
        return await future

    def _settle(self, results: list[tuple[Request, Result]], failed: bool) -> None:
        """Acknowledge a whole group, back on the event loop."""
        figures = self.figures
        figures.groups += 1
        figures.failed_groups += failed
        for request, result in results:
            self._rows -= len(request.observations)
            self._requests -= 1
            if isinstance(result, Taken):
                figures.accepted += result.accepted
                figures.rejected.update(refusal.code for refusal in result.refusals)
            if not request.future.done():
                request.future.set_result(result)

    # --- on the writer's thread

    def _run(self) -> None:
        assert self._loop is not None
        while True:
            self._wake.wait()
            self._wake.clear()
            while self._queue or self._checks:
                checks = [self._checks.popleft() for _ in range(len(self._checks))]
                group = self._next_group()
                self._work(group, checks)
            if self._is_stopping and not self._queue and not self._checks:
                return

    def _next_group(self) -> list[Request]:
        group: list[Request] = []
        count = 0
        while self._queue:
            count += len(self._queue[0].observations)
            if group and count > GROUP_ROWS:
                break
            group.append(self._queue.popleft())
        return group

    def _work(self, group: list[Request], checks: list[asyncio.Future[bool]]) -> None:
        assert self._loop is not None
        results: list[tuple[Request, Result]] = []
        readings: list[Reading] = []
        failure: Denied | None = None
        try:
            directory = self._directory.refresh()
            if group:
                results, readings = self._write(group, directory)
        except StoreFull as error:
            failure = self._troubled(FULL, error)
        except (StoreUnavailable, DirectoryUnavailable) as error:
            failure = self._troubled(UNAVAILABLE, error)
        except Exception as error:  # noqa: BLE001 - the one writer outlives any fault; the senders learn of it
            failure = self._troubled("fault", error)
        else:
            self._untroubled()
        if failure is not None:
            results = [(request, failure) for request in group]
        self._loop.call_soon_threadsafe(self._settle, results, failure is not None)
        if checks:
            self._loop.call_soon_threadsafe(_answer_checks, checks, failure != UNAVAILABLE)
        if readings:
            self._tell(readings)

    def _troubled(self, kind: str, error: Exception) -> Denied:
        """Log a trouble when it begins, not at each of the thousands of requests that meet it."""
        if kind != self._trouble:
            self._trouble = kind
            told = error if kind == "fault" else None
            _log.error("observations cannot be kept (%s): %s", kind, error, exc_info=told)
        return FULL if kind == FULL else UNAVAILABLE

    def _untroubled(self) -> None:
        if self._trouble:
            self._trouble = ""
            _log.warning("observations are kept again")

    def _tell(self, readings: list[Reading]) -> None:
        try:
            self._on_committed(readings)
        except Exception:  # noqa: BLE001 - what was acknowledged is kept whatever a listener does with it
            _log.exception("a listener failed on %d readings", len(readings))

    def _write(
        self, group: list[Request], directory: Directory
    ) -> tuple[list[tuple[Request, Result]], list[Reading]]:
        now = self._now()
        results: list[tuple[Request, Result]] = []
        keys: set[tuple[int, str]] = set()
        judged: list[_Judged] = []
        later: list[Request] = []
        with self._store.batch() as batch:
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
                results.append((item.request, answer))
                _remember(batch, item, answer, now)
        # The same key twice in one group: the second finds the answer of the first, in the next group.
        self._queue.extendleft(reversed(later))
        return results, placed.newest


def judge(request: Request, token: TokenInfo, directory: Directory, now: int) -> _Judged:
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
        passed = observation.time - _EPOCH
        time = (passed.days * 86_400 + passed.seconds) * SECOND + passed.microseconds
        if time > latest or time < oldest:
            refusals.append(Refusal(index, "future" if time > latest else "too_old"))
            continue
        value = observation.value
        quality = GOOD if series.low <= value <= series.high else OUT_OF_RANGE
        rows.append(Row(series.id, time, value, quality, token.name if observation.correction else ""))
        positions.append(index)
    return _Judged(request, token, rows, positions, refusals)


def taken(item: _Judged, outcomes: list[Outcome]) -> Taken:
    conflicts = [
        Refusal(index, "conflict")
        for index, outcome in zip(item.positions, outcomes, strict=True)
        if outcome is Outcome.CONFLICT
    ]
    refusals = sorted(item.refusals + conflicts) if conflicts else item.refusals
    return Taken(len(outcomes) - len(conflicts), refusals)


def _remember(batch: Batch, item: _Judged, taken: Taken, now: int) -> None:
    request = item.request
    if request.key and request.render is not None:
        answer = Answer(request.body_hash, request.render(taken))
        batch.remember(item.token.id, request.key, answer, now)


def _answer_checks(checks: list[asyncio.Future[bool]], is_known: bool) -> None:
    for future in checks:
        if not future.done():
            future.set_result(is_known)
