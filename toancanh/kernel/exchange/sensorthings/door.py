"""POST of observations at the raw door: the plain case without Django, any other handed on to the pages."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import msgspec
from django.db import Error
from django.utils import translation

from toancanh.kernel.exchange.sensorthings import ids, plain
from toancanh.kernel.exchange.sensorthings.answers import ASK, STATUS, Answer, refusal
from toancanh.kernel.exchange.sensorthings.observing import DOOR, TEXTS
from toancanh.kernel.exchange.sensorthings.plain import Numbers
from toancanh.kernel.runtime.edge import App, Message, Receive, Scope, Send
from toancanh.kernel.runtime.incoming import Gone, Incoming, TooLarge
from toancanh.kernel.telemetry import refusals
from toancanh.kernel.telemetry.allowance import Allowance
from toancanh.kernel.telemetry.directory import Directory, DirectorySource, SeriesInfo, TokenInfo
from toancanh.kernel.telemetry.ingest import Busy, Ingest
from toancanh.kernel.telemetry.intake import Request, Taken, microseconds

MAX_BYTES: Final = 8 * 1024 * 1024
MAX_ROWS: Final = 50_000
BODY_SECONDS = 10.0
DRAIN_SECONDS = 10.0
RETRY_SECONDS = 2
SLOW_AT_ONCE = 2
"""Bodies that Django reads at a time: officers' pages run in the same threads."""
SLOW_WAITING = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_BEARER = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +([!-~]+) *")
_BASIC = re.compile(rb"[Bb][Aa][Ss][Ii][Cc] +([A-Za-z0-9+/=]+) *")
_HOST = re.compile(rb"[A-Za-z0-9.:_\[\]-]{1,255}")
PATHS: Final = (
    f"{ids.PREFIX}/Observations",
    f"{ids.PREFIX}/Datastreams(…)/Observations",
    f"{ids.PREFIX}/CreateObservations",
)
"""For the register of doors; what it takes of them stands in `takes`."""
_SET = re.compile(re.escape(ids.PREFIX) + r"/(?:Datastreams\(([1-9]\d{0,9})\)/)?Observations/?", re.ASCII)
_ARRAYS: Final = f"{ids.PREFIX}/CreateObservations"


def takes(scope: Scope) -> bool:
    """Whether the request is one that this door looks at."""
    path = scope["path"]
    return scope["method"] == "POST" and (path == _ARRAYS or _SET.fullmatch(path) is not None)


class DoorRefused(Exception):
    """A whole request is refused, for the reason of `refusals.WHOLE` with these facts."""

    def __init__(self, code: str, **facts: object) -> None:
        self.code = code
        self.facts = facts


class _Series(NamedTuple):
    """Series by number; results of the `mixed` ones need not be numbers: these are looked at with care."""

    by_number: Mapping[int, SeriesInfo]
    mixed: frozenset[int]


class SensorThingsDoor:
    """Reads, judges and answers one request; holds neither thread nor connection while it waits."""

    def __init__(
        self,
        ingest: Ingest,
        directory: DirectorySource,
        pages: App,
        *,
        now: Callable[[], int],
        mixed: Callable[[], frozenset[int]],
        allowance: Allowance | None = None,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._ingest = ingest
        self._directory = directory
        self._pages = pages
        self._now = now
        self._mixed = mixed
        self._allowance = allowance or Allowance()
        self._body_seconds = body_seconds
        self._seen: tuple[Directory, _Series] | None = None
        self._arrived = 0
        self._slow = asyncio.Semaphore(SLOW_AT_ONCE)
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        incoming = Incoming(receive)
        headers = _Headers(scope)
        try:
            token = await self._authenticate(headers.authorization)
            if headers.length > MAX_BYTES:
                raise _too_large()
            body = await self._read(incoming, headers.length)
            answer = await self.plainly(scope["path"], body, token, headers.base, headers.language)
            if answer is None:
                self.spend(token, body.count(b"],") + 1 if scope["path"] == _ARRAYS else 1)
                await self._slowly(scope, receive, send, body)
                return
        except DoorRefused as refused:
            answer = _whole(refused, headers.language)
        except Gone:
            return
        await _send(answer, incoming, send)

    async def _read(self, incoming: Incoming, length: int) -> bytes:
        try:
            self._ingest.expect(length)
            body = await incoming.read(MAX_BYTES, self._body_seconds)
            await self._ingest.turn(len(body))
            return body
        except TooLarge:
            raise _too_large() from None
        except TimeoutError:
            raise DoorRefused("too_slow", seconds=f"{self._body_seconds:g}") from None
        except Busy:
            raise DoorRefused("busy", wait=RETRY_SECONDS) from None

    # --- the plain case

    async def plainly(
        self, path: str, body: bytes, token: TokenInfo, base: str, language: int = refusals.VIETNAMESE
    ) -> Answer | None:
        """The answer to a post in the plain case; None in any other."""
        is_array = path == _ARRAYS
        if is_array:
            groups = plain.arrays(body, MAX_ROWS)
        else:
            found = _SET.fullmatch(path)
            numbers = plain.one(body, int(found[1]) if found[1] else None) if found else None
            groups = None if numbers is None else [numbers]
        if groups is None:
            return None
        series = await self._series({group.series for group in groups})
        if series is None:
            return None
        rows, keys = self._rows(groups, series)
        self.spend(token, len(rows))
        taken = await self._offer(Request(token.digest, rows, DOOR))
        return (_listed if is_array else _single)(taken, keys, base, language)

    def _rows(
        self, groups: Sequence[Numbers], series: Mapping[int, SeriesInfo]
    ) -> tuple[list[plain.Row], list[tuple[int, int]]]:
        """Rows as the ingest takes them, and what each observation will be called."""
        rows: list[plain.Row] = []
        keys: list[tuple[int, int]] = []
        for group in groups:
            info = series[group.series]
            for said, value in group.rows:
                if said is None:
                    # Of two that leave out their time, each has a moment of its own.
                    self._arrived = us = max(self._now(), self._arrived + 1)
                    time = _EPOCH + us * _MICROSECOND
                else:
                    time, us = said, microseconds(said)
                rows.append(plain.Row(info.thing, info.name, time, value))
                keys.append((group.series, us))
        return rows, keys

    async def _series(self, wanted: set[int]) -> Mapping[int, SeriesInfo] | None:
        """The series by number; None where one is not known, or needs a closer look."""
        known = await self._known()
        if not wanted <= known.by_number.keys():
            if not await self._ingest.check():
                raise DoorRefused("unavailable", wait=RETRY_SECONDS)
            known = await self._known()
        is_plain = wanted <= known.by_number.keys() and known.mixed.isdisjoint(wanted)
        return known.by_number if is_plain else None

    async def _known(self) -> _Series:
        snapshot = self._directory.snapshot
        if self._seen is None or self._seen[0] is not snapshot:
            try:
                mixed = await asyncio.to_thread(self._mixed)
            except Error:
                raise DoorRefused("unavailable", wait=RETRY_SECONDS) from None
            by_number = {info.id: info for of_thing in snapshot.things.values() for info in of_thing.values()}
            self._seen = snapshot, _Series(by_number, mixed)
        return self._seen[1]

    async def _offer(self, request: Request) -> Taken:
        try:
            result = await self._ingest.offer(request)
        except Busy:
            raise DoorRefused("busy", wait=RETRY_SECONDS) from None
        if isinstance(result, Taken):
            return result
        assert isinstance(result, str)
        raise DoorRefused(result, wait=RETRY_SECONDS)

    def spend(self, token: TokenInfo, count: int) -> None:
        """Take so many rows off the token's rate; raises what says how long to wait."""
        wait = self._allowance.spend(token, count)
        if wait:
            raise DoorRefused("too_many", rate=token.rate, wait=wait)

    # --- any other

    async def _slowly(self, scope: Scope, receive: Receive, send: Send, body: bytes) -> None:
        """Let the pages read the body, a few at a time."""
        if self._waiting >= SLOW_WAITING:
            raise DoorRefused("busy", wait=RETRY_SECONDS)
        whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return whole.pop() if whole else await receive()

        # As strangers do, these bodies leave officers their threads.
        scope["toancanh.caller"] = "public"
        self._waiting += 1
        try:
            async with self._slow:
                await self._pages(scope, replay, send)
        finally:
            self._waiting -= 1

    async def _authenticate(self, authorization: bytes) -> TokenInfo:
        """A token that the snapshot does not know may be seconds old, so the database is asked once more."""
        secret = _secret(authorization)
        if secret is None:
            raise DoorRefused("no_token")
        digest = hashlib.sha256(secret).hexdigest()
        token = self._directory.snapshot.tokens.get(digest)
        if token is None or not token.is_valid(self._now()):
            if not await self._ingest.check():
                raise DoorRefused("unavailable", wait=RETRY_SECONDS)
            token = self._directory.snapshot.tokens.get(digest)
            if token is None or not token.is_valid(self._now()):
                raise DoorRefused("unauthorized")
        return token


class _Headers:
    """The few headers that matter here, and the address of the service as the client knows it."""

    __slots__ = ("authorization", "base", "language", "length")

    def __init__(self, scope: Scope) -> None:
        self.authorization, self.language, host = b"", refusals.VIETNAMESE, b""
        self.length = 0
        for name, value in scope["headers"]:
            if name == b"authorization":
                self.authorization = value
            elif name == b"content-length":
                self.length = int(value[:20]) if value.isdigit() else MAX_BYTES + 1
            elif name == b"accept-language":
                self.language = refusals.language(value)
            elif name == b"host" and _HOST.fullmatch(value):
                host = value
        self.base = f"{scope.get('scheme', 'http')}://{host.decode()}{ids.PREFIX}" if host else ids.PREFIX


def _secret(authorization: bytes) -> bytes | None:
    """The token, sent as Bearer or as the password of Basic."""
    found = _BEARER.fullmatch(authorization)
    if found is not None:
        return found[1]
    found = _BASIC.fullmatch(authorization)
    if found is None:
        return None
    try:
        return base64.b64decode(found[1], validate=True).partition(b":")[2] or None
    except binascii.Error:
        return None


def _single(taken: Taken, keys: Sequence[tuple[int, int]], base: str, language: int) -> Answer:
    if taken.refusals:
        code = taken.refusals[0].code
        return refusal(403 if code == "forbidden" else STATUS.get(code, 400), _said(code, language))
    ((series, time),) = keys
    name = f"{series}-{time}"
    link = f"{base}/Observations('{name}')"
    return Answer(201, {"@iot.id": name, "@iot.selfLink": link}, {"Location": link})


def _listed(taken: Taken, keys: Sequence[tuple[int, int]], base: str, language: int) -> Answer:
    """A link for each row, or why there is none."""
    links = [f"{base}/Observations('{series}-{time}')" for series, time in keys]
    for position, code in taken.refusals:
        links[position] = f"error: {_said(code, language)}"
    return Answer(201, links)


def _said(code: str, said_in: int) -> str:
    with translation.override("en" if said_in == refusals.ENGLISH else "vi"):
        return TEXTS[code]()


def _too_large() -> DoorRefused:
    return DoorRefused("too_large", bytes=MAX_BYTES, rows=MAX_ROWS)


def _whole(refused: DoorRefused, said_in: int) -> Answer:
    said = refusals.WHOLE[refused.code]
    headers = dict(ASK) if said.status == 401 else {}
    if said.status in (429, 503):
        headers["Retry-After"] = str(refused.facts["wait"])
    message = f"{said.title[said_in]}. {said.detail[said_in].format(**refused.facts)}"
    return refusal(said.status, message, **headers)


async def _send(answer: Answer, incoming: Incoming, send: Send) -> None:
    """Answer at once; where more is still coming, read on so that the client gets the answer and no reset."""
    body = msgspec.json.encode(answer.body)
    headers: list[tuple[bytes, bytes]] = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *((name.lower().encode(), value.encode()) for name, value in answer.headers.items()),
    ]
    if not incoming.is_whole:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if incoming.is_whole:
        await send({"type": "http.response.body", "body": body})
        return
    await send({"type": "http.response.body", "body": body, "more_body": True})
    await incoming.discard(DRAIN_SECONDS)
    await send({"type": "http.response.body", "body": b""})
