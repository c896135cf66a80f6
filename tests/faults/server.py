"""The observations door on a store without the rest of the house, quick enough to be killed fifty times."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn

from toancanh.kernel.runtime.clock import now_us
from toancanh.kernel.telemetry.directory import Directory, FixedDirectory, SeriesInfo, TokenInfo
from toancanh.kernel.telemetry.door import ObservationsDoor
from toancanh.kernel.telemetry.ingest import Ingest
from toancanh.kernel.telemetry.store import open_store

TOKEN = "a-token-of-the-tests"


def directory(count: int) -> Directory:
    """Things t1, t2 … with one series `level` each, whose id is the number in the code."""
    things = {
        f"t{number}": {"level": SeriesInfo(number, f"t{number}", "level", -10, 1e12)}
        for number in range(1, count + 1)
    }
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    return Directory(things, {digest: TokenInfo(1, "tests")})


class App:
    """The door behind a lifespan that starts and stops the writer."""

    def __init__(self, where: str, count: int) -> None:
        self.store = open_store(where)
        source = FixedDirectory(directory(count))
        self.ingest = Ingest(self.store, source, now=now_us)
        self.door = ObservationsDoor(self.ingest, source, now=now_us)

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        if scope["type"] != "lifespan":
            await self.door(scope, receive, send)
            return
        await receive()
        self.ingest.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.ingest.stop()
        self.store.close()
        await send({"type": "lifespan.shutdown.complete"})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("where")
    parser.add_argument("port", type=int)
    parser.add_argument("--series", type=int, default=10_000)
    chosen = parser.parse_args()
    config = uvicorn.Config(
        App(chosen.where, chosen.series),
        host="127.0.0.1",
        port=chosen.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        proxy_headers=False,
    )
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main()
