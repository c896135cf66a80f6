"""Escalation as pages need it: who answers at which level, where it goes next, what came to whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from toancanh.kernel.alerts.escalation.escalating import Waiting
from toancanh.kernel.alerts.escalation.models import Step
from toancanh.kernel.alerts.models import Alert, AlertState
from toancanh.kernel.people.shifts.queries import Level
from toancanh.kernel.runtime import clock


@dataclass(frozen=True)
class Rung:
    """One level of an alert's escalation."""

    level: Level
    step: Step | None
    """When it was told and who, in this round."""
    due: datetime | None
    """When it is turned to, if nobody acknowledges."""


def ladder(alert: Alert) -> list[Rung]:
    """Every level that answers for the alert; empty where there is no roster."""
    waiting = Waiting(clock.now())
    steps = list(alert.steps.all())
    found = waiting.next(alert, steps)
    told = {step.level: step for step in steps if step.round == alert.highest}
    return [
        Rung(level, told.get(level.number), found[1] if found and found[0].number == level.number else None)
        for level in waiting.chain(alert.thing)
    ]


def mark(rows: Iterable[Alert], person_key: str) -> None:
    """Give each ``step``, the last level that it went to, and ``is_mine`` where it came to that person.

    Three queries whatever their number.
    """
    asking = {alert.pk: alert for alert in rows if alert.state == AlertState.OPEN}
    for alert in rows:
        alert.step, alert.is_mine = None, False
    if not asking:
        return
    for step in Step.objects.filter(alert__in=asking).prefetch_related("told").order_by("pk"):
        alert = asking[step.alert_id]
        if step.round == alert.highest:
            alert.step = step
            mine = any(f"person:{one.pk}" == person_key for one in step.told.all())
            alert.is_mine = alert.is_mine or mine
