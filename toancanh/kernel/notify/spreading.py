"""Turns a named list into deliveries, slice by slice: a kill costs the slice that was not committed."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.db import DatabaseError, transaction
from django.db.models import Q

from toancanh.kernel.notify import actions, registry
from toancanh.kernel.notify.models import Notice, Spread
from toancanh.kernel.runtime import clock

log = logging.getLogger(__name__)

SLICE = 1_000
"""Recipients of one transaction: others write in between."""
PAUSE_S = 0.03
"""… for so long at least: who waits to write on SQLite looks again after some milliseconds, in no order."""
LEASE = timedelta(seconds=30)
AGAIN = timedelta(seconds=30)
"""After a list that failed."""


def look() -> int:
    """Bring in one slice of one list that waits; returns 1 where there may be more."""
    spread = _leased()
    if spread is None:
        return 0
    try:
        _bring(spread)
    except DatabaseError:
        raise
    except Exception as fault:
        # The list belongs to another module: whatever breaks in it, other lists go on.
        log.exception("the list %s of %s failed", spread.source, spread.notice.key)
        Spread.objects.filter(pk=spread.pk).update(next_at=clock.now() + AGAIN, fault=str(fault)[:300])
    time.sleep(PAUSE_S)
    return 1


def _leased() -> Spread | None:
    now = clock.now()
    # What is put off further than a lease was put off before the clock was set back.
    is_due = Q(next_at__lte=now) | Q(next_at__gt=now + LEASE)
    if not Spread.objects.filter(is_due).exists():
        return None
    with transaction.atomic():
        found = Spread.objects.select_for_update(skip_locked=True, of=("self",)).select_related("notice")
        spread = found.filter(is_due).order_by("-notice__rank", "pk").first()
        if spread is not None:
            spread.next_at = now + LEASE
            spread.save(update_fields=["next_at"])
    return spread


def _bring(spread: Spread) -> None:
    people = registry.source(spread.source)(spread.args, spread.after, SLICE)
    with transaction.atomic():
        notice = Notice.objects.select_for_update().get(pk=spread.notice_id)
        own = Spread.objects.select_for_update().get(pk=spread.pk)
        if own.after != spread.after or own.next_at is None:
            return  # somebody else has gone on with it meanwhile, or it was taken back
        if notice.expires_at <= clock.now():
            people = []
        if people:
            actions.put(notice, people)
            own.after, own.next_at, own.fault = people[-1].key, clock.now(), ""
        else:
            own.next_at = None
        own.save(update_fields=["after", "next_at", "fault"])
