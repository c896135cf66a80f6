"""Which units a message is for on a day: what merged is followed, what was drawn is looked up."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from toancanh.kernel.territory import boundaries
from toancanh.kernel.territory.models import Tier, Unit
from toancanh.kernel.territory.queries import ancestry, communes_of, heirs
from toancanh.lib.errors import Refused

MOST_CORNERS = 500
"""Of a drawn area: phones draw no more, and CAP readers choke on more."""


@dataclass
class Addressed:
    """A unit in force, and the units that were named and have become it."""

    unit: Unit
    formers: list[Unit] = field(default_factory=list)

    def rows(self) -> list[dict[str, str]]:
        """The former units as a message keeps them."""
        return [
            {
                "code": one.code,
                "vi": one.full_name,
                "en": one.full_name_en,
                "on": one.valid_to.isoformat() if one.valid_to else "",
            }
            for one in self.formers
        ]


def is_valid(unit: Unit, on: date) -> bool:
    """Whether the unit is one on that day."""
    return unit.valid_from <= on and (unit.valid_to is None or on < unit.valid_to)


def addressed(named: Iterable[Unit], on: date) -> list[Addressed]:
    """The units in force that stand for those named, by code; refuses one that ended without a successor."""
    found: dict[int, Addressed] = {}
    for unit in named:
        for now in [unit] if is_valid(unit, on) else _became(unit, on):
            made = found.setdefault(now.pk, Addressed(now))
            if now.pk != unit.pk:
                made.formers.append(unit)
    return sorted(found.values(), key=lambda one: one.unit.code)


def _became(unit: Unit, on: date) -> list[Unit]:
    """What a unit that ended has become by the day, however often that merged again."""
    now = list(Unit.objects.filter(pk__in=heirs([unit.pk], on)[unit.pk]))
    if not now:
        text = _("%(unit)s is no administrative unit any more, and no lineage says what it became.")
        raise Refused(text % {"unit": unit.full_name}, "unit_ended")
    return now


def named(codes: Collection[str], on: date) -> list[Unit]:
    """The units that bear the codes on a day; a code that nobody bears then: the last that bore it."""
    rows = Unit.objects.filter(code__in=codes, valid_from__lte=on).order_by("valid_from")
    found = {unit.code: unit for unit in rows}
    missing = sorted(set(codes) - found.keys())
    if missing:
        text = _("No administrative unit bears the code %(codes)s.") % {"codes": ", ".join(missing[:5])}
        raise Refused(text, "no_unit")
    return [found[code] for code in sorted(found)]


def within(area: Mapping[str, Any], on: date) -> list[Unit]:
    """The communes in force that a drawn area touches."""
    from shapely.geometry import shape  # slow import

    drawn = shape(area)
    numbers = [
        outline.unit_id
        for outline in boundaries.outlines(on)
        if outline.tier == Tier.COMMUNE and outline.shape.intersects(drawn)
    ]
    return list(Unit.objects.filter(pk__in=numbers).order_by("code"))


def checked_area(area: object) -> dict[str, Any] | None:
    """A drawn area as it is kept: one sound polygon of a reasonable size, WGS 84."""
    if area is None or area == "":
        return None
    if not isinstance(area, Mapping) or area.get("type") != "Polygon":
        raise Refused(_("An area is one polygon: draw it anew on the map."), "bad_area")
    rings = area.get("coordinates")
    if not isinstance(rings, list) or len(rings) != 1 or not isinstance(rings[0], list):
        raise Refused(_("An area is one polygon: draw it anew on the map."), "bad_area")
    if len(rings[0]) > MOST_CORNERS:
        text = _("An area has at most %(most)s corners: draw it more simply.") % {"most": MOST_CORNERS}
        raise Refused(text, "bad_area")
    for corner in rings[0]:
        if not (isinstance(corner, list) and len(corner) == 2 and all(map(_is_number, corner))):
            raise Refused(_("An area is one polygon: draw it anew on the map."), "bad_area")
        if not (-180 <= corner[0] <= 180 and -90 <= corner[1] <= 90):
            raise Refused(_("The area lies outside the map."), "bad_area")
    polygon = {"type": "Polygon", "coordinates": [[[round(x, 6), round(y, 6)] for x, y in rings[0]]]}
    try:
        boundaries.measure(polygon, "area")
    except Refused as fault:
        text = _("The drawn area crosses itself or has no surface: draw it anew on the map.")
        raise Refused(text, "bad_area") from fault
    return polygon


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def around(unit: Unit, on: date) -> set[int]:
    """Every unit row whose messages concern somebody in the unit: it, those above, and what merged into it.

    For a unit that ended: the same of what it has become.
    """
    found: set[int] = set()
    for one in [unit] if is_valid(unit, on) else _became(unit, on):
        above = {int(pk) for pk in one.path.split("/") if pk}
        found |= ancestry(above)
    return found


def covers(area: Mapping[str, Any], lon: float, lat: float) -> bool:
    """Whether the point lies in the area, or so near to it that a finger could not draw better."""
    from shapely.geometry import Point, shape  # slow import

    return bool(shape(area).distance(Point(lon, lat)) <= boundaries.GAP_M / boundaries.METRES)


def in_units(units: Iterable[Unit]) -> list[Unit]:
    """The communes in force of the units: of a province all, of a commune itself, by name."""
    return communes_of(units)
