"""What every write about a message shares: who may, which version, the story, the journal, the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.people.access import person
from toancanh.kernel.runtime import clock, revision
from toancanh.kernel.territory.models import Unit
from toancanh.kernel.warnings.models import Counter, Step, Warning
from toancanh.lib.errors import NotAllowed, Refused

DRAFT = "warnings.draft"
"""To write and submit messages for a unit."""
ORDER = "warnings.order"
"""To approve what others drafted for a unit, and to decide standing orders."""
CHANGED = "warnings"
"""The revision that moves with every change of a message; its row also keeps two changes in one order."""
ISSUED = "warnings.issued"
"""The event from which channels take a message; its key is the number."""


class Conflict(Refused):
    """Somebody else changed the message meanwhile."""

    code = "conflict"


def check(right: str, units: Sequence[Unit], by: Actor) -> None:
    """Only whose posts carry the right over every unit; a draft without units needs it anywhere."""
    if not by.paths(right):
        raise NotAllowed(
            _("Your post does not carry this right. The administrator of your locality can grant it.")
        )
    lacking = [unit for unit in units if not by.may(right, unit.path)]
    if lacking:
        names = ", ".join(unit.full_name for unit in lacking[:5])
        text = _("Your post does not reach %(units)s: take them out, or let a post above order it.")
        raise NotAllowed(text % {"units": names})


def is_author(warning: Warning, who: int) -> bool:
    """Whether the account has written any of it."""
    return warning.story.filter(what__in=("drafted", "edited"), person=who).exists()


def locked(warning: Warning, version: int) -> Warning:
    """The row as it is now, held until the transaction ends; refuses who saw an older version."""
    rows = Warning.objects.select_for_update(of=("self",)).select_related("previous", "changed_by", "origin")
    row = rows.get(pk=warning.pk)
    if row.version != version:
        who = row.changed_by.full_name if row.changed_by else _("the program")
        at = row.changed_at.astimezone(clock.VIETNAM)
        text = _("%(name)s changed this message at %(time)s. Look at it anew; what you typed is kept below.")
        raise Conflict(text % {"name": who, "time": f"{at:%H:%M:%S}"})
    return row


def keep(
    row: Warning,
    what: str,
    text: str,
    now: datetime,
    by: Actor,
    *,
    counts: bool = True,
    sealed: Mapping[str, object] | None = None,
) -> Warning:
    """Save a change with its step of the story and its entry of the journal.

    ``counts`` is False where nobody changed what others may be looking at: their version stays good.
    ``sealed`` is what the journal says instead of the text, where that names people.
    """
    if counts:
        row.version += 1
        row.changed_by, row.changed_at = person(by), now
    row.revision = next_revision()
    row.save()
    tell(row, what, now, by, text, sealed)
    return row


def tell(
    row: Warning,
    what: str,
    now: datetime,
    by: Actor,
    text: str = "",
    sealed: Mapping[str, object] | None = None,
) -> None:
    """Write the step and the entry; an order is kept with every word of it."""
    Step.objects.create(warning=row, at=now, what=what, person=person(by), post=by.post[:120], text=text)
    content: dict[str, object] = {"version": row.version, **({"text": text} if sealed is None else sealed)}
    if what in ("approved", "issued"):
        content |= facts(row)
    journal.record(f"warnings.{what}", f"warning:{row.pk}", by=by, content=content)


def facts(row: Warning) -> dict[str, object]:
    """All that the public is told, for the chain."""
    told: dict[str, object] = {name: getattr(row, name) for name in ("number", "kind", "event", "level")}
    for name in ("headline", "what", "where", "instruction"):
        told |= {f"{name}_{own}": getattr(row, f"{name}_{own}") for own in ("vi", "en")}
    told |= {name: getattr(row, name) for name in ("quotes", "area", "channels", "is_exercise", "thread_id")}
    told |= {
        name: moment.isoformat() if moment else ""
        for name, moment in (("from", row.valid_from), ("until", row.valid_until), ("since", row.since))
    }
    told["units"] = [place.unit.code for place in row.places.select_related("unit")]
    told["order"] = row.order.number if row.order else ""
    return told


def next_revision() -> int:
    """The next number of a change; the row is held until the transaction ends, so numbers follow commits."""
    revision.bump(CHANGED)
    return revision.current(CHANGED)


def next_number(is_exercise: bool, now: datetime) -> str:
    """The next public number of the year: CB-2026-0012, or DT-2026-0003 in exercises."""
    name = f"{'DT' if is_exercise else 'CB'}-{now.astimezone(clock.VIETNAM).year}"
    counter, _new = Counter.objects.select_for_update().get_or_create(name=name)
    counter.last += 1
    counter.save()
    return f"{name}-{counter.last:04d}"
