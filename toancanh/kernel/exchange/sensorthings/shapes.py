"""Geometries as clients send them, and how they lie to each other. Shapely is loaded by the first of them."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

Box = tuple[float, float, float, float]


def geometry(told: Any) -> BaseGeometry | None:  # noqa: ANN401 - whatever a client sent
    """The geometry of a GeoJSON geometry or feature; None where it is neither, or empty."""
    if isinstance(told, dict) and told.get("type") == "Feature":
        told = told.get("geometry")
    if not isinstance(told, dict):
        return None
    import shapely  # slow import

    try:
        found = shapely.from_geojson(json.dumps(told))
    except (shapely.errors.ShapelyError, ValueError, TypeError, RecursionError):
        return None
    return None if found is None or found.is_empty else found


def of_text(told: str) -> BaseGeometry:
    """The geometry of a text as OGC 06-103 writes it; raises ValueError."""
    import shapely  # slow import

    try:
        return shapely.from_wkt(told)
    except shapely.errors.ShapelyError as fault:
        raise ValueError(str(fault)) from fault


def is_geometry(value: object) -> bool:
    """Whether it is one that `geometry` or `of_text` has made."""
    loaded = sys.modules.get("shapely")
    return loaded is not None and isinstance(value, loaded.Geometry)


def measured(name: str, *given: Any) -> Any:  # noqa: ANN401 - geometries, and what else it takes
    """The answer of Shapely's function of that name; raises ValueError."""
    import shapely  # slow import

    try:
        found = getattr(shapely, name)(*given)
    except shapely.errors.ShapelyError as fault:
        raise ValueError(str(fault)) from fault
    # Of numpy's types, the plain one.
    return found.item() if hasattr(found, "item") else found


def box(told: Any) -> Box | None:  # noqa: ANN401 - whatever a client sent
    """West, south, east and north of a GeoJSON geometry or feature; None where it is neither."""
    found = geometry(told)
    if found is None:
        return None
    west, south, east, north = found.bounds
    return float(west), float(south), float(east), float(north)
