"""Writing contacts and neighbourhoods: added, changed, ended, erased; never changed in silence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from toancanh.kernel.contacts.facts import Facts
from toancanh.kernel.contacts.models import Address, Call, Contact, Neighbourhood
from toancanh.kernel.contacts.sealing import Keys, Reachable
from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock
from toancanh.kernel.territory.models import Tier, Unit
from toancanh.kernel.territory.queries import today
from toancanh.lib.errors import NotAllowed, NotFound, Refused
from toancanh.lib.fold import fold

SEE = "contacts.see"
CALL = "contacts.call"
"""To read numbers, one journalled look at a time, and to note calls."""
RIGHT = "contacts.arrange"
LONGEST = 300


def check(by: Actor, unit: Unit) -> None:
    """Only who arranges contacts of the unit writes here."""
    if not by.may(RIGHT, unit.path):
        told = _("Contacts of %(unit)s are arranged by its administrator.")
        raise NotAllowed(told % {"unit": unit.full_name})


@transaction.atomic
def add(facts: Facts, *, by: Actor, keys: Keys | None = None) -> Contact:
    """Take somebody into the chain."""
    check(by, facts.unit)
    facts.check()
    _check_place(facts)
    contact = Contact(valid_from=facts.valid_from or today(), **facts.columns())
    contact.save(force_insert=True)
    marks = _address(contact, facts, keys or Keys())
    _record("contacts.added", contact, marks, by)
    return contact


@transaction.atomic
def change(contact: Contact, facts: Facts, *, by: Actor, seen: int, keys: Keys | None = None) -> Contact:
    """Say anew all that is known of somebody; ``seen`` is `Contact.changes` as the form showed it."""
    row = _held(contact)
    check(by, row.unit)
    check(by, facts.unit)
    _check_unchanged(row, seen)
    _check_standing(row)
    facts.check()
    _check_place(facts)
    for name, value in facts.columns().items():
        setattr(row, name, value)
    row.valid_from = facts.valid_from or row.valid_from
    row.changes += 1
    row.save()
    row.addresses.all().delete()
    _record("contacts.changed", row, _address(row, facts, keys or Keys()), by)
    return row


def restore(before: Mapping[str, Any], *, by: Actor, keys: Keys) -> bool:
    """Put back what `bulk` noted of a contact; False where somebody has changed it since."""
    row = Contact.objects.select_for_update(of=("self",)).filter(pk=before["pk"]).first()
    if row is None or row.changes != before["changes"]:
        return False
    if row.valid_to is not None or row.erased_at is not None:
        return False
    for name in ("kind", "name", "post", "language", "ground", "ground_note", "takes_part"):
        setattr(row, name, before[name])
    row.folded = fold(row.name)[:120]
    row.unit_id, row.neighbourhood_id = before["unit"], before["place"] or None
    row.valid_from = date.fromisoformat(before["valid_from"])
    row.changes += 1
    row.save()
    row.addresses.all().delete()
    had = [Reachable(channel, value, is_mobile) for channel, value, is_mobile in before["addresses"]]
    Address.objects.bulk_create([keys.row(row.pk, one, rank) for rank, one in enumerate(had)])
    _record("contacts.restored", row, sorted(keys.mark(one.channel, one.value) for one in had), by)
    return True


@transaction.atomic
def end(contact: Contact, reason: str, *, by: Actor, on: date | None = None) -> Contact:
    """Say that somebody no longer holds the post; nobody tells him anything from then on."""
    row = _held(contact)
    check(by, row.unit)
    _check_standing(row)
    reason = " ".join(reason.split())
    if not reason or len(reason) > LONGEST:
        raise Refused(_("Ending a contact needs a reason of at most 300 characters."), "no_reason")
    last = on or today()
    if not row.valid_from <= last <= today():
        raise Refused(_("A contact ends between the day it began and today."), "bad_day")
    row.valid_to, row.ended_because, row.changes = last, reason, row.changes + 1
    row.save(update_fields=["valid_to", "ended_because", "changes"])
    content = {"on": last.isoformat(), "reason": reason}
    journal.record("contacts.ended", f"contact:{row.pk}", by=by, content=content)
    return row


@transaction.atomic
def erase(contact: Contact, reason: str, *, by: Actor) -> Contact:
    """Forget name, numbers and addresses of somebody who has left; what was told and confirmed stays."""
    row = _held(contact)
    check(by, row.unit)
    if row.valid_to is None:
        raise Refused(_("End this contact first; who is in the chain cannot be erased."), "standing")
    if row.erased_at is not None:
        raise Refused(_("This contact is erased already."), "erased")
    forget([row.pk])
    journal.record("contacts.erased", f"contact:{row.pk}", by=by, content={"reason": reason[:LONGEST]})
    row.refresh_from_db()
    return row


def forget(contacts: list[int]) -> int:
    """Take personal data out of these rows; whoever calls it writes that down. Inside a transaction."""
    Address.objects.filter(contact__in=contacts).delete()
    Call.objects.filter(told__contact__in=contacts, outcome=Call.ANSWERED).update(note="")
    return Contact.objects.filter(pk__in=contacts, erased_at=None).update(
        name="", folded="", ground_note="", erased_at=clock.now(), changes=F("changes") + 1
    )


@transaction.atomic
def found(unit: Unit, name: str, *, by: Actor, basis: str = "", on: date | None = None) -> Neighbourhood:
    """Write a village or neighbourhood of a commune; one of that name is returned as it is."""
    check(by, unit)
    name = " ".join(name.split())
    if unit.tier != Tier.COMMUNE:
        raise Refused(_("Villages and neighbourhoods belong to a commune."), "bad_unit")
    if not name or len(name) > 100 or not name.isprintable() or not fold(name):
        raise Refused(
            _("A name has 1 to %(most)s characters that can be printed.") % {"most": 100}, "bad_name"
        )
    made, is_new = Neighbourhood.objects.get_or_create(
        unit=unit,
        folded=fold(name)[:120],
        valid_to=None,
        defaults={"name": name, "valid_from": on or today(), "basis": basis[:LONGEST]},
    )
    if is_new:
        content = {"name": name, "unit": unit.code, "basis": basis[:LONGEST]}
        journal.record("contacts.neighbourhood_founded", f"neighbourhood:{made.pk}", by=by, content=content)
    return made


@transaction.atomic
def close(neighbourhood: Neighbourhood, basis: str, *, by: Actor) -> Neighbourhood:
    """Say that a village or neighbourhood is none any more, such as after a merger."""
    row = (
        Neighbourhood.objects.select_for_update(of=("self",)).select_related("unit").get(pk=neighbourhood.pk)
    )
    check(by, row.unit)
    if row.valid_to is not None:
        raise Refused(_("%(name)s is closed already.") % {"name": row.name}, "closed")
    if row.contacts.filter(valid_to=None).exists():
        told = _("%(name)s still has a head in the chain; end that contact first, or give it another place.")
        raise Refused(told % {"name": row.name}, "used")
    if not basis.strip():
        raise Refused(_("Say by which decision; it is kept with the row."), "no_reason")
    row.valid_to = today()
    row.basis = basis.strip()[:LONGEST]
    row.save(update_fields=["valid_to", "basis"])
    content = {"on": row.valid_to.isoformat(), "basis": row.basis}
    journal.record("contacts.neighbourhood_closed", f"neighbourhood:{row.pk}", by=by, content=content)
    return row


@transaction.atomic
def looked_at(contacts: list[int], why: str, *, by: Actor) -> None:
    """Write down that somebody read numbers; in the transaction before they are shown."""
    if contacts:
        journal.record("contacts.read", why[:200], by=by, content={"contacts": contacts})


def _held(contact: Contact) -> Contact:
    rows = Contact.objects.select_for_update(of=("self",)).select_related("unit", "neighbourhood")
    row = rows.filter(pk=contact.pk).first()
    if row is None:
        raise NotFound(_("There is no such contact."))
    return row


def _check_unchanged(row: Contact, seen: int) -> None:
    if row.changes != seen:
        told = _(
            "Somebody else changed this contact meanwhile. Look at it again, then say what is to change."
        )
        raise Refused(told, "changed")


def _check_standing(row: Contact) -> None:
    if row.valid_to is not None:
        raise Refused(_("This contact has ended. Add the person anew if he is in a post again."), "ended")


def _check_place(facts: Facts) -> None:
    if facts.unit.tier != Tier.COMMUNE and facts.neighbourhood is not None:
        raise Refused(_("Villages and neighbourhoods belong to a commune."), "bad_unit")
    if facts.neighbourhood is not None and facts.neighbourhood.valid_to is not None:
        told = _("%(name)s is closed; choose the village or neighbourhood that stands in its place.")
        raise Refused(told % {"name": facts.neighbourhood.name}, "closed")


def _address(contact: Contact, facts: Facts, keys: Keys) -> list[str]:
    rows = [keys.row(contact.pk, one, rank) for rank, one in enumerate(facts.addresses)]
    unique = {row.mark: row for row in reversed(rows)}
    Address.objects.bulk_create(sorted(unique.values(), key=lambda row: row.rank))
    return sorted(unique)


def _record(action: str, contact: Contact, marks: list[str], by: Actor) -> None:
    """The name stands only in the erasable row; numbers are told by their keyed hashes."""
    content = {
        "kind": contact.kind,
        "post": contact.post,
        "unit": contact.unit.code,
        "neighbourhood": contact.neighbourhood_id or 0,
        "addresses": marks,
        "ground": contact.ground,
        "takes_part": contact.takes_part,
    }
    journal.record(action, f"contact:{contact.pk}", by=by, content=content)
