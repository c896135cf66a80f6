"""Telling persons that an alert has come to them: the one place where a step becomes messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.utils import translation

from toancanh.kernel.alerts import words
from toancanh.kernel.alerts.escalation.models import Step
from toancanh.kernel.alerts.models import Alert
from toancanh.kernel.declare import Actor, Title
from toancanh.kernel.notify import actions as notify
from toancanh.kernel.notify.messages import Message, Recipient, Urgency
from toancanh.kernel.people.models import Person

USEFUL = timedelta(hours=6)
"""After so long nobody is helped by hearing of it."""


def tell(step: Step, alert: Alert, people: Sequence[Person], *, by: Actor) -> None:
    """Put the message to everyone on duty at the level into the outbox, in the transaction of the step."""
    recipients = [way for one in people for way in ways(one)]
    if not recipients:
        return
    said = {}
    for language in ("vi", "en"):
        with translation.override(language):
            title = f"{words.severity(alert.severity)}: {words.title(alert.key)}"
            said[language] = (title, f"{alert.thing}: {words.reading(alert)}")
    message = Message(
        key=f"alerts.step:{step.pk}",
        kind="alerts.step",
        subject=f"alerts.alert:{alert.pk}",
        title=Title(said["vi"][0], said["en"][0]),
        body=Title(said["vi"][1], said["en"][1]),
        link=f"/console/alerts/{alert.pk}/",
        urgency=Urgency.HIGH,
        expires=step.at + USEFUL,
        unit_path=alert.thing.unit.path,
    )
    notify.send(message, recipients, by=by)


def ways(person: Person) -> list[Recipient]:
    """How somebody is reached beyond the open pages: by the address of the account."""
    if not person.email:
        return []
    return [Recipient(f"person:{person.pk}", "email", person.email, "vi", name=person.full_name)]
