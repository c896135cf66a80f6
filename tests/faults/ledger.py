"""What a device knows of what it sent and what was acknowledged, and the comparison with the store."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from toancanh.kernel.telemetry.store import Store

Readings = dict[int, float]
"""Values by time in microseconds."""


class Batch(NamedTuple):
    """What one message carries: readings of things, all of the series `level`."""

    readings: Mapping[str, Readings]

    @property
    def size(self) -> int:
        """How many readings it carries."""
        return sum(map(len, self.readings.values()))


@dataclass
class Ledger:
    """One client's own book, outside the product."""

    sent: dict[str, Readings] = field(default_factory=dict)
    acknowledged: dict[str, Readings] = field(default_factory=dict)
    count: int = 0
    """Readings acknowledged."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note_sent(self, batch: Batch) -> None:
        """Write down what is about to leave."""
        self._note(self.sent, batch)

    def note_acknowledged(self, batch: Batch) -> None:
        """Write down what the product said it has kept."""
        self._note(self.acknowledged, batch)
        self.count += batch.size

    def _note(self, book: dict[str, Readings], batch: Batch) -> None:
        with self._lock:
            for thing, readings in batch.readings.items():
                book.setdefault(thing, {}).update(readings)


def compare(ledgers: Iterable[Ledger], store: Store, series: Mapping[str, int]) -> int:
    """How many readings were acknowledged; fails unless each is there once with its value.

    Nothing may be there either that nobody sent. `series` are the store's numbers by thing.
    """
    count = 0
    for ledger in ledgers:
        for thing, sent in ledger.sent.items():
            kept = [(r.time, r.value) for r in store.range(series[thing], 0, 2**62, limit=10_000_000)]
            values = dict(kept)
            assert len(values) == len(kept), f"{thing}: a reading is there twice"
            acknowledged = ledger.acknowledged.get(thing, {})
            lost = {time: value for time, value in acknowledged.items() if values.get(time) != value}
            assert lost == {}, f"{thing} lost {len(lost)} of {len(acknowledged)} acknowledged readings"
            strange = {time: value for time, value in kept if sent.get(time) != value}
            assert strange == {}, f"{thing} has {len(strange)} readings that nobody sent"
            if kept:
                newest = store.latest([series[thing]])[series[thing]]
                assert (newest.time, newest.value) == max(kept)
            count += len(acknowledged)
    return count
