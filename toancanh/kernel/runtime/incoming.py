"""The body of a request at a raw door, read within bounds of size and time."""

from __future__ import annotations

import asyncio

from toancanh.kernel.runtime.edge import DRAIN_BYTES, Receive


class TooLarge(Exception):
    """The body is longer than the door takes."""


class Gone(Exception):
    """The client left before its request was whole."""


class Incoming:
    """What comes in, and whether all of it has come."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.is_whole = False

    async def read(self, most: int, seconds: float) -> bytes:
        """The whole body; raises TooLarge, TimeoutError or Gone."""
        parts: list[bytes] = []
        size = 0
        async with asyncio.timeout(seconds):
            while not self.is_whole:
                part = await self._part()
                size += len(part)
                if size > most:
                    raise TooLarge
                parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def discard(self, seconds: float) -> None:
        """Read and throw away what still comes, within bounds, so that the client gets its answer."""
        taken = 0
        try:
            async with asyncio.timeout(seconds):
                while not self.is_whole and taken < DRAIN_BYTES:
                    taken += len(await self._part())
        except (TimeoutError, Gone):
            return

    async def _part(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise Gone
        self.is_whole = not message.get("more_body", False)
        found: bytes = message.get("body", b"")
        return found
