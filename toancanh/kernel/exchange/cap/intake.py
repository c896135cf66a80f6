"""Takes in what a feed brought or a person uploaded: each message once, with all that is to be said of it."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import msgspec
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange.cap import words
from toancanh.kernel.exchange.cap.models import Cited, Received
from toancanh.kernel.exchange.feeds.models import Feed
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.people.actions import check_name
from toancanh.kernel.runtime import clock
from toancanh.lib.cap import message
from toancanh.lib.cap.message import Alert
from toancanh.lib.cap.reading import Document, Read, read
from toancanh.lib.cap.shape import Remark
from toancanh.lib.cap.tree import Unreadable
from toancanh.lib.errors import NotAllowed, Refused

RIGHT = "console.see"
LONGEST_LINK = 500
REPLACING = ("Update", "Cancel")
RANK = {name: rank for rank, name in enumerate(reversed(message.SEVERITY[:-1]), start=1)}


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a document came from."""

    origin: str
    feed: Feed | None = None
    link: str = ""
    by: Actor


@dataclass
class Taken:
    """What became of the messages of a document."""

    new: list[Received] = field(default_factory=list)
    known: list[Received] = field(default_factory=list)
    unread: list[Received] = field(default_factory=list)


def opened(content: bytes, base: str = "") -> Document:
    """The messages of a document; raises Refused with a sentence where it is none."""
    try:
        return read(content, base)
    except Unreadable as fault:
        raise Refused(words.unreadable(fault.code, fault.facts), fault.code) from fault


def upload(content: bytes, name: str, *, by: Actor) -> Taken:
    """Take in a file that somebody was sent; raises Refused where nothing of it could be taken."""
    if not by.paths(RIGHT):
        raise NotAllowed(_("Messages of other centres are taken in by officers of this one."))
    check_name(name, 200)
    document = opened(content)
    if not document.reads:
        told = _("The file is a list of addresses without messages. Add it as a feed, by its own address.")
        raise Refused(told, "only_links")
    return take(document, Source(origin=name, by=by))


def take(document: Document, source: Source) -> Taken:
    """Keep each message that is not here yet; safe to repeat, and with others doing the same."""
    found = Taken()
    for one in document.reads:
        row, is_new = _kept(one, source)
        if not row.identifier:
            found.unread.append(row)
        else:
            (found.new if is_new else found.known).append(row)
    return found


def links(document: Document, feed: Feed) -> list[str]:
    """Addresses of a feed's list whose messages it has not brought yet."""
    wanted = [link for link in document.links if len(link) <= LONGEST_LINK]
    known = Received.objects.filter(feed=feed, link__in=wanted).values_list("link", flat=True)
    return [link for link in wanted if link not in set(known)]


def _kept(one: Read, source: Source) -> tuple[Received, bool]:
    try:
        with transaction.atomic():
            return _keep(one, source)
    except IntegrityError:
        # Another process was first with the same message.
        with transaction.atomic():
            return _keep(one, source)


def _keep(one: Read, source: Source) -> tuple[Received, bool]:
    row = _row(one, source)
    same = {"sender": row.sender, "identifier": row.identifier, "sent": row.sent}
    if not row.identifier:
        same = {"identifier": "", "digest": row.digest}
    known = Received.objects.select_for_update().filter(**same).first()
    if known is not None:
        if known.message != row.message and known.other_text_at is None:
            known.other_text_at = clock.now()
            known.save(update_fields=["other_text_at"])
            _tell("exchange.message_differs", known, source.by, row.digest)
        return known, False
    row.save(force_insert=True)
    if one.alert is not None:
        _connect(row, one.alert)
    _tell("exchange.message_received" if row.identifier else "exchange.message_unread", row, source.by)
    return row, True


def _tell(action: str, row: Received, by: Actor, digest: str = "") -> None:
    content = {"sender": row.sender, "identifier": row.identifier, "digest": digest or row.digest}
    journal.record(action, f"received:{row.pk}", by=by, content={**content, "origin": row.origin})


def _row(one: Read, source: Source) -> Received:
    row = Received(
        feed=source.feed,
        origin=source.origin[:200],
        link=source.link[:500],
        received_at=clock.now(),
        taken_by="" if source.feed else source.by.key,
        version=one.version,
        remarks=[*_remarks("fault", one.faults), *_remarks("note", one.notes)],
        is_signed=one.is_signed,
        original=zlib.compress(one.original),
        digest=hashlib.sha256(one.original).hexdigest(),
    )
    if one.alert is not None:
        _fill(row, one.alert)
    return row


def _fill(row: Received, alert: Alert) -> None:
    row.sender, row.identifier, row.sent = alert.sender, alert.identifier, alert.sent
    row.status, row.msg_type, row.expires = alert.status, alert.msg_type, alert.expires
    row.severity = max((RANK.get(info.severity, 0) for info in alert.infos), default=0)
    row.message = msgspec.json.decode(msgspec.json.encode(alert))
    first = alert.info("vi")
    if first is not None:
        row.event = first.event[:200]
        row.headline = (first.headline or first.description.partition("\n")[0])[:300]


def _remarks(kind: str, found: Sequence[Remark]) -> list[dict[str, Any]]:
    return [{"kind": kind, **asdict(one)} for one in found]


def _connect(row: Received, alert: Alert) -> None:
    """Say of earlier messages that this one replaces them, and of this one where a later came before it."""
    cited = [
        Cited(by=row, sender=one.sender[:200], identifier=one.identifier[:200], sent=one.sent)
        for one in dict.fromkeys(alert.references)
    ]
    Cited.objects.bulk_create(cited)
    if alert.msg_type in REPLACING:
        for one in cited:
            earlier = Received.objects.filter(sender=one.sender, identifier=one.identifier, sent=one.sent)
            for old in earlier.select_related("replaced_by"):
                _replace(old, row)
    named = {"cites__sender": row.sender, "cites__identifier": row.identifier, "cites__sent": row.sent}
    for later in Received.objects.filter(**named, msg_type__in=REPLACING):
        _replace(row, later)


def _replace(old: Received, new: Received) -> None:
    """The newest that speaks of it counts, in whichever order they came."""
    is_newer = old.replaced_by is None or (
        old.replaced_by.sent is not None and new.sent is not None and new.sent >= old.replaced_by.sent
    )
    if is_newer and old.pk != new.pk:
        old.replaced_by = new
        old.save(update_fields=["replaced_by"])


def alert_of(row: Received) -> Alert | None:
    """The message as data."""
    return msgspec.convert(row.message, Alert) if row.message is not None else None
