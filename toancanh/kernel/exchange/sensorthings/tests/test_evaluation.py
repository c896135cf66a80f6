"""What expressions come to, function by function."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from toancanh.kernel.exchange.sensorthings.evaluation import evaluate, holds
from toancanh.kernel.exchange.sensorthings.expressions import FUNCTIONS, Call, filter_of, walk
from toancanh.kernel.exchange.sensorthings.literals import Period
from toancanh.kernel.runtime import clock

NOON = datetime(2026, 11, 21, 12, 30, 15, 250_000, tzinfo=UTC)
HOUR = Period(NOON, NOON + timedelta(hours=1))
VALUES: dict[str, Any] = {
    "name": "Trạm Cầu Gỗ",
    "result": 5,
    "half": 2.5,
    "none": None,
    "yes": True,
    "at": NOON,
    "hour": HOUR,
    "point": {"type": "Point", "coordinates": [107.6, 16.4]},
    "line": {"type": "LineString", "coordinates": [[0, 0], [3, 4]]},
    "text": "2026-11-21T12:30:15.250Z",
    "list": [1, 2],
}
BOX = "geography'POLYGON((107 16, 108 16, 108 17, 107 17, 107 16))'"

TRUE = [
    "result eq 5",
    "result ne 4",
    "result gt 4.5 and result ge 5 and result lt 6 and result le 5",
    "result eq 4 or yes",
    "not (result eq 4)",
    "none eq null",
    "result ne null",
    "none ne 1",
    "not (none gt 1)",
    "not (none le 1)",
    "result add 1 eq 6",
    "result sub 1 eq 4",
    "result mul 2 eq 10",
    "result div 2 eq 2.5",
    "result mod 3 eq 2",
    "-result eq -5",
    "result div 0 eq null",
    "name add 1 eq null",
    "substringof('Cầu', name)",
    "endswith(name, 'Gỗ')",
    "startswith(name, 'Trạm')",
    "length(name) eq 11",
    "indexof(name, 'C') eq 6",
    "indexof(name, 'x') eq 0",
    "substring(name, 5) eq 'Cầu Gỗ'",
    "substring(name, 5, 3) eq 'Cầu'",
    "tolower(name) eq 'trạm cầu gỗ'",
    "toupper(name) eq 'TRẠM CẦU GỖ'",
    "trim('  a ') eq 'a'",
    "concat(concat(name, ', '), 'Huế') eq 'Trạm Cầu Gỗ, Huế'",
    "year(at) eq 2026 and month(at) eq 11 and day(at) eq 21",
    "hour(at) eq 12 and minute(at) eq 30 and second(at) eq 15",
    "fractionalseconds(at) eq 0.25",
    "date(at) eq 2026-11-21",
    "time(at) gt 12:30:00 and time(at) lt 12:31:00",
    "totaloffsetminutes(at) eq 0",
    "at lt now() and at gt mindatetime() and at lt maxdatetime()",
    "at gt 2026-11-21",
    "at sub duration'PT30M' eq 2026-11-21T12:00:15.250Z",
    "at add duration'P1D' gt 2026-11-22T00:00:00Z",
    "text eq 2026-11-21T12:30:15.250Z",
    "hour ge 2026-11-21T12:30:15.250Z",
    "hour gt 2026-11-21T12:00:00Z",
    "not (hour gt 2026-11-21T13:00:00Z) and not (hour lt 2026-11-21T13:00:00Z)",
    "hour lt 2026-11-21T13:30:15.250Z",
    "hour lt 2026-11-21T13:30:15.250Z/2026-11-21T14:00:00Z",
    "at lt 2026-11-21T13:30:00Z/2026-11-21T14:00:00Z",
    "round(half) eq 3 and floor(half) eq 2 and ceiling(half) eq 3",
    "round(-half) eq -3",
    "geo.distance(point, geography'POINT(107.6 16.5)') lt 0.11",
    "geo.length(line) eq 5",
    f"geo.intersects(point, {BOX})",
    f"st_within(point, {BOX})",
    f"st_contains({BOX}, point)",
    f"st_intersects(point, {BOX}) and not st_disjoint(point, {BOX})",
    "st_equals(point, geography'POINT(107.6 16.4)')",
    "point eq geography'POINT(107.6 16.4)'",
    "st_touches(line, geography'POINT(0 0)')",
    "st_crosses(line, geography'LINESTRING(0 4, 3 0)')",
    "st_overlaps(geography'LINESTRING(0 0, 1.5 2)', geography'LINESTRING(0.75 1, 3 4)')",
    "st_relate(point, geography'POINT(107.6 16.4)', 'T********')",
    "yes",
    "yes eq true",
]
FALSE = [
    "none",
    "result",
    "name",
    "none gt 1",
    "result gt 'a'",
    "result eq '5'",
    "yes gt false",
    "yes eq 1",
    "length(result) eq 1",
    "year(name) eq 2026",
    f"st_within(name, {BOX})",
    "point eq name",
    "list gt 1",
    "at eq name",
    "hour eq 2026-11-21T12:30:15.250Z",
    "st_relate(point, point, 'nonsense')",
    "not yes",
]


def value(path: Any) -> Any:
    return VALUES[path.names[0]]


@pytest.mark.parametrize("text", TRUE)
def test_true(text: str) -> None:
    with clock.set_to(NOON + timedelta(days=1)):
        assert holds(filter_of(text), value)


@pytest.mark.parametrize("text", FALSE)
def test_not_true(text: str) -> None:
    assert not holds(filter_of(text), value)


def test_every_function_of_the_standard_is_shown_above() -> None:
    used = {part.name for text in TRUE for part in walk(filter_of(text)) if isinstance(part, Call)}
    assert set(FUNCTIONS) - used == set()


def test_every_function_bears_any_value() -> None:
    kinds = ["name", "result", "none", "yes", "at", "hour", "point", "list", "half"]
    for name, counts in FUNCTIONS.items():
        for count in counts:
            for shift in range(len(kinds)):
                given = ", ".join(kinds[(shift + n) % len(kinds)] for n in range(count))
                evaluate(filter_of(f"{name}({given})"), value)
    for word in ("add", "sub", "mul", "div", "mod", "eq", "ne", "gt", "ge", "lt", "le"):
        for left in kinds:
            for right in kinds:
                evaluate(filter_of(f"{left} {word} {right}"), value)
