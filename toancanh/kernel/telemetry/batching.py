"""What every engine keeps in mind during a transaction of its writer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from toancanh.kernel.telemetry import placing
from toancanh.kernel.telemetry.store import Placed, Reading, Row


class Bookkeeping(placing.Engine):
    """The batch of a store, but for the statements of its engine.

    `latest` is the store's own table of newest readings: it is read here, and changed by `settle` alone.
    """

    def __init__(self, latest: dict[int, Reading]) -> None:
        self._latest = latest
        self._newest: list[Reading] = []
        self._fallen: dict[int, Reading] = {}
        self._emptied: set[int] = set()
        self.told: list[Row | Reading] = []
        self.now = 0

    def put(self, rows: Sequence[Row], now: int) -> Placed:
        self.now = now
        latest = self._latest
        if self._newest:
            latest = latest | {reading.series: reading for reading in self._newest}
        placed = placing.place(self, rows, latest, now)
        self._newest.extend(placed.newest)
        return placed

    def tell(self, readings: Sequence[Row] | Sequence[Reading]) -> None:
        self.told.extend(readings)

    def fall_back(self, series: int, to: Reading | None) -> None:
        self.forget(series)
        if to is None:
            self._emptied.add(series)
        else:
            self._fallen[series] = to
            self.advance([to])

    @abstractmethod
    def forget(self, series: int) -> None:
        """Let the series have no latest reading."""

    def settle(self) -> None:
        """The transaction is committed: its newest readings are the store's."""
        self._latest.update((reading.series, reading) for reading in self._newest)
        self._latest.update(self._fallen)
        for series in self._emptied:
            self._latest.pop(series, None)
