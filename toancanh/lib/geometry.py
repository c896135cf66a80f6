"""Where a point lies: GeoJSON polygons in WGS 84 degrees, distances in metres, nothing to install.

Every point is (longitude, latitude). Distances use a plane laid at the point asked about: right to a
metre within a few kilometres, which is what "nearest commune within 100 m" needs.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from math import asin, cos, hypot, inf, radians, sin, sqrt
from typing import Any, Generic, TypeVar

Point = tuple[float, float]
"""(longitude, latitude) in degrees."""

Box = tuple[float, float, float, float]
"""(west, south, east, north) in degrees."""

Geometry = Mapping[str, Any]
"""A GeoJSON geometry of type Polygon or MultiPolygon."""

Ring = Sequence[Sequence[float]]

EARTH_M = 6_371_008.8
DEGREE_M = EARTH_M * radians(1)

K = TypeVar("K", bound=Hashable)


def distance_m(a: Point, b: Point) -> float:
    """Metres between two points along the great circle."""
    lat_a, lat_b = radians(a[1]), radians(b[1])
    across = sin(radians(b[0] - a[0]) / 2) ** 2 * cos(lat_a) * cos(lat_b)
    along = sin((lat_b - lat_a) / 2) ** 2
    return 2 * EARTH_M * asin(min(1.0, sqrt(along + across)))


def bbox(geometry: Geometry) -> Box:
    """The smallest box around a geometry."""
    outer = [position for polygon in _polygons(geometry) for position in polygon[0]]
    lons, lats = [p[0] for p in outer], [p[1] for p in outer]
    return min(lons), min(lats), max(lons), max(lats)


def contains(geometry: Geometry, point: Point) -> bool:
    """Whether the point lies inside; a point in a hole does not, one on an edge may or may not."""
    return any(
        _in_ring(polygon[0], point) and not any(_in_ring(hole, point) for hole in polygon[1:])
        for polygon in _polygons(geometry)
    )


def distance_to_m(geometry: Geometry, point: Point) -> float:
    """Metres from the point to the geometry, 0 inside."""
    if contains(geometry, point):
        return 0.0
    return min(_to_ring_m(ring, point) for polygon in _polygons(geometry) for ring in polygon)


def representative_point(geometry: Geometry) -> Point:
    """A point well inside the largest part: the middle of its widest stretch at one of nine heights."""
    polygon = max(_polygons(geometry), key=lambda p: abs(_area(p[0])))
    south, north = min(p[1] for p in polygon[0]), max(p[1] for p in polygon[0])
    best_width, best = -1.0, (float(polygon[0][0][0]), float(polygon[0][0][1]))
    for step in (5, 4, 6, 3, 7, 2, 8, 1, 9):
        # Off the round tenths, so that a height seldom runs along a vertex.
        lat = south + (north - south) * (step / 10 + 0.000_1)
        crossings = sorted(lon for ring in polygon for lon in _crossings(ring, lat))
        for west, east in zip(crossings[::2], crossings[1::2], strict=False):
            if east - west > best_width:
                best_width, best = east - west, ((west + east) / 2, lat)
    return best


class Index(Generic[K]):
    """Finds which of many shapes a point lies in; shapes whose box is elsewhere cost nothing."""

    def __init__(self, shapes: Iterable[tuple[K, Geometry]]) -> None:
        self._shapes = [(key, geometry, bbox(geometry)) for key, geometry in shapes]

    def __len__(self) -> int:
        return len(self._shapes)

    def containing(self, point: Point) -> list[K]:
        """Keys of the shapes around the point, in the order given; simplified neighbours may overlap."""
        return [key for key, geometry, _ in self._near(point, 0.0) if contains(geometry, point)]

    def nearest(self, point: Point, limit_m: float) -> tuple[K, float] | None:
        """The shape closest to the point and its distance in metres (0 inside), none beyond the limit."""
        best: tuple[K, float] | None = None
        for key, geometry, _ in self._near(point, limit_m):
            metres = distance_to_m(geometry, point)
            if metres <= limit_m and (best is None or metres < best[1]):
                best = key, metres
                if metres == 0:
                    break
        return best

    def _near(self, point: Point, limit_m: float) -> Iterator[tuple[K, Geometry, Box]]:
        lon, lat = point
        # A thousandth more, so that rounding at the rim of the box never loses a shape.
        up = limit_m * 1.001 / DEGREE_M
        side = up / max(0.01, cos(radians(min(90.0, abs(lat) + up))))
        for shape in self._shapes:
            west, south, east, north = shape[2]
            if west - side <= lon <= east + side and south - up <= lat <= north + up:
                yield shape


def _polygons(geometry: Geometry) -> Sequence[Sequence[Ring]]:
    kind, coordinates = geometry["type"], geometry["coordinates"]
    if kind == "Polygon":
        return (coordinates,)
    if kind == "MultiPolygon":
        return tuple(coordinates)
    raise ValueError(f"Only Polygon and MultiPolygon have an inside, not {kind}.")


def _in_ring(ring: Ring, point: Point) -> bool:
    lon, lat = point
    inside = False
    before = ring[-1]
    for here in ring:
        if (here[1] > lat) != (before[1] > lat) and (
            lon < (before[0] - here[0]) * (lat - here[1]) / (before[1] - here[1]) + here[0]
        ):
            inside = not inside
        before = here
    return inside


def _crossings(ring: Ring, lat: float) -> Iterator[float]:
    before = ring[-1]
    for here in ring:
        if (here[1] > lat) != (before[1] > lat):
            yield (before[0] - here[0]) * (lat - here[1]) / (before[1] - here[1]) + here[0]
        before = here


def _to_ring_m(ring: Ring, point: Point) -> float:
    lon, lat = point
    east_m, best = DEGREE_M * cos(radians(lat)), inf
    x0, y0 = (ring[-1][0] - lon) * east_m, (ring[-1][1] - lat) * DEGREE_M
    for here in ring:
        x1, y1 = (here[0] - lon) * east_m, (here[1] - lat) * DEGREE_M
        dx, dy = x1 - x0, y1 - y0
        length2 = dx * dx + dy * dy
        along = 0.0 if length2 == 0 else max(0.0, min(1.0, -(x0 * dx + y0 * dy) / length2))
        best = min(best, hypot(x0 + along * dx, y0 + along * dy))
        x0, y0 = x1, y1
    return best


def _area(ring: Ring) -> float:
    """Signed area in square degrees: good for telling the largest part, nothing else."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, [*ring[1:], ring[0]], strict=True)) / 2
