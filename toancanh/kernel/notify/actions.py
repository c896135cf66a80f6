"""Telling people something, taking it back, and noting that it arrived."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.notify import registry, tallies
from toancanh.kernel.notify.entering import Entry, insert
from toancanh.kernel.notify.messages import KEY, RANKS, Message, Named, Recipient, Urgency, reference
from toancanh.kernel.notify.models import Delivery, Notice, Spread, State, Tally
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotFound, Refused

MOST_LISTED = 20_000
"""Recipients that may be handed in one by one: whoever has more names a list."""
SLICE = 1_000
"""Rows of one statement."""
LONGEST_BODY = 4_000


@dataclass(frozen=True)
class Sent:
    """What a call of `send` did: the message, new deliveries, and those that were there before."""

    notice: Notice
    new: int
    known: int


@transaction.atomic
def send(message: Message, recipients: Iterable[Recipient] | Named, *, by: Actor) -> Sent:
    """Put a message into the outbox for these recipients; it leaves once the caller's transaction commits.

    Whoever calls has checked that ``by`` may tell this. Called again with the same message it adds who is not
    there yet: nobody gets a message twice on one channel. A key that was used for another text is refused.
    """
    notice = _kept(message, by)
    if isinstance(recipients, Named):
        registry.source(recipients.source)
        said = msgspec.json.encode([recipients.source, dict(recipients.args)], order="sorted")
        Spread.objects.get_or_create(
            notice=notice,
            digest=hashlib.sha256(said).hexdigest(),
            defaults={
                "source": recipients.source,
                "args": dict(recipients.args),
                "next_at": clock.now(),
            },
        )
        transaction.on_commit(journal.wake)
        return Sent(notice, 0, 0)
    new = known = 0
    rows = iter(recipients)
    while part := list(itertools.islice(rows, SLICE)):
        added = put(notice, part)
        new, known = new + added, known + len(part) - added
        if new + known > MOST_LISTED:
            told = _("More than %(most)s recipients are given as a named list, not one by one.")
            raise Refused(told % {"most": MOST_LISTED}, "too_many")
    transaction.on_commit(journal.wake)
    return Sent(notice, new, known)


def _kept(message: Message, by: Actor) -> Notice:
    """The row of the message, locked; made where it is new."""
    _check(message)
    made = Notice(
        key=message.key,
        kind=message.kind,
        subject=message.subject,
        title_vi=message.title.vi,
        title_en=message.title.en,
        body_vi=message.body.vi,
        body_en=message.body.en,
        link=message.link,
        urgency=Urgency(message.urgency).value,
        rank=RANKS[Urgency(message.urgency)],
        is_exercise=message.is_exercise,
        unit_path=message.unit_path,
        made_at=clock.now(),
        made_by=by.key,
        expires_at=message.expires,
    )
    found = Notice.objects.select_for_update().filter(key=message.key).first()
    if found is None:
        if message.expires <= made.made_at:
            raise Refused(_("A message expires after now."), "bad_expiry")
        Notice.objects.bulk_create([made], ignore_conflicts=True)
        found = Notice.objects.select_for_update().get(key=message.key)
        content = {"key": made.key, "kind": made.kind, "exercise": made.is_exercise, "title": made.title_vi}
        journal.record("notify.sent", made.subject, by=by, content=content)
    if found.cancelled_at is not None:
        raise Refused(
            _("This message was taken back; what is told anew needs a key of its own."), "cancelled"
        )
    if _said(found) != _said(made):
        raise Refused(_("The key %(key)s belongs to another text.") % {"key": message.key}, "key_taken")
    return found


def _said(notice: Notice) -> tuple[object, ...]:
    titles = notice.title_vi, notice.title_en, notice.body_vi, notice.body_en
    return *titles, notice.link, notice.kind, notice.subject, notice.is_exercise


def _check(message: Message) -> None:
    for key in (message.key, message.kind, message.subject):
        if not KEY.fullmatch(key):
            raise Refused(_("“%(key)s” cannot be a key.") % {"key": key[:130]}, "bad_key")
    if len(message.kind) > 60:
        raise Refused(_("“%(key)s” cannot be a key.") % {"key": message.kind[:130]}, "bad_key")
    for title in (message.title.vi, message.title.en):
        if not title.strip() or len(title) > 300 or not title.isprintable():
            raise Refused(_("A title has 1 to 300 characters on one line, in both languages."), "bad_title")
    for body in (message.body.vi, message.body.en):
        if len(body) > LONGEST_BODY or "\0" in body:
            raise Refused(_("A text has at most %(most)s characters.") % {"most": LONGEST_BODY}, "bad_body")
    if len(message.link) > 500 or not message.link.isprintable():
        raise Refused(_("A link has at most 500 characters."), "bad_link")


def put(notice: Notice, recipients: Sequence[Recipient]) -> int:
    """Rows for those who have none yet; returns how many. The row of ``notice`` is locked by the caller."""
    now = clock.now()
    entries: dict[str, Entry] = {}
    channels = registry.channels()
    for one in recipients:
        channel = channels.get(one.channel) or registry.channel(one.channel)
        if not one.key or len(one.key) > 100:
            raise Refused(_("“%(key)s” cannot be a key.") % {"key": one.key[:130]}, "bad_key")
        code = reference(notice.key, one.key, one.channel)
        language = "en" if one.language == "en" else "vi"
        said = one.key, one.channel, one.address[:300], language, one.name[:150], one.link[:200], code
        entry = Entry(*said, State.WAITING, now)
        try:
            address = channel.address(one.address)
        except Refused as fault:
            # One bad number in a list keeps nobody else from being told.
            told = fault.message[:200]
            entry = Entry(*said, State.FAILED, None, ended_at=now, reason="bad_address", said=told)
        else:
            if address != entry.address:
                entry = entry._replace(address=address)
        entries[code] = entry
    known = set(Delivery.objects.filter(reference__in=list(entries)).values_list("reference", flat=True))
    fresh = [entry for code, entry in entries.items() if code not in known]
    moved = tallies.moves()
    for (channel_name, state), n in Counter((entry.channel, entry.state) for entry in fresh).items():
        tallies.move(moved, notice.pk, channel_name, "", state, n)
    insert(notice.pk, notice.rank, fresh)
    tallies.keep(moved)
    return len(fresh)


@transaction.atomic
def cancel(key: str, *, by: Actor, because: str = "") -> int:
    """Take back what still waits, as when a correction follows; returns how many copies that are.

    From the commit on none of them leaves, but those that are being handed over in this very moment. What was
    handed over is on its way.
    """
    notice = Notice.objects.select_for_update().filter(key=key).first()
    if notice is None:
        raise NotFound(_("There is no such message."))
    if notice.cancelled_at is not None:
        return 0
    now = clock.now()
    notice.cancelled_at, notice.because = now, because[:200]
    notice.save(update_fields=["cancelled_at", "because"])
    Spread.objects.filter(notice=notice).update(next_at=None)
    journal.record("notify.cancelled", notice.subject, by=by, content={"key": key, "because": because[:200]})
    transaction.on_commit(journal.wake)
    return sum(Tally.objects.filter(notice=notice, state=State.WAITING).values_list("n", flat=True))
