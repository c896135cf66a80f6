"""Confirmations: by the link in a message, by a reply, by an officer who called; each counts once."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from toancanh.kernel.contacts import actions, sealing
from toancanh.kernel.contacts.models import Address, Call, Channel, Told, Via
from toancanh.kernel.contacts.sealing import Keys, Reachable
from toancanh.kernel.contacts.telling import next_revision
from toancanh.kernel.declare import Actor, program
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.people.models import Person
from toancanh.kernel.runtime import clock
from toancanh.kernel.territory.queries import today
from toancanh.lib import phones
from toancanh.lib.errors import NotAllowed, NotFound, Refused
from toancanh.lib.fold import fold
from toancanh.lib.lines import one_line

OUTCOMES = ("reached", "silent", "wrong")
OPEN = timedelta(days=30)
"""How long a link and a reply confirm."""
ANSWERED_WITHIN = timedelta(days=2)
"""A reply means what was told last, if that was not longer ago."""
CALLING = timedelta(minutes=5)
"""How long the others see that somebody is calling."""
YES = re.compile(
    r"(?:(?:da|vang|toi|em|minh|chau|chung toi) )*"
    r"(?:1|ok|oke|co|ro|roi|yes|received|(?:da )?nhan(?: duoc)?|da thong bao)"
    r"(?: (?:roi|nhe|nha|a|da thong bao|thong bao|thong tin|ban tin|tin|cho dan|cam on|thanks))*"
)
"""A whole short answer, folded. Whatever else stands in it may be a question or a cry for help."""
MOST_ANSWERS = 50
"""Kept of one person and notice: a telephone that answers by itself does not fill the page."""
BY_LINK = program("contacts.link")
BY_REPLY = program("contacts.reply")


def by_link(secret: str) -> Told:
    """Whose link it is; raises NotFound for any other text, and once the link's time is over."""
    rows = Told.objects.select_related("notice", "contact__neighbourhood", "unit")
    told = rows.filter(digest=sealing.digest(secret.lower())).first() if len(secret) == 26 else None
    if told is None or told.notice.made_at < clock.now() - OPEN:
        raise NotFound(_("This link is not known, or its time is over. Call the operations centre."))
    return told


@transaction.atomic
def confirm(told: Told) -> Told:
    """Somebody opened his link and pressed the button; pressed again it stays as it was."""
    row = _held(told)
    if row.confirmed_at is None:
        _confirm(row, Via.LINK, BY_LINK)
    return row


@transaction.atomic
def replied(number: str, text: str) -> int:
    """A message came back from a telephone; returns how many people confirmed by it.

    What is no clear yes confirms nobody: officers read its words beside whoever has that number.
    """
    try:
        phone = phones.read(number, today()).e164
    except phones.BadPhone:
        return 0
    mark = Keys().mark(Channel.PHONE, phone)
    since = clock.now() - ANSWERED_WITHIN
    rows = Told.objects.filter(contact__addresses__mark=mark, notice__made_at__gte=since)
    newest = rows.order_by("-notice__made_at", "-notice").first()
    if newest is None:
        return 0
    if "?" in text or not YES.fullmatch(fold(text)):
        _show(rows.filter(notice=newest.notice_id), one_line(text)[:300])
        return 0
    waiting = rows.filter(notice=newest.notice_id, confirmed_at=None).order_by("pk").first()
    return _confirm(_held(waiting), Via.REPLY, BY_REPLY) if waiting is not None else 0


def _show(rows: QuerySet[Told], text: str) -> None:
    """Let officers read an answer that is no yes; who of those that share a number sent it nobody knows."""
    for pk in list(rows.order_by("pk").values_list("pk", flat=True)) if text else ():
        row = _held(Told(pk=pk))
        if row.calls.filter(outcome=Call.ANSWERED).count() >= MOST_ANSWERS:
            continue
        Call.objects.create(told=row, at=clock.now(), person=None, outcome=Call.ANSWERED, note=text)
        row.revision = next_revision()
        row.save(update_fields=["revision"])
        # Not the words: the chain is for ever, and what people write may be about themselves.
        content = {"contact": row.contact_id}
        journal.record("contacts.answered", f"notice:{row.notice_id}", by=BY_REPLY, content=content)


@transaction.atomic
def take_up(told: Told, *, by: Actor, anyway: bool = False) -> list[Reachable]:
    """Say that an officer calls now, and give him the numbers; the others see who is calling."""
    row = _held(told)
    _check(row, by)
    now, who = clock.now(), _person(by)
    calling = row.calling_at is not None and row.calling_at > now - CALLING
    if calling and row.calling is not None and row.calling != who and not anyway:
        at = row.calling_at.astimezone(clock.VIETNAM) if row.calling_at else now
        text = _("%(name)s has been calling since %(time)s.")
        raise Refused(text % {"name": row.calling.full_name, "time": f"{at:%H:%M}"}, "calling")
    row.calling, row.calling_at, row.revision = who, now, next_revision()
    row.save(update_fields=["calling", "calling_at", "revision"])
    actions.looked_at([row.contact_id], f"notice:{row.notice_id}", by=by)
    return sealing.in_clear(row.contact.addresses.all())


@transaction.atomic
def called(told: Told, outcome: str, note: str, *, by: Actor) -> Told:
    """Note what came of a call; whoever was reached has confirmed. A second officer is told who was first."""
    row = _held(told)
    _check(row, by)
    note = " ".join(note.split())
    if outcome not in OUTCOMES or len(note) > 300:
        raise Refused(_("Say what came of the call, with a note of at most 300 characters."), "bad_call")
    if outcome == "reached" and row.confirmed_at is not None:
        at = f"{row.confirmed_at.astimezone(clock.VIETNAM):%H:%M %d/%m}"
        who = row.confirmed_by.full_name if row.confirmed_by else _("the person himself")
        text = _("It was confirmed already at %(time)s (%(name)s).")
        raise Refused(text % {"time": at, "name": who}, "confirmed")
    Call.objects.create(told=row, at=clock.now(), person=_person(by), outcome=outcome, note=note)
    row.calling = row.calling_at = None
    if outcome == "reached":
        row.note = note
        _confirm(row, Via.CALL, by)
    else:
        row.revision = next_revision()
        row.save()
        content = {"contact": row.contact_id, "outcome": outcome, "note": note}
        journal.record("contacts.called", f"notice:{row.notice_id}", by=by, content=content)
    return row


def _confirm(row: Told, via: str, by: Actor) -> int:
    """Write it down for the person, in all posts that he holds under the same number; returns how many."""
    now, number = clock.now(), next_revision()
    marks = Address.objects.filter(contact=row.contact_id, channel=Channel.PHONE).values("mark")
    others = Told.objects.filter(notice=row.notice_id, confirmed_at=None, contact__folded=row.contact.folded)
    shared = list(others.exclude(pk=row.pk).filter(contact__addresses__mark__in=marks).distinct())
    who = _person(by)
    for one in (row, *shared):
        one.confirmed_at, one.via, one.confirmed_by, one.revision = now, via, who, number
        one.note = row.note
        one.save()
        content = {"contact": one.contact_id, "via": via, "note": one.note, "late": is_late(one)}
        journal.record("contacts.confirmed", f"notice:{one.notice_id}", by=by, content=content)
    return 1 + len(shared)


def is_late(told: Told) -> bool:
    """Whether it was confirmed after the end of what was told."""
    over: datetime | None = told.notice.over_at
    return told.confirmed_at is not None and over is not None and told.confirmed_at > over


def _held(told: Told) -> Told:
    rows = Told.objects.select_for_update(of=("self",))
    return rows.select_related("notice", "unit", "contact", "calling", "confirmed_by").get(pk=told.pk)


def _check(row: Told, by: Actor) -> None:
    if not by.may(actions.CALL, row.unit.path):
        raise NotAllowed(
            _("Your post may not read numbers here. The administrator of your locality can grant it.")
        )


def _person(by: Actor) -> Person | None:
    kind, _colon, number = by.key.partition(":")
    return Person.objects.filter(pk=number).first() if kind == "person" else None
