"""Pushes many copies at once: encrypts each for its browser and posts it to the browser's push service.

Knows no database, so that it can run in a child process beside the one that holds doors and streams.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from toancanh.kernel.notify.breaker import Breaker
from toancanh.kernel.notify.channels.encrypting import HOURS, Vapid, encrypted, unb64
from toancanh.kernel.runtime.egress import Stopped
from toancanh.kernel.runtime.posting import Posted, Poster

AT_ONCE = 64
"""Copies of one slice on their way."""


class Job(msgspec.Struct, frozen=True, array_like=True):
    """One copy."""

    endpoint: str
    p256dh: str
    auth: str
    topic: str
    urgency: str
    ttl: int
    plain: bytes


class Result(msgspec.Struct, frozen=True, array_like=True):
    """What became of it: ``handed``, ``waiting`` or ``failed``, as an `Outcome` has it."""

    state: Literal["waiting", "handed", "failed"]
    reason: str = ""
    said: str = ""
    wait: float = 0.0
    tried: bool = True


HANDED = Result("handed")


class Pusher:
    """Pushes from one event loop."""

    def __init__(self, poster: Poster, vapid: Vapid, now: Callable[[], float] = time.time) -> None:
        self._poster = poster
        self._vapid = vapid
        self._now = now
        self._breaker = Breaker()
        self._signed: dict[str, tuple[str, float]] = {}

    async def push(self, jobs: Sequence[Job]) -> list[Result]:
        """Push them; a result for each, in their order."""
        results = [HANDED] * len(jobs)
        waiting = iter(range(len(jobs)))

        async def work() -> None:
            for n in waiting:
                results[n] = await self._one(jobs[n])

        await asyncio.gather(*(work() for _ in range(min(AT_ONCE, len(jobs)))))
        return results

    async def _one(self, job: Job) -> Result:
        scheme, _mark, rest = job.endpoint.partition("://")
        host = rest.partition("/")[0].partition("?")[0]
        origin = f"{scheme}://{host}"
        if wait := self._breaker.wait(origin, time.monotonic()):
            return Result("waiting", "unreachable", host, wait, tried=False)
        try:
            body = encrypted(job.plain, unb64(job.p256dh), unb64(job.auth))
        except ValueError as fault:
            self._breaker.worked(origin)
            return Result("failed", "too_large" if str(fault) == "too large" else "bad_address")
        headers = {
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(job.ttl),
            "Urgency": job.urgency,
            "Topic": job.topic,
            "Authorization": self._authorization(origin),
        }
        try:
            answer = await self._poster.send(Posted(url=job.endpoint, headers=headers, body=body))
        except Stopped as fault:
            return self._stopped(origin, fault)
        return self._judged(origin, answer.status, answer.retry_after, answer.body)

    def _authorization(self, origin: str) -> str:
        now = self._now()
        found = self._signed.get(origin)
        if found is None or found[1] < now:
            signed = self._vapid.signed(origin, int(now))
            found = self._signed[origin] = (signed, now + HOURS * 1800)
        return found[0]

    def _stopped(self, origin: str, fault: Stopped) -> Result:
        if fault.code in ("denied", "bad_url", "bad_scheme", "userinfo"):
            return Result(
                "failed", "denied" if fault.code == "denied" else "bad_address", fault.message[:200]
            )
        wait = self._breaker.failed(origin, time.monotonic())
        reason = "too_slow" if fault.code in ("too_slow", "broken_off") else "unreachable"
        return Result("waiting", reason, fault.message[:200], wait)

    def _judged(self, origin: str, status: int, retry_after: str, body: bytes) -> Result:
        """What an answer of a push service means (RFC 8030, RFC 8292)."""
        said = f"HTTP {status}"
        if status == 429 or status >= 500:
            asked = seconds(retry_after, self._now())
            wait = self._breaker.failed(origin, time.monotonic(), asked)
            return Result("waiting", "busy" if status == 429 else "broken", said, wait)
        self._breaker.worked(origin)
        if status in (404, 410):
            return Result("failed", "gone", said)
        if 200 <= status < 300:
            return HANDED
        if status in (401, 403):
            told = " ".join(body[:120].decode("utf-8", "replace").split())
            return Result("failed", "forbidden", f"{said} {told}".strip())
        if status == 413:
            return Result("failed", "too_large", said)
        return Result("failed", "refused", said)


def seconds(retry_after: str, now: float) -> float:
    """What a Retry-After means in seconds; 0 where it means nothing."""
    from email.utils import parsedate_to_datetime

    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(parsedate_to_datetime(text).timestamp() - now, 0.0)
    except (TypeError, ValueError, IndexError, OverflowError):
        return 0.0
