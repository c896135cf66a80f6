"""The live doors: one stream of readings a browser, and polling where a proxy holds streams back.

Beside Django, whose own streaming would hold a thread and a database connection for every open page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import parse_qs

from toancanh.kernel.people import web as people
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.doors import Door
from toancanh.kernel.runtime.edge import Receive, Scope, Send
from toancanh.kernel.runtime.live import Hub, Paths

DOOR = Door(data="stream")
HEARTBEAT = 15.0
"""Seconds after which a quiet stream says that it lives."""
ALIVE = b"event: heartbeat\ndata: \n\n"
OVERLAP = 2_000
"""Ms that are told again: another process may have told the same commit a moment sooner or later."""
AHEAD = 60_000
"""Ms that the clocks of two hosts may differ; a cursor beyond was given before a clock was set back."""
KNOWN_FOR = 60.0
"""Seconds after which it is asked again who is signed in."""
HEAD = [
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


class Streams:
    """The ASGI applications of ``/live`` and ``/live/poll`` over one hub."""

    def __init__(self, hub: Hub, is_stopping: Callable[[], bool]) -> None:
        self.hub = hub
        self.is_stopping = is_stopping
        self.open = 0

    async def stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Server-sent events until the page goes or the program stops."""
        if scope["method"] not in DOOR.methods:
            return await _answer(send, 405, b"")
        gone = asyncio.ensure_future(_gone(receive))
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), *HEAD]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        self.open += 1
        try:
            cursor = self._begin(scope)
            await send({"type": "http.response.body", "body": b"retry: 3000\n\n" + ALIVE, "more_body": True})
            await self._tell(scope, send, gone, cursor)
        finally:
            self.open -= 1
            gone.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _tell(self, scope: Scope, send: Send, gone: asyncio.Future[None], cursor: int) -> None:
        loop, known_until, quiet = asyncio.get_running_loop(), 0.0, 0.0
        paths: Paths = ()
        while not gone.done() and not self.is_stopping():
            if loop.time() >= known_until:
                paths, known_until = await _paths(scope), loop.time() + KNOWN_FOR
            cursor, data = await self.hub.after(cursor, paths, timeout=1.0)
            quiet = 0.0 if data else quiet + 1.0
            if quiet >= HEARTBEAT:
                data, quiet = ALIVE, 0.0
            if data:
                await send({"type": "http.response.body", "body": data, "more_body": True})

    async def poll(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What was told since a cursor, at once; without a cursor only where the hub stands now."""
        if scope["method"] not in DOOR.methods:
            return await _answer(send, 405, b"")
        await _answer(send, 200, self.hub.since(self._begin(scope), await _paths(scope)))

    def _begin(self, scope: Scope) -> int:
        """Where to begin: a little before what the page had, or now; to a cursor beyond now all is news."""
        asked = _cursor(scope)
        if asked is None:
            return self.hub.cursor
        return max(0, asked - OVERLAP) if asked <= clock.now_us() // 1000 + AHEAD else 0


async def _answer(send: Send, status: int, body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    headers = [(b"content-type", b"application/json"), length, *HEAD]
    if status == 405:
        headers.append((b"allow", b"GET, HEAD"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _cursor(scope: Scope) -> int | None:
    """Where the page stands: ``since``, or the id of the last event a reconnecting browser names."""
    said = parse_qs(scope["query_string"].decode("latin-1")).get("since", [""])[0]
    said = said or _header(scope, b"last-event-id")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 16 else None


def _header(scope: Scope, wanted: bytes) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == wanted), "")


async def _paths(scope: Scope) -> Paths:
    """Unit subtrees whose things the session may see; none for the public."""
    return (await people.of_scope(scope)).paths("console.see")
