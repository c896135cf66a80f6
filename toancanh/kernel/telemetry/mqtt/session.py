"""What is remembered of a device between two connections: its subscriptions and what it has not confirmed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

WINDOW = 20
"""Messages at QoS 1 that may wait for the device's PUBACK at once."""
WAITING = 200
WAITING_BYTES = 256 * 1024
"""Messages, and bytes of them, that wait behind the window; who is slower than that is let go."""
SUBSCRIPTIONS = 2_000
LONGEST_EXPIRY = 3_600
"""Seconds that a session outlives its connection."""
KEPT = 10_000
KEPT_PER_TOKEN = 1_000
"""Sessions without a connection that are remembered."""


class Outgoing(NamedTuple):
    """A message for a device; `key` names the command in it."""

    topic: str
    payload: bytes
    key: str = ""


class Line(Protocol):
    """The connection of a session, as far as the session needs it."""

    window: int

    def send(self, message: Outgoing, qos: int, packet_id: int, is_again: bool) -> bool:
        """Write a PUBLISH; False where the device cannot take it."""

    def end_as_slow(self) -> None:
        """Let a device go that does not take what it asked for."""


@dataclass(eq=False, slots=True)
class Session:
    """One client of one token; `line` is None while it is not connected."""

    token: str
    client_id: str
    expiry: int = 0
    line: Line | None = None
    left_at: float = 0.0
    filters: dict[str, int] = field(default_factory=dict)
    unconfirmed: dict[int, Outgoing] = field(default_factory=dict)
    waiting: deque[Outgoing] = field(default_factory=deque)
    told: list[str] = field(default_factory=list)
    """Commands sent at QoS 0 on this connection: nothing will confirm them."""
    _bytes: int = 0
    _last_id: int = 0

    @property
    def has_room(self) -> bool:
        """Whether another command would soon be on its way."""
        return (
            self.line is not None and len(self.waiting) + len(self.unconfirmed) + len(self.told) < 2 * WINDOW
        )

    def deliver(self, message: Outgoing, qos: int) -> None:
        """Send, or keep for later; at QoS 0 only who listens just now hears it."""
        if qos == 0:
            if self.line is not None and self.line.send(message, 0, 0, False) and message.key:
                self.told.append(message.key)
            return
        if len(self.waiting) >= WAITING or self._bytes > WAITING_BYTES:
            if self.line is not None:
                self.line.end_as_slow()
            return
        self.waiting.append(message)
        self._bytes += len(message.payload)
        self.pump()

    def pump(self) -> None:
        """Send what waits, as far as the window is open."""
        line = self.line
        while line is not None and self.waiting and len(self.unconfirmed) < min(line.window, WINDOW):
            message = self.waiting.popleft()
            self._bytes -= len(message.payload)
            packet_id = self._next_id()
            if line.send(message, 1, packet_id, False):
                self.unconfirmed[packet_id] = message

    def resume(self, line: Line) -> None:
        """Send once more what the last connection did not confirm, then what came meanwhile."""
        self.line = line
        for packet_id, message in self.unconfirmed.items():
            line.send(message, 1, packet_id, True)
        self.pump()

    def confirmed(self, packet_id: int) -> Outgoing | None:
        """The device has got this one; None where nothing of that number is on its way."""
        message = self.unconfirmed.pop(packet_id, None)
        if message is not None:
            self.pump()
        return message

    def keys(self) -> Iterator[str]:
        """The commands that are on their way."""
        yield from self.told
        for message in (*self.unconfirmed.values(), *self.waiting):
            if message.key:
                yield message.key

    def _next_id(self) -> int:
        while True:
            self._last_id = self._last_id % 65535 + 1
            if self._last_id not in self.unconfirmed:
                return self._last_id


class Sessions:
    """All sessions by token and client: one device cannot take over what is another's."""

    def __init__(self, forgotten: Callable[[Session], None]) -> None:
        self._forgotten = forgotten
        self._all: dict[tuple[str, str], Session] = {}
        self._left: dict[Session, None] = {}
        """Those without a connection, the longest gone first …"""
        self._left_of: dict[str, dict[Session, None]] = {}
        """… and by token."""

    def __len__(self) -> int:
        return len(self._all)

    def find(self, token: str, client_id: str) -> Session | None:
        """The session of a client, connected or not."""
        return self._all.get((token, client_id))

    def open(self, token: str, client_id: str, *, clean: bool, expiry: int) -> tuple[Session, bool]:
        """The client's session, and whether it was there before."""
        before = self._all.get((token, client_id))
        if before is not None and not clean:
            self._back(before)
            before.expiry = min(expiry, LONGEST_EXPIRY)
            return before, True
        if before is not None:
            self.forget(before)
        session = Session(token, client_id, min(expiry, LONGEST_EXPIRY))
        self._all[token, client_id] = session
        return session, False

    def leave(self, session: Session, now: float) -> None:
        """Its connection is gone: keep it for its time, within bounds, or forget it."""
        session.line = None
        session.left_at = now
        if not session.expiry:
            self.forget(session)
            return
        self._left[session] = None
        own = self._left_of.setdefault(session.token, {})
        own[session] = None
        if len(own) > KEPT_PER_TOKEN:
            self.forget(next(iter(own)))
        elif len(self._left) > KEPT:
            self.forget(next(iter(self._left)))

    def forget(self, session: Session) -> None:
        """End a session for good."""
        if self._all.get((session.token, session.client_id)) is session:
            del self._all[session.token, session.client_id]
        self._back(session)
        self._forgotten(session)

    def forget_of(self, token: str) -> None:
        """End the sessions of a token that is no longer what it was."""
        for session in list(self._left_of.get(token, ())):
            self.forget(session)

    def expire(self, now: float) -> None:
        """End sessions whose time without a connection is over."""
        for session in [other for other in self._left if now - other.left_at >= other.expiry]:
            self.forget(session)

    def _back(self, session: Session) -> None:
        """It is no longer one that waits for its connection."""
        self._left.pop(session, None)
        own = self._left_of.get(session.token)
        if own is not None:
            own.pop(session, None)
            if not own:
                del self._left_of[session.token]
