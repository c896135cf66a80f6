"""The outermost door: finds where a request belongs and how much of it may come in, unread.

Django would take any body before it looks at the path, so size, time and capacity are settled here. Each
class of caller has its own capacity: a crowd on the public pages leaves officers and devices theirs.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from django.urls import Resolver404, resolve

from toancanh.kernel.runtime import doors
from toancanh.kernel.runtime.doors import Caller, Door

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

BODY_DEADLINE = 10.0
"""Seconds in which a whole body must have come in."""
UPLOAD_DEADLINE = 180.0
"""Seconds for a file: 20 MB over the line of a commune, a photo over that of a phone in the rain."""
SLOW = ("upload", "photos")
DRAIN_SECONDS = 10.0
DRAIN_BYTES = 1_000_000_000
CAPACITY: dict[Caller, int] = {
    "public": 200,
    "staff": 100,
    "device": 500,
    "operations": 20,
    # Each holds a whole file in memory.
    "upload": 4,
    # The public's photos: each comes slowly from a phone and is held whole meanwhile.
    "photos": 24,
    # Neither holds a thread: files come from memory, streams only wait.
    "assets": 500,
    "stream": 2_000,
}

SAID: dict[int, tuple[str, str]] = {
    303: ("Hãy đăng nhập rồi gửi lại.", "Sign in, then send it again."),
    400: ("Yêu cầu không đúng dạng HTTP.", "The request is malformed."),
    404: ("Không có gì ở địa chỉ này.", "There is nothing at this address."),
    405: ("Địa chỉ này không nhận phương thức đó.", "This address does not take that method."),
    408: ("Dữ liệu gửi đến quá chậm; hãy gửi lại.", "The body came too slowly; send it again."),
    413: ("Dữ liệu gửi đến quá lớn; hãy chia nhỏ.", "The body is too large; send less at once."),
    503: ("Đang quá tải; hãy thử lại sau vài giây.", "Too busy; try again in a few seconds."),
}


class Edge:
    """The ASGI application: raw doors by exact path, everything else to the pages.

    ``only`` names a module of routes: of Django's pages those alone are served.
    """

    def __init__(
        self, pages: App, lifespan: App, only: str | None = None, body_deadline: float = BODY_DEADLINE
    ) -> None:
        self.pages = pages
        self.lifespan = lifespan
        self.only = only
        self.body_deadline = body_deadline
        self.raw: dict[str, tuple[App, Door]] = {}
        self.prefixes: dict[str, tuple[App, Door]] = {}
        self.shared: list[tuple[Callable[[Scope], bool], App, Door]] = []
        self.busy: dict[Caller, int] = dict.fromkeys(CAPACITY, 0)
        self._coming: dict[Caller, dict[_Turn, None]] = {caller: {} for caller in CAPACITY}
        """Requests whose body has not come whole yet, the oldest first."""
        self.may_upload: Callable[[Scope, str], Awaitable[bool]] | None = None
        """Whether the caller has a right: asked before a file of his is read."""

    def mount(self, path: str, app: App, door: Door) -> None:
        """Let ``app`` answer ``path`` (all below it when it ends in a slash); it reads its own body."""
        doors.mounted[path] = door
        (self.prefixes if path.endswith("/") else self.raw)[path] = (app, door)

    def mount_where(self, takes: Callable[[Scope], bool], paths: Sequence[str], app: App, door: Door) -> None:
        """Let ``app`` answer what it ``takes`` of ``paths``, and the pages the rest of them."""
        doors.mounted.update(dict.fromkeys(paths, door))
        self.shared.append((takes, app, door))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.lifespan(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._find(scope)
        if isinstance(found, int):
            return await refuse(found, scope, receive, send)
        app, door, raw = found
        if scope["method"] not in door.methods and not raw:
            return await refuse(405, scope, receive, send, allow=", ".join(door.methods))
        door = door.asked(scope["method"])
        if door.caller == "upload" and self.may_upload and not await self.may_upload(scope, door.right):
            return await refuse(303, scope, receive, send, location="/sign-in/?next=/console/")
        if self.busy[door.caller] >= CAPACITY[door.caller] and not self._make_room(door.caller):
            return await refuse(503, scope, receive, send)
        scope["toancanh.caller"] = door.caller
        turn = _Turn(receive, send, self._coming[door.caller])
        self.busy[door.caller] += 1
        try:
            if raw:
                await app(scope, turn.receive, turn.send)
            else:
                await self._page(app, door, scope, turn.receive, turn.send)
        except asyncio.CancelledError:
            if not turn.gave_way:
                raise
            await turn.leave(scope)
        finally:
            self.busy[door.caller] -= 1
            turn.end()

    def _make_room(self, caller: Caller) -> bool:
        """Let the request go whose body has been coming for longest: good ones take a moment."""
        oldest = next(iter(self._coming[caller]), None)
        if oldest is not None:
            oldest.give_way()
        return oldest is not None

    def _find(self, scope: Scope) -> tuple[App, Door, bool] | int:
        path = scope["path"]
        if path in self.raw:
            return (*self.raw[path], True)
        for prefix, (app, door) in self.prefixes.items():
            if path.startswith(prefix):
                return app, door, True
        for takes, app, door in self.shared:
            if takes(scope):
                return app, door, True
        if not scope["query_string"].isascii() or "\0" in path:
            return 400
        try:
            door = doors.of(resolve(path, self.only).func) or NOTHING
        except Resolver404:
            # A person gets a page that says so; a body for nowhere is refused unread.
            door = NOTHING
            if scope["method"] not in door.methods or self.only is not None:
                return 404
        return self.pages, door, False

    async def _page(self, app: App, door: Door, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the whole body within its limits, then let the page have it."""
        length = content_length(scope)
        if length is None:
            return await refuse(400, scope, receive, send)
        if length > door.max_body:
            return await refuse(413 if door.max_body else 400, scope, receive, send)
        body = bytearray()
        try:
            async with asyncio.timeout(UPLOAD_DEADLINE if door.caller in SLOW else self.body_deadline):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return
                    body += message.get("body", b"")
                    if len(body) > door.max_body:
                        return await refuse(413, scope, receive, send)
                    if not message.get("more_body", False):
                        break
        except TimeoutError:
            return await refuse(408, scope, receive, send, drain=False)
        whole: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def replay() -> Message:
            return whole.pop() if whole else await receive()

        await app(scope, replay, send)


NOTHING = Door()


class _Turn:
    """One request at work, and whether it still waits for its body."""

    def __init__(self, receive: Receive, send: Send, coming: dict[_Turn, None]) -> None:
        self._receive = receive
        self._send = send
        self._coming = coming
        self._task = asyncio.current_task()
        self._has_begun = False
        self.gave_way = False
        coming[self] = None

    async def receive(self) -> Message:
        message = await self._receive()
        if not message.get("more_body", False):
            self.end()
        return message

    async def send(self, message: Message) -> None:
        self._has_begun = True
        await self._send(message)

    def end(self) -> None:
        """Nothing more is expected of the client."""
        self._coming.pop(self, None)

    def give_way(self) -> None:
        """Stop waiting for the body: somebody else needs the place."""
        self.end()
        self.gave_way = True
        if self._task is not None:
            self._task.cancel()

    async def leave(self, scope: Scope) -> None:
        """Tell the client to come again, unless it has had its answer."""
        if self._task is not None:
            self._task.uncancel()
        if self._has_begun:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            await refuse(503, scope, self._receive, self._send, drain=False)


def content_length(scope: Scope) -> int | None:
    """The announced length; 0 where none is; None where it is no number."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else None
    return 0


async def refuse(
    status: int,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    allow: str = "",
    location: str = "",
    drain: bool = True,
) -> None:
    """Answer at once, then read and throw away what still comes (bounded), so that the answer arrives.

    Closing on a client that is still writing would reset the connection and with it the answer.
    """
    english = any(n == b"accept-language" and v[:2].lower() == b"en" for n, v in scope["headers"])
    said = SAID[status][english]
    body = json.dumps({"type": "about:blank", "title": said, "status": status}, ensure_ascii=False).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if location:
        headers.append((b"location", location.encode()))
    if allow:
        headers.append((b"allow", allow.encode()))
    if status == 503:
        headers.append((b"retry-after", b"3"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    head = scope["method"] == "HEAD"
    await send({"type": "http.response.body", "body": b"" if head else body, "more_body": True})
    if drain:
        await discard(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def discard(receive: Receive) -> None:
    """Read what still comes, up to a bound of time and size, and keep nothing of it."""
    end, taken = time.monotonic() + DRAIN_SECONDS, 0
    while (left := end - time.monotonic()) > 0 and taken < DRAIN_BYTES:
        try:
            message = await asyncio.wait_for(receive(), left)
        except TimeoutError:
            return
        taken += len(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return
