"""The book as pages need it: entries of the posts that somebody sees, and changes of shift without one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from toancanh.kernel.alerts.handover import freezing
from toancanh.kernel.alerts.handover.models import Handover
from toancanh.kernel.declare import Actor
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.people.shifts import queries as shifts
from toancanh.kernel.people.shifts.models import DutyPost, Shift
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotFound

LENGTH = 30
EARLY = timedelta(hours=2)
"""So long before the change of shift somebody may take over."""
GRACE = timedelta(minutes=30)
"""So long after it nobody is missed yet."""
BACK = timedelta(days=7)
"""How far back missing entries are looked for."""


@dataclass(frozen=True)
class Missing:
    """A change of shift at which nobody took over."""

    duty: DutyPost
    at: datetime
    outgoing: str
    incoming: str


@dataclass(frozen=True)
class Page:
    """Entries, newest first, and where the list goes on."""

    rows: list[Handover]
    next_url: str
    first_url: str


def page(to: Actor, before: str = "") -> Page:
    """Entries of the posts that the actor sees, a page at a time."""
    found = Handover.objects.filter(duty__in=[duty.pk for duty in shifts.visible(to)]).order_by("-pk")
    if before.isascii() and before.isdigit() and len(before) < 18:
        found = found.filter(pk__lt=int(before))
    rows = list(found.select_related("duty", "outgoing", "incoming")[: LENGTH + 1])
    more = rows[LENGTH - 1] if len(rows) > LENGTH else None
    return Page(rows[:LENGTH], f"?before={more.pk}" if more else "", "?" if before else "")


def one(number: int, to: Actor) -> Handover:
    """The entry of that number, where the actor may see it."""
    rows = Handover.objects.select_related("duty__organisation__unit", "outgoing", "incoming")
    found = rows.filter(pk=number, duty__in=[duty.pk for duty in shifts.visible(to)]).first()
    if found is None:
        raise NotFound("")
    return found


def is_intact(row: Handover) -> bool:
    """Whether what was signed is what the journal says was signed."""
    entry = Entry.objects.filter(subject=f"handover:{row.pk}", action="alerts.handed_over").first()
    return entry is not None and json.loads(entry.content)["digest"] == row.digest == freezing.digest(row)


def missing(duties: list[DutyPost], now: datetime) -> list[Missing]:
    """Changes of shift of the last week at which somebody else began and nobody took over, newest first.

    Only of posts whose book was begun, from its first entry on.
    """
    start = now - BACK
    begun: dict[int, datetime] = {}
    taken: dict[int, list[datetime]] = {}
    book = Handover.objects.filter(duty__in=duties).values_list("duty", "signed_at", "taken_at")
    for number, signed, at in book:
        begun[number] = min(signed, begun.get(number, signed))
        if at is not None:
            taken.setdefault(number, []).append(at)
    rows = shifts.standing().filter(duty__in=list(begun), ends__gt=start, starts__lt=now)
    of_duty: dict[int, list[Shift]] = {}
    for shift in rows.order_by("starts", "pk"):
        of_duty.setdefault(shift.duty_id, []).append(shift)
    found = []
    for duty in duties:
        own = of_duty.get(duty.pk, [])
        for before, after in pairwise(own):
            at = after.starts
            if before.person_id == after.person_id or at < max(start, begun[duty.pk]) or now < at + GRACE:
                continue
            if not any(at - EARLY <= one < after.ends for one in taken.get(duty.pk, ())):
                found.append(Missing(duty, at, str(before.person), str(after.person)))
    return sorted(found, key=lambda one: one.at, reverse=True)


def wanted(to: Actor) -> list[Handover]:
    """What waits for somebody to take over, of the posts that the actor sees."""
    duties = [duty.pk for duty in shifts.visible(to)]
    rows = Handover.objects.filter(duty__in=duties, taken_at=None).select_related("duty", "outgoing")
    return list(rows.order_by("signed_at"))


def next_one(duty: DutyPost) -> Shift | None:
    """Who comes next on the roster, or is on duty while somebody else hands over."""
    now = clock.now()
    rows = shifts.standing().filter(duty=duty, ends__gt=now + EARLY / 4).order_by("starts", "pk")
    return rows.first()
