"""Geometry is checked against shapely, which the product does not need for it."""

from math import cos, pi, radians, sin
from typing import Any

import pytest
import shapely as untyped_shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from toancanh.lib.geometry import (
    DEGREE_M,
    Index,
    bbox,
    contains,
    distance_m,
    distance_to_m,
    representative_point,
)

shapely: Any = untyped_shapely

SQUARE: dict[str, Any] = {
    "type": "Polygon",
    "coordinates": [
        [[107.0, 16.0], [107.1, 16.0], [107.1, 16.1], [107.0, 16.1], [107.0, 16.0]],
        [[107.04, 16.04], [107.06, 16.04], [107.06, 16.06], [107.04, 16.06], [107.04, 16.04]],
    ],
}
FAR: dict[str, Any] = {
    "type": "MultiPolygon",
    "coordinates": [[[[107.2, 16.0], [107.3, 16.0], [107.3, 16.1], [107.2, 16.0]]]],
}

lons, lats = st.floats(106.9, 107.4), st.floats(15.9, 16.2)


@st.composite
def stars(draw: st.DrawFn) -> dict[str, Any]:
    """A simple polygon: rays of any length around a middle."""
    rays = draw(st.lists(st.floats(0.01, 0.2), min_size=3, max_size=12))
    ring = [
        [107.1 + r * cos(2 * pi * i / len(rays)), 16.1 + r * sin(2 * pi * i / len(rays))]
        for i, r in enumerate(rays)
    ]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def test_distance_m_of_one_degree_of_latitude() -> None:
    assert distance_m((107.0, 16.0), (107.0, 17.0)) == pytest.approx(DEGREE_M, rel=1e-9)
    assert distance_m((107.0, 16.0), (108.0, 16.0)) == pytest.approx(DEGREE_M * cos(radians(16)), rel=1e-4)


@given(lons, lats, lons, lats)
def test_distance_m_is_the_same_both_ways(a: float, b: float, c: float, d: float) -> None:
    assert distance_m((a, b), (c, d)) == pytest.approx(distance_m((c, d), (a, b)), abs=1e-6)
    assert distance_m((a, b), (a, b)) == 0


def test_contains_leaves_out_holes() -> None:
    assert contains(SQUARE, (107.02, 16.02))
    assert not contains(SQUARE, (107.05, 16.05))
    assert not contains(SQUARE, (107.15, 16.05))


@given(stars(), lons, lats)
def test_contains_agrees_with_shapely(star: dict[str, Any], lon: float, lat: float) -> None:
    shape, point = shapely.geometry.shape(star), shapely.Point(lon, lat)
    assume(shape.is_valid and shape.exterior.distance(point) > 1e-9)
    assert contains(star, (lon, lat)) == shape.contains(point)


@given(stars())
def test_representative_point_lies_inside(star: dict[str, Any]) -> None:
    shape = shapely.geometry.shape(star)
    assume(shape.is_valid and shape.area > 1e-4)
    assert shape.buffer(1e-9).contains(shapely.Point(representative_point(star)))


@given(stars(), lons, lats)
def test_distance_to_m_agrees_with_a_plane(star: dict[str, Any], lon: float, lat: float) -> None:
    east = DEGREE_M * cos(radians(lat))
    plane = shapely.transform(shapely.geometry.shape(star), lambda xy: (xy - [lon, lat]) * [east, DEGREE_M])
    assume(plane.is_valid)
    assert distance_to_m(star, (lon, lat)) == pytest.approx(plane.distance(shapely.Point(0, 0)), abs=1e-3)


def test_bbox_spans_all_parts() -> None:
    both = {"type": "MultiPolygon", "coordinates": [SQUARE["coordinates"], *FAR["coordinates"]]}
    assert bbox(both) == (107.0, 16.0, 107.3, 16.1)


def test_geometry_without_an_inside_is_refused() -> None:
    with pytest.raises(ValueError, match="LineString"):
        bbox({"type": "LineString", "coordinates": [[0, 0], [1, 1]]})


def test_nearest_takes_the_closest_within_the_limit() -> None:
    index = Index([("square", SQUARE), ("far", FAR)])
    fifty_m = 107.1 + 50 / (DEGREE_M * cos(radians(16.05)))
    assert len(index) == 2
    assert index.nearest((107.02, 16.02), 100) == ("square", 0.0)
    found = index.nearest((fifty_m, 16.05), 100)
    assert found is not None
    assert found[0] == "square"
    assert found[1] == pytest.approx(50, abs=0.5)
    assert index.nearest((fifty_m, 16.05), 49) is None
    assert index.nearest((107.15, 16.05), 100) is None


@given(lons, lats, st.floats(0, 20_000))
def test_nearest_never_loses_a_shape_to_its_box(lon: float, lat: float, limit: float) -> None:
    shapes = [("square", SQUARE), ("far", FAR)]
    found = Index(shapes).nearest((lon, lat), limit)
    best = min((distance_to_m(g, (lon, lat)), k) for k, g in shapes)
    assert (found is not None) == (best[0] <= limit)
    if found is not None:
        assert found[1] == best[0]


def test_containing_names_every_shape_that_overlaps() -> None:
    index = Index([("a", SQUARE), ("b", SQUARE), ("far", FAR)])
    assert index.containing((107.02, 16.02)) == ["a", "b"]
    assert index.containing((106.0, 16.02)) == []
