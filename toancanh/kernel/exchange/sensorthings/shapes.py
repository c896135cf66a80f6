"""GeoJSON geometries as clients send them."""

from __future__ import annotations

import json
from typing import Any

import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

Box = tuple[float, float, float, float]


def geometry(told: Any) -> BaseGeometry | None:  # noqa: ANN401 - whatever a client sent
    """The geometry of a GeoJSON geometry or feature; None where it is neither, or empty."""
    if isinstance(told, dict) and told.get("type") == "Feature":
        told = told.get("geometry")
    if not isinstance(told, dict):
        return None
    try:
        found = shapely.from_geojson(json.dumps(told))
    except (ShapelyError, ValueError, TypeError, RecursionError):
        return None
    return None if found is None or found.is_empty else found


def box(told: Any) -> Box | None:  # noqa: ANN401 - whatever a client sent
    """West, south, east and north of a GeoJSON geometry or feature; None where it is neither."""
    found = geometry(told)
    if found is None:
        return None
    west, south, east, north = found.bounds
    return float(west), float(south), float(east), float(north)
