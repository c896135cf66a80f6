"""What a feed of warnings brings: the messages in its answer, and those that the answer only names."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from toancanh.kernel.declare import program
from toancanh.kernel.exchange.cap import intake
from toancanh.kernel.exchange.cap.intake import Source
from toancanh.kernel.exchange.feeds import actions, fetching
from toancanh.kernel.exchange.feeds.faults import Failed
from toancanh.kernel.exchange.feeds.models import Brings, Feed
from toancanh.kernel.runtime import egress, secrets
from toancanh.kernel.runtime.egress import Asked, Fetched, Limits, Stopped
from toancanh.lib.cap.tree import MAX_BYTES
from toancanh.lib.errors import Refused

BY = program("feeds")
MOST_LINKED = 40
"""Messages fetched one by one in a run; the others come with the next."""
LINKED_SECONDS = 75.0
"""For all of them: the lease of a feed is longer."""
LIMITS = Limits(bytes=MAX_BYTES, seconds=10)


@dataclass
class Brought:
    """What became of a run."""

    new: int = 0
    same: int = 0
    refused: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    is_whole: bool = True
    """Nothing is left for the next run."""


@dataclass(frozen=True)
class Linked:
    """A message that stood elsewhere, or why it did not come."""

    url: str
    answer: Fetched | Failed


async def linked(wanted: Sequence[tuple[str, Asked]]) -> list[Linked]:
    """The messages at these addresses, one after the other."""
    found: list[Linked] = []
    try:
        async with asyncio.timeout(LINKED_SECONDS):
            for url, asked in wanted[:MOST_LINKED]:
                found.append(Linked(url, await _fetched(url, asked)))
    except TimeoutError:
        pass  # the rest comes with the next run
    return found


def wanted(feed: Feed, answer: Fetched) -> list[tuple[str, Asked]]:
    """What to ask for where the answer only names messages that are not here yet."""
    if not answer.body:
        return []
    try:
        links = intake.links(intake.opened(answer.body, answer.url), feed)
    except Refused:
        return []  # told when the answer itself is taken
    hidden = {name: value for name, value in _secrets(feed).items() if not name.startswith(fetching.QUERY)}
    made = []
    for link in links:
        try:
            is_own = actions.origin(link) == actions.origin(feed.url)
        except Stopped:
            is_own = False
        accept = {"Accept": fetching.ACCEPT[Brings.WARNINGS]}
        made.append((link, Asked(url=link, headers=accept, secrets=hidden if is_own else {})))
    return made


def _secrets(feed: Feed) -> dict[str, str]:
    try:
        return secrets.unseal(feed.sealed)
    except secrets.Locked:
        return {}  # told when the feed itself is asked


async def _fetched(url: str, asked: Asked) -> Fetched | Failed:
    try:
        return fetching.judged(await egress.door().fetch_soon(asked, LIMITS))
    except Stopped as fault:
        return Failed(fault.code, fetching.host(url))
    except Failed as fault:
        return fault


def take(feed: Feed, answer: Fetched, more: Sequence[Linked]) -> Brought:
    """Keep what came; raises Failed where the answer itself is no CAP."""
    done = Brought()
    try:
        document = intake.opened(answer.body, answer.url)
    except Refused as fault:
        raise Failed("no_cap", fault.message[:300], status=answer.status, size=len(answer.body)) from fault
    _counted(done, intake.take(document, Source(origin=feed.name, feed=feed, by=BY)))
    for one in more:
        if isinstance(one.answer, Failed):
            done.reasons[one.answer.code] += 1
            continue
        try:
            found = intake.opened(one.answer.body, one.url)
        except Refused:
            done.reasons["no_cap"] += 1
            continue
        source = Source(origin=feed.name, feed=feed, link=one.url, by=BY)
        _counted(done, intake.take(found, source))
    left = intake.links(document, feed)
    done.is_whole = not left
    return done


def _counted(done: Brought, taken: intake.Taken) -> None:
    done.new += len(taken.new)
    done.same += len(taken.known)
    done.refused += len(taken.unread)
    if taken.unread:
        done.reasons["unread_message"] += len(taken.unread)
