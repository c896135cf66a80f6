"""Pushes in child processes: started when slices come, ended when nothing has come for a while."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec

from toancanh.kernel.notify.channels.child import LARGEST, Begin, Done, Slice, Unreadable, frame, framed
from toancanh.kernel.notify.channels.pushing import Job, Result

CHILD = "toancanh.kernel.notify.channels.child"
MOST = 4
"""Children at once, however many cores there are: push services see so many times the connections of one."""
IDLE = 60.0
"""Seconds without a slice after which a child is let go."""
SECONDS = 20.0
"""For one copy, from the connection to the answer."""
LOST = Result("waiting", "fault", "the pushing process ended", 1.0)

log = logging.getLogger(__name__)


class Beside:
    """Pushes as `Pusher` does, at the cost of other cores: a second child starts once the first has work."""

    def __init__(
        self,
        allow: Sequence[str],
        private: str,
        contact: str,
        now: Callable[[], float],
        many: int | None = None,
    ) -> None:
        """``now`` is asked whenever a child starts: what it signs is good for hours, not for days.

        ``many`` children at most; usually one for each core.
        """

        def begin() -> Begin:
            return Begin(tuple(allow), private, contact, now(), SECONDS)

        many = many or min(os.cpu_count() or 1, MOST)
        self._children = [_Child(begin) for _ in range(many)]

    async def push(self, jobs: Sequence[Job]) -> list[Result]:
        """Push them; a result for each. Where the child dies, whether they left is not known: they wait."""
        if not jobs:
            return []
        least = min(self._children, key=lambda child: (child.under_way, not child.is_running))
        return await least.push(jobs)

    async def close(self) -> None:
        """End the children."""
        for child in self._children:
            await child.close()


@dataclass
class _Process:
    """A process that runs, and the slices that it has not answered, by their numbers."""

    process: Process
    waiting: dict[int, asyncio.Future[list[Result]]] = field(default_factory=dict)
    hearing: asyncio.Task[None] | None = None

    def tell(self, said: msgspec.Struct) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(framed(said))

    async def drain(self) -> None:
        assert self.process.stdin is not None
        await self.process.stdin.drain()


class _Child:
    """A place for one process, whether it runs just now or not."""

    def __init__(self, begin: Callable[[], Begin]) -> None:
        self._begin = begin
        self._numbers = itertools.count()
        self._running: _Process | None = None
        self._lock = asyncio.Lock()
        self._letting_go: asyncio.TimerHandle | None = None
        self.under_way = 0
        """Slices that were given to it and are not answered."""

    @property
    def is_running(self) -> bool:
        """Whether it need not be started."""
        return self._running is not None

    async def push(self, jobs: Sequence[Job]) -> list[Result]:
        number = next(self._numbers)
        self.under_way += 1
        running = None
        try:
            running = await self._started()
            # Of this very process: one that was let go a moment ago may still be ending.
            answered: asyncio.Future[list[Result]] = asyncio.get_running_loop().create_future()
            running.waiting[number] = answered
            running.tell(Slice(number, list(jobs)))
            await running.drain()
            results = await answered
            return results if len(results) == len(jobs) else [LOST] * len(jobs)
        except (OSError, asyncio.IncompleteReadError):
            return [LOST] * len(jobs)
        finally:
            if running is not None:
                running.waiting.pop(number, None)
            self.under_way -= 1
            self._rest()

    async def close(self) -> None:
        running, self._running = self._running, None
        if running is None:
            return
        with suppress(ProcessLookupError):
            running.process.kill()
        await running.process.wait()
        if running.hearing is not None:
            await asyncio.gather(running.hearing, return_exceptions=True)

    async def _started(self) -> _Process:
        async with self._lock:
            if self._letting_go is not None:
                self._letting_go.cancel()
            if self._running is not None and self._running.process.returncode is None:
                return self._running
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", CHILD, stdin=PIPE, stdout=PIPE, limit=LARGEST
            )
            self._running = _Process(process)
            self._running.tell(self._begin())
            self._running.hearing = asyncio.create_task(self._hear(self._running))
            return self._running

    async def _hear(self, running: _Process) -> None:
        assert running.process.stdout is not None
        try:
            while True:
                done = msgspec.msgpack.decode(await frame(running.process.stdout), type=Done)
                answered = running.waiting.get(done.number)
                if answered is not None and not answered.done():
                    answered.set_result(done.results)
        except (OSError, asyncio.IncompleteReadError):
            pass  # it ended, which `finally` tells whoever waits
        except (msgspec.MsgspecError, Unreadable) as fault:
            # Where its next answer begins nobody knows any more.
            log.error("a pushing process said what cannot be read, and another one is started: %s", fault)
            with suppress(ProcessLookupError):
                running.process.kill()
        finally:
            if self._running is running:
                self._running = None
            for answered in running.waiting.values():
                if not answered.done():
                    answered.set_exception(BrokenPipeError())
            await running.process.wait()

    def _rest(self) -> None:
        if self._letting_go is not None:
            self._letting_go.cancel()
        if not self.under_way and self._running is not None:
            self._letting_go = asyncio.get_running_loop().call_later(IDLE, self._let_go)

    def _let_go(self) -> None:
        running, self._running = self._running, None
        if running is not None and running.process.stdin is not None:
            running.process.stdin.close()  # with its input it ends by itself
