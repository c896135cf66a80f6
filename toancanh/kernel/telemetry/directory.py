"""What the ingest needs to know of things, series and tokens, as one snapshot that is never half new."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import Any, Protocol, TypeVar

Answer = TypeVar("Answer")

_log = logging.getLogger(__name__)


class DirectoryUnavailable(Exception):
    """The main database cannot say whether the snapshot is still true."""


@dataclass(frozen=True, slots=True)
class SeriesInfo:
    """One quantity of one thing; an undeclared bound is infinite."""

    id: int
    thing: str
    name: str
    low: float = -inf
    high: float = inf
    period: int = 60


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """One key: `things` are the codes it may write, None every one; `rate` is observations a minute."""

    id: int
    name: str
    things: frozenset[str] | None = None
    rate: int | None = None
    expires: int | None = None
    revoked: int | None = None
    digest: str = ""

    def is_valid(self, now: int) -> bool:
        """Neither revoked nor expired at the time in microseconds."""
        return (self.revoked is None or self.revoked > now) and (self.expires is None or self.expires > now)

    def may_write(self, thing: str) -> bool:
        """Whether the thing of that code is one of its own."""
        return self.things is None or thing in self.things


@dataclass(frozen=True)
class Directory:
    """Active things by code with their series by name, and tokens by the SHA-256 of their secret."""

    things: Mapping[str, Mapping[str, SeriesInfo]] = field(default_factory=dict)
    tokens: Mapping[str, TokenInfo] = field(default_factory=dict)

    @cached_property
    def named(self) -> Mapping[str, TokenInfo]:
        """Tokens by name, as devices say it when they sign in."""
        return {token.name: token for token in self.tokens.values()}


class DirectorySource(Protocol):
    """Where the ingest has its snapshot from."""

    @property
    def snapshot(self) -> Directory:
        """The last one loaded; read from any thread."""

    def refresh(self) -> Directory:
        """Make sure that the snapshot is true now; raises DirectoryUnavailable."""


class FixedDirectory:
    """A directory that never changes by itself, for tests and tools without a main database."""

    def __init__(self, directory: Directory) -> None:
        self.snapshot = directory

    def refresh(self) -> Directory:
        return self.snapshot


class WatchedDirectory:
    """Loads anew whenever the revision number has moved: a revoked token ends with the next request."""

    def __init__(self, revision: Callable[[], int], load: Callable[[], Directory]) -> None:
        self._revision = revision
        self._load = load
        self._lock = threading.Lock()
        self._number: int | None = None
        self.snapshot = Directory()

    def refresh(self) -> Directory:
        with self._lock:
            # Read before loading: a change in between costs one more load and is never missed.
            number = self._revision()
            if number != self._number:
                self.snapshot = self._load()
                self._number = number
                _log.info("directory %d: %d things", number, len(self.snapshot.things))
            return self.snapshot


def database_directory() -> WatchedDirectory:
    """The directory of the main database, kept true by `revision.bump("directory")` of whoever changes it."""
    from toancanh.kernel.runtime import revision  # app ready

    return WatchedDirectory(lambda: asked(lambda: revision.current("directory")), lambda: asked(_load))


def asked(ask: Callable[[], Answer]) -> Answer:
    """Ask on this thread's connection, once more on a new one when the database closed the old one."""
    from django.db import Error, connection  # app ready

    try:
        return ask()
    except Error:
        if connection.in_atomic_block:
            raise
        connection.close()
    try:
        return ask()
    except Error as error:
        connection.close()
        raise DirectoryUnavailable(str(error)) from error


def _load() -> Directory:
    from toancanh.kernel.people.models import Purpose, Token  # app ready
    from toancanh.kernel.telemetry.models import Series  # app ready

    things: dict[str, dict[str, SeriesInfo]] = {}
    rows = Series.objects.filter(is_active=True, thing__is_active=True).values_list(
        "id", "thing__code", "name", "low", "high", "period_s"
    )
    for number, code, name, low, high, period in rows.iterator(chunk_size=5000):
        series = SeriesInfo(
            number, code, name, -inf if low is None else low, inf if high is None else high, period
        )
        things.setdefault(code, {})[name] = series
    fields = ("id", "name", "digest", "things", "rate", "expires_at", "revoked_at")
    found = Token.objects.filter(purpose=Purpose.DEVICES)
    tokens = {row[2]: _token(row) for row in found.values_list(*fields)}
    return Directory(things, tokens)


def _token(row: tuple[Any, ...]) -> TokenInfo:
    from toancanh.kernel.runtime.clock import to_us

    number, name, digest, things, rate, expires, revoked = row
    return TokenInfo(
        number,
        name,
        None if things is None else frozenset(things),
        rate,
        None if expires is None else to_us(expires),
        None if revoked is None else to_us(revoked),
        digest,
    )
