"""What is open at the moment of handing over, in words that stay as they are."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from django.utils import translation

from toancanh.kernel.alerts import words
from toancanh.kernel.alerts.handover.models import Handover
from toancanh.kernel.alerts.maintenance.models import Maintenance
from toancanh.kernel.alerts.maintenance.queries import things_of
from toancanh.kernel.alerts.models import Alert, AlertState
from toancanh.kernel.journal.actions import canonical
from toancanh.kernel.people.shifts.models import DutyPost
from toancanh.kernel.people.shifts.queries import path_of
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock

MOST = 500
"""Alerts that one entry names; a shift that leaves more than that says how many."""


def freeze(duty: DutyPost, at: datetime) -> dict[str, Any]:
    """Alerts that stand and maintenance that holds or comes, of the units over which the post is on duty."""
    path = path_of(duty)
    standing = Alert.objects.filter(thing__unit__path__startswith=path).exclude(state=AlertState.CLOSED)
    rows = standing.select_related("thing__unit", "rule", "acknowledged_by")
    windows = Maintenance.objects.filter(ends__gt=at).select_related("unit").order_by("starts", "pk")
    about = things_of(windows)
    with translation.override("vi"):
        return {
            "alerts": [_alert(row) for row in rows.order_by("-severity", "opened_at", "pk")[:MOST]],
            "count": standing.count(),
            "maintenance": [said for window, things in about for said in _window(window, things, path)],
        }


def _alert(row: Alert) -> dict[str, Any]:
    return {
        "number": row.pk,
        "title": words.title(row.key),
        "thing": row.thing.name,
        "said": words.reading(row),
        "severity": row.severity,
        "state": row.state,
        "opened_at": row.opened_at.isoformat(),
        "acknowledged_by": str(row.acknowledged_by or ""),
    }


def _window(window: Maintenance, things: list[int], path: str) -> list[dict[str, Any]]:
    found = Thing.objects.filter(pk__in=things, unit__path__startswith=path).order_by("name")
    names = list(found.values_list("name", flat=True)[:20])
    if not names:
        return []
    said = {"number": window.pk, "things": names, "kind": words.kind(window.kind) if window.kind else ""}
    said |= {"starts": window.starts.isoformat(), "ends": window.ends.isoformat(), "reason": window.reason}
    return [said]


def digest(row: Handover) -> str:
    """Over everything that who goes has signed."""
    said = {
        "duty": row.duty_id,
        "outgoing": row.outgoing_id,
        "post": row.outgoing_post,
        "signed_at": clock.to_us(row.signed_at),
        "brief": row.brief,
        "frozen": row.frozen,
    }
    return hashlib.sha256(canonical(said).encode()).hexdigest()
