"""A storm of alerts is written a few at a time, each once, whoever is killed between two slices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest

from tests.city import NOON, City, series_of, thing
from toancanh.kernel.alerts import slices
from toancanh.kernel.alerts.desk import LEASE, Desk
from toancanh.kernel.alerts.folding import Point
from toancanh.kernel.alerts.models import Alert, AlertState, Chapter, Cursor, Rule, Unwritten
from toancanh.kernel.alerts.ringing import Finding
from toancanh.kernel.alerts.watching import Reason
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.store import Row

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
GAUGES, SLICE = 10, 4


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """At noon, with slices of four."""
    monkeypatch.setattr(slices, "MOST", SLICE)
    with clock.set_to(NOON):
        yield


@pytest.fixture
def rivers(city: City) -> list[int]:
    """Series of ten gauges under one rule that rings at once and stops at once."""
    found = [series_of(thing(f"g{n}", lon=107.01 + n / 200)).pk for n in range(GAUGES)]
    Rule.objects.create(
        key="flood.level",
        condition={"is": "bands", "series": "level", "lines": [{"at": 1.0, "severity": 2}]},
        valid_from=NOON,
        created=NOON,
        made_by="tests",
    )
    return found


def begun() -> Desk:
    made = Desk(clock_s=0, save_s=0, pause_s=0)
    made.look()
    return made


def flow(rivers: list[int], minutes: int, *values: float) -> None:
    """All rivers in one commit: a value a minute, the last of them so long after noon."""
    last = clock.to_us(NOON + minutes * MINUTE)
    first = last - (len(values) - 1) * 60_000_000
    rows = [Row(river, first + n * 60_000_000, value) for n, value in enumerate(values) for river in rivers]
    with clock.set_to(NOON + minutes * MINUTE):
        engine.store().put(rows, clock.now_us())


def standing() -> int:
    return Alert.objects.filter(over_at=None).count()


def rung() -> Counter[int]:
    """How often each river rang."""
    return Counter(Alert.objects.values_list("thing", flat=True))


def test_storm_of_one_commit_is_written_slice_by_slice(rivers: list[int]) -> None:
    desk = begun()
    flow(rivers, 1, 1.4)
    seen = []
    for _look in range(5):
        desk.look()
        seen.append(standing())
    assert seen == [4, 8, 10, 10, 10]
    assert not Unwritten.objects.exists()
    assert Chapter.objects.count() == GAUGES


def test_between_two_slices_others_have_their_turn(rivers: list[int]) -> None:
    desk = Desk(clock_s=0, save_s=0, pause_s=3600)
    desk.look()
    flow(rivers, 1, 1.4)
    for _look in range(3):
        assert desk.look() == 0
        assert standing() == SLICE


@pytest.mark.slow
def test_nothing_is_judged_before_all_is_written_that_was_found(rivers: list[int]) -> None:
    desk = begun()
    flow(rivers, 1, 1.4)
    desk.look()
    flow(rivers, 2, 0.4)
    for _look in range(2):
        desk.look()
    assert standing() == GAUGES
    for _look in range(3):
        desk.look()
    assert standing() == 0
    assert set(rung().values()) == {1}


@pytest.mark.slow
@pytest.mark.parametrize("written", [1, 2, 3, 4, 5])
def test_kill_between_slices_loses_no_wave_and_doubles_none(rivers: list[int], written: int) -> None:
    desk = begun()
    # They rose and fell in one commit: of the readings alone nobody could tell what was written already.
    flow(rivers, 4, 0.4, 1.4, 1.2, 0.4)
    for _slice in range(written):
        desk.look()
    with clock.set_to(NOON + 4 * MINUTE + LEASE):
        after = begun()
        for _look in range(6):
            after.look()
        # The killed one was only asleep: it has lost the lease and writes nothing.
        desk._renewed = -1e9
        desk.look()
    assert len(rung()) == GAUGES
    assert set(rung().values()) == {1}
    assert not Alert.objects.exclude(state=AlertState.CLOSED, peak=1.4).exists()
    assert Chapter.objects.filter(what="opened").count() == GAUGES


def test_who_lost_the_lease_between_two_slices_writes_no_other(rivers: list[int]) -> None:
    desk = begun()
    flow(rivers, 1, 1.4)
    desk.look()
    Cursor.objects.update(owner="another")
    left = Unwritten.objects.count()
    desk.look()
    assert (standing(), Unwritten.objects.count(), desk._board) == (SLICE, left, None)


@pytest.mark.slow
def test_rule_that_ends_for_all_ends_what_rings_slice_by_slice(rivers: list[int]) -> None:
    desk = begun()
    flow(rivers, 1, 1.4)
    for _look in range(3):
        desk.look()
    Rule.objects.update(valid_to=NOON + 2 * MINUTE)
    with clock.set_to(NOON + 2 * MINUTE):
        seen = []
        assert desk._board is not None
        desk._board._until = NOON  # it looks again at what holds
        for _look in range(3):
            desk.look()
            seen.append(standing())
    assert seen == [6, 2, 0]


def test_peaks_are_written_together(rivers: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "MOST_PEAKS", 8)
    desk = begun()
    flow(rivers, 1, 1.4)
    for _look in range(3):
        desk.look()
    flow(rivers, 2, 1.7)
    for peaks in (8, 10):
        desk.look()
        moved = Alert.objects.filter(peak=1.7, peak_at=NOON + 2 * MINUTE)
        assert moved.count() == peaks
    assert Chapter.objects.count() == GAUGES


def test_finding_comes_back_as_it_was_kept() -> None:
    why = Reason(2, "level", "rate", "BĐ2", 0.1 + 0.2, float("inf"), Point(5, -0.0), 7)
    found = [
        Finding(("flood.level", 3), 4, 2, why, 2, Point(1, 2.5), (8, 9)),
        Finding(("flood.level", 4)),
        Finding(("flood.level", 5), severity=1, peak=Point(2, 3.0), is_peak_alone=True),
    ]
    kept = msgspec.msgpack.encode(found)
    assert msgspec.msgpack.decode(kept, type=list[Finding]) == found
