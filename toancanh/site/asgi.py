"""The house as one ASGI application: the edge, and behind it what the process's role has put there.

Which role brings what stands in `roles`. Pages run as WSGI in a pool of threads: measured six times the
requests of Django's own ASGI handler (docs/decisions/0003), which besides would take any body to disk before
it looks at the path.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import Protocol

from django.conf import settings
from django.db import DatabaseError, connections

import toancanh
from toancanh.kernel.people import web as people
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.edge import Edge, Receive, Scope, Send
from toancanh.kernel.runtime.loops import Loop
from toancanh.kernel.runtime.pages import Pages
from toancanh.kernel.runtime.processes import EVERY, Reporter
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.allowance import Allowance
from toancanh.kernel.telemetry.devices import contacts
from toancanh.kernel.telemetry.directory import database_directory
from toancanh.kernel.telemetry.ingest import Ingest
from toancanh.kernel.telemetry.ledger import DatabaseLedger
from toancanh.kernel.telemetry.store import Reading, Row
from toancanh.site import health
from toancanh.site.wsgi import application

OPERATIONS = "toancanh.site.operations"
"""Addresses that every role answers: whether it lives, can serve, and how it does."""


class Service(Protocol):
    """Something beside HTTP that lives on the event loop, such as a door for another protocol."""

    async def start(self) -> None:
        """Begin; an exception ends the program before it says that it is ready."""

    async def stop(self) -> None:
        """Take no more, finish what was taken, let go. The ingest still writes."""


async def may_upload(scope: Scope, right: str) -> bool:
    """Whether who is signed in has the right somewhere."""
    return bool((await people.of_scope(scope)).paths(right))


class House:
    """Everything that runs in the process, put together by a role and taken down with the server's life."""

    def __init__(self, role: str, port: int, is_stopping: Callable[[], bool], *, has_others: bool) -> None:
        self.is_stopping = is_stopping
        self.reporter = Reporter(role, port, toancanh.__version__, settings.DATA)
        self.has_others = has_others
        """Whether other processes work on the same store."""
        self.directory = database_directory()
        self.allowance = Allowance()
        """What each token may still send, over all doors of this process."""
        self.pages = Pages(application)
        self.edge = Edge(self.pages, self.lifespan, None if role in ("", "web") else OPERATIONS)
        self.edge.may_upload = may_upload
        self.loops: list[Loop] = [
            Loop("reporter", self.reporter.report, EVERY),
            # Whatever a role takes in, through doors or from files, is told of its token.
            Loop("contacts", contacts.write, contacts.EVERY_S, at_end=True),
        ]
        self.services: list[Service] = []
        self.listeners: list[Callable[[list[Reading]], None]] = []
        """Each is told the readings that a commit of this process made the newest of their series."""
        self.hearers: list[Callable[[list[Row]], None]] = []
        """Each is told every row that the ingest of this process has stored."""
        self.changed: list[Callable[[], None]] = []
        """Each is called when this process has changed alerts."""
        self.leaving: list[Callable[[], None]] = [self.reporter.leave]
        """Each is called once all loops have ended, so that others take over at once."""

    @cached_property
    def ingest(self) -> Ingest:
        """The writer behind every door of this process; made when the first door asks for it."""
        made = Ingest(
            engine.store(),
            self.directory,
            on_committed=self._tell,
            on_kept=self._kept,
            now=clock.now_us,
            ledger=DatabaseLedger(),
            tally=contacts.tally,
        )
        self.reporter.sources.append(made.told)
        health.count(made)
        return made

    def _tell(self, readings: list[Reading]) -> None:
        for listener in self.listeners:
            listener(readings)

    def _kept(self, rows: list[Row]) -> None:
        for hearer in self.hearers:
            hearer(rows)

    def tell_changed(self) -> None:
        """Alerts have changed."""
        for call in self.changed:
            call()

    async def lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start what runs beside requests, and end it when the server ends."""
        await receive()
        begun: list[Service] = []
        try:
            await self._start(begun)
        except (Exception, SystemExit) as fault:  # noqa: BLE001 - whatever keeps a service from beginning
            await self._end(begun)
            return await send({"type": "lifespan.startup.failed", "message": str(fault)})
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._end(begun)
        await send({"type": "lifespan.shutdown.complete"})

    async def _start(self, begun: list[Service]) -> None:
        if "ingest" in self.__dict__:
            self.ingest.start()
        for service in self.services:
            await service.start()
            begun.append(service)
        logging.getLogger().addHandler(self.reporter.fault)
        for loop in self.loops:
            loop.start()
        self.loops[0].wake()

    async def _end(self, begun: list[Service]) -> None:
        for service in reversed(begun):
            await service.stop()
        if "ingest" in self.__dict__:
            await self.ingest.stop()
        await asyncio.to_thread(self._stop)

    def _stop(self) -> None:
        self.pages.stop()
        for loop in reversed(self.loops):
            loop.stop()
        for leave in self.leaving:
            with suppress(DatabaseError):
                leave()
        connections.close_all()
        engine.close()
