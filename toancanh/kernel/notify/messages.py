"""What is said and to whom, as the modules above hand it in."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from toancanh.kernel.declare import Title

KEY = re.compile(r"[a-z][A-Za-z0-9_.:-]{0,119}", re.ASCII)


class Urgency(StrEnum):
    """How soon it has to be there, in the words of RFC 8030; what is more urgent leaves first."""

    VERY_LOW = "very-low"
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


RANKS = {urgency: rank for rank, urgency in enumerate(Urgency)}


@dataclass(frozen=True, kw_only=True)
class Message:
    """One thing that is told. The same ``key`` is the same message, for ever.

    ``subject`` names what it is about: a dotted kind and a number, such as ``warnings.warning:17``.
    ``unit_path`` is the unit whose officers may read about it; empty: those of the whole installation.
    """

    key: str
    kind: str
    subject: str
    title: Title
    body: Title
    expires: datetime
    link: str = ""
    urgency: Urgency = Urgency.NORMAL
    is_exercise: bool = False
    unit_path: str = ""


@dataclass(frozen=True)
class Recipient:
    """Somebody on one channel. ``key`` tells who it is; who is reached by two channels has it twice."""

    key: str
    channel: str
    address: str
    language: str = "vi"
    name: str = ""
    link: str = ""
    """His own address instead of the message's, such as one by which he confirms."""


@dataclass(frozen=True)
class Named:
    """Recipients that a registered list gives slice by slice, after the commit."""

    source: str
    args: Mapping[str, Any] = field(default_factory=dict)


class Source(Protocol):
    """A registered list. It must give everyone after ``after`` in a steady order, at most ``most`` of them.

    Of a slice only the last recipient's key is remembered: the next call gets it as ``after``.
    """

    def __call__(self, args: Mapping[str, Any], after: str, most: int) -> Sequence[Recipient]: ...


def reference(message: str, recipient: str, channel: str) -> str:
    """What a delivery is called at the other side: 32 characters that no other delivery has.

    A copy sent again after a kill carries it too; it is made of what a `Topic` of RFC 8030 may hold.
    """
    said = "\0".join((message, recipient, channel)).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(said).digest()[:24]).decode()
