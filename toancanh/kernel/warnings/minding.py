"""Looks at the clock for warnings: who has not approved, what runs out, what ran out without an all-clear."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import DatabaseError, transaction
from django.db.models import Q, QuerySet

from toancanh.kernel.declare import program
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock
from toancanh.kernel.warnings import asking, policies
from toancanh.kernel.warnings.keeping import keep
from toancanh.kernel.warnings.models import Kind, State, Warning

log = logging.getLogger(__name__)
BY = program("warnings")
EVERY = 5.0
"""Seconds between two looks."""
MOST = 100


def look() -> int:
    """Write what has become due; returns how many messages that were."""
    now = clock.now()
    terms = policies.current(now)
    waiting = Warning.objects.filter(state=State.SUBMITTED)
    told = Warning.objects.filter(state=State.APPROVED).exclude(kind=Kind.ALL_CLEAR)
    # The graver step first: what waited for hours is reported upwards and not reminded too.
    return (
        _mind(waiting, "escalated", "escalated_at", Q(submitted_at__lte=now - terms.escalate_after), now)
        + _mind(waiting, "reminded", "reminded_at", Q(submitted_at__lte=now - terms.remind_after), now)
        + _mind(told, "lapsed", "lapse_told_at", Q(valid_until__lte=now), now)
        + _mind(told, "expiring", "expiry_told_at", Q(valid_until__lte=now + terms.expiry_notice), now)
    )


ALSO = {"escalated_at": ("reminded_at",), "lapse_told_at": ("expiry_told_at",)}
"""What is settled together with a step: the milder one before it."""


def _mind(rows: QuerySet[Warning], what: str, column: str, due: Q, now: datetime) -> int:
    found = list(rows.filter(due, **{column: None}).values_list("pk", flat=True)[:MOST])
    return sum(_told(pk, what, column, now) for pk in found)


def _told(pk: int, what: str, column: str, now: datetime) -> int:
    """One warning that cannot be minded keeps no other from it; it is tried again at the next look."""
    try:
        return _tell(pk, what, column, now)
    except DatabaseError:
        raise
    except Exception:  # whatever one row is wrong in, the clock of all others goes on; it is in the log
        log.exception("warning %s: %s failed", pk, what)
        return 0


@transaction.atomic
def _tell(pk: int, what: str, column: str, now: datetime) -> int:
    """Write one step, unless another process did or somebody acted meanwhile."""
    row = Warning.objects.select_for_update(of=("self",)).get(pk=pk)
    state = State.SUBMITTED if column in ("reminded_at", "escalated_at") else State.APPROVED
    if getattr(row, column) is not None or row.state != state:
        return 0
    for name in (column, *ALSO.get(column, ())):
        setattr(row, name, getattr(row, name) or now)
    asked = asking.ask(row, what, now, by=BY) if state == State.SUBMITTED else []
    names = ", ".join(person.full_name for person in asked)[:1000]
    # Names stay in the story, where they can be changed; the chain is for ever and has the keys.
    keep(row, what, names, now, BY, counts=False, sealed={"persons": [person.pk for person in asked]})
    payload = {"warning": row.pk, "number": row.number or "", "is_exercise": row.is_exercise}
    journal.emit(f"warnings.{what}", f"{row.pk}:{row.version}", payload)
    return 1
