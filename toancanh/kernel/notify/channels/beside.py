"""Pushes in a child process: started with the first slice, ended when nothing has come for a while."""

from __future__ import annotations

import asyncio
import itertools
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress

import msgspec

from toancanh.kernel.notify.channels.child import Begin, Done, Slice, frame, framed
from toancanh.kernel.notify.channels.pushing import Job, Result

CHILD = "toancanh.kernel.notify.channels.child"
IDLE = 60.0
"""Seconds without a slice after which the child is let go."""
SECONDS = 20.0
"""For one copy, from the connection to the answer."""
LOST = Result("waiting", "fault", "the pushing process ended", 1.0)


class Beside:
    """Pushes as `Pusher` does, at the cost of another core."""

    def __init__(self, allow: Sequence[str], private: str, contact: str, now: float) -> None:
        self._begin = Begin(tuple(allow), private, contact, now, SECONDS)
        self._numbers = itertools.count()
        self._child: Process | None = None
        self._hearing: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[list[Result]]] = {}
        self._lock = asyncio.Lock()
        self._letting_go: asyncio.TimerHandle | None = None

    async def push(self, jobs: Sequence[Job]) -> list[Result]:
        """Push them; a result for each. Where the child dies, whether they left is not known: they wait."""
        if not jobs:
            return []
        number = next(self._numbers)
        answered: asyncio.Future[list[Result]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answered
        try:
            child = await self._started()
            assert child.stdin is not None
            child.stdin.write(framed(Slice(number, list(jobs))))
            await child.stdin.drain()
            return await answered
        except (OSError, asyncio.IncompleteReadError):
            return [LOST] * len(jobs)
        finally:
            self._waiting.pop(number, None)
            self._rest()

    async def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is None:
            return
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()
        if self._hearing is not None:
            await asyncio.gather(self._hearing, return_exceptions=True)

    async def _started(self) -> Process:
        async with self._lock:
            if self._letting_go is not None:
                self._letting_go.cancel()
            if self._child is not None and self._child.returncode is None:
                return self._child
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", CHILD, stdin=PIPE, stdout=PIPE, limit=64 * 1024 * 1024
            )
            assert child.stdin is not None
            child.stdin.write(framed(self._begin))
            self._child = child
            self._hearing = asyncio.create_task(self._hear(child))
            return child

    async def _hear(self, child: Process) -> None:
        assert child.stdout is not None
        try:
            while True:
                done = msgspec.msgpack.decode(await frame(child.stdout), type=Done)
                answered = self._waiting.get(done.number)
                if answered is not None and not answered.done():
                    answered.set_result(done.results)
        except (OSError, asyncio.IncompleteReadError):
            for answered in self._waiting.values():
                if not answered.done():
                    answered.set_exception(BrokenPipeError())
        finally:
            if self._child is child:
                self._child = None
            await child.wait()

    def _rest(self) -> None:
        if self._letting_go is not None:
            self._letting_go.cancel()
        if not self._waiting and self._child is not None:
            self._letting_go = asyncio.get_running_loop().call_later(IDLE, self._let_go)

    def _let_go(self) -> None:
        child, self._child = self._child, None
        if child is not None and child.stdin is not None:
            child.stdin.close()  # with its input it ends by itself
