"""Delivers committed events to the reactions of kernel and domains: at least once, with back-off."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.module_loading import import_string

from toancanh.kernel import catalogue
from toancanh.kernel.journal.models import Event
from toancanh.kernel.runtime import clock

log = logging.getLogger(__name__)
Reaction = Callable[[Mapping[str, Any]], None]
LEASE = timedelta(seconds=60)
LONGEST = timedelta(hours=1)
"""Between two attempts at a failing event."""
BATCH = 100
KEPT = timedelta(days=30)


class Duty:
    """Delivers in the place ``slot`` of a process: call `look` again and again."""

    def __init__(self, slot: str) -> None:
        self._slot = slot
        self._is_new = True

    def look(self) -> int:
        """Run what is due; at first what a process in this place held when it ended is free again."""
        if self._is_new:
            let_go(self._slot)
            self._is_new = False
        return deliver(self._slot)


def let_go(slot: str) -> int:
    """Free what a process in this place held: nobody else is there to finish it."""
    return Event.objects.filter(holder=slot, next_at__isnull=False).update(next_at=clock.now(), holder="")


def deliver(slot: str = "") -> int:
    """Run what is due now; returns how many events were done. A failing one is tried again later.

    Several processes may deliver at once: an event belongs to who leased it until the lease is over.
    """
    done, leased = 0, clock.now()
    for event in _lease(slot):
        if clock.now() - leased > LEASE / 2 and not _still_ours(event):
            continue
        try:
            for react in reactions(event.name):
                react(event.payload)
        except Exception as fault:
            # Whatever broke, the event stays and is tried again; the other events go on.
            log.exception("reaction to %s failed", event.name)
            wait = timedelta(seconds=min(2**event.attempts, LONGEST.total_seconds()))
            _own(event).update(next_at=clock.now() + wait, holder="", fault=str(fault)[:400])
        else:
            done += _own(event).update(next_at=None, holder="", fault="")
    return done


def reactions(event: str) -> list[Reaction]:
    """Who reacts: modules of the kernel as the site's settings name them, then domains as they declare."""
    own = [cast(Reaction, import_string(path)) for path in settings.REACTIONS.get(event, ())]
    return [*own, *(on.react for on in catalogue.reactions(event))]


def _own(event: Event) -> QuerySet[Event]:
    """The row, unless another process has leased it meanwhile: each lease counts an attempt."""
    return Event.objects.filter(pk=event.pk, attempts=event.attempts)


def _still_ours(event: Event) -> bool:
    """Make the lease longer before it runs out under the work of those before."""
    return bool(_own(event).update(next_at=clock.now() + LEASE))


def sweep() -> int:
    """Forget events done more than 30 days ago and sessions that ended; returns how many rows went."""
    now = clock.now()
    events, _kinds = Event.objects.filter(next_at=None, created__lt=now - KEPT).delete()
    sessions, _kinds = Session.objects.filter(expire_date__lt=now).delete()
    return events + sessions


def _lease(slot: str = "") -> list[Event]:
    """Take due events for a minute: who dies holding them and does not come back loses them to the others."""
    now = clock.now()
    # No wait is longer than the longest: what seems due later was put off before the clock was set back.
    is_due = Q(next_at__lte=now) | Q(next_at__gt=now + LONGEST)
    with transaction.atomic():
        due = Event.objects.filter(is_due).order_by("next_at", "pk")
        events = list(due.select_for_update(skip_locked=True)[:BATCH])
        for event in events:
            event.attempts += 1
            event.next_at, event.holder = now + LEASE, slot
        Event.objects.bulk_update(events, ["attempts", "next_at", "holder"])
    return events
