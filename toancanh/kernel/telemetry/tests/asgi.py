"""A caller that speaks ASGI to the observations door, over a real store and a directory that tests change."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from toancanh.kernel.telemetry.allowance import Allowance
from toancanh.kernel.telemetry.devices.tally import Tally
from toancanh.kernel.telemetry.directory import Directory, SeriesInfo, TokenInfo, WatchedDirectory
from toancanh.kernel.telemetry.door import ObservationsDoor
from toancanh.kernel.telemetry.ingest import Ingest
from toancanh.kernel.telemetry.store import SECOND, Reading, Store

NOW = 1_793_466_000 * SECOND  # 2026-10-31T17:00:00Z
TIME = "2026-10-31T17:00:00Z"


def row(
    value: object = 1.5, *, thing: object = "kim-long", time: object = TIME, **more: object
) -> dict[str, Any]:
    return {"thing": thing, "series": "level", "time": time, "value": value, **more}


@dataclass
class Answered:
    """One answer as the client sees it."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class House:
    """Door, ingest, store and a directory whose content tests put in place."""

    store: Store
    things: dict[str, dict[str, SeriesInfo]] = field(default_factory=dict)
    tokens: dict[str, TokenInfo] = field(default_factory=dict)
    committed: list[Reading] = field(default_factory=list)
    number: int = 1
    now: int = NOW
    monotonic: float = 1000.0
    body_seconds: float = 10.0

    def __post_init__(self) -> None:
        self.things["kim-long"] = {"level": SeriesInfo(1, "kim-long", "level", -1, 10)}
        self.things["phu-oc"] = {"level": SeriesInfo(2, "phu-oc", "level", -1, 10)}
        self.put_token("secret", TokenInfo(1, "gateway"))
        self.directory = WatchedDirectory(self.revision, self.load)
        self.tally = Tally(lambda: self.now)
        self.ingest = Ingest(
            self.store, self.directory, self.committed.extend, now=lambda: self.now, tally=self.tally
        )
        self.door = ObservationsDoor(
            self.ingest,
            self.directory,
            now=lambda: self.now,
            body_seconds=self.body_seconds,
            allowance=Allowance(lambda: self.monotonic),
            tally=self.tally,
        )

    def revision(self) -> int:
        return self.number

    def load(self) -> Directory:
        return Directory(dict(self.things), dict(self.tokens))

    def put_token(self, secret: str, token: TokenInfo) -> None:
        """As another process would: the row and its revision number."""
        self.tokens[hashlib.sha256(secret.encode()).hexdigest()] = token
        self.number += 1

    async def call(
        self,
        chunks: Sequence[bytes],
        headers: Sequence[tuple[str, str | bytes]],
        *,
        method: str = "POST",
        hangs: bool = False,
    ) -> Answered:
        """One request in these chunks; when it hangs, the last one promises more and none comes."""
        waiting = list(chunks)
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            if not waiting:
                await asyncio.Event().wait()
            part = waiting.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(waiting) or hangs}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        raw = [(n.lower().encode(), v if isinstance(v, bytes) else v.encode("latin-1")) for n, v in headers]
        scope = {"type": "http", "method": method, "headers": raw, "client": ("192.0.2.7", 50_000)}
        await self.door(scope, receive, send)
        body = b"".join(message["body"] for message in sent[1:])
        answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        assert int(answered["content-length"]) == len(body)
        return Answered(sent[0]["status"], answered, body)

    async def post(self, body: object, secret: str = "secret", **more: str) -> Answered:
        """Post a JSON value, or bytes as they are, with further headers."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = [("Authorization", f"Bearer {secret}"), ("Content-Length", str(len(content)))]
        headers += [(name.replace("_", "-"), value) for name, value in more.items()]
        return await self.call([content], headers)


@asynccontextmanager
async def running(house: House) -> AsyncIterator[House]:
    """The house with its writer at work, for a minute at most."""
    house.ingest.start()
    try:
        async with asyncio.timeout(60):
            yield house
    finally:
        await house.ingest.stop()
