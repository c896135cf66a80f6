"""Which unit a point lies in: outlines in memory, loaded when first asked and when they changed."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from toancanh.kernel.runtime import revision
from toancanh.kernel.territory.models import Boundary
from toancanh.lib.errors import Refused

GAP_M = 100.0
"""Simplified borders leave gaps: a point this near to a unit counts as inside it (metres)."""
METRES = 111_320.0
"""Of one degree of latitude."""


@dataclass(frozen=True)
class Outline:
    """One unit's outline, ready to be asked; ``valid`` as the unit is."""

    unit_id: int
    tier: str
    valid_from: date
    valid_to: date | None
    box: tuple[float, float, float, float]
    shape: Any


_lock = threading.Lock()
_outlines: tuple[Outline, ...] = ()
_seen = -1


def measure(geometry: Mapping[str, Any], code: str) -> dict[str, float]:
    """Bounding box and a point inside; refuses an outline that is no sound polygon."""
    from shapely.errors import ShapelyError  # slow import
    from shapely.geometry import shape
    from shapely.validation import explain_validity

    try:
        found = shape(geometry)
    except (ShapelyError, ValueError, KeyError, TypeError, AttributeError, IndexError) as fault:
        text = _("The boundary of %(code)s is no polygon: %(fault)s") % {"code": code, "fault": fault}
        raise Refused(text, "bad_boundary") from fault
    if found.geom_type not in ("Polygon", "MultiPolygon") or found.is_empty or not found.is_valid:
        text = _("The boundary of %(code)s is broken: %(fault)s")
        raise Refused(text % {"code": code, "fault": explain_validity(found)}, "bad_boundary")
    west, south, east, north = found.bounds
    inside = found.representative_point()
    box = {"west": west, "south": south, "east": east, "north": north}
    return {**box, "center_lon": inside.x, "center_lat": inside.y}


def unit_id_at(lon: float, lat: float, on: date) -> int | None:
    """The smallest unit around a point on a day, or the nearest within 100 m; None outside all."""
    from shapely.geometry import Point  # slow import

    here = Point(lon, lat)
    reach = GAP_M / METRES
    near: list[tuple[float, Outline]] = []
    for outline in _current():
        west, south, east, north = outline.box
        side = reach * 1.1
        if not (west - side <= lon <= east + side and south - reach <= lat <= north + reach):
            continue
        if outline.valid_from <= on and (outline.valid_to is None or on < outline.valid_to):
            near.append((outline.shape.distance(here), outline))
    # A commune counts before its province, also where the point lies in the gap between two communes.
    for tier in ("commune", "district", "province"):
        fitting = [(d, o) for d, o in near if o.tier == tier and _metres(d, o, lon, lat) <= GAP_M]
        if fitting:
            return min(fitting, key=lambda pair: pair[0])[1].unit_id
    return None


def _metres(degrees: float, outline: Outline, lon: float, lat: float) -> float:
    """Distance in metres to an outline; 0 inside. Only points in a gap pay for the exact way."""
    if degrees == 0:
        return 0.0
    from shapely.geometry import Point  # slow import
    from shapely.ops import nearest_points

    edge = nearest_points(outline.shape, Point(lon, lat))[0]
    east = (edge.x - lon) * math.cos(math.radians(lat))
    return math.hypot(east, edge.y - lat) * METRES


def _current() -> tuple[Outline, ...]:
    """The outlines as the database has them; reloaded when the territory changed."""
    global _outlines, _seen
    number = revision.current("territory")
    if number == _seen:
        return _outlines
    from shapely.geometry import shape  # slow import

    with _lock:
        rows = Boundary.objects.select_related("unit")
        _outlines = tuple(
            Outline(
                unit_id=row.unit_id,
                tier=row.unit.tier,
                valid_from=row.unit.valid_from,
                valid_to=row.unit.valid_to,
                box=(row.west, row.south, row.east, row.north),
                shape=shape(json.loads(row.geometry)),
            )
            for row in rows
        )
        _seen = number
    return _outlines


def outlines(on: date) -> list[Outline]:
    """The outlines of the units that are valid on a day."""
    return [
        outline
        for outline in _current()
        if outline.valid_from <= on and (outline.valid_to is None or on < outline.valid_to)
    ]


def forget() -> None:
    """Load anew at the next question."""
    global _seen
    _seen = -1
