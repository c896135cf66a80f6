"""Takes observations from every door into the store: one writer, whole groups, acknowledged after commit."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from toancanh.kernel.telemetry.devices.tally import Tally
from toancanh.kernel.telemetry.directory import Directory, DirectorySource, DirectoryUnavailable
from toancanh.kernel.telemetry.intake import (
    FULL,
    UNAVAILABLE,
    Code,
    Denied,
    Kept,
    Ledger,
    NoLedger,
    Request,
    Result,
    Taken,
    keep,
)
from toancanh.kernel.telemetry.store import Reading, Row, Store, StoreFull, StoreUnavailable

_log = logging.getLogger(__name__)

GROUP_ROWS = 20_000
MAX_ROWS = 100_000
MAX_REQUESTS = 10_000
ROW_BYTES = 128
"""How many rows a body will bring is guessed before it is decoded: rather too few, as most are shorter."""
LARGE = 512 * 1024
"""Bytes of a body from which on decoding it takes turns: posts of a thousand rows, decoded in half a
millisecond, are better off in one group of the writer."""
IN_A_ROW = 3
REST = 1.0
"""After so many failed commits nothing is taken, but for one attempt in so many seconds: a disk that fails is
not worked harder, and senders are told at once."""
Told = TypeVar("Told")


class Busy(Exception):
    """The queue is full; nothing of the request was taken."""


@dataclass(slots=True)
class Figures:
    """Counts since the start, for /metrics; written by the ingest alone."""

    accepted: int = 0
    rejected: Counter[Code] = field(default_factory=Counter)
    groups: int = 0
    failed_groups: int = 0


class Ingest:
    """A bounded queue and the thread that empties it; `offer` and `check` belong to one event loop.

    On the writer's thread, `on_committed` is called with the readings that became the newest of their series,
    and `on_kept` with every row that the store holds now; refused rows and numbers go to the `ledger`, and
    the `tally` counts what each token brought.
    """

    def __init__(
        self,
        store: Store,
        directory: DirectorySource,
        on_committed: Callable[[list[Reading]], None] = lambda _: None,
        *,
        now: Callable[[], int],
        ledger: Ledger | None = None,
        on_kept: Callable[[list[Row]], None] | None = None,
        tally: Tally | None = None,
    ) -> None:
        self._store = store
        self._directory = directory
        self._ledger = ledger or NoLedger()
        self._on_committed = on_committed
        self._on_kept = on_kept
        self._tally = tally
        self._now = now
        self._queue: deque[Request] = deque()
        self._checks: deque[asyncio.Future[bool]] = deque()
        self._wake = threading.Event()
        self._is_stopping = False
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turns = asyncio.Lock()
        self._rows = 0
        self._requests = 0
        self._trouble = ""
        self._failed = 0
        self._rests_until = 0.0
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

    def told(self) -> dict[str, float | str]:
        """How it does, for the health page."""
        counts = {"accepted": self.figures.accepted, "rejected": self.figures.rejected.total()}
        return {**counts, "waiting_rows": self._rows, "trouble": self._trouble}

    def offer(self, request: Request) -> asyncio.Future[Result]:
        """Take the request; its future is done after commit. Raises Busy when there is no place."""
        count = request.weight
        if not self._has_place(count):
            raise Busy
        assert self._loop is not None
        request.future = self._loop.create_future()
        self._rows += count
        self._requests += 1
        self._queue.append(request)
        self._wake.set()
        return request.future

    def expect(self, size: int) -> None:
        """Raises Busy where a body of so many bytes would surely find no place: asked before it is read."""
        if not self._has_place(size // ROW_BYTES):
            raise Busy

    async def turn(self, size: int) -> None:
        """Wait until a body of so many bytes may be decoded; raises Busy where there is no place any more.

        Large ones follow each other, one a round of the event loop: were all decoded in the round in which
        they came, a crowd of them would keep everyone else waiting for seconds.
        """
        if size >= LARGE:
            async with self._turns:
                await asyncio.sleep(0)
        self.expect(size)

    def _has_place(self, rows: int) -> bool:
        if not self.is_running or self._requests >= MAX_REQUESTS:
            return False
        return not self._rows or self._rows + rows <= MAX_ROWS

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
            self._rows -= request.weight
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
            count += self._queue[0].weight
            if group and count > GROUP_ROWS:
                break
            group.append(self._queue.popleft())
        return group

    def _work(self, group: list[Request], checks: list[asyncio.Future[bool]]) -> None:
        assert self._loop is not None
        results: list[tuple[Request, Result]] = []
        kept: Kept | None = None
        failure: Denied | None = None
        try:
            directory = self._directory.refresh()
            if group and self._rests():
                failure = FULL if self._trouble == FULL else UNAVAILABLE
            elif group:
                kept = self._write(group, directory)
                results = kept.results
        except StoreFull as error:
            failure = self._troubled(FULL, error)
        except StoreUnavailable as error:
            failure = self._troubled(UNAVAILABLE, error)
        except DirectoryUnavailable as error:
            failure = self._troubled(UNAVAILABLE, error, is_of_store=False)
        except Exception as error:  # noqa: BLE001 - the one writer outlives any fault; the senders learn of it
            failure = self._troubled("fault", error)
        else:
            if failure is None and (group or not self._failed):
                self._untroubled()
        if failure is not None:
            results = [(request, failure) for request in group]
        self._loop.call_soon_threadsafe(self._settle, results, failure is not None)
        if checks:
            self._loop.call_soon_threadsafe(_answer_checks, checks, failure != UNAVAILABLE)
        if kept is not None:
            if self._tally is not None:
                self._tell(partial(self._tally.took, directory=directory), kept.results)
            self._tell(self._on_committed, kept.newest)
            if self._on_kept is not None:
                self._tell(self._on_kept, kept.rows)

    def _troubled(self, kind: str, error: Exception, *, is_of_store: bool = True) -> Denied:
        """Log a trouble when it begins, not at each of the thousands of requests that meet it."""
        if is_of_store:
            self._failed += 1
            self._rests_until = time.monotonic() + REST
        if kind != self._trouble:
            self._trouble = kind
            told = error if kind == "fault" else None
            _log.error("observations cannot be kept (%s): %s", kind, error, exc_info=told)
        return FULL if kind == FULL else UNAVAILABLE

    def _rests(self) -> bool:
        return self._failed >= IN_A_ROW and time.monotonic() < self._rests_until

    def _untroubled(self) -> None:
        self._failed = 0
        if self._trouble:
            self._trouble = ""
            _log.warning("observations are kept again")

    def _tell(self, listener: Callable[[list[Told]], None], told: list[Told]) -> None:
        if not told:
            return
        try:
            listener(told)
        except Exception:  # noqa: BLE001 - what was acknowledged is kept whatever a listener does with it
            _log.exception("a listener failed on %d readings", len(told))

    def _write(self, group: list[Request], directory: Directory) -> Kept:
        kept = keep(self._store, directory, self._ledger, group, self._now())
        # The same key twice in one group: the second finds the answer of the first, in the next group.
        self._queue.extendleft(reversed(kept.later))
        return kept


def _answer_checks(checks: list[asyncio.Future[bool]], is_known: bool) -> None:
    for future in checks:
        if not future.done():
            future.set_result(is_known)
