"""More time: asked for with a reason by who has the work, granted or refused with one by who gave it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from toancanh.kernel.cases import access, clocks, times
from toancanh.kernel.cases.models import Case, Clock, Event, Extension
from toancanh.kernel.cases.reasons import written
from toancanh.kernel.cases.writing import Writing, writing
from toancanh.kernel.declare import Actor
from toancanh.kernel.declare_cases import Term
from toancanh.kernel.people.access import person_key
from toancanh.lib.errors import NotAllowed, Refused

LONGEST_DAYS = 60


def ask(case: Case, days: int, reason: str, *, by: Actor, seen: int | None = None) -> Event:
    """Ask for working days on top of the main clock's term."""
    with writing(case, by=by, seen=seen) as on:
        if "lead" not in access.roles(on.case, on.said, by):
            raise NotAllowed(_("The organisation in charge asks for more time."))
        row = _running(on)
        if not 1 <= days <= LONGEST_DAYS:
            raise Refused(_("Ask for 1 to 60 working days."), "bad_days")
        if row.extensions.filter(settled_at=None).exists():
            raise Refused(_("More time was asked for already and waits for its answer."), "asked")
        counted = times.calendar_of(on.case.unit_path)
        minutes = times.minutes_of(Term(days, "day", "work" if row.calendar else "wall"), counted, on.now)
        text = written(reason)
        Extension.objects.create(
            clock=row,
            minutes=minutes,
            reason=text,
            asked_at=on.now,
            asked_by_id=person_key(by),
        )
        content = {"clock": row.name, "days": days, "reason": text}
        return on.tell("extension_asked", content)


def settle(case: Case, is_granted: bool, answer: str, *, by: Actor, seen: int | None = None) -> Event:
    """Grant or refuse what was asked for. A granted one is told to the parties: the date has moved."""
    with writing(case, by=by, seen=seen) as on:
        if not access.roles(on.case, on.said, by) & {"desk", "giver"}:
            raise NotAllowed(_("Who gave the work, or the desk, grants more time."))
        row = _running(on)
        asked = row.extensions.filter(settled_at=None).order_by("pk").first()
        if asked is None:
            raise Refused(_("Nobody asks for more time here."), "not_asked")
        asked.settled_at, asked.settled_by_id = on.now, person_key(by)
        asked.is_granted, asked.answer = is_granted, written(answer)
        asked.save()
        told = []
        if is_granted:
            row.extended += asked.minutes
            clocks.reckon(row, clocks.pauses_of(row))
            row.save()
            told = [clocks.extended(row, asked.minutes)]
            clocks.settle(on.case)
        content = {"granted": is_granted, "reason": asked.reason, "answer": asked.answer, "clocks": told}
        return on.tell("extension_settled", content, is_public=is_granted)


def _running(on: Writing) -> Clock:
    rows = on.case.clocks.filter(is_main=True, round=on.case.round, stopped_at=None)
    row = rows.select_related("calendar").first()
    if row is None:
        raise Refused(_("No term runs here now."), "no_clock")
    return row
