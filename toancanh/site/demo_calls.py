"""The demo's chain hears of a warning although no channel is connected: colleagues on the shift telephone.

They do by the same actions what a person does on the page of a commune: one official of each commune, a call
every some seconds, and each note says that the call was simulated. Some do not answer and no head is called:
that is left to whoever tries the demo.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from django.conf import settings

from toancanh.kernel.contacts import receipts
from toancanh.kernel.contacts.models import Kind, Notice, Told
from toancanh.kernel.people import access
from toancanh.kernel.people.models import Person
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import Refused
from toancanh.site import demo, demo_contacts

PACE = timedelta(seconds=12)
WITHIN = timedelta(minutes=30)
"""Whoever was not called by then is not called by the demo."""
SILENT = 3
"""Of so many officials one does not answer."""
NOTE = "Cuộc gọi mô phỏng của bản demo"


def look() -> int:
    """Make the calls that are due now; how many."""
    if not settings.DEMO or not demo.is_on():
        return 0
    now = clock.now()
    made = 0
    for notice in Notice.objects.filter(made_at__gt=now - WITHIN, over_at=None).order_by("pk"):
        # Of a person whom somebody entered nobody says that he was reached.
        samples = {"contact__kind": Kind.OFFICIAL, "contact__ground_note": demo_contacts.BASIS}
        officials = Told.objects.filter(notice=notice, **samples)
        first = {one.unit_id: one for one in officials.order_by("-pk").prefetch_related("calls")}
        due = int((now - notice.made_at) / PACE)
        for one in sorted(first.values(), key=lambda told: told.pk)[:due]:
            made += not one.calls.all() and one.confirmed_at is None and ring(one)
    return made


def ring(told: Told) -> bool:
    """One call; false where somebody else is calling him."""
    colleague = Person.objects.filter(
        username=demo.SHIFT[told.pk % len(demo.SHIFT)][0], is_active=True
    ).first()
    if colleague is None:
        return False
    by = access.actor(colleague)
    luck = hashlib.sha256(str(told.contact_id).encode()).digest()[0]
    try:
        receipts.take_up(told, by=by)
        receipts.called(told, "silent" if luck % SILENT == 0 else "reached", NOTE, by=by)
    except Refused:
        return False
    return True
