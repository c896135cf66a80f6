"""Whole lists of contacts at once: one transaction, one entry of the journal, and the way back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from toancanh.kernel.contacts import actions, facts
from toancanh.kernel.contacts.facts import Facts
from toancanh.kernel.contacts.models import Address, Contact, Neighbourhood, Told
from toancanh.kernel.contacts.sealing import Keys, in_clear
from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.territory.queries import today
from toancanh.lib.errors import NotAllowed

SLICE = 500


@dataclass
class Done:
    """What a list did, as it is needed to take it back; holds names and numbers, so it is kept sealed."""

    added: list[int] = field(default_factory=list)
    founded: list[int] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    """Number, count of changes afterwards, and what was said before."""
    ended: list[tuple[int, int]] = field(default_factory=list)
    """Number and count of changes afterwards."""


@transaction.atomic
def take_in(
    new: Sequence[Facts],
    changed: Sequence[tuple[Contact, Facts]],
    ends: Iterable[Contact],
    *,
    subject: str,
    reason: str,
    by: Actor,
    keys: Keys,
) -> Done:
    """Write a judged list: its facts were checked, and places without a key are founded."""
    units = {one.unit for one in new} | {one.unit for _known, one in changed}
    for unit in units:
        actions.check(by, unit)
    done = Done()
    places = _found(new, changed, done)
    for one in ends:
        row = actions.end(one, reason, by=by)
        done.ended.append((row.pk, row.changes))
    rows = [Contact(valid_from=one.valid_from or today(), **_placed(one, places).columns()) for one in new]
    for start in range(0, len(rows), SLICE):
        Contact.objects.bulk_create(rows[start : start + SLICE])
    marks = _address(rows, new, keys)
    done.added = [row.pk for row in rows]
    for known, said in changed:
        done.changed.append(_change(known, _placed(said, places), by, keys))
    content = {
        "added": done.added,
        "addresses": marks,
        "changed": [one["pk"] for one in done.changed],
        "ended": [pk for pk, _changes in done.ended],
        "places": done.founded,
    }
    journal.record("contacts.list_taken_in", subject, by=by, content=content)
    return done


def _found(
    new: Sequence[Facts], changed: Sequence[tuple[Contact, Facts]], done: Done
) -> dict[Any, Neighbourhood]:
    """Places by commune and folded name; those that the list names newly are written."""
    named: dict[Any, Neighbourhood] = {}
    for one in (*new, *(said for _known, said in changed)):
        place = one.neighbourhood
        if place is not None and place.pk is None:
            named.setdefault((one.unit.pk, place.folded), place)
    known = Neighbourhood.objects.filter(valid_to=None, unit__in={unit for unit, _name in named})
    places = {(one.unit_id, one.folded): one for one in known}
    fresh = [
        Neighbourhood(unit=place.unit, name=place.name, folded=place.folded, valid_from=today())
        for key, place in named.items()
        if key not in places
    ]
    for start in range(0, len(fresh), SLICE):
        Neighbourhood.objects.bulk_create(fresh[start : start + SLICE])
    done.founded = [one.pk for one in fresh]
    places |= {(one.unit_id, one.folded): one for one in fresh}
    return places


def _placed(said: Facts, places: dict[Any, Neighbourhood]) -> Facts:
    if said.neighbourhood is None or said.neighbourhood.pk is not None:
        return said
    return replace(said, neighbourhood=places[said.unit.pk, said.neighbourhood.folded])


def _address(rows: Sequence[Contact], new: Sequence[Facts], keys: Keys) -> list[str]:
    made: list[Address] = []
    for row, one in zip(rows, new, strict=True):
        mine = {a.mark: a for a in (keys.row(row.pk, way, rank) for rank, way in enumerate(one.addresses))}
        made += mine.values()
    for start in range(0, len(made), SLICE):
        Address.objects.bulk_create(made[start : start + SLICE])
    return [one.mark for one in made]


def _change(known: Contact, said: Facts, by: Actor, keys: Keys) -> dict[str, Any]:
    """Change one; the numbers that he had stay behind those of the list."""
    had = tuple(in_clear(known.addresses.all(), keys))
    before = facts.of(known, had)
    merged = tuple(dict.fromkeys((*said.addresses, *had)))[: facts.MOST_ADDRESSES]
    wanted = replace(
        said,
        addresses=merged,
        ground=before.ground,
        ground_note=said.ground_note or before.ground_note,
        valid_from=said.valid_from or before.valid_from,
    )
    row = actions.change(known, wanted, by=by, seen=known.changes, keys=keys)
    told = {
        name: getattr(before, name) for name in ("kind", "name", "post", "language", "ground", "ground_note")
    }
    return {
        **told,
        "pk": row.pk,
        "changes": row.changes,
        "unit": before.unit.pk,
        "place": before.neighbourhood.pk if before.neighbourhood else 0,
        "addresses": [[one.channel, one.value, one.is_mobile] for one in had],
        "takes_part": before.takes_part,
        "valid_from": before.valid_from.isoformat() if before.valid_from else "",
    }


@transaction.atomic
def take_back(done: Done, *, subject: str, by: Actor, keys: Keys) -> tuple[int, int]:
    """Undo a list where nobody has changed or told anything since; how many went back and stayed."""
    touched = Contact.objects.filter(pk__in=[*done.added, *(one["pk"] for one in done.changed)])
    if any(
        not by.may(actions.RIGHT, path) for path in touched.values_list("unit__path", flat=True).distinct()
    ):
        raise NotAllowed(_("This list reaches further than your post: let its administrator take it back."))
    told = set(Told.objects.filter(contact__in=done.added).values_list("contact_id", flat=True))
    rows = Contact.objects.filter(pk__in=done.added, changes=0).exclude(pk__in=told)
    gone = list(rows.values_list("pk", flat=True))
    for start in range(0, len(gone), SLICE):
        Contact.objects.filter(pk__in=gone[start : start + SLICE]).delete()
    back, left = len(gone), len(done.added) - len(gone)
    for one in done.changed:
        if actions.restore(one, by=by, keys=keys):
            back += 1
        else:
            left += 1
    for pk, changes in done.ended:
        reopened = Contact.objects.filter(pk=pk, changes=changes, erased_at=None).update(
            valid_to=None, ended_because="", changes=F("changes") + 1
        )
        back, left = back + reopened, left + 1 - reopened
    for start in range(0, len(done.founded), SLICE):
        Neighbourhood.objects.filter(pk__in=done.founded[start : start + SLICE], contacts=None).delete()
    content = {"removed": gone, "back": back, "left": left}
    journal.record("contacts.list_taken_back", subject, by=by, content=content)
    return back, left
