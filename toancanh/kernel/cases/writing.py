"""The one way in which a case is changed: locked, against what its editor saw, with an event of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel.cases import past, searching, types
from toancanh.kernel.cases.models import Case, Event
from toancanh.kernel.declare import Actor
from toancanh.kernel.declare_cases import CaseType
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.people.access import person_key
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import Refused


class Conflict(Refused):
    """Somebody else has changed the case since it was looked at; the message says who and when."""

    code = "conflict"


@dataclass
class Writing:
    """A case being changed by somebody at one moment."""

    case: Case
    said: CaseType
    by: Actor
    now: datetime
    held: frozenset[int] = frozenset()
    """Cases that are locked with it."""

    def tell(self, kind: str, content: Mapping[str, Any], *, is_public: bool = False) -> Event:
        """Add an event to the story. The journal keeps its digest, so that words of people can be erased."""
        before = past.current()
        self.case.number += 1
        event = Event.objects.create(
            case=self.case,
            number=self.case.number,
            at=self.now,
            kind=kind,
            person_id=person_key(self.by),
            actor=self.by.key,
            post=self.by.post[:200],
            organisation=self.by.organisation[:200],
            content={**content, **(before.mark if before else {})},
            is_public=is_public,
        )
        what = {"number": event.number, "content": digest_of(event)}
        journal.record(f"cases.{kind}", f"case:{self.case.code}", by=self.by, content=what)
        if before is None:
            told = {"case": self.case.pk, "kind": self.case.kind, "number": event.number}
            journal.emit(f"cases.{kind}", f"{self.case.pk}:{event.number}", told)
        return event


def digest_of(event: Event) -> str:
    """What the journal keeps of an event's content."""
    return hashlib.sha256(journal.canonical(event.content).encode()).hexdigest()


@contextmanager
def writing(
    case: Case, *, by: Actor, seen: int | None = None, beside: int | None = None
) -> Iterator[Writing]:
    """Change a case within one transaction; ``case`` itself shows the change afterwards.

    ``seen`` is the number of the event that the editor saw last: raises Conflict where there are newer ones.
    Of those a party sees the public ones alone, and is not told whose they are. ``beside``: another case that
    changes with it; both are locked in one order, so that two who do it the other way round wait.
    """
    with transaction.atomic():
        keys = {case.pk} if beside is None else {case.pk, beside}
        rows = Case.objects.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk")
        held = {row.pk: row for row in rows}
        row = held[case.pk]
        if seen is not None and seen != row.number and (fault := _conflict(row, seen, by)) is not None:
            raise fault
        found_by = row.folded, row.is_open
        if row.destroyed_at is not None:
            raise Refused(_("Its contents were destroyed when its time was over; nothing can be done to it."))
        yield Writing(row, types.by_key(row.version_id), by, past.moment(), frozenset(held))
        row.save()
        if (row.folded, row.is_open) != found_by:
            searching.keep(row)
    for field in Case._meta.concrete_fields:
        setattr(case, field.attname, getattr(row, field.attname))


def _conflict(row: Case, seen: int, by: Actor) -> Conflict | None:
    if by.key.startswith("party:") and seen < row.number:
        if not row.story.filter(number__gt=seen, is_public=True).exists():
            return None
        text = _(
            "This has changed since you opened the page. What you typed is still here: look, then send again."
        )
        return Conflict(text)
    newest = row.story.filter(number__gt=seen).select_related("person").order_by("-number").first()
    if newest is None:
        return Conflict(_("This page is of another time. Load it anew."))
    who = newest.person.full_name if newest.person else newest.organisation or _("somebody")
    at = newest.at.astimezone(clock.VIETNAM).strftime("%H:%M %d/%m/%Y")
    text = _(
        "%(who)s changed this at %(at)s, after you had opened it. "
        "What you typed is still here: look, then send again."
    )
    return Conflict(text % {"who": who, "at": at})
