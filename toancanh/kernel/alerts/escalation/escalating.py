"""The duty of a worker: lets alerts that nobody acknowledged go to the next level, each step once.

What is due is worked out anew under the lock of the alert's row, from steps that are committed: however many
workers look and whoever is killed, a step is written by one of them, in one transaction with its chapter, its
journal entry, its event and its message.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from toancanh.kernel.alerts import ringing
from toancanh.kernel.alerts.escalation import delays, telling
from toancanh.kernel.alerts.escalation.deciding import Told, next_step
from toancanh.kernel.alerts.escalation.models import Step
from toancanh.kernel.alerts.maintenance import queries as maintenance
from toancanh.kernel.alerts.maintenance.models import Maintenance
from toancanh.kernel.alerts.models import Alert, AlertState, Chapter
from toancanh.kernel.declare import program
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.people.shifts.actions import CHANGED as ROSTER
from toancanh.kernel.people.shifts.queries import Level, Roster
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock, revision

BY = program("escalation")
EVERY = 1.0
"""Seconds between two looks."""
AT_LEAST = timedelta(seconds=30)
"""So often everything is looked at, whatever is known: shifts change by the clock."""
REVISIONS = (ringing.CHANGED, ROSTER, delays.CHANGED, maintenance.CHANGED)


class Waiting:
    """What decides over alerts at one moment, asked once for all of them."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._roster = Roster(at)
        self._minutes = {severity: row.minutes for severity, row in delays.in_force(at).items()}
        self._muted = maintenance.holding(at)
        longest = at - timedelta(minutes=2 * delays.LONGEST)
        over = Maintenance.objects.filter(ends__lte=at, ends__gt=longest).select_related("unit")
        self._over = list(over.prefetch_related("things"))

    def chain(self, thing: Thing) -> list[Level]:
        """The levels that answer for the thing."""
        return self._roster.chain(thing.unit.path)

    def next(self, alert: Alert, steps: Iterable[Step]) -> tuple[Level, datetime] | None:
        """Where the alert goes next and when; None where it waits for nobody, or goes no further."""
        if alert.state != AlertState.OPEN:
            return None
        if any(maintenance.covers(window, alert.thing) for window in self._muted):
            return None
        levels = {level.number: level for level in self.chain(alert.thing)}
        told = [Told(one.level, one.at, bool(one.names)) for one in steps if one.round == alert.highest]
        ends = [window.ends for window in self._over if maintenance.covers(window, alert.thing)]
        minutes = self._minutes.get(alert.severity)
        asked = alert.asked_at or alert.opened_at
        found = next_step(asked, told, sorted(levels), minutes, max(ends, default=None))
        return (levels[found[0]], found[1]) if found else None


class Escalator:
    """Call `look` every second; it asks little while nothing changes and nothing is due."""

    def __init__(self) -> None:
        self._seen: tuple[int, ...] = ()
        self._looked = self._due = datetime.min.replace(tzinfo=clock.VIETNAM)

    def look(self) -> int:
        """Write every step that is due."""
        now = clock.now()
        seen = tuple(revision.current(name) for name in REVISIONS)
        if seen == self._seen and self._looked <= now < self._due:
            return 0
        self._seen, self._looked = seen, now
        waiting, due = Waiting(now), now + AT_LEAST
        asking = Alert.objects.filter(state=AlertState.OPEN).select_related("thing__unit")
        for alert in asking.prefetch_related("steps").order_by("pk"):
            found = waiting.next(alert, alert.steps.all())
            if found is None:
                continue
            if found[1] <= now:
                go_on(alert.pk)
            else:
                due = min(due, found[1])
        self._due = due
        return 0


@transaction.atomic
def go_on(number: int) -> int:
    """Let one alert go as far as it is due; returns how many steps that made."""
    # First the row that every change of an alert holds: two who wait for each other would wait in one order.
    revised = ringing.number()
    rows = Alert.objects.select_for_update(of=("self",)).select_related("thing__unit")
    alert = rows.filter(pk=number).first()
    if alert is None:
        return 0
    waiting, made = Waiting(clock.now()), 0
    while found := waiting.next(alert, alert.steps.all()):
        level, at = found
        if at > waiting.at:
            break
        _write(alert, level, waiting.at)
        made += 1
    if made:
        alert.revision = revised
        alert.save(update_fields=["revision"])
    return made


def _write(alert: Alert, level: Level, now: datetime) -> None:
    """One step: its row, its chapter, its journal entry, its event, and the message to who is on duty."""
    facts = {"title": level.title[:300], "names": level.names[:500], "at": now}
    step = Step.objects.create(alert=alert, round=alert.highest, level=level.number, **facts)
    people = {shift.person_id: shift.person for shift in level.shifts}
    step.told.set(people.values())
    is_first = not alert.steps.filter(round=alert.highest).exclude(pk=step.pk).exists()
    what = ("told" if is_first else "escalated") if people else "unfilled"
    text = f"{step.level} · {step.title}" + (f": {step.names}" if people else "")
    Chapter.objects.create(
        alert=alert, at=now, what=what, severity=alert.severity, value=alert.value, text=text[:1000]
    )
    content = {"alert": alert.pk, "level": step.level, "round": step.round, "persons": sorted(people)}
    journal.record("alerts.escalated", f"alert:{alert.pk}", by=BY, content=content)
    journal.emit("alerts.escalated", str(step.pk), {"step": step.pk, **content})
    telling.tell(step, alert, list(people.values()), by=BY)
