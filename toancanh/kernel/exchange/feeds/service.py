"""The service that fetches feeds beside the worker's loops: many wait at once, none holds a thread."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from django.db import DatabaseError, close_old_connections, connections

from toancanh.kernel.exchange.feeds import work
from toancanh.kernel.exchange.feeds.models import Feed
from toancanh.kernel.runtime import clock

log = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two looks for feeds that are due."""
AT_ONCE = 8
"""Feeds under way in one process: as many slow ones hold up nobody else's."""
THREADS = 3
"""For what waits for disk or database."""


class Feeds:
    """Leases what is due, once a second, until the process ends."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="feeds")
        self._under_way: dict[asyncio.Task[None], Feed] = {}
        self._is_troubled = False

    async def start(self) -> None:
        """Begin; that the database may be away is no reason not to."""
        self._looking = asyncio.create_task(self._look())

    async def stop(self) -> None:
        """Leave off fetching; what has come is finished, what has not is somebody else's at once."""
        self._looking.cancel()
        left = dict(self._under_way)
        for task in left:
            task.cancel()
        await asyncio.gather(self._looking, *left, return_exceptions=True)
        with suppress(DatabaseError):
            await self._aside(let_go, list(left.values()))
        await asyncio.to_thread(self._threads.shutdown)

    async def _look(self) -> None:
        while True:
            try:
                await self._begin()
                self._is_troubled = False
            except Exception as fault:  # noqa: BLE001 - the next look comes, whatever this one met
                if not self._is_troubled:
                    log.warning("feeds cannot be looked for: %s", fault)
                self._is_troubled = True
            await asyncio.sleep(EVERY)

    async def _begin(self) -> None:
        room = AT_ONCE - len(self._under_way)
        if room <= 0 or not await self._aside(work.is_due):
            return
        for feed in await self._aside(work.lease, room):
            task = asyncio.create_task(work.run(feed, self._aside))
            self._under_way[task] = feed
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task, None)
        if not task.cancelled() and (fault := task.exception()) is not None:
            # Its lease runs out, and it is fetched again.
            log.warning("a feed could not be finished: %s", fault)

    async def _aside(self, call: Callable[..., Any], *said: object) -> Any:  # noqa: ANN401 - as the call answers
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, _with_connections, call, said)


def let_go(feeds: list[Feed]) -> None:
    """End the leases of these feeds, where they are still ours."""
    for feed in feeds:
        Feed.objects.filter(pk=feed.pk, holder=feed.holder).exclude(holder="").update(
            holder="", next_at=clock.now(), planned_at=clock.now()
        )


def _with_connections(call: Callable[..., Any], said: tuple[object, ...]) -> Any:  # noqa: ANN401 - as the call answers
    close_old_connections()
    try:
        return call(*said)
    except Exception:
        # The connection may be what failed.
        connections.close_all()
        raise
