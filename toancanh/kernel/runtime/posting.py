"""The egress door for many requests to few hosts: kept connections, nothing followed, small answers.

`egress.Egress` judges every address a connection is made to, as it does for a fetch; here a connection then
carries one request after another, which is what makes thousands a second possible. A redirect is an answer.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import httptools
from django.utils.translation import gettext as _

from toancanh.kernel.runtime import egress
from toancanh.kernel.runtime.egress import AGENT, TRIED, Egress, Fetched, Stopped
from toancanh.kernel.runtime.reach import Network

IDLE = 3.0
"""Seconds after which a connection that rests is not used again: servers close theirs after five and more."""
LARGEST = 64 * 1024
"""Bytes of an answer; what is longer is no answer of a gateway."""
HEADS = ("retry-after", "location", "content-type", "content-encoding")

Origin = tuple[str, str, int, tuple[Network, ...]]


@dataclass(frozen=True, kw_only=True)
class Posted:
    """One request. ``headers`` hold no line breaks; whoever sets them has seen to it."""

    url: str
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    networks: Sequence[Network] = ()


class Poster:
    """Sends requests from one event loop, over at most ``most`` connections to a host."""

    def __init__(self, door: Egress, *, most: int = 32, seconds: float = 20.0) -> None:
        self._door = door
        self._most = most
        self._seconds = seconds
        self._idle: dict[Origin, deque[_Wire]] = defaultdict(deque)
        self._room: dict[Origin, asyncio.Semaphore] = {}
        self._parsed: dict[str, tuple[str, Origin]] = {}

    async def send(self, asked: Posted) -> Fetched:
        """The answer, whatever its status; raises Stopped with a sentence that says why there is none.

        Stopped with the code ``too_slow`` or ``broken_off`` leaves open whether the other side has it.
        """
        host, origin = self._origin(asked)
        room = self._room.get(origin)
        if room is None:
            room = self._room[origin] = asyncio.Semaphore(self._most)
        async with room:
            try:
                async with asyncio.timeout(self._seconds):
                    return await self._over(host, origin, asked)
            except TimeoutError as fault:
                said = _("The other side took longer than %(seconds)s seconds.")
                raise Stopped(said % {"seconds": f"{self._seconds:g}"}, "too_slow") from fault

    async def close(self) -> None:
        """Let go of every connection that rests."""
        for wires in self._idle.values():
            for wire in wires:
                wire.close()
        self._idle.clear()

    def _origin(self, asked: Posted) -> tuple[str, Origin]:
        """The host as its header names it, and where connections to it are kept."""
        scheme, _mark, rest = asked.url.partition("://")
        site = f"{scheme}://{rest.partition('/')[0].partition('?')[0]}"
        known = self._parsed.get(site)
        if known is None:
            url = egress.parsed(site)
            host = url.raw_host.decode("ascii")
            known = url.netloc.decode("ascii"), (url.scheme, host, egress.port_of(url), ())
            if len(self._parsed) > 1_000:
                self._parsed.clear()
            self._parsed[site] = known
        return known[0], (*known[1][:3], tuple(asked.networks))

    async def _over(self, host: str, origin: Origin, asked: Posted) -> Fetched:
        wire = self._rested(origin) or await self._opened(origin)
        try:
            answer = await wire.ask(_said(host, asked), is_head=asked.method == "HEAD")
        except BaseException:
            wire.close()
            raise
        if wire.is_kept:
            wire.since = time.monotonic()
            self._idle[origin].append(wire)
        else:
            wire.close()
        return Fetched(
            status=answer.status,
            url=asked.url,
            body=bytes(answer.body),
            content_type=answer.heads.get("content-type", "")[:200],
            retry_after=answer.heads.get("retry-after", "")[:40],
        )

    def _rested(self, origin: Origin) -> _Wire | None:
        wires = self._idle.get(origin)
        while wires:
            wire = wires.pop()
            if wire.is_open and time.monotonic() - wire.since < IDLE:
                return wire
            wire.close()
        return None

    async def _opened(self, origin: Origin) -> _Wire:
        scheme, host, port, networks = origin
        addresses = await self._door.judged(host, port, networks)
        loop = asyncio.get_running_loop()
        secure = self._door.trusted() if scheme == "https" else None
        name = host if secure else None
        for number, address in enumerate(addresses[:TRIED], start=1):
            try:
                _transport, wire = await loop.create_connection(
                    _Wire, str(address), port, ssl=secure, server_hostname=name
                )
            except OSError as fault:
                if number == min(len(addresses), TRIED):
                    said = _("%(host)s cannot be reached: %(fault)s")
                    told = str(fault)[:200] or type(fault).__name__
                    raise Stopped(said % {"host": host, "fault": told}, "unreachable") from fault
                continue
            return wire
        raise AssertionError("unreachable: a name without address was refused before")


def _said(host: str, asked: Posted) -> bytes:
    """The request as it goes over the wire."""
    _scheme, _mark, rest = asked.url.partition("://")
    start = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    target = rest[start:].partition("#")[0] or "/"
    target = target if target.startswith("/") else f"/{target}"
    if not (target.isascii() and target.isprintable()) or " " in target:
        raise Stopped(_("%(url)s is no address of the web.") % {"url": asked.url[:200]}, "bad_url")
    lines = [
        f"{asked.method} {target} HTTP/1.1",
        f"Host: {host}",
        f"User-Agent: {AGENT}",
    ]
    for name, value in asked.headers.items():
        if "\r" in value or "\n" in value or not value.isascii():
            raise Stopped(
                _("The header %(name)s holds what no header may hold.") % {"name": name}, "bad_header"
            )
        lines.append(f"{name}: {value}")
    if asked.body or asked.method not in ("GET", "HEAD"):
        lines.append(f"Content-Length: {len(asked.body)}")
    return "\r\n".join((*lines, "", "")).encode("ascii") + asked.body


class _Answer:
    """What came so far."""

    __slots__ = ("body", "heads", "status")

    def __init__(self) -> None:
        self.status = 0
        self.heads: dict[str, str] = {}
        self.body = bytearray()


class _Wire(asyncio.Protocol):
    """One connection: one question at a time."""

    def __init__(self) -> None:
        self.since = 0.0
        self.is_open = False
        self.is_kept = False
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._answer = _Answer()
        self._waiting: asyncio.Future[_Answer] | None = None
        self._is_head = False

    def ask(self, request: bytes, *, is_head: bool) -> asyncio.Future[_Answer]:
        """Send a request; its answer, or Stopped where the connection breaks before."""
        self._parser, self._answer, self._is_head = httptools.HttpResponseParser(self), _Answer(), is_head
        self._waiting = asyncio.get_running_loop().create_future()
        if self._transport is None or not self.is_open:
            self._end(Stopped(_("The other side hung up."), "broken_off"))
        else:
            self._transport.write(request)
        return self._waiting

    def close(self) -> None:
        """Hang up."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    # --- as asyncio calls a protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self.is_open = transport, True  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        if self._parser is None or self._waiting is None or self._waiting.done():
            # Nobody asked: whatever it is, the next answer could not be told from it.
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as fault:
            told = _("The answer is no answer of a web server: %(fault)s") % {"fault": str(fault)[:100]}
            self._end(Stopped(told, "bad_answer"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        waiting, answer = self._waiting, self._answer
        if waiting is None or waiting.done():
            return
        if answer.status and "content-length" not in answer.heads and "transfer-encoding" not in answer.heads:
            self.is_kept = False
            waiting.set_result(answer)  # its end was the end of the connection
        else:
            self._end(Stopped(_("The other side hung up."), "broken_off"))

    # --- as httptools calls back

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self._answer.heads) < 100:
            self._answer.heads[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self._parser is not None:
            self._answer.status = self._parser.get_status_code()
            if self._is_head:
                self._done(keep=False)

    def on_body(self, body: bytes) -> None:
        self._answer.body += body
        if len(self._answer.body) > LARGEST:
            self._end(Stopped(_("The answer is too long."), "bad_answer"))

    def on_message_complete(self) -> None:
        if self._answer.status >= 200 and self._parser is not None:
            self._done(keep=self._parser.should_keep_alive())

    def _done(self, *, keep: bool) -> None:
        self.is_kept = keep and self.is_open
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(self._answer)

    def _end(self, fault: Stopped) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(fault)
        self.close()
