"""Saying how somebody is reached: he himself does, or who arranges duty over his organisation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from toancanh.kernel.contacts import facts
from toancanh.kernel.contacts.models import Channel
from toancanh.kernel.contacts.officers import queries
from toancanh.kernel.contacts.officers.models import Device, Reach
from toancanh.kernel.contacts.sealing import Keys, Reachable
from toancanh.kernel.declare import Actor, Title, program
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.notify import actions as notify
from toancanh.kernel.notify import registry
from toancanh.kernel.notify.messages import Message, Urgency
from toancanh.kernel.notify.models import Subscription
from toancanh.kernel.people.models import Person
from toancanh.kernel.runtime import clock, secrets
from toancanh.lib import phones
from toancanh.lib.errors import NotAllowed, Refused

TRIED = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a form says of somebody, as it was typed."""

    phone: str = ""
    email: str = ""
    zalo: str = ""
    channels: tuple[str, ...] = ()
    language: str = "vi"


def check(person: Person, by: Actor) -> None:
    """Only he himself, or who arranges duty over his organisation, reads and writes it."""
    if not queries.may(person, by):
        raise NotAllowed(_("How somebody is reached is for himself and for who arranges his duty to say."))


@transaction.atomic
def set_reach(person: Person, said: Said, *, by: Actor) -> Reach:
    """Say anew by what and over which channels somebody is told."""
    check(person, by)
    found = {one.channel: one for one in _addresses(said)}
    channels = [name for name in queries.ways() if name in said.channels]
    for name in channels:
        kind, needs_mobile = queries.ways()[name]
        if kind not in found or (needs_mobile and not found[kind].is_mobile):
            told = _(
                "%(channel)s needs a number or address that it can reach; type it, or leave the box empty."
            )
            raise Refused(told % {"channel": registry.channel(name).title}, "no_address")
    if said.language not in facts.LANGUAGES:
        raise Refused(_("Choose one of what is offered."), "bad_choice")
    sealed = {one.channel: one.value for one in found.values()}
    row, _is_new = Reach.objects.update_or_create(
        person=person,
        defaults={
            "sealed": secrets.seal(sealed),
            "hints": {one.channel: _hint(one) for one in found.values()},
            "channels": channels,
            "language": said.language,
            "changed_at": clock.now(),
            "changed_by": by.key[:100],
        },
    )
    keys = Keys()
    marks = sorted(keys.mark(one.channel, one.value) for one in found.values())
    content = {"channels": channels, "addresses": marks, "language": said.language}
    journal.record("contacts.reach_set", f"person:{person.pk}", by=by, content=content)
    return row


def _addresses(said: Said) -> list[Reachable]:
    """At most one of each kind; raises Refused for what is none."""
    found = list(facts.addresses(said.phone, said.email, ""))
    for kind in (Channel.PHONE, Channel.EMAIL):
        if sum(one.channel == kind for one in found) > 1:
            raise Refused(_("One number and one address each: the one that you have with you."), "too_many")
    if said.zalo.strip():
        found.append(Reachable(Channel.ZALO, registry.channel("zalo").address(said.zalo)))
    return found


def _hint(one: Reachable) -> str:
    return (
        phones.hidden(one.value)
        if one.channel == Channel.PHONE
        else registry.channel(_by(one)).shown(one.value)
    )


def _by(one: Reachable) -> str:
    return "email" if one.channel == Channel.EMAIL else "zalo"


def read(person: Person, *, by: Actor) -> dict[str, str]:
    """Numbers and addresses in clear, by kind; somebody else's look is written down. Raises `Locked`."""
    check(person, by)
    row = Reach.objects.filter(person=person).first()
    if row is not None and by.key != f"person:{person.pk}":
        journal.record("contacts.reach_read", f"person:{person.pk}", by=by, content={})
    return queries.in_clear(person, row)


@transaction.atomic
def trial(person: Person, *, by: Actor) -> int:
    """Send a trial over every channel that he chose, once a minute; returns how many copies that makes."""
    check(person, by)
    recipients = queries.recipients([person])
    if not recipients:
        raise Refused(_("No channel is chosen yet: choose one and save first."), "no_channel")
    if not queries.has_one_on(person):
        told = _(
            "None of the channels that you chose is set up here: choose another one, or ask the "
            "administrator to set it up."
        )
        raise Refused(told, "none_on")
    message = trial_message(person, f"contacts.trial:{person.pk}:{clock.now():%Y%m%d%H%M}")
    return notify.send(message, recipients, by=by).new


def trial_message(person: Person, key: str) -> Message:
    """What a trial says."""
    return Message(
        key=key,
        kind=queries.KIND,
        subject=f"contacts.trial:{person.pk}",
        title=Title("Tin thử: bạn được báo bằng cách này", "Trial: this is how you are told"),
        body=Title(
            "Cảnh báo chưa ai xác nhận và tin chờ duyệt sẽ đến như thế này; không cần làm gì.",
            "Alerts that ask for you and warnings to approve will come like this; nothing is to be done.",
        ),
        expires=clock.now() + TRIED,
        urgency=Urgency.NORMAL,
    )


def tidy() -> int:
    """Forget numbers, addresses and browsers of accounts that are closed; returns how many that were."""
    has_any = Q(reach__isnull=False) | Q(devices__isnull=False)
    rows = Person.objects.filter(has_any, is_active=False).distinct()
    closed = list(rows.values_list("pk", flat=True)[:500])
    if closed:
        with transaction.atomic():
            Reach.objects.filter(person__in=closed).delete()
            Subscription.objects.filter(device__person__in=closed, wanted=None).delete()
            Device.objects.filter(person__in=closed).delete()
            content = {"persons": closed}
            journal.record("contacts.reach_erased", "persons", by=program("contacts"), content=content)
    return len(closed)
