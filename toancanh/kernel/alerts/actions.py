"""What people do with an alert: acknowledge it, write into its story, close it with a reason."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel.alerts.models import Alert, AlertState, Chapter
from toancanh.kernel.alerts.ringing import hold, number
from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.people.access import person
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotAllowed, Refused

RIGHT = "alerts.answer"
"""To acknowledge and close what rings in a unit."""
LONGEST = 300
"""Characters of a reason: what the row holds."""


def check(alert: Alert, by: Actor) -> None:
    """Only who answers for the thing's unit acts on its alerts."""
    if not by.may(RIGHT, alert.thing.unit.path):
        raise NotAllowed(
            _("Your post does not answer for alerts here. The administrator of your locality can grant it.")
        )


def locked(alert: Alert) -> Alert:
    """The row as it is now, held until the transaction ends: two officers may act at once."""
    hold()
    rows = Alert.objects.select_for_update(of=("self",)).select_related("thing__unit")
    return rows.get(pk=alert.pk)


@transaction.atomic
def acknowledge(alert: Alert, *, by: Actor) -> Alert:
    """Say that somebody has taken it up; who comes second is told who was first."""
    row = locked(alert)
    check(row, by)
    if row.state == AlertState.CLOSED:
        raise Refused(_("This alert is closed already."), "closed")
    if row.state == AlertState.ACKNOWLEDGED:
        who = row.acknowledged_by.full_name if row.acknowledged_by else ""
        raise Refused(_("%(name)s has acknowledged this alert already.") % {"name": who}, "acknowledged")
    now = clock.now()
    row.state, row.acknowledged_at, row.acknowledged_by = AlertState.ACKNOWLEDGED, now, person(by)
    return _keep(row, "acknowledged", "", now, by)


@transaction.atomic
def note(alert: Alert, text: str, *, by: Actor) -> Alert:
    """Write a line into the story."""
    row = locked(alert)
    check(row, by)
    text = text.strip()
    if not text or len(text) > 1000:
        raise Refused(_("A note has 1 to 1000 characters."), "bad_note")
    return _keep(row, "noted", text, clock.now(), by)


@transaction.atomic
def close(alert: Alert, reason: str, *, by: Actor) -> Alert:
    """Close it by hand; it rings anew only once its condition ended and came back, or became worse."""
    row = locked(alert)
    check(row, by)
    reason = reason.strip()
    if row.state == AlertState.CLOSED:
        raise Refused(_("This alert is closed already."), "closed")
    if not reason or len(reason) > LONGEST:
        raise Refused(_("Closing needs a reason of at most 300 characters."), "no_reason")
    now = clock.now()
    row.state, row.closed_at, row.closed_by, row.reason = AlertState.CLOSED, now, person(by), reason
    return _keep(row, "closed", reason, now, by)


def _keep(row: Alert, what: str, text: str, now: datetime, by: Actor) -> Alert:
    row.revision = number()
    row.save()
    Chapter.objects.create(
        alert=row, at=now, what=what, severity=row.severity, person=person(by), post=by.post[:120], text=text
    )
    content = {"severity": row.severity, "text": text}
    entry = journal.record(f"alerts.{what}", f"alert:{row.pk}", by=by, content=content)
    journal.emit(f"alerts.{what}", str(entry.pk), {"alert": row.pk, "severity": row.severity})
    return row
