"""What the rules found, written down: an alert opens, gets worse, gets milder, is over."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from toancanh.kernel.alerts.folding import Point
from toancanh.kernel.alerts.models import Alert, AlertState, Chapter
from toancanh.kernel.alerts.rules import Key
from toancanh.kernel.alerts.watching import Reason
from toancanh.kernel.declare import program
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock, revision

BY = program("alerts")
PART_MUTED = "part_muted"
"""Of the chapter that says which stations elsewhere said nothing since they were worked at."""
CHANGED = "alerts"
"""The revision that moves with every change of an alert; its row also keeps two changes in one order."""


@dataclass(frozen=True)
class Finding:
    """What a step of a rule's state means: something worse than before, something milder, or a new peak."""

    key: Key
    rule: int = 0
    """Number of the version that holds; 0 where none does any more."""
    worst: int = 0
    """The severity that is news; 0 where it became no worse."""
    why: Reason = Reason()  # noqa: RUF009 - frozen
    severity: int = 0
    peak: Point | None = None
    """The most extreme quantity since it rings."""
    muted: tuple[int, ...] = ()
    """Things elsewhere that it also reads and that were worked at: their parts said nothing."""
    is_peak_alone: bool = False
    """Nothing but the peak has moved."""


def apply(finding: Finding) -> None:
    """Bring the standing alert of the key to what was found; in the transaction that keeps the cursor."""
    now = clock.now()
    standing = (
        Alert.objects.select_for_update(of=("self",))
        .filter(key=finding.key[0], thing=finding.key[1], over_at=None)
        .first()
    )
    if standing is None:
        if not finding.worst:
            return
        standing = _open(finding, now)
    elif finding.worst > standing.severity:
        if standing.state != AlertState.CLOSED:
            _raise(standing, finding, now)
        elif finding.worst > standing.highest:
            # Closed by hand at a milder level: this is something else than what was closed.
            _end(standing, now)
            standing = _open(finding, now)
    if finding.peak is not None:
        standing.peak, standing.peak_at = finding.peak.value, clock.from_us(finding.peak.time)
    if not finding.severity:
        _end(standing, now)
    elif finding.severity < standing.severity and standing.state != AlertState.CLOSED:
        _lower(standing, finding, now)
    standing.save()


def note_peaks(findings: Iterable[Finding]) -> None:
    """Write new peaks of what stands: while rivers rise there is one for every station and reading."""
    adapt = connection.ops.adapt_datetimefield_value
    rows = sorted(
        (*one.key, one.peak.value, adapt(clock.from_us(one.peak.time)))
        for one in findings
        if one.peak is not None
    )
    said = (
        "UPDATE alerts_alert SET peak = %s, peak_at = %s WHERE key = %s AND thing_id = %s AND over_at IS NULL"
    )
    with connection.cursor() as cursor:
        cursor.executemany(said, [(peak, at, key, thing) for key, thing, peak, at in rows])


def hold() -> None:
    """Take the row that every change of an alert is numbered in, before any alert: who changes several and
    who changes one would else wait for each other."""
    revision.hold(CHANGED)


def number() -> int:
    """The next number of a change; the row is held until the transaction ends, so numbers follow commits."""
    revision.bump(CHANGED)
    return revision.current(CHANGED)


def _open(finding: Finding, now: datetime) -> Alert:
    why = finding.why
    alert = Alert.objects.create(
        key=finding.key[0],
        thing_id=finding.key[1],
        rule_id=finding.rule,
        severity=finding.worst,
        highest=finding.worst,
        since=clock.from_us(why.since) if why.since is not None else now,
        opened_at=now,
        asked_at=now,
        revision=number(),
        **facts(why),
    )
    _tell(alert, "opened", now, finding.muted)
    return alert


def facts(why: Reason) -> dict[str, Any]:
    """Why it rings, as the row says it."""
    return {
        "series": why.series,
        "of": why.of,
        "line": why.line,
        "limit": why.limit,
        "value": why.value,
    }


def _raise(alert: Alert, finding: Finding, now: datetime) -> None:
    alert.severity = finding.worst
    for name, value in facts(finding.why).items():
        setattr(alert, name, value)
    if finding.worst > alert.highest:
        # Somebody acknowledged less than this.
        alert.highest = finding.worst
        alert.state, alert.asked_at = AlertState.OPEN, now
        alert.acknowledged_at = alert.acknowledged_by = None
    alert.revision = number()
    _tell(alert, "raised", now, finding.muted)


def _lower(alert: Alert, finding: Finding, now: datetime) -> None:
    alert.severity = finding.severity
    alert.revision = number()
    _tell(alert, "lowered", now)


def _end(alert: Alert, now: datetime) -> None:
    alert.over_at = now
    alert.revision = number()
    if alert.state != AlertState.CLOSED:
        alert.state, alert.closed_at = AlertState.CLOSED, now
        _tell(alert, "closed", now)
    else:
        _tell(alert, "over", now)
    alert.save()


def _tell(alert: Alert, what: str, now: datetime, muted: Collection[int] = ()) -> None:
    """Write the chapter, the journal's entry and the event in one."""
    Chapter.objects.create(alert=alert, at=now, what=what, severity=alert.severity, value=alert.value)
    if muted:
        names = ", ".join(str(one) for one in Thing.objects.filter(pk__in=muted).order_by("pk"))
        said = {"what": PART_MUTED, "severity": alert.severity, "text": names[:1000]}
        Chapter.objects.create(alert=alert, at=now, **said)
    content = {"key": alert.key, "thing": alert.thing_id, "severity": alert.severity, "line": alert.line}
    content |= {"value": alert.value, "rule": alert.rule_id}
    entry = journal.record(f"alerts.{what}", f"alert:{alert.pk}", by=BY, content=content)
    journal.emit(f"alerts.{what}", str(entry.pk), {"alert": alert.pk, **content})
