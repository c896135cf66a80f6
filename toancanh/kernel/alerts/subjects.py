"""Alerts as others speak of them."""

from __future__ import annotations

from django.utils.translation import gettext as _

from toancanh.kernel.alerts import queries, words
from toancanh.kernel.declare import Actor
from toancanh.kernel.runtime.subjects import Subject
from toancanh.kernel.telemetry.features import named
from toancanh.lib.errors import NotFound


def find(rest: str, to: Actor) -> Subject | None:
    """The alert of that number, where the reader may see it."""
    if not (rest.isascii() and rest.isdigit() and len(rest) < 10):
        return None
    try:
        found = queries.one(int(rest), to)
    except NotFound:
        return None
    place = named(found.thing)
    return Subject(
        key=f"alert:{found.pk}",
        kind=_("Alert"),
        title=f"{words.title(found.key)}: {place}",
        url=f"/console/alerts/{found.pk}/",
        unit_code=found.thing.unit.code,
        words=f"{place}: {words.reading(found)}",
    )
