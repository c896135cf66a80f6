"""The whole house as one ASGI application: the edge, the raw doors, and Django's pages behind them.

Pages run as WSGI in a pool of threads: measured six times the requests of Django's own ASGI handler
(docs/decisions/0003), which besides would take any body to disk before it looks at the path.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from servestatic import ServeStaticASGI

from toancanh.kernel.journal import actions as journal
from toancanh.kernel.journal import outbox, sealer
from toancanh.kernel.runtime import clock, doors
from toancanh.kernel.runtime.doors import Door
from toancanh.kernel.runtime.edge import Edge, Receive, Scope, Send
from toancanh.kernel.runtime.live import hub
from toancanh.kernel.runtime.loops import Loop
from toancanh.kernel.runtime.pages import Pages
from toancanh.kernel.telemetry import engine, letters, numbering, stream
from toancanh.kernel.telemetry.announce import announcer
from toancanh.kernel.telemetry.directory import database_directory
from toancanh.kernel.telemetry.door import MAX_BYTES, ObservationsDoor
from toancanh.kernel.telemetry.ingest import Ingest
from toancanh.kernel.telemetry.ledger import DatabaseLedger


class House:
    """Everything that runs in the process, put together and taken down with the server's life."""

    def __init__(self, is_stopping: Callable[[], bool] = lambda: False) -> None:
        directory = database_directory()
        self.ingest = Ingest(
            engine.store(), directory, on_committed=announcer.tell, now=clock.now_us, ledger=DatabaseLedger()
        )
        self.loops = (
            Loop("sealer", sealer.seal, 0.5),
            Loop("outbox", outbox.deliver, 1.0),
            Loop("whole sealer", lambda: sealer.seal(everywhere=True), 600.0),
            Loop("sweeper", outbox.sweep, 3600.0),
            Loop("gaps", numbering.tell, 5.0),
            Loop("letters", letters.expire, 3600.0),
        )
        journal.on_wake(self.loops[1].wake)
        self.pages = Pages(get_wsgi_application())
        streams = stream.Streams(hub, is_stopping)
        self.edge = Edge(self.pages, self.lifespan)
        observations = ObservationsDoor(self.ingest, directory, now=clock.now_us)
        self.edge.mount(
            "/api/v1/observations", observations, Door(data="device", methods=("POST",), max_body=MAX_BYTES)
        )
        self.edge.mount("/live", streams.stream, stream.DOOR)
        self.edge.mount("/live/poll", streams.poll, stream.DOOR)
        self.edge.mount("/static/", static_files(), Door(data="assets"))
        list(doors.routes())

    async def lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start what runs beside requests, and end it when the server ends."""
        await receive()
        frames = asyncio.create_task(hub.run())
        self.ingest.start()
        for loop in self.loops:
            loop.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        frames.cancel()
        await self.ingest.stop()
        await asyncio.to_thread(self._stop)
        await send({"type": "lifespan.shutdown.complete"})

    def _stop(self) -> None:
        self.pages.stop()
        for loop in self.loops:
            loop.stop()
        sealer.seal()
        engine.close()


def static_files() -> ServeStaticASGI:
    """Built assets, compressed when they were built; a name with a hash is kept for ever."""
    return ServeStaticASGI(
        None, root=str(settings.STATIC_ROOT), prefix="static/", immutable_file_test=r"-[0-9A-Za-z]{8,}\."
    )
