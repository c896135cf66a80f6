"""Alerts of the past that nobody was told: what readings that came too late would have rung.

From when on a rule is to be looked at again is kept beside the cursor, in the transaction that passes over
the late readings, so that a kill loses nothing. It is looked at once the station has stopped catching up, and
only as far back as the rule's version is in force.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge

from django.db.models import Q

from toancanh.kernel.alerts import conditions, ringing
from toancanh.kernel.alerts.folding import SECOND
from toancanh.kernel.alerts.maintenance import queries as maintenance
from toancanh.kernel.alerts.models import Alert, AlertState, Backlog, Chapter
from toancanh.kernel.alerts.replaying import Episode, replay
from toancanh.kernel.alerts.rules import Key, Spec
from toancanh.kernel.alerts.watching import LATE, Watched
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.store import OUT_OF_RANGE, Wanted

QUIET_S = 10.0
"""So long nothing late came of a rule's series before it is looked at."""
AT_ONCE = 0.0
AGAIN_S = 60.0
"""How often one is looked at anew whose condition had not ended."""
SLICE = 20
"""So many are looked at in one go, while nothing waits to be judged."""
MOST = 20_000
"""Readings of a series at once."""
MOST_WRITTEN = 50
"""Alerts of the past in one transaction: others write, too."""


@dataclass(frozen=True)
class Past:
    """What a rule would have rung on a thing, and what is to be looked at again."""

    key: Key
    spec: Spec | None
    over: Sequence[Episode] = ()
    """What has ended."""
    left: int | None = None
    """From which moment (µs) on there may be more."""


class History:
    """What is to be looked at again, and when."""

    def __init__(self, quiet_s: float = QUIET_S) -> None:
        self._quiet_s = quiet_s
        self._since: dict[Key, int] = {}
        """As it is kept: from which moment (µs) on."""
        self._due: dict[Key, float] = {}
        for row in Backlog.objects.all():
            self._since[row.key, row.thing_id] = clock.to_us(row.since)
            self._due[row.key, row.thing_id] = time.monotonic() + quiet_s

    def note(self, late: Mapping[Key, int]) -> None:
        """Keep from when on late readings came; in the transaction that keeps the cursor."""
        due = time.monotonic() + self._quiet_s
        rows = []
        for key, since in late.items():
            self._due[key] = due
            if since < self._since.get(key, since + 1):
                self._since[key] = since
                rows.append(Backlog(key=key[0], thing_id=key[1], since=clock.from_us(since)))
        if rows:
            Backlog.objects.bulk_create(
                rows, update_conflicts=True, unique_fields=["key", "thing"], update_fields=["since"]
            )

    def due(self) -> list[Key]:
        """What may be looked at now."""
        now = time.monotonic()
        return [key for key, at in self._due.items() if at <= now][:SLICE]

    def look_at(self, key: Key, spec: Spec | None) -> Past:
        """Fold what is to be looked at again, before anything is locked: it takes a while."""
        if spec is None:
            return Past(key, None)
        since, left = max(self._since[key], spec.since), None
        episodes, reached, is_all = _episodes(spec, since, clock.now_us())
        over = [episode for episode in episodes if episode.closed is not None]
        if episodes and episodes[-1].closed is None:
            left = episodes[-1].opened
        if not is_all:
            # One that is longer than what is read at once is not gone back to for ever.
            left = reached if left is None or left <= since else left
        elif left is not None and Alert.objects.filter(key=key[0], thing=key[1], over_at=None).exists():
            # It rings by itself by now.
            left = None
        return Past(key, spec, over, left)

    def write(self, past: Past) -> int:
        """Write what of it is missing, in a transaction of who holds the lease; returns how many."""
        made = 0
        for episode in past.over:
            if made == MOST_WRITTEN:
                # The next look goes on with this one; what is written already is known then.
                self._keep(past.key, episode.opened, AT_ONCE)
                return made
            assert past.spec is not None
            made += _written(past.key, past.spec, episode)
        left = past.left
        if left is not None and left < clock.now_us() - 7 * 86_400 * SECOND:
            left = None
        self._keep(past.key, left, AGAIN_S)
        return made

    def _keep(self, key: Key, left: int | None, wait_s: float) -> None:
        row = Backlog.objects.filter(key=key[0], thing=key[1])
        if left is None:
            row.delete()
            del self._since[key], self._due[key]
        else:
            row.update(since=clock.from_us(left))
            self._since[key], self._due[key] = left, time.monotonic() + wait_s


def _episodes(spec: Spec, since: int, now: int) -> tuple[list[Episode], int, bool]:
    """What would have rung from a moment on, up to which one that is known, and whether that is all."""
    names = {series: name for name, series in spec.series}
    wanted = Wanted(sorted(names), start=max(0, since - spec.span), end=now)
    rows = engine.store().each(wanted, (("time", False),), limit=MOST)
    cut = [own[-1].time for own in rows.values() if len(own) == MOST]
    reached = min(cut, default=now)
    streams = (
        [
            (row.time, names[series], row.value)
            for row in own
            if row.time <= reached and not row.quality & OUT_OF_RANGE
        ]
        for series, own in rows.items()
    )
    watched = Watched(spec.condition, dict(spec.leaves))
    return replay(watched, merge(*streams), reached, start=since), reached, not cut


def _written(key: Key, spec: Spec, episode: Episode) -> int:
    """Write the alert, unless somebody was told of the time or was working at the station."""
    assert episode.closed is not None
    start, end = clock.from_us(episode.opened), clock.from_us(episode.closed)
    same = Alert.objects.filter(key=key[0], thing=key[1])
    if same.filter(Q(over_at=None) | Q(over_at__gte=start), since__lte=end).exists():
        return 0
    if episode.closed > clock.now_us() - LATE or _was_muted(key, spec, start, end):
        return 0
    _learn(key, spec, episode, start, end)
    return 1


def _was_muted(key: Key, spec: Spec, start: datetime, end: datetime) -> bool:
    """Whether somebody worked at the station then, or at others without which it does not ring."""
    if maintenance.was_muted(key[1], start, end):
        return True
    muted = {name for name, thing in spec.elsewhere if maintenance.was_muted(thing, start, end)}
    return not conditions.may_ring(spec.condition, muted)


def _learn(key: Key, spec: Spec, episode: Episode, start: datetime, end: datetime) -> None:
    now, peak = clock.now(), episode.peak
    alert = Alert.objects.create(
        key=key[0],
        thing_id=key[1],
        rule_id=spec.rule,
        severity=episode.severity,
        highest=episode.severity,
        state=AlertState.CLOSED,
        known_afterwards=True,
        peak=peak.value if peak else None,
        peak_at=clock.from_us(peak.time) if peak else None,
        since=start,
        opened_at=now,
        closed_at=now,
        over_at=end,
        revision=ringing.number(),
        **ringing.facts(episode.worst),
    )
    Chapter.objects.create(alert=alert, at=now, what="learned", severity=alert.severity, value=alert.value)
    content = {"key": alert.key, "thing": alert.thing_id, "severity": alert.severity, "rule": alert.rule_id}
    # No event: what follows from an alert that rings does not follow from one of the past.
    journal.record("alerts.learned", f"alert:{alert.pk}", by=ringing.BY, content=content)
