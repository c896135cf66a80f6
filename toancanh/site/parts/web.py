"""Pages, reading APIs, live streams, built files."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connections
from servestatic import ServeStaticASGI

from toancanh.kernel.alerts import announcing
from toancanh.kernel.cases import announcing as work
from toancanh.kernel.contacts import announcing as receipts
from toancanh.kernel.notify import showing
from toancanh.kernel.portal import copies
from toancanh.kernel.runtime import doors
from toancanh.kernel.runtime.doors import Door
from toancanh.kernel.runtime.edge import Receive, Scope, Send
from toancanh.kernel.runtime.live import hub
from toancanh.kernel.runtime.loops import Loop
from toancanh.kernel.runtime.standing import FOR_EVER, Standing
from toancanh.kernel.telemetry import stream, watch
from toancanh.kernel.telemetry.store import StoreUnavailable
from toancanh.kernel.warnings import announcing as warnings
from toancanh.site import wsgi
from toancanh.site.asgi import House

log = logging.getLogger(__name__)
HASHED = re.compile(r"-[0-9A-Za-z]{8,}\.")


def mount(house: House) -> None:
    """Open them; ends the start where a route has no door."""
    streams = stream.Streams(hub, house.is_stopping)
    house.edge.mount("/live", streams.stream, stream.DOOR)
    house.edge.mount("/live/poll", streams.poll, stream.DOOR)
    house.edge.mount("/static/", StaticFiles(), Door(data="assets"))
    # Before the pages of the house: these stand also where the database does not.
    standing = Standing(copies.folder(), copies.PREFIXES)
    house.edge.mount_where(standing.takes, [], standing, Door(data="assets"))
    written = copies.Copies(copies.folder())
    house.services.append(Begun(written.look))
    house.loops.append(Loop("public pages", written.look, copies.EVERY))
    house.services.append(Frames())
    house.reporter.sources.append(lambda: {"pages_open": streams.open})
    watching = watch.Watch(others=house.has_others)
    house.listeners.append(watching.committed)
    house.services.append(Begun(watching.look))
    house.loops.append(Loop("watch", watching.look, watch.EVERY))
    telling = announcing.announcements()
    house.services.append(Begun(telling.look))
    notes = Loop("alert notes", telling.look, announcing.EVERY)
    house.loops.append(notes)
    house.changed.append(notes.wake)
    warned = warnings.announcements()
    house.services.append(Begun(warned.look))
    house.loops.append(Loop("warning notes", warned.look, warnings.EVERY))
    confirming = receipts.announcements()
    house.services.append(Begun(confirming.look))
    confirmed = Loop("receipt notes", confirming.look, receipts.EVERY)
    house.loops.append(confirmed)
    house.changed.append(confirmed.wake)
    working = work.Announcements()
    house.services.append(Begun(working.look))
    house.loops.append(Loop("work notes", working.look, work.EVERY))
    shown = showing.Shown()
    house.edge.mount(showing.PATH, shown, showing.DOOR)
    house.loops.append(Loop("shown pushes", shown.write, showing.EVERY))
    house.leaving.append(shown.end)
    list(doors.routes())
    wsgi.django()


class Begun:
    """Does a duty once before the process serves: the next round sees all that is committed since."""

    def __init__(self, duty: Callable[[], int]) -> None:
        self._duty = duty

    async def start(self) -> None:
        """Do it; where the store is away, the rounds that follow will."""
        try:
            await asyncio.to_thread(self._once)
        except (DatabaseError, StoreUnavailable) as fault:
            log.warning("not looked yet: %s", fault)

    def _once(self) -> None:
        try:
            self._duty()
        finally:
            connections.close_all()

    async def stop(self) -> None:
        """Nothing to end."""


class Frames:
    """Turns what the hub was told into frames for open pages."""

    async def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(hub.run())

    async def stop(self) -> None:
        """End."""
        self._task.cancel()


class StaticFiles:
    """Built assets, compressed when they were built: those whose name holds a hash come from memory."""

    def __init__(self) -> None:
        root = Path(settings.STATIC_ROOT)
        self._hashed = Standing(root.parent, ["/static/web/"], FOR_EVER)
        self._others = ServeStaticASGI(None, root=str(root), prefix="static/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_hashed = HASHED.search(scope["path"]) and self._hashed.takes(scope)
        await (self._hashed if is_hashed else self._others)(scope, receive, send)
