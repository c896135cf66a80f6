"""The door's work in the main database, on a thread of its own: the event loop never waits for a query."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol, TypeVar

from toancanh.kernel.telemetry.directory import asked

Answer = TypeVar("Answer")


class Due(NamedTuple):
    """A command that a thing has not got yet; `payload` is what it is told."""

    key: str
    thing: str
    payload: bytes


class Books(Protocol):
    """What is written in the main database about receipts and commands; each call is one transaction."""

    def kept(self, things: Collection[str] | None) -> Mapping[str, int]:
        """Up to which number everything is kept, of these things (None: of all that number)."""

    def revision(self) -> int:
        """A number that moves when there are new commands."""

    def due(self, things: Collection[str] | None) -> Sequence[Due]:
        """Commands that these things (None: any) have not confirmed."""

    def sent(self, keys: Collection[str]) -> None:
        """These went out."""

    def delivered(self, key: str) -> None:
        """The device has confirmed this one."""

    def answer(self, thing: str, key: str, result: Any) -> str | None:  # noqa: ANN401 - any JSON
        """What the device said to it; the code of a refusal where it may not say so."""


class NoBooks:
    """Nothing is written anywhere, for tests and tools without a main database."""

    def kept(self, things: Collection[str] | None) -> Mapping[str, int]:
        return {}

    def revision(self) -> int:
        return 0

    def due(self, things: Collection[str] | None) -> Sequence[Due]:
        return ()

    def sent(self, keys: Collection[str]) -> None:
        pass

    def delivered(self, key: str) -> None:
        pass

    def answer(self, thing: str, key: str, result: Any) -> str | None:  # noqa: ANN401 - any JSON
        return "unknown_command"


class DatabaseBooks:
    """The tables of telemetry."""

    def kept(self, things: Collection[str] | None) -> Mapping[str, int]:
        from toancanh.kernel.telemetry import numbering  # app ready

        return numbering.kept(numbering.numbered() if things is None else things)

    def revision(self) -> int:
        from toancanh.kernel.runtime import revision  # app ready

        return revision.current("commands")

    def due(self, things: Collection[str] | None) -> Sequence[Due]:
        from toancanh.kernel.telemetry import commands  # app ready

        return [Due(each.key, each.thing, each.payload) for each in commands.due(things)]

    def sent(self, keys: Collection[str]) -> None:
        from toancanh.kernel.telemetry import commands  # app ready

        commands.mark_sent(keys)

    def delivered(self, key: str) -> None:
        from toancanh.kernel.telemetry import commands  # app ready

        commands.mark_delivered(key)

    def answer(self, thing: str, key: str, result: Any) -> str | None:  # noqa: ANN401 - any JSON
        from toancanh.kernel.telemetry import commands  # app ready

        return commands.answer(thing, key, result)


class Desk:
    """One thread with one connection; what is asked of it is done in turn."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mqtt desk")
        self._is_open = True

    async def do(self, work: Callable[[], Answer]) -> Answer:
        """Do it there; raises DirectoryUnavailable where the database is away."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, asked, work)

    def close(self) -> None:
        """End the thread once it has done what it was asked."""
        if self._is_open:
            self._is_open = False
            self._thread.submit(_disconnect)
            self._thread.shutdown()


def _disconnect() -> None:
    from django.db import connections  # app ready

    connections.close_all()
