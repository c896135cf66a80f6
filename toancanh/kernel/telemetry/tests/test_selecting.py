"""Selections of readings over many series, on both engines, against sorting everything in Python."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toancanh.kernel.telemetry import selecting, selecting_postgres, selecting_sqlite
from toancanh.kernel.telemetry.store import (
    DAY,
    FOREVER,
    HOUR,
    SECOND,
    Order,
    Reading,
    Row,
    Store,
    TooLong,
    Wanted,
)
from toancanh.kernel.telemetry.tests.stores import store, where

__all__ = ["store", "where"]

# The last hours of November 2026 in UTC: readings lie in three monthly tables.
START = 1_796_083_200 * SECOND - 5 * HOUR
NEWEST: Order = (("time", True),)
OLDEST: Order = (("time", False),)
ROWS = [
    Row(series, START + step * HOUR + series * SECOND * (step % 3), float((series * 7 + step * 5) % 11 - 4))
    for series in range(1, 8)
    for step in (*range(-40 * series, 24, 9), 24 * 31 * (series % 2))
]
EVERYTHING = [Reading(*row[:4]) for row in {(row.series, row.time): row for row in ROWS}.values()]


@pytest.fixture
def filled(store: Store) -> Store:
    """A store with seven series over three months."""
    store.put(ROWS, START + 90 * DAY)
    return store


def expected(wanted: Wanted, order: Order) -> list[Reading]:
    """All that is wanted, in order, found the plain way."""
    found = [
        row
        for row in EVERYTHING
        if row.series in wanted.series
        and wanted.start <= row.time < wanted.end
        and wanted.low <= row.value <= wanted.high
        and (wanted.after is None or row.time != wanted.after[0] or row.series > wanted.after[1])
    ]
    for column, descending in reversed(selecting.total_order(order)):
        found.sort(key=lambda row: getattr(row, column), reverse=descending)
    return found


TIMES = st.integers(-50, 60).map(lambda n: START + n * 13 * HOUR) | st.sampled_from([0, FOREVER])
WANTED = st.builds(
    Wanted,
    st.lists(st.integers(1, 9), max_size=9),
    TIMES,
    TIMES,
    st.sampled_from([-inf, -2.0, 0.0]),
    st.sampled_from([inf, 3.0, 0.0]),
    st.none() | st.sampled_from([(row.time, row.series) for row in ROWS[::7]]),
)
ORDERS = st.lists(
    st.tuples(st.sampled_from(["series", "time", "value"]), st.booleans()),
    min_size=1,
    max_size=3,
    unique_by=lambda key: key[0],
).map(tuple)


@pytest.mark.slow
@given(WANTED, ORDERS, st.integers(0, 40), st.integers(0, 40))
@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_selection_is_that_of_sorting_everything(
    filled: Store, wanted: Wanted, order: Order, limit: int, skip: int
) -> None:
    whole = expected(wanted, order)
    assert filled.select(wanted, order, limit=limit, skip=skip) == whole[skip : skip + limit]
    by_series: dict[int, list[Reading]] = {}
    for row in whole:
        by_series.setdefault(row.series, []).append(row)
    assert filled.counts(wanted) == {series: len(rows) for series, rows in by_series.items()}
    cut = {series: rows[skip : skip + limit] for series, rows in by_series.items()}
    assert filled.each(wanted, order, limit=limit, skip=skip) == {s: rows for s, rows in cut.items() if rows}


@pytest.mark.parametrize("order", [NEWEST, OLDEST])
def test_pages_after_the_last_row_give_everything_once(filled: Store, order: Order) -> None:
    wanted, found = Wanted(range(1, 8)), list[Reading]()
    while page := filled.select(wanted, order, limit=5):
        found += page
        last = page[-1]
        if order is NEWEST:
            wanted = replace(wanted, end=last.time + 1, after=(last.time, last.series))
        else:
            wanted = replace(wanted, start=last.time, after=(last.time, last.series))
    assert found == expected(Wanted(range(1, 8)), order)


def test_empty_store_has_nothing(store: Store) -> None:
    assert store.select(Wanted([1, 2]), NEWEST, limit=10) == []
    assert store.each(Wanted([1, 2]), NEWEST, limit=10) == {}
    assert store.counts(Wanted([1])) == {}
    assert store.select(Wanted([]), (("value", False),), limit=10) == []


@pytest.mark.slow
def test_selection_that_takes_too_long_is_ended(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put([Row(n % 50, START + n, float(n % 97)) for n in range(60_000)], START + DAY)
    for engine in (selecting_sqlite, selecting_postgres):
        within = engine.within
        monkeypatch.setattr(
            f"{engine.__name__.replace('selecting', 'store')}.within", lambda c, w=within: w(c, 0.002)
        )
    slow = Wanted(range(50))
    with pytest.raises(TooLong):
        store.select(slow, (("value", False), ("time", True)), limit=10, skip=30_000)
    monkeypatch.undo()
    assert len(store.select(slow, NEWEST, limit=10)) == 10


def test_readings_are_found_by_their_keys(filled: Store) -> None:
    keys = [(reading.series, reading.time) for reading in EVERYTHING]
    there = dict(zip(keys, EVERYTHING, strict=True))
    absent = [(9, START), (1, START + 1), (1, START + 400 * DAY)]
    assert filled.at([*keys, *absent, *keys[:3]]) == there
    assert filled.at([]) == {}


@pytest.mark.parametrize("order", [NEWEST, OLDEST])
def test_reading_at_the_end_of_a_span_is_not_within_it(filled: Store, order: Order) -> None:
    last = EVERYTHING[0]
    for wanted in (Wanted([last.series], last.time, last.time), Wanted([last.series], 0, last.time)):
        found = filled.each(wanted, order, limit=1_000)
        assert found.get(last.series, []) == expected(wanted, order)
