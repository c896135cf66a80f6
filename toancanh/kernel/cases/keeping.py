"""How long contact data of parties and what is said of a case are kept: counted from the end of the case.

A case that is open, opened again or under legal hold loses nothing. What is due is done by the worker.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from toancanh.kernel.cases import types
from toancanh.kernel.cases.models import Case, Identity, Nomination, Party
from toancanh.kernel.cases.writing import Writing
from toancanh.kernel.declare import program
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock

BY = program("keeping")
BATCH = 500
"""Cases of one transaction."""


def follow(on: Writing) -> None:
    """Set by when what is kept of a case goes that has just ended; where it is open again, nothing goes."""
    if on.case.is_open:
        on.case.retain_until = None
        withdraw(on.case)
        Identity.objects.filter(party__case=on.case).update(erase_at=None)
    else:
        assert on.case.closed_at is not None
        kept = on.said.retention
        on.case.retain_until = on.case.closed_at + timedelta(days=kept.days)
        erase_at = on.case.closed_at + timedelta(days=kept.parties_days)
        Identity.objects.filter(party__case=on.case).update(erase_at=erase_at)


def withdraw(case: Case) -> None:
    """It is to be kept: take it from what waits for review, and from a list that is not settled."""
    Nomination.objects.filter(case=case, destroyed_at=None).delete()


def catch_up() -> int:
    """Set the same for cases that ended before it was kept; returns of how many."""
    with transaction.atomic():
        rows = Case.objects.select_for_update(of=("self",)).filter(
            is_open=False, retain_until=None, destroyed_at=None
        )
        found = list(rows.filter(closed_at__isnull=False).order_by("pk")[:BATCH])
        for case in found:
            on = Writing(case, types.by_key(case.version_id), BY, clock.now())
            follow(on)
            case.save(update_fields=["retain_until"])
    return len(found)


def erase_due() -> int:
    """Erase contact data whose time is over; returns of how many parties. The journal keeps that it was."""
    due = Q(identity__erase_at__lte=clock.now(), case__is_open=False, case__hold="")
    rows = Party.objects.filter(due).order_by("identity__erase_at")
    asked = set(rows.values_list("case", flat=True)[:BATCH])
    if not asked:
        return 0
    with transaction.atomic():
        # Whoever opens one of them again, or puts it under hold, waits or was first.
        held = Case.objects.select_for_update().filter(pk__in=asked).order_by("pk")
        cases = [case.pk for case in held]
        parties = list(Party.objects.filter(due, case__in=cases).order_by("pk").values_list("pk", flat=True))
        forget(parties)
    return len(parties)


def forget(parties: Iterable[int]) -> None:
    """Erase the contact data of parties; domains that keep some of it hear it by an event."""
    keys = sorted(parties)
    if keys:
        Party.objects.filter(pk__in=keys).update(contact="")
        Identity.objects.filter(party__in=keys).delete()
        entry = journal.record("cases.identities_erased", "cases", by=BY, content={"parties": keys})
        journal.emit("cases.identities_erased", str(entry.pk), {"parties": keys})


def look() -> int:
    """What the worker does at times."""
    while catch_up() == BATCH:
        pass
    return erase_due()
