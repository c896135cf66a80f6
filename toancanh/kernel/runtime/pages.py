"""Runs Django's pages in a few threads, none of which ever waits for a client.

The answer is made in a thread and sent from the event loop: a reader that stops reading holds memory of one
chunk and its connection, not a thread. Strangers may use only some of the threads, so that a crowd on the
public pages leaves officers theirs. (docs/decisions/0003)
"""

from __future__ import annotations

import asyncio
import contextvars
import io
import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from toancanh.kernel.runtime.edge import Receive, Scope, Send

log = logging.getLogger(__name__)
Found = TypeVar("Found")
Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

THREADS = 6
"""Pages at work at once; more would only wait for the same cores."""
FOR_STRANGERS = 4
SEND_DEADLINE = 20.0
"""Seconds in which a client must take a chunk."""


class Pages:
    """ASGI in front, WSGI behind."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="page")
        self._strangers = asyncio.Semaphore(FOR_STRANGERS)
        self._officers = asyncio.Semaphore(THREADS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = (await receive()).get("body", b"")
        environ = environment(scope, body)
        turn = self._strangers if scope["toancanh.caller"] == "public" else self._officers
        async with turn:
            status, headers, chunks = await self._in_thread(self._begin, environ)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        try:
            while (chunk := await self._in_thread(next, chunks, None)) is not None:
                async with asyncio.timeout(SEND_DEADLINE):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except TimeoutError:
            log.info("a reader of %s stopped reading", scope["path"])
            return
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                await self._in_thread(close)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _in_thread(self, call: Callable[..., Found], *given: Any) -> Found:  # noqa: ANN401
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, context.run, call, *given)

    def _begin(self, environ: Environ) -> tuple[int, list[tuple[bytes, bytes]], Iterator[bytes]]:
        """Make the answer; one that is not streamed is complete, its connection closed, in this thread."""
        head: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], fault: object = None) -> None:
            head[:] = [int(status.split(" ", 1)[0]), headers]

        made = self._application(environ, start)
        if getattr(made, "streaming", False):
            chunks = _streamed(made)
        else:
            whole = b"".join(made)
            getattr(made, "close", lambda: None)()
            chunks = iter([whole] if whole else [])
        status, headers = head
        return status, [(n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in headers], chunks

    def stop(self) -> None:
        """Let running pages finish."""
        self._executor.shutdown(wait=True, cancel_futures=True)


def _streamed(made: Iterable[bytes]) -> Iterator[bytes]:
    try:
        yield from made
    finally:
        getattr(made, "close", lambda: None)()


def environment(scope: Scope, body: bytes) -> Environ:
    """The request as PEP 3333 has it."""
    server, client = scope.get("server") or ("localhost", 80), scope.get("client") or ("", 0)
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("ascii"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or 0),
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key in ("CONTENT_LENGTH", "CONTENT_TYPE") else f"HTTP_{key}"
        text = value.decode("latin-1")
        if key in environ:
            text = environ[key] + ("; " if key == "HTTP_COOKIE" else ",") + text
        environ[key] = text
    return environ
