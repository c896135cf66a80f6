"""Which topics there are, and who may publish to them and listen to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from toancanh.kernel.telemetry.directory import TokenInfo
from toancanh.kernel.telemetry.mqtt.packets import Reason

ROOT = "toancanh"
RESERVED = ("ack", "cmd")
LONGEST = 500
"""Characters of a topic filter that is kept."""


class Topics(Protocol):
    """Topics of another part of the house, such as those of SensorThings, behind the same door."""

    prefix: str

    async def publish(self, topic: str, payload: bytes, token: TokenInfo) -> str | None:
        """Take a message in; None when it is kept, else the code of a refusal.

        After ``unavailable``, ``full`` and ``busy`` the connection ends, so that the device sends it again.
        """

    def may_subscribe(self, filter: str, token: TokenInfo) -> bool:
        """Whether everything that the filter matches may be heard by the token."""


class Data(NamedTuple):
    """Observations of one series of one thing."""

    thing: str
    series: str


class Answered(NamedTuple):
    """What a thing says to a command."""

    thing: str


class Extra(NamedTuple):
    """A message for another part of the house."""

    topics: Topics


class Forbidden(NamedTuple):
    """A topic to which this token may not publish, or nobody may."""

    reason: Reason
    said: str


Meaning = Data | Answered | Extra | Forbidden


def ack(thing: str) -> str:
    """Where a thing hears up to which number everything of it is kept."""
    return f"{ROOT}/{thing}/ack"


def cmd(thing: str) -> str:
    """Where a thing hears commands."""
    return f"{ROOT}/{thing}/cmd"


def meaning(topic: str, token: TokenInfo, extras: Sequence[Topics]) -> Meaning:
    """What publishing to a topic means for this token."""
    parts = topic.split("/")
    if parts[0] == ROOT:
        if len(parts) == 3 and parts[1] and parts[2] and parts[2] not in RESERVED:
            if token.things is None or parts[1] in token.things:
                return Data(parts[1], parts[2])
            return Forbidden(Reason.NOT_AUTHORIZED, f"this token may not publish for {parts[1]}")
        if len(parts) == 4 and parts[2:] == ["cmd", "ack"] and parts[1]:
            if token.may_write(parts[1]):
                return Answered(parts[1])
            return Forbidden(Reason.NOT_AUTHORIZED, f"this token may not answer for {parts[1]}")
        if len(parts) == 3 and parts[2] in RESERVED:
            return Forbidden(Reason.NOT_AUTHORIZED, f"{parts[2]} is what the server publishes")
        return Forbidden(Reason.BAD_TOPIC, f"publish to {ROOT}/thing/series")
    for topics in extras:
        if topic.startswith(topics.prefix):
            return Extra(topics)
    return Forbidden(Reason.BAD_TOPIC, f"publish to {ROOT}/thing/series")


def may_subscribe(pattern: str, token: TokenInfo, extras: Sequence[Topics]) -> Reason:
    """Success, or why the token may not listen to this filter."""
    if pattern.startswith("$share/"):
        return Reason.SHARED_UNSUPPORTED
    if len(pattern) > LONGEST:
        return Reason.QUOTA
    parts = pattern.split("/")
    if parts[0] == ROOT:
        is_known = len(parts) == 3 and parts[2] in RESERVED and parts[1] not in ("", "#")
        if not is_known:
            return Reason.NOT_AUTHORIZED
        # A wildcard may match only what is the token's own, which is everything where it has no list.
        is_own = token.things is None if parts[1] == "+" else token.may_write(parts[1])
        return Reason.SUCCESS if is_own else Reason.NOT_AUTHORIZED
    for topics in extras:
        if pattern.startswith(topics.prefix):
            is_own = topics.may_subscribe(pattern, token)
            return Reason.SUCCESS if is_own else Reason.NOT_AUTHORIZED
    return Reason.NOT_AUTHORIZED


def matches(pattern: Sequence[str], topic: Sequence[str]) -> bool:
    """Whether a filter, cut at its slashes, matches a topic cut likewise."""
    for index, level in enumerate(pattern):
        if level == "#":
            return True
        if index >= len(topic) or level not in ("+", topic[index]):
            return False
    return len(pattern) == len(topic)
