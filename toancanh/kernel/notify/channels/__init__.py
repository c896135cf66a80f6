"""What a channel is: how it is set up, and how copies are handed over and receipts asked for.

A channel is one constant of the type `Channel`; how it speaks to its peer is in the `Sender` that it opens.
Senders are asked from one event loop, hold nothing that a kill could lose, and may be opened many times.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from django.utils.functional import Promise

from toancanh.lib.errors import Refused

if TYPE_CHECKING:
    # Not at run time: a child process that pushes loads no tables.
    from toancanh.kernel.notify.models import Notice

Text = str | Promise
Aside = Callable[..., Awaitable[Any]]
"""Runs a function that waits for disk or database in a thread of its own: ``await aside(call, *args)``."""


@dataclass(frozen=True)
class Parcel:
    """One copy to be handed over."""

    pk: int
    reference: str
    address: str
    language: str
    name: str
    notice: Notice
    own_link: str = ""
    attempts: int = 0
    peer_id: str = ""
    holder: str = ""

    @property
    def link(self) -> str:
        """Where the recipient reads more: his own address, or the message's."""
        return self.own_link or self.notice.link

    @property
    def title(self) -> str:
        """In the recipient's language; an exercise says so before anything else."""
        is_english = self.language == "en"
        said = self.notice.title_en if is_english else self.notice.title_vi
        mark = "EXERCISE" if is_english else "DIỄN TẬP"
        return f"[{mark}] {said}" if self.notice.is_exercise and mark not in said.upper() else said

    @property
    def body(self) -> str:
        """In the recipient's language."""
        return self.notice.body_en if self.language == "en" else self.notice.body_vi


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of an attempt.

    ``waiting``: try again, after ``wait`` seconds at least. With ``whole`` it is not this copy: the other
    side as a whole cannot take any, and is left alone until the wait is over. ``tried`` is false for copies
    that never left.
    """

    state: Literal["waiting", "handed", "received", "failed"]
    peer_id: str = ""
    reason: str = ""
    said: str = ""
    wait: float = 0.0
    whole: bool = False
    tried: bool = True


HANDED = Outcome(state="handed")


def failed(reason: str, said: str = "") -> Outcome:
    """It will never arrive; ``reason`` is a key of `reasons.WORDS`."""
    return Outcome(state="failed", reason=reason, said=said[:200])


def later(
    reason: str, said: str = "", wait: float = 0.0, *, whole: bool = False, tried: bool = True
) -> Outcome:
    """It did not arrive now."""
    return Outcome(state="waiting", reason=reason, said=said[:200], wait=wait, whole=whole, tried=tried)


class Sender(Protocol):
    """An open channel."""

    async def hand(self, parcels: Sequence[Parcel], aside: Aside) -> Sequence[Outcome]:
        """Hand these over, many at once; an outcome for each, in their order."""

    async def ask(self, parcels: Sequence[Parcel], aside: Aside) -> Sequence[Outcome | None]:
        """Ask what became of these that were handed over; None where nothing is known yet."""

    async def close(self) -> None:
        """Let go of connections."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One thing to be set up, as the form asks for it. Its value is text."""

    name: str
    title: Text
    hint: Text = ""
    group: Text = ""
    """Stands above it as a heading: here begin the fields about something else."""
    kind: Literal["text", "url", "area", "number", "choice", "check", "secret"] = "text"
    choices: tuple[tuple[str, Text], ...] = ()
    default: str = ""
    required: bool = False
    most: int = 300
    is_own: bool = False
    """Kept by the channel itself and asked of nobody."""


@dataclass(frozen=True, kw_only=True)
class Hook:
    """A call that a peer made to the address for receipts, ``/hooks/messages/CHANNEL/SECRET``, or to the one
    for answers below it."""

    secret: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    content_type: str = ""


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What it says of one copy, by our reference or by its own number."""

    state: str
    reference: str = ""
    peer_id: str = ""
    said: str = ""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What somebody answered to a message, by the number that it came from."""

    number: str
    text: str
    peer_id: str = ""
    """What the gateway calls the answer; the same again is the same answer. Empty where it does not say."""


class NotReady(Refused):
    """The channel lacks something to be set up; the message says what."""

    code = "not_ready"


def no_address(address: str) -> str:
    """What an address is where nobody has to check it."""
    return address


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A way to reach people."""

    name: str
    title: Text
    icon: str
    fields: tuple[Field, ...]
    open: Callable[[Mapping[str, str]], Sender]
    """From what was set up, secrets included; raises NotReady."""
    check: Callable[[Mapping[str, str]], Mapping[str, str]] = dict
    """What the form says, made whole (keys that are made once, say); raises Refused."""
    address: Callable[[str], str] = no_address
    """An address as it is kept; raises Refused for one that can't be."""
    shown: Callable[[str], str] = no_address
    """An address as lists show it: never whole."""
    after: Callable[[Sequence[tuple[Parcel, Outcome]]], None] | None = None
    """Called in the transaction that notes what became of a slice."""
    slice: int = 100
    """Copies that one sender takes at once."""
    slices: int = 2
    """Slices under way at once: while one is noted, another is on the wire."""
    receipts: Callable[[Mapping[str, str], Hook], Sequence[Receipt]] | None = None
    """Reads a call of the peer's; raises NotAllowed for a caller that is not the peer."""
    replies: Callable[[Mapping[str, str], Hook], Sequence[Reply]] | None = None
    """Reads answers that people sent back; raises NotAllowed as `receipts` does."""
    asked_every: Callable[[Mapping[str, str]], int] = field(default=lambda _values: 0)
    """Seconds between two questions for a receipt; 0: the other side tells by itself, or never."""
    is_ready: Callable[[Mapping[str, str]], bool] = field(default=lambda _values: True)
    """Whether nothing has to be set up any more, by what is not secret and the names of secrets."""
