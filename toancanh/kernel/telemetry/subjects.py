"""Stations, with what they measure now, as others speak of them."""

from __future__ import annotations

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.registry import queries as registry
from toancanh.kernel.runtime.subjects import Subject
from toancanh.kernel.telemetry.features import named
from toancanh.kernel.telemetry.queries import measured


def find(rest: str, to: Actor) -> Subject | None:
    """The station of that code, where the reader may see it; it begins with its newest figures in words."""
    thing = registry.visible(to).select_related("unit").filter(code=rest).first()
    if thing is None:
        return None
    language = get_language() or "vi"
    said = [text for one in measured([thing]) if (text := one.sentence(language))]
    return Subject(
        key=f"thing:{thing.code}",
        kind=_("Station"),
        title=named(thing),
        url=f"/console/things/{thing.code}/",
        unit_code=thing.unit.code,
        words=f"{named(thing)}: {'; '.join(said)}" if said else named(thing),
    )
