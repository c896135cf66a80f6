"""Delivers committed events to the reactions that domains declare: at least once, with back-off."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.contrib.sessions.models import Session
from django.db import transaction

from toancanh.kernel import catalogue
from toancanh.kernel.journal.models import Event
from toancanh.kernel.runtime import clock

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=60)
BATCH = 100
KEPT = timedelta(days=30)


def deliver() -> int:
    """Run what is due now; returns how many events were done. A failing one is tried again later."""
    done = 0
    for event in _lease():
        try:
            for on in catalogue.reactions(event.name):
                on.react(event.payload)
        except Exception as fault:
            # Whatever broke, the event stays and is tried again; the other events go on.
            log.exception("reaction to %s failed", event.name)
            wait = timedelta(seconds=min(2**event.attempts, 3600))
            Event.objects.filter(pk=event.pk).update(next_at=clock.now() + wait, fault=str(fault)[:400])
        else:
            Event.objects.filter(pk=event.pk).update(next_at=None, fault="")
            done += 1
    return done


def sweep() -> int:
    """Forget events done more than 30 days ago and sessions that ended; returns how many rows went."""
    now = clock.now()
    events, _kinds = Event.objects.filter(next_at=None, created__lt=now - KEPT).delete()
    sessions, _kinds = Session.objects.filter(expire_date__lt=now).delete()
    return events + sessions


def _lease() -> list[Event]:
    """Take due events for a minute: who dies holding them loses them to the next sweep."""
    now = clock.now()
    with transaction.atomic():
        due = Event.objects.filter(next_at__lte=now).order_by("next_at", "pk")
        events = list(due.select_for_update(skip_locked=True)[:BATCH])
        for event in events:
            event.attempts += 1
            event.next_at = now + LEASE
        Event.objects.bulk_update(events, ["attempts", "next_at"])
    return events
