"""What follows from an approval: each channel gets the message once, its recipients by unit.

The event is delivered at least once and all of this is idempotent by key: `warnings.message:17` is the
same message for ever, and nobody has it twice. An exercise goes to those who take part, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from toancanh.kernel.contacts import telling as chain
from toancanh.kernel.declare import Title, program
from toancanh.kernel.notify import actions as notify
from toancanh.kernel.notify.messages import Message, Named, Urgency
from toancanh.kernel.notify.models import Notice
from toancanh.kernel.notify.subscriptions import SOURCE as SUBSCRIBERS
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import sirens
from toancanh.kernel.territory.models import Unit
from toancanh.kernel.warnings import queries, reach, texts
from toancanh.kernel.warnings.models import Warning

BY = program("warnings")
KIND = "warnings.message"
PUSH = "webpush"
LEAST = timedelta(minutes=10)
"""Channels try so long, also where a message was approved just before it ran out."""


def subject(warning: Warning) -> str:
    """What deliveries and receipts of a message are found by."""
    return f"{KIND}:{warning.pk}"


def issued(payload: Mapping[str, Any]) -> None:
    """Hand a message to its channels; what still waits of the one before it is taken back."""
    warning = queries.whole(Warning.objects.all()).get(pk=payload["warning"])
    with transaction.atomic():
        if warning.previous is not None:
            take_back(warning.previous)
        communes = reach.in_units(place.unit for place in warning.places.all())
        tell_public(warning, communes)
        sound(warning, communes)
        tell_chain(warning, communes)


def tell_public(warning: Warning, communes: Sequence[Unit]) -> None:
    """Whoever asked for warnings of these communes, without account: never told of an exercise."""
    if warning.is_exercise or PUSH not in warning.channels:
        return
    notify.send(outward(warning), Named(SUBSCRIBERS, {"units": [unit.code for unit in communes]}), by=BY)


def sound(warning: Warning, communes: Sequence[Unit]) -> None:
    """Sirens and loudspeakers of these communes; in an exercise the channel itself keeps them silent, unless
    it is set up to sound then too."""
    if sirens.NAME not in warning.channels:
        return
    notify.send(outward(warning), Named(sirens.SOURCE, {"units": [unit.code for unit in communes]}), by=BY)


def outward(warning: Warning) -> Message:
    """The message as whoever has no account gets it."""
    title, body = said(warning)
    return Message(
        key=subject(warning),
        kind=KIND,
        subject=subject(warning),
        title=title,
        body=body,
        link=f"/warnings/{warning.number}/",
        expires=expires(warning),
        urgency=Urgency.HIGH,
        is_exercise=warning.is_exercise,
    )


def tell_chain(warning: Warning, communes: Sequence[Unit]) -> None:
    """Officials and heads of villages of these communes, each with a link to confirm by."""
    title, body = said(warning)
    chain.tell(
        subject=subject(warning),
        title=title,
        body=body,
        units=communes,
        channels=warning.channels,
        expires=expires(warning),
        is_exercise=warning.is_exercise,
        by=BY,
    )


def lapsed(payload: Mapping[str, Any]) -> None:
    """A message ran out: whoever confirms it from now on is late."""
    chain.over(f"{KIND}:{payload['warning']}", by=BY)


def said(warning: Warning) -> tuple[Title, Title]:
    """Title and body in both languages."""
    briefs = [texts.brief(texts.of(warning, own), str(warning.number)) for own in texts.LANGUAGES]
    return Title(briefs[0][0], briefs[1][0]), Title(briefs[0][1], briefs[1][1])


def expires(warning: Warning) -> datetime:
    """Until when channels try to deliver it."""
    return max(warning.valid_until or clock.now(), (warning.approved_at or clock.now()) + LEAST)


def take_back(previous: Warning) -> None:
    """A later message says it better: copies that have not left yet stay here."""
    if Notice.objects.filter(key=subject(previous)).exists():
        notify.cancel(subject(previous), by=BY, because=str(previous.number))
    chain.over(subject(previous), by=BY)
