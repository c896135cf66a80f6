"""POST /api/v1/observations: the raw ASGI door through which devices and gateways hand in observations."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime
from typing import Annotated, Any

import msgspec

from toancanh.kernel.runtime.incoming import Gone, Incoming, TooLarge
from toancanh.kernel.telemetry import refusals
from toancanh.kernel.telemetry.allowance import Allowance
from toancanh.kernel.telemetry.devices.tally import SIGN_IN, TOO_MANY, Tally
from toancanh.kernel.telemetry.directory import DirectorySource, TokenInfo
from toancanh.kernel.telemetry.ingest import Busy, Ingest
from toancanh.kernel.telemetry.intake import UNAUTHORIZED, Recorded, Request, Taken

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MAX_BYTES = 8 * 1024 * 1024
MAX_ROWS = 50_000
BODY_SECONDS = 10.0
DRAIN_SECONDS = 10.0
SLOW_DRAIN_SECONDS = 2.0
RETRY_SECONDS = 2
KEY_LENGTH = 255


class Observation(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One row as it is written down in the API document."""

    thing: str
    series: str
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    value: float
    correction: bool = False
    seq: Annotated[int, msgspec.Meta(ge=0, lt=2**53)] | None = None


class _Refused(Exception):
    """The whole request is refused, for the reason of `refusals.WHOLE` with these facts."""

    def __init__(self, code: str, **facts: object) -> None:
        self.code = code
        self.facts = facts


_decode = msgspec.json.Decoder(list[Observation]).decode
BAD_OFFSET = re.compile(rb':\d\d(?:\.\d+)?[+-]\d{4}"')
"""The decoder also takes +0700, which RFC 3339 does not know."""
_PERHAPS = (re.compile(rb'\+\d{4}"').search, re.compile(rb'-\d{4}"').search)
"""What stands in every body with such an offset, found in half the time."""
_BEARER = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +([!-~]+) *")
_KEY = re.compile(rb"[!-~]{1,%d}" % KEY_LENGTH)
_JSON = (b"content-type", b"application/json")
_NO_STORE = (b"cache-control", b"no-store")


class ObservationsDoor:
    """Reads, judges and answers one request; holds neither thread nor connection while it waits."""

    def __init__(
        self,
        ingest: Ingest,
        directory: DirectorySource,
        *,
        now: Callable[[], int],
        body_seconds: float = BODY_SECONDS,
        allowance: Allowance | None = None,
        tally: Tally | None = None,
    ) -> None:
        self._ingest = ingest
        self._tally = tally or Tally(now)
        self._directory = directory
        self._now = now
        self._body_seconds = body_seconds
        self._allowance = allowance or Allowance()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        incoming = Incoming(receive)
        headers = _Headers(scope["headers"])
        said_in = refusals.language(headers.language) if headers.language else refusals.VIETNAMESE
        try:
            if scope["method"] != "POST":
                raise _Refused("method_not_allowed")
            if headers.fault:
                raise _Refused("bad_header", at=headers.fault[0], fault=headers.fault[1])
            address = (scope.get("client") or ("",))[0]
            body = await self._answer(headers, said_in, incoming, address)
        except _Refused as refused:
            await _refuse(refused, said_in, incoming, send)
            return
        except Gone:
            return
        length = str(len(body)).encode()
        start = [_JSON, (b"content-length", length), _NO_STORE]
        await send({"type": "http.response.start", "status": 200, "headers": start})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, headers: _Headers, said_in: int, incoming: Incoming, address: str) -> bytes:
        digest, token = await self._authenticate(headers, address)
        if headers.length > MAX_BYTES:
            raise _too_large()
        try:
            self._ingest.expect(headers.length)
            body = await incoming.read(MAX_BYTES, self._body_seconds)
            await self._ingest.turn(len(body))
        except TooLarge:
            raise _too_large() from None
        except TimeoutError:
            raise _Refused("too_slow", seconds=f"{self._body_seconds:g}") from None
        except Busy:
            raise _Refused("busy", wait=RETRY_SECONDS) from None
        observations = _decoded(body)
        wait = self._allowance.spend(token, len(observations))
        if wait:
            self._tally.failed(token.id, TOO_MANY)
            raise _Refused("too_many", rate=token.rate, wait=wait)
        request = Request(digest, observations, address=address)
        if headers.key:
            request.key = headers.key
            request.body_hash = hashlib.sha256(body).digest()
            request.render = lambda taken: _render(taken, said_in)
        try:
            result = await self._ingest.offer(request)
        except Busy:
            raise _Refused("busy", wait=RETRY_SECONDS) from None
        if isinstance(result, Taken):
            return _render(result, said_in)
        if isinstance(result, Recorded):
            return result.answer
        raise _Refused(result, wait=RETRY_SECONDS)

    async def _authenticate(self, headers: _Headers, address: str) -> tuple[str, TokenInfo]:
        """A token that the snapshot does not know may be seconds old, so the database is asked once more."""
        found = _BEARER.fullmatch(headers.authorization)
        if found is None:
            raise _Refused("no_token")
        digest = hashlib.sha256(found[1]).hexdigest()
        token = self._directory.snapshot.tokens.get(digest)
        if token is None or not token.is_valid(self._now()):
            if not await self._ingest.check():
                raise _Refused("unavailable", wait=RETRY_SECONDS)
            token = self._directory.snapshot.tokens.get(digest)
            if token is None:
                self._tally.knocked("", "http", address)
                raise _Refused("unauthorized")
            if not token.is_valid(self._now()):
                self._tally.failed(token.id, SIGN_IN)
                raise _Refused("unauthorized")
        return digest, token


class _Headers:
    """The few headers that matter here; `fault` is the name of a bad one and what is bad about it."""

    __slots__ = ("authorization", "fault", "key", "language", "length")

    def __init__(self, pairs: list[tuple[bytes, bytes]]) -> None:
        self.authorization = self.language = b""
        self.key = ""
        self.length = 0
        self.fault: tuple[str, str] | None = None
        for name, value in pairs:
            if name == b"authorization":
                if self.authorization:
                    self.fault = ("Authorization", "duplicate")
                self.authorization = value
            elif name == b"content-length":
                if not value.isdigit():
                    self.fault = ("Content-Length", "not a number")
                else:
                    self.length = int(value[:20])
            elif name == b"idempotency-key":
                if self.key or not _KEY.fullmatch(value):
                    self.fault = ("Idempotency-Key", f"one value of 1-{KEY_LENGTH} visible ASCII characters")
                else:
                    self.key = value.decode("ascii")
            elif name == b"accept-language":
                self.language = value


def _decoded(body: bytes) -> list[Observation]:
    try:
        observations = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        at, fault = refusals.fault_of(error)
        raise _Refused("malformed", at=at, fault=fault) from None
    if len(observations) > MAX_ROWS:
        raise _too_large()
    if any(search(body) for search in _PERHAPS) and BAD_OFFSET.search(body):
        raise _Refused("malformed", at="$[...].time", fault="Invalid RFC3339 encoded datetime")
    return observations


def _render(taken: Taken, said_in: int) -> bytes:
    if not taken.refusals and not taken.receipts:
        return b'{"accepted":%d,"rejected":[]}' % taken.accepted
    rejected = [
        {"index": index, "code": code, "reason": refusals.ROW[code][said_in]}
        for index, code in taken.refusals
    ]
    said: dict[str, object] = {"accepted": taken.accepted, "rejected": rejected}
    if taken.receipts:
        said["kept"] = taken.receipts
    return msgspec.json.encode(said)


def _too_large() -> _Refused:
    return _Refused("too_large", bytes=MAX_BYTES, rows=MAX_ROWS)


async def _refuse(refused: _Refused, said_in: int, incoming: Incoming, send: Send) -> None:
    """Answer at once; where more is still coming, read on so that the client gets the answer and no reset."""
    status, body = refusals.problem(refused.code, said_in, **refused.facts)
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        _NO_STORE,
    ]
    if status == 401:
        error = b', error="invalid_token"' if refused.code == UNAUTHORIZED else b""
        headers.append((b"www-authenticate", b'Bearer realm="toancanh"' + error))
    elif status == 405:
        headers.append((b"allow", b"POST"))
    elif status in (429, 503):
        headers.append((b"retry-after", str(refused.facts["wait"]).encode()))
    if not incoming.is_whole:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    await incoming.discard(SLOW_DRAIN_SECONDS if status == 408 else DRAIN_SECONDS)
    await send({"type": "http.response.body", "body": b""})
