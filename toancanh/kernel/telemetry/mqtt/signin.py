"""Who a device is: the name of its token, and the token's secret."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable

from toancanh.kernel.telemetry.directory import DirectorySource, TokenInfo
from toancanh.kernel.telemetry.ingest import Ingest
from toancanh.kernel.telemetry.mqtt.packets import Connect, Reason

FIRST_PENALTY = 0.5
MOST_PENALTY = 8.0
FORGIVEN = 60.0
"""Seconds without a wrong attempt after which an address begins anew."""
ADDRESSES = 10_000


class SignIn:
    """Compares with the directory at once; only who is wrong waits, and longer each time."""

    def __init__(
        self,
        ingest: Ingest,
        directory: DirectorySource,
        *,
        now: Callable[[], int],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ingest = ingest
        self._directory = directory
        self._now = now
        self._monotonic = monotonic
        self._wrong: dict[str, tuple[int, float]] = {}

    def known(self, connect: Connect) -> TokenInfo | None:
        """The token, where the snapshot knows it with this secret and it is in force."""
        found = self._compare(connect)
        return found if isinstance(found, TokenInfo) else None

    async def ask(self, connect: Connect, address: str) -> TokenInfo | Reason:
        """A token that the snapshot does not know may be seconds old, so the database is asked once more.

        The wait comes first: who guesses costs neither the database nor the writer anything.
        """
        if connect.name is None or connect.secret is None:
            return Reason.NOT_AUTHORIZED
        penalty = self._penalty(address)
        if penalty:
            await asyncio.sleep(penalty)
        if not await self._ingest.check():
            return Reason.UNAVAILABLE
        found = self._compare(connect)
        if not isinstance(found, TokenInfo):
            self._count(address)
        return found

    def _compare(self, connect: Connect) -> TokenInfo | Reason:
        if connect.name is None or connect.secret is None:
            return Reason.NOT_AUTHORIZED
        digest = hashlib.sha256(connect.secret).hexdigest()
        token = self._directory.snapshot.named.get(connect.name)
        if token is None or not hmac.compare_digest(token.digest, digest):
            return Reason.BAD_CREDENTIALS
        return token if token.is_valid(self._now()) else Reason.NOT_AUTHORIZED

    def _penalty(self, address: str) -> float:
        count, at = self._wrong.get(address, (0, 0.0))
        if not count or self._monotonic() - at > FORGIVEN:
            return 0.0
        return float(min(MOST_PENALTY, FIRST_PENALTY * 2 ** min(count - 1, 10)))

    def _count(self, address: str) -> None:
        """Note a wrong attempt; the address that was wrong longest ago is forgotten where there are many."""
        now = self._monotonic()
        count, at = self._wrong.pop(address, (0, now))
        self._wrong[address] = (1 if now - at > FORGIVEN else count + 1, now)
        if len(self._wrong) > ADDRESSES:
            del self._wrong[next(iter(self._wrong))]
