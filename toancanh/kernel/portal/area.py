"""The area of a warning as a drawing: outlines of the communes, without scripts and without a map server."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from toancanh.kernel.runtime import revision
from toancanh.kernel.territory import boundaries
from toancanh.kernel.territory.models import Tier
from toancanh.kernel.territory.queries import in_force, today

WIDTH = 640.0
FINEST = 0.6
"""Of the drawing's units: what lies nearer together is one point."""


@dataclass(frozen=True)
class Shape:
    """An outline as the path of an SVG."""

    unit: int
    path: str


@dataclass(frozen=True)
class Drawing:
    """All communes of the locality, those that are concerned, and what was drawn by hand."""

    width: int
    height: int
    others: list[Shape]
    concerned: list[Shape]
    drawn: str


class Canvas:
    """The communes below a path, projected once; made anew when the territory or the day changes."""

    def __init__(self, below: str) -> None:
        numbers = set(
            in_force().filter(path__startswith=below, tier=Tier.COMMUNE).values_list("pk", flat=True)
        )
        found = [one for one in boundaries.outlines(today()) if one.unit_id in numbers]
        boxes = [one.box for one in found] or [(0.0, 0.0, 1.0, 1.0)]
        self._west, self._north = min(b[0] for b in boxes), max(b[3] for b in boxes)
        east, south = max(b[2] for b in boxes), min(b[1] for b in boxes)
        self._squeeze = math.cos(math.radians((self._north + south) / 2))
        self._scale = WIDTH / max((east - self._west) * self._squeeze, (self._north - south) / 1.25, 1e-6)
        self.width = math.ceil((east - self._west) * self._squeeze * self._scale)
        self.height = math.ceil((self._north - south) * self._scale)
        self.shapes = [Shape(one.unit_id, self.path(one.shape)) for one in found]

    def path(self, geometry: Any) -> str:  # noqa: ANN401 - shapely has no types
        """The outline in the drawing's units."""
        plain = geometry.simplify(FINEST / self._scale, preserve_topology=False)
        parts = [
            part
            for part in getattr(plain, "geoms", [plain])
            if part.geom_type == "Polygon" and not part.is_empty
        ]
        return "".join(self._ring(ring) for part in parts for ring in (part.exterior, *part.interiors))

    def _ring(self, ring: Any) -> str:  # noqa: ANN401 - shapely has no types
        points = [
            f"{(lon - self._west) * self._squeeze * self._scale:.1f} {(self._north - lat) * self._scale:.1f}"
            for lon, lat in ring.coords[:-1]
        ]
        return f"M{'L'.join(points)}Z" if len(points) > 2 else ""


_made: tuple[object, Canvas] | None = None


def drawing(below: str, concerned: Collection[int], area: Mapping[str, Any] | None) -> Drawing | None:
    """The drawing for units (rows of communes) and a polygon; None where no outline is known."""
    from shapely.geometry import shape  # slow import

    global _made
    key = (below, revision.current("territory"), today())
    if _made is None or _made[0] != key:
        _made = (key, Canvas(below))
    canvas = _made[1]
    if not canvas.shapes:
        return None
    return Drawing(
        width=canvas.width,
        height=canvas.height,
        others=[one for one in canvas.shapes if one.unit not in concerned],
        concerned=[one for one in canvas.shapes if one.unit in concerned],
        drawn=canvas.path(shape(area)) if area else "",
    )
