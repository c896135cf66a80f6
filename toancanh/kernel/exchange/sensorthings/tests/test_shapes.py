"""Geometries as clients send them."""

from __future__ import annotations

from typing import Any

import pytest

from toancanh.kernel.exchange.sensorthings.shapes import box, geometry

POINT = {"type": "Point", "coordinates": [107.6, 16.4]}
DEEP: Any = []
for _ in range(2000):
    DEEP = [DEEP]


def test_box_goes_around_a_geometry_or_a_feature() -> None:
    line = {"type": "LineString", "coordinates": [[107.5, 16.6], [107.7, 16.2]]}
    assert box(POINT) == (107.6, 16.4, 107.6, 16.4)
    assert box({"type": "Feature", "geometry": line}) == (107.5, 16.2, 107.7, 16.6)


@pytest.mark.parametrize(
    "told",
    [
        None,
        "POINT (1 2)",
        [],
        {},
        {"type": "Point"},
        {"type": "Point", "coordinates": []},
        {"type": "Point", "coordinates": ["a", "b"]},
        {"type": "Point", "coordinates": DEEP},
        {"type": "Feature", "geometry": None},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]},
    ],
)
def test_what_is_no_geometry_has_no_box(told: Any) -> None:
    assert geometry(told) is None
    assert box(told) is None
