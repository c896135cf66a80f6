"""Tells the officials and heads of communes something, and has each of them confirm it by a link of his own.

Whoever issues a warning calls `tell` in its transaction and `over` once the warning has ended. Everybody of
the chain is written down as told, also who has no number: he is on the list of those to be called.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel.contacts import queries, sealing
from toancanh.kernel.contacts.models import Address, Channel, Contact, Notice, NoticeUnit, Told
from toancanh.kernel.contacts.sealing import Keys
from toancanh.kernel.declare import Actor, Title
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.notify import actions as notify
from toancanh.kernel.notify import registry
from toancanh.kernel.notify.messages import Message, Named, Recipient, Urgency
from toancanh.kernel.notify.models import Delivery, State
from toancanh.kernel.runtime import clock, revision
from toancanh.kernel.territory import queries as territory
from toancanh.kernel.territory.models import Unit
from toancanh.lib.errors import NotFound, Refused

CHANGED = "receipts"
"""The revision that moves with every change of what somebody was told or confirmed."""
KIND = "contacts.notice"
OFFICER = "contacts.officer"
"""Kind of every message to somebody with an account (`officers`): its copies hold numbers too."""
SOURCE = "contacts.chain"
"""Name of the list in the site's ``RECIPIENTS``."""
WAYS: Mapping[str, tuple[str, bool]] = {
    "sms": (Channel.PHONE, True),
    "voice": (Channel.PHONE, False),
    "email": (Channel.EMAIL, False),
    "zalo": (Channel.ZALO, False),
}
"""By channel of `notify`: which address it takes, and whether that must be a mobile's."""
SENTENCE = Title(
    "Mở liên kết để xác nhận đã nhận và đã thông báo cho dân.",
    "Open the link to confirm that you have received this and told the people.",
)
ADDRESSES_KEPT = timedelta(days=7)
"""In clear with the copies of a message, once nothing more is to be done with them."""


def asking(body: Title) -> Title:
    """The text of a message to the chain: what happens, and that it is to be confirmed."""
    return Title(f"{body.vi}\n\n{SENTENCE.vi}".strip(), f"{body.en}\n\n{SENTENCE.en}".strip())


@transaction.atomic
def tell(
    *,
    subject: str,
    title: Title,
    body: Title,
    units: Iterable[Unit],
    channels: Sequence[str],
    expires: datetime,
    by: Actor,
    is_exercise: bool = False,
) -> Notice:
    """Tell the chain of these units; who calls has checked that ``by`` may. Once for each ``subject``.

    Of the channels those that reach single persons are used. Whoever stands for a commune that has merged is
    told with the one that it became.
    """
    known = Notice.objects.filter(subject=subject).first()
    if known is not None:
        return known
    communes = territory.communes_of(units)
    if not communes:
        raise Refused(_("None of these units has a commune in force."), "no_unit")
    notice = Notice.objects.create(
        subject=subject,
        title=title.vi[:300],
        title_en=title.en[:300],
        text=body.vi,
        text_en=body.en,
        is_exercise=is_exercise,
        made_at=clock.now(),
    )
    NoticeUnit.objects.bulk_create([NoticeUnit(notice=notice, unit=unit) for unit in communes])
    count = _write_down(notice, communes)
    content = {"subject": subject, "told": count, "communes": [unit.code for unit in communes]}
    journal.record("contacts.told", f"notice:{notice.pk}", by=by, content=content)
    ways = [name for name in channels if name in WAYS and name in registry.channels()]
    if ways:
        message = Message(
            key=f"{KIND}:{notice.pk}",
            kind=KIND,
            subject=subject,
            title=title,
            body=asking(body),
            expires=expires,
            urgency=Urgency.HIGH,
            is_exercise=is_exercise,
        )
        notify.send(message, Named(SOURCE, {"notice": notice.pk, "channels": ways}), by=by)
    return notice


def _write_down(notice: Notice, communes: Sequence[Unit]) -> int:
    """A row for everybody of the chain, with the commune of today and the digest of his link."""
    keys, now, number = Keys(), notice.made_at, next_revision()
    meant = {unit.pk for unit in communes}
    count = 0
    for part in queries.slices(communes, is_exercise=notice.is_exercise):
        heirs = territory.heirs({one.unit_id for one in part})
        rows = [
            Told(
                notice=notice,
                contact=one,
                unit_id=next(unit for unit in heirs[one.unit_id] if unit in meant),
                digest=sealing.digest(keys.link(notice.subject, one.pk)),
                told_at=now,
                revision=number,
            )
            for one in part
        ]
        Told.objects.bulk_create(rows)
        count += len(rows)
    return count


@transaction.atomic
def over(subject: str, *, by: Actor) -> Notice | None:
    """Say that it has ended: what still waits is taken back, what is confirmed from now on is late.

    None where nobody was told.
    """
    notice = Notice.objects.select_for_update().filter(subject=subject).first()
    if notice is None or notice.over_at is not None:
        return notice
    notice.over_at = clock.now()
    notice.save(update_fields=["over_at"])
    journal.record("contacts.notice_over", f"notice:{notice.pk}", by=by, content={"subject": subject})
    Told.objects.filter(pk__in=_newest(notice)).update(revision=next_revision())
    with suppress(NotFound):  # nobody could be reached by a channel
        notify.cancel(f"{KIND}:{notice.pk}", by=by, because=_("It has ended."))
    return notice


def _newest(notice: Notice) -> list[int]:
    """One row of each commune, so that pages of each hear of a change of the whole."""
    rows = dict(Told.objects.filter(notice=notice).values_list("unit_id", "pk"))
    return list(rows.values())


def next_revision() -> int:
    """The next number of a change; the row is held until the transaction ends, so numbers follow commits."""
    revision.bump(CHANGED)
    return revision.current(CHANGED)


def recipients(args: Mapping[str, Any], after: str, most: int) -> list[Recipient]:
    """The list `contacts.chain` of notify: who was written down, by key, each number once a channel."""
    notice = Notice.objects.get(pk=args["notice"])
    last = int(after.partition(":")[2] or 0)
    keys = Keys()
    found: list[Recipient] = []
    each = len(args["channels"])
    while not found or len(found) + each <= most:
        rows = Contact.objects.filter(told__notice=notice, pk__gt=last, erased_at=None)
        # A person has up to one copy a channel: the slice stays within what was asked for.
        wanted = max(1, (most - len(found)) // each)
        part = list(queries.with_addresses(rows).order_by("pk")[:wanted])
        if not part:
            break
        last = part[-1].pk
        taken = _taken(notice, part, args["channels"])
        for one in part:
            for channel, address in _chosen(one.addresses.all(), args["channels"]).items():
                if taken[channel, address.mark] == one.pk:
                    link = f"/r/{keys.link(notice.subject, one.pk)}/"
                    value = keys.read(address).value
                    found.append(Recipient(f"contact:{one.pk}", channel, value, one.language, one.name, link))
    return found


def _chosen(addresses: Iterable[Address], channels: Iterable[str]) -> dict[str, Address]:
    """The address by which a person is reached on each channel: the first that fits."""
    found: dict[str, Address] = {}
    for address in addresses:
        for name in channels:
            channel, mobile = WAYS[name]
            if address.channel == channel and (address.is_mobile or not mobile):
                found.setdefault(name, address)
    return found


def _taken(notice: Notice, part: Sequence[Contact], channels: Sequence[str]) -> dict[tuple[str, str], int]:
    """Who of those that share a number gets the message on it: the first by key; one who holds two posts."""
    marks = {address.mark for one in part for address in one.addresses.all()}
    sharing = Contact.objects.filter(told__notice=notice, addresses__mark__in=marks).distinct()
    owner: dict[tuple[str, str], int] = {}
    for one in queries.with_addresses(sharing).order_by("pk"):
        for channel, address in _chosen(one.addresses.all(), channels).items():
            owner.setdefault((channel, address.mark), one.pk)
    return owner


def tidy() -> int:
    """Take the numbers out of copies with which nothing more is to be done; returns how many."""
    before = clock.now() - ADDRESSES_KEPT
    done = Delivery.objects.filter(notice__kind__in=(KIND, OFFICER), notice__made_at__lt=before)
    pks = list(done.exclude(address="").exclude(state=State.WAITING).values_list("pk", flat=True)[:2000])
    return Delivery.objects.filter(pk__in=pks).update(address="", name="")
