"""What open pages are told of alerts that changed."""

from __future__ import annotations

from collections.abc import Iterator

from toancanh.kernel.alerts.models import Alert
from toancanh.kernel.alerts.ringing import CHANGED
from toancanh.kernel.runtime.announcing import Announcements
from toancanh.kernel.runtime.live import Hub, Note, hub

EVERY = 0.3
"""Seconds between two looks, where nobody in this process says that something changed."""
MOST = 500
"""Alerts of one look: pages that hear of one ask for the whole list."""


def announcements(to: Hub = hub) -> Announcements:
    """Of alerts."""
    return Announcements(CHANGED, changes, to)


def changes(after: int, until: int) -> Iterator[tuple[Note, str]]:
    """A note for each alert, under the unit of its thing."""
    rows = Alert.objects.filter(revision__gt=after, revision__lte=until).order_by("-revision")
    for pk, severity, state, path in rows.values_list("pk", "severity", "state", "thing__unit__path")[:MOST]:
        yield Note("alert", str(pk), severity, state), path
