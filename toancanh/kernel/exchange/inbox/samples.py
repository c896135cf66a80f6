"""Opens waiting files that somebody wants to see, as drafts of an import."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import msgspec

from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange import taking
from toancanh.kernel.exchange.inbox.actions import DOOR
from toancanh.kernel.exchange.inbox.disk import Inbox
from toancanh.kernel.exchange.inbox.models import Sample, Watched
from toancanh.kernel.exchange.inbox.names import Changed, shown
from toancanh.kernel.exchange.sheets import actions as sheets
from toancanh.kernel.exchange.sheets import reading
from toancanh.kernel.exchange.sheets.mapping import Mapping
from toancanh.kernel.exchange.sheets.models import Import
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import Refused

KEPT = timedelta(days=1)
AT_ONCE = 3


def open_asked(watched: Watched, inbox: Inbox) -> None:
    """Make the drafts that were asked for since the last look; a file that is not read is told why."""
    asked = Sample.objects.filter(watched=watched, of=None, fault="", at__gt=clock.now() - KEPT)
    for sample in asked.order_by("pk")[:AT_ONCE]:
        try:
            sample.of = _draft(sample, inbox)
        except Refused as fault:
            sample.fault = fault.message[:600]
        except (OSError, Changed) as fault:
            sample.fault = str(getattr(fault, "strerror", "") or fault or "?")[:600]
        sample.save(update_fields=["of", "fault"])


def _draft(sample: Sample, inbox: Inbox) -> Import:
    found = inbox.look(lambda way: shown(way) == sample.path).found
    seen = next((one for one in found if shown(one.way) == sample.path and not one.trouble), None)
    if seen is None:
        raise FileNotFoundError(2, "No such file", sample.path)
    if seen.stamp.size > reading.MAX_BYTES:
        raise Refused(reading.sentence("too_large", {}), "too_large")
    grants = frozenset((taking.RIGHT, path) for path in sample.scope)
    by = Actor(name=sample.asked_by, key=sample.actor, grants=grants)
    one = sheets.upload(inbox.read(seen), sample.path, by=by, door=DOOR)
    if one.preview is None:
        # Where the first idea does not do, its page says what is still to be said.
        with suppress(Refused):
            sheets.understand(one, msgspec.convert(one.mapping, Mapping), by=by)
    return one
