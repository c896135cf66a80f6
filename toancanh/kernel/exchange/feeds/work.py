"""Fetches feeds when they are due and takes in what they bring: one fetch of a feed at a time.

A fetch holds its feed by a lease. Whatever kills the worker meanwhile, the feed is fetched again once the
lease has run out; readings that were stored by then are known and change nothing.
"""

from __future__ import annotations

import logging
import secrets as randomness
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import DatabaseError, transaction
from django.db.models import Q

from toancanh.kernel.exchange import taking
from toancanh.kernel.exchange.cap import bringing
from toancanh.kernel.exchange.cap.bringing import Linked
from toancanh.kernel.exchange.feeds import faults, fetching, schedule
from toancanh.kernel.exchange.feeds.faults import Failed
from toancanh.kernel.exchange.feeds.models import Brings, Feed, Outcome, Run, Trial
from toancanh.kernel.exchange.sheets import judging
from toancanh.kernel.exchange.sheets.mapping import Found, Mapping, Observed
from toancanh.kernel.runtime import clock, revision
from toancanh.kernel.runtime.egress import Asked, Fetched
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.directory import DirectoryUnavailable
from toancanh.kernel.telemetry.intake import microseconds
from toancanh.lib.errors import Refused, Unavailable

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=3)
"""Longer than a fetch and the opening of its answer may take together."""
AHEAD = timedelta(minutes=1)
PART = 2_000
"""Readings that the store takes at once: devices wait no longer than that behind a feed."""
RUNS_KEPT = 100
TRIAL_KEPT = timedelta(days=7)
DOOR = "feed"
DIRECTORY = "directory"
"""Whose revision says that things, series or tokens have changed."""


class Lost(Exception):
    """The lease ran out and somebody else has taken over, or the feed was changed meanwhile."""


@dataclass
class Counts:
    """What became of the readings of an answer."""

    new: int = 0
    same: int = 0
    corrected: int = 0
    refused: int = 0
    passed_over: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    newest: int | None = None


def lease(most: int) -> list[Feed]:
    """Feeds that are due, held for a while: who dies holding them loses them to the next look."""
    now = clock.now()
    # What was planned ahead of now was planned before the clock was set back.
    is_due = Q(next_at__lte=now) | Q(planned_at__gt=now + AHEAD)
    with transaction.atomic():
        due = Feed.objects.filter(is_due, is_on=True, next_at__isnull=False).order_by("next_at", "pk")
        found = list(due.select_for_update(skip_locked=True)[:most])
        for one in found:
            one.holder, one.next_at, one.planned_at = randomness.token_hex(8), now + LEASE, now
            one.save(update_fields=["holder", "next_at", "planned_at"])
    return found


def is_due() -> bool:
    """Whether a look without locks finds something: what a worker asks every second."""
    now = clock.now()
    wanted = Q(next_at__lte=now) | Q(planned_at__gt=now + AHEAD)
    return Feed.objects.filter(wanted, is_on=True, next_at__isnull=False).exists()


class Attempt:
    """One fetch of a leased feed, in steps: nothing waits for a peer with a connection in hand."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self._started = time.monotonic()
        self._made = Run(of=feed, at=clock.now(), by_hand=feed.is_wanted, outcome=Outcome.FAILED)

    def prepare(self) -> Asked | None:
        """What to ask for; None where that failed already, and was written down."""
        try:
            return _asked(self.feed)
        except Exception as fault:  # noqa: BLE001 - whatever fails in one feed, the others go on
            _failed(self.feed, self._made, fault, self._started)
            return None

    def end(self, answer: Fetched | Exception, more: Sequence[Linked] = ()) -> None:
        """Take in what came, and write down what became of it or why there was nothing."""
        try:
            if isinstance(answer, Exception):
                raise answer
            if self.feed.brings == Brings.WARNINGS:
                _take_messages(self.feed, self._made, answer, more, self._started)
            else:
                _take(self.feed, self._made, answer, self._started)
        except Lost:
            return
        except Exception as fault:  # noqa: BLE001 - as above
            _failed(self.feed, self._made, fault, self._started)


async def run(feed: Feed, aside: Callable[..., Any]) -> None:
    """Fetch a leased feed and take in what came; ``aside`` runs what waits for disk or database."""
    attempt = Attempt(feed)
    wanted = await aside(attempt.prepare)
    if wanted is None:
        return
    answer: Fetched | Exception
    try:
        answer = await fetching.fetch(feed, wanted)
    except Exception as fault:  # noqa: BLE001 - told as the end of this attempt
        answer = fault
    more: list[Linked] = []
    if feed.brings == Brings.WARNINGS and isinstance(answer, Fetched):
        more = await bringing.linked(await aside(bringing.wanted, feed, answer))
    await aside(attempt.end, answer, more)


def _asked(feed: Feed) -> Asked:
    # What was judged by another directory is wanted again, changed or not.
    return fetching.asked(feed, anew=revision.current(DIRECTORY) != feed.revision)


def _take(feed: Feed, made: Run, answer: Fetched, started: float) -> None:
    """Take in an answer and write down what became of it."""
    made.status, made.size = answer.status, len(answer.body)
    now_known = revision.current(DIRECTORY)
    digest = fetching.digest(answer.body)
    if answer.status == 304 or (digest == feed.digest and now_known == feed.revision):
        made.outcome = Outcome.UNCHANGED
        _finish(feed, made, started)
        return
    counts = Counts()
    if answer.body:
        _hold(feed)
        said = msgspec.convert(feed.mapping, Mapping)
        book = fetching.opened(answer, said.sheet)
        found, made.lacking = fetching.understood(book, said, replaces=feed.replaces)
        take_in(feed, found, counts)
    made.outcome = Outcome.TAKEN if counts.new or counts.corrected else Outcome.NOTHING
    for name in ("new", "same", "corrected", "refused", "passed_over"):
        setattr(made, name, getattr(counts, name))
    made.reasons = dict(counts.reasons)
    changes: dict[str, Any] = {"digest": "", "etag": "", "last_modified": ""}
    if "future" not in counts.reasons:
        # What lies ahead now does so no more at the next look, be the answer the same.
        changes = {"digest": digest, "etag": answer.etag, "last_modified": answer.last_modified}
    changes["revision"] = now_known
    if counts.new or counts.corrected:
        changes["new_at"] = clock.now()
    if counts.newest is not None and counts.newest > (feed.newest_us or 0):
        changes["newest_us"] = counts.newest
    _finish(feed, made, started, **changes)


def _take_messages(feed: Feed, made: Run, answer: Fetched, more: Sequence[Linked], started: float) -> None:
    """Take in warnings of another centre, and write down what became of them."""
    made.status, made.size = answer.status, len(answer.body)
    digest = fetching.digest(answer.body)
    if answer.status == 304 or digest == feed.digest:
        made.outcome = Outcome.UNCHANGED
        _finish(feed, made, started)
        return
    _hold(feed)
    done = bringing.take(feed, answer, more)
    made.outcome = Outcome.TAKEN if done.new else Outcome.NOTHING
    made.new, made.same, made.refused, made.reasons = done.new, done.same, done.refused, dict(done.reasons)
    changes: dict[str, Any] = {"digest": "", "etag": "", "last_modified": ""}
    if done.is_whole:
        changes = {"digest": digest, "etag": answer.etag, "last_modified": answer.last_modified}
    if done.new:
        changes["new_at"] = clock.now()
    _finish(feed, made, started, **changes)


def take_in(feed: Feed, found: Sequence[Found], counts: Counts) -> None:
    """Have readings judged and stored, part by part."""
    things = taking.things_within(feed.scope)
    known = taking.directory()
    if feed.passes_over:
        ours = [one for one in found if one.thing in known.things and (things is None or one.thing in things)]
        counts.passed_over = len(found) - len(ours)
        found = ours
    for start in range(0, len(found), PART):
        part = found[start : start + PART]
        before = judging.judge(part, taking.directory(), engine.store(), clock.now_us(), things)
        refused = taking.bring(part, way=feed.way, door=DOOR, things=things)
        fresh, changed = before.fresh - refused.keys(), before.before.keys() - refused.keys()
        counts.new += len(fresh)
        counts.corrected += len(changed)
        counts.refused += len(refused)
        counts.same += len(part) - len(fresh) - len(changed) - len(refused)
        counts.reasons.update(refused.values())
        taken = [one.time for n, one in enumerate(part) if n not in refused and isinstance(one, Observed)]
        if taken:
            counts.newest = max(counts.newest or 0, microseconds(max(taken)))
        _hold(feed)


def _hold(feed: Feed) -> None:
    """Hold a feed further that is still ours; raises Lost."""
    now = clock.now()
    if not Feed.objects.filter(pk=feed.pk, holder=feed.holder).update(next_at=now + LEASE, planned_at=now):
        raise Lost


def _finish(feed: Feed, made: Run, started: float, **changes: object) -> None:
    """Write down a fetch that did not fail, and when the next one is due."""
    now = clock.now()
    well = {"failures": 0, "failing_since": None, "fault": "", "said": "", **changes}
    _written(feed, made, started, schedule.planned(feed.schedule, feed.pk, now), well, now)


def _failed(feed: Feed, made: Run, fault: Exception, started: float) -> None:
    """Write down a fetch that failed, and when it is tried again."""
    made.fault, made.said = _told(fault)
    now = clock.now()
    asked = timedelta()
    if isinstance(fault, Failed):
        made.status, made.size = fault.status or made.status, fault.size or made.size
        asked = schedule.asked_to_wait(fault.retry_after, now)
    due = schedule.after_failure(feed.schedule, feed.failures + 1, asked, now)
    ill = {
        "failures": feed.failures + 1,
        "failing_since": feed.failing_since or now,
        "fault": made.fault,
        "said": made.said,
    }
    try:
        _written(feed, made, started, due, ill, now)
    except Lost:
        return


def _told(fault: Exception) -> tuple[str, str]:
    if isinstance(fault, Failed):
        return fault.code, fault.said[:300]
    if isinstance(fault, Refused):
        return (fault.code if fault.code in faults.WORDS else "fault"), ""
    if isinstance(fault, Unavailable | DirectoryUnavailable | DatabaseError):
        return "not_kept", ""
    log.error("a feed failed", exc_info=fault)
    return "fault", type(fault).__name__


def _written(
    feed: Feed, made: Run, started: float, due: datetime, changes: dict[str, Any], now: datetime
) -> None:
    """The run and the state of its feed in one transaction; raises Lost where the feed is ours no more."""
    made.took_ms = round((time.monotonic() - started) * 1000)
    planned = {"next_at": due, "planned_at": now, "fetched_at": now, "holder": "", "is_wanted": False}
    with transaction.atomic():
        if not Feed.objects.filter(pk=feed.pk, holder=feed.holder).update(**planned, **changes):
            raise Lost
        made.save()
        last = Run.objects.filter(of=feed).order_by("-pk").values_list("pk", flat=True)[RUNS_KEPT:]
        Run.objects.filter(pk__in=list(last)).delete()


def tidy() -> int:
    """Forget answers that somebody looked at and left; returns how many went."""
    gone, _kinds = Trial.objects.filter(at__lt=clock.now() - TRIAL_KEPT).delete()
    return gone
