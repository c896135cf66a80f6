"""How far a message has come, and who was told of something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from toancanh.kernel.notify.models import Delivery, Notice, Setup, Spread, State, Tally


@dataclass(frozen=True)
class Counts:
    """Deliveries by what became of them. ``handed`` are those of which nothing more is known."""

    waiting: int = 0
    handed: int = 0
    received: int = 0
    failed: int = 0
    expired: int = 0
    cancelled: int = 0

    @property
    def all(self) -> int:
        """Everyone who is, was or will be told."""
        return self.waiting + self.handed + self.received + self.failed + self.expired + self.cancelled

    @property
    def left(self) -> int:
        """Copies that were handed over, whether they arrived or not."""
        return self.handed + self.received

    @property
    def missed(self) -> int:
        """Copies that reached nobody and never will."""
        return self.failed + self.expired + self.cancelled

    def __add__(self, other: Counts) -> Counts:
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in State.values})


@dataclass(frozen=True)
class Progress:
    """A message's counts, by channel too; ``is_spreading`` while a named list is still being brought in."""

    total: Counts = Counts()
    channels: dict[str, Counts] = field(default_factory=dict)
    is_spreading: bool = False


def progress(key: str) -> Progress:
    """How far the message of that key has come; zero of everything where there is none. Two queries."""
    return of_many([key])[key]


def of_many(keys: Sequence[str]) -> dict[str, Progress]:
    """The same for several messages. Two queries."""
    found: dict[str, dict[str, dict[str, int]]] = {key: {} for key in keys}
    rows = Tally.objects.filter(notice__key__in=keys).order_by("channel")
    for key, channel, state, n in rows.values_list("notice__key", "channel", "state", "n"):
        found[key].setdefault(channel, {})[state] = n
    spreads = Spread.objects.filter(notice__key__in=keys, next_at__isnull=False)
    spreading = set(spreads.values_list("notice__key", flat=True))
    made = {}
    for key, channels in found.items():
        counts = {channel: Counts(**states) for channel, states in channels.items()}
        made[key] = Progress(sum(counts.values(), Counts()), counts, key in spreading)
    return made


@dataclass(frozen=True)
class Told:
    """One recipient of one message, as pages show it."""

    recipient: str
    name: str
    channel: str
    address: str
    language: str
    state: str
    handed_at: datetime | None
    received_at: datetime | None
    ended_at: datetime | None
    reason: str
    """A key of `reasons.WORDS`."""
    said: str
    message: str


COLUMNS = (
    "recipient", "name", "channel", "address", "language", "state", "handed_at", "received_at", "ended_at",
    "reason", "said",
)  # fmt: skip


def of(subject: str, *, most: int | None = None) -> list[Told]:
    """Who was told of something, the newest message first. One query; ``most`` bounds it."""
    rows = Delivery.objects.filter(notice__subject=subject).order_by("-notice", "pk")
    return list(_told(rows.values_list(*COLUMNS, "notice__key")[:most]))


def told(subject: str, recipients: Sequence[str]) -> list[Told]:
    """The same of these recipients alone. One query."""
    rows = Delivery.objects.filter(notice__subject=subject, recipient__in=recipients)
    return list(_told(rows.order_by("-notice", "pk").values_list(*COLUMNS, "notice__key")))


def _told(rows: Iterable[tuple[Any, ...]]) -> Iterator[Told]:
    return (Told(*row) for row in rows)


def disconnected(names: Iterable[str]) -> list[str]:
    """Which of these channels nothing leaves by: never set up, or turned off. One query."""
    on = set(Setup.objects.filter(is_on=True).values_list("channel", flat=True))
    return [name for name in names if name not in on]


def set_up_as(name: str) -> dict[str, str]:
    """How a channel is set up, without what is secret; empty where it never was. One query."""
    row = Setup.objects.filter(channel=name).first()
    return dict(row.values) if row is not None else {}


def messages(subject: str) -> list[Notice]:
    """Messages about something, the newest first."""
    return list(Notice.objects.filter(subject=subject).order_by("-pk"))
