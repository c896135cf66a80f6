"""Random batches with repeats, conflicts and corrections out of order, against a dictionary."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.postgres import shared_cluster
from toancanh.kernel.telemetry import batch_postgres
from toancanh.kernel.telemetry.store import CORRECTED, DAY, SECOND, Outcome, Reading, Row, open_store

START = 1_793_466_000 * SECOND
TIMES = st.integers(0, 3).map(lambda n: START + n * 4 * 3600 * SECOND)
ROWS = st.builds(
    Row,
    st.integers(1, 3),
    TIMES,
    st.sampled_from([0.0, -0.0, 1.5, -2.25, 1e308, 5e-324, 0.1]),
    st.sampled_from([0, 1]),
    st.sampled_from(["", "", "", "gateway"]),
)
BATCHES = st.lists(st.lists(ROWS, max_size=20), max_size=6)


class Oracle:
    """What the store promises, in a dozen lines."""

    def __init__(self) -> None:
        self.kept: dict[tuple[int, int], tuple[float, int]] = {}
        self.superseded = 0

    def put(self, row: Row) -> bool:
        key = row.series, row.time
        value, _quality = self.kept.setdefault(key, (row.value, row.quality))
        if value == row.value:
            return True
        if not row.corrected_by:
            return False
        self.superseded += 1
        self.kept[key] = row.value, row.quality | CORRECTED
        return True

    def readings(self, series: int) -> list[Reading]:
        return [Reading(*key, *kept) for key, kept in sorted(self.kept.items()) if key[0] == series]


def follows_the_oracle(where: str, batches: list[list[Row]]) -> None:
    store, oracle = open_store(where), Oracle()
    try:
        newest: dict[int, Reading] = {}
        for batch in batches:
            placed = store.put(batch, START)
            expected = [oracle.put(row) for row in batch]
            assert [outcome is not Outcome.CONFLICT for outcome in placed.outcomes] == expected
            newest.update((reading.series, reading) for reading in placed.newest)
        superseded = 0
        for series in (1, 2, 3):
            readings = oracle.readings(series)
            assert store.range(series, 0, START + DAY, limit=100) == readings
            assert store.latest([series]) == ({series: readings[-1]} if readings else {})
            assert newest.get(series) == (readings[-1] if readings else None)
            superseded += len(store.superseded(series, 0, START + DAY))
        assert superseded == oracle.superseded
    finally:
        store.close()


@pytest.mark.slow
@given(BATCHES)
@settings(deadline=None, max_examples=150)
def test_sqlite_follows_the_oracle(batches: list[list[Row]]) -> None:
    with TemporaryDirectory() as folder:
        follows_the_oracle(str(Path(folder) / "telemetry.db"), batches)


@pytest.mark.postgres
@given(BATCHES, st.sampled_from([1, 8, 500]))
@settings(deadline=None, max_examples=40)
def test_postgres_follows_the_oracle(batches: list[list[Row]], copied: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch_postgres, "COPIED", copied)
        follows_the_oracle(shared_cluster().fresh(), batches)
