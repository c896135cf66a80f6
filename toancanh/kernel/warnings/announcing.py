"""What open pages are told of messages that changed."""

from __future__ import annotations

from collections.abc import Iterator

from toancanh.kernel.runtime.announcing import Announcements
from toancanh.kernel.runtime.live import Hub, Note, hub
from toancanh.kernel.territory.models import Unit
from toancanh.kernel.warnings.keeping import CHANGED
from toancanh.kernel.warnings.models import Warning

EVERY = 0.5
"""Seconds between two looks."""
MOST = 200
"""Messages of one look: pages that hear of one ask for the whole list."""


def announcements(to: Hub = hub) -> Announcements:
    """Of warnings."""
    return Announcements(CHANGED, changes, to)


def changes(after: int, until: int) -> Iterator[tuple[Note, str]]:
    """A note for each unit of a message: who stands over one of them alone hears of it as well."""
    rows = Warning.objects.filter(revision__gt=after, revision__lte=until).order_by("-revision")
    for row in rows.prefetch_related("units")[:MOST]:
        for path in [unit.path for unit in row.units.all()] or _everybody():
            yield Note("warning", f"{row.pk}:{path}", row.level or 0, row.state), path


def _everybody() -> list[str]:
    """Paths below which every officer of the installation stands: a draft is for no unit yet."""
    return list(Unit.objects.filter(valid_to=None).exclude(tier="district").values_list("path", flat=True))
