"""Telling persons that an alert has come to them: the one place where a step becomes messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from toancanh.kernel.alerts import words
from toancanh.kernel.alerts.escalation.models import Step
from toancanh.kernel.alerts.models import Alert, AlertState
from toancanh.kernel.contacts.officers import queries as officers
from toancanh.kernel.declare import Actor, Title, program
from toancanh.kernel.notify import actions as notify
from toancanh.kernel.notify.messages import Message, Urgency
from toancanh.kernel.notify.models import Notice
from toancanh.kernel.people.models import Person

BY = program("escalation")
USEFUL = timedelta(hours=6)
"""After so long nobody is helped by hearing of it."""


def tell(step: Step, alert: Alert, people: Sequence[Person], *, by: Actor) -> None:
    """Put the message to everyone on duty at the level into the outbox, in the transaction of the step."""
    recipients = officers.recipients(people)
    if not recipients:
        return
    said = {}
    for language in ("vi", "en"):
        with translation.override(language):
            title = f"{words.severity(alert.severity)}: {words.title(alert.key)}"
            said[language] = (title, f"{alert.thing}: {words.reading(alert)}")
    message = Message(
        key=key(step),
        kind=officers.KIND,
        subject=subject(alert.pk),
        title=Title(said["vi"][0], said["en"][0]),
        body=Title(said["vi"][1], said["en"][1]),
        link=f"/console/alerts/{alert.pk}/",
        urgency=Urgency.HIGH,
        expires=step.at + USEFUL,
        unit_path=alert.thing.unit.path,
    )
    notify.send(message, recipients, by=by)


def settled(payload: Mapping[str, Any]) -> None:
    """Somebody acknowledged it, or it is closed: copies that still wait never leave.

    The event may come late or twice: what an alert asks that has become worse meanwhile stays.
    """
    rows = Notice.objects.filter(subject=subject(payload["alert"]), cancelled_at=None)
    # Whoever was told was told before this happened: of most alerts nobody was, and nothing is to be locked.
    if not rows.exists():
        return
    with transaction.atomic():
        alert = Alert.objects.select_for_update(of=("self",)).get(pk=payload["alert"])
        steps = alert.steps.all()
        if alert.state == AlertState.OPEN:
            steps = steps.exclude(round=alert.highest)
        keys = {key(step) for step in steps}
        for one in sorted(keys & set(rows.values_list("key", flat=True))):
            notify.cancel(one, by=BY, because=_("Somebody has answered, or it is closed."))


def key(step: Step) -> str:
    """The same step is one message for ever."""
    return f"alerts.step:{step.pk}"


def subject(alert: int) -> str:
    """What all messages of the alert of that number are found by."""
    return f"alerts.alert:{alert}"
