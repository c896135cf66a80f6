"""What the door counts, for the health page and /metrics."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import NamedTuple

REMEMBERED = 50
"""Refusals of which more than the number is known."""
NAMED = 60
"""Characters of what a stranger called himself."""


class Refused(NamedTuple):
    """One thing that the door said no to: when (µs), to whom, why."""

    at: int
    address: str
    name: str
    code: str
    what: str


@dataclass(slots=True)
class Figures:
    """Counts since the start; `connections` and `sessions` are of now."""

    connections: int = 0
    sessions: int = 0
    subscriptions: int = 0
    signed_in: int = 0
    refused_sign_ins: int = 0
    messages_in: int = 0
    messages_out: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """Messages and packets that were not taken, by the code of the reason."""
    ended: Counter[str] = field(default_factory=Counter)
    """Connections that the door ended, by reason."""
    last: deque[Refused] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    """The last refusals, newest at the end."""


def shown(text: str) -> str:
    """What a stranger sent, so that it can stand in a list or a log line."""
    return "".join(c if c.isprintable() else "?" for c in text[:NAMED])
