"""While the demo's river floods its officer drafts a warning and submits it: one waits to be approved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db.models import Q

from toancanh.kernel.alerts.models import Alert
from toancanh.kernel.people import access
from toancanh.kernel.people.models import Person
from toancanh.kernel.runtime import clock
from toancanh.kernel.territory.queries import in_force
from toancanh.kernel.warnings import actions, filling
from toancanh.kernel.warnings.models import UNFINISHED, State, Warning
from toancanh.site import demo

RULE = "flood.level"
GRAVE = 2
"""The severity of an alert from which on the officer drafts."""
LEVEL = 2
"""What he chooses: the demo has no bulletin of the hydrometeorological service to take a level from."""
NEIGHBOURS = 5
"""Communes around the gauge that he chooses beside its own."""


def rang(payload: Mapping[str, Any]) -> None:
    """An alert opened or became worse: in the demo a warning is drafted from it, one at a time."""
    if payload.get("key") != RULE or payload.get("severity", 0) < GRAVE or not demo.is_on():
        return
    officer = Person.objects.filter(username=demo.OFFICER[0], is_active=True).first()
    alert = Alert.objects.select_related("thing__unit", "rule").filter(pk=payload["alert"]).first()
    if officer is None or alert is None:
        return
    key = filling.proposed(alert)
    if not key or is_in_hand(key.rpartition(".")[0]):
        return
    by = access.actor(officer)
    content = filling.from_template(key, clock.now(), alert)
    draft = actions.draft(replace(content, level=LEVEL, units=around(alert)), by=by, origin=alert)
    actions.submit(draft, draft.version, by=by)


def is_in_hand(event: str) -> bool:
    """Whether a warning of the event is being written or holds."""
    rows = Warning.objects.filter(event=event, thread__ended_at=None)
    holds = Q(state=State.APPROVED, valid_until__gt=clock.now())
    return rows.filter(Q(state__in=UNFINISHED) | holds).exists()


def around(alert: Alert) -> tuple[str, ...]:
    """The gauge's commune and those whose centres lie nearest."""
    own, thing = alert.thing.unit, alert.thing
    rows = in_force().filter(parent=own.parent_id, tier=own.tier, boundary__isnull=False)
    near = sorted(
        rows.values_list("code", "boundary__center_lon", "boundary__center_lat"),
        key=lambda row: (row[1] - (thing.lon or 0)) ** 2 + (row[2] - (thing.lat or 0)) ** 2,
    )
    return tuple(dict.fromkeys([own.code, *(row[0] for row in near[: NEIGHBOURS + 1])]))
