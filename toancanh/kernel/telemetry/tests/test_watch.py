"""What other processes commit is heard of: every change once, none missed, whatever the order of commits."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import timedelta

import pytest

from tests.city import BY, NOON, START, City, measure
from tests.postgres import shared_cluster
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.live import Hub
from toancanh.kernel.telemetry import actions, announce, engine
from toancanh.kernel.telemetry.announce import Announcer
from toancanh.kernel.telemetry.store import CORRECTED, Reading, Row, Store, open_store
from toancanh.kernel.telemetry.tests.stores import store, where
from toancanh.kernel.telemetry.tests.test_announce import pending
from toancanh.kernel.telemetry.watch import Watch

__all__ = ["store", "where"]


def test_change_of_another_process_is_named_and_quiet_is_quiet(store: Store, where: str) -> None:
    store.put([Row(1, 10, 1.0), Row(2, 10, 2.0)], 0)
    other = open_store(where)
    first = store.changed(None)
    assert sorted(first.readings) == [Reading(1, 10, 1.0, 0), Reading(2, 10, 2.0, 0)]
    other.put([Row(2, 11, 2.5)], 0)
    second = store.changed(first.mark)
    assert Reading(2, 11, 2.5, 0) in second.readings
    assert store.changed(second.mark).readings == []
    other.put([Row(2, 5, 2.5)], 0)
    assert Reading(2, 5, 2.5, 0) not in store.changed(second.mark).readings
    other.close()


def test_store_looks_on_after_it_was_closed(store: Store) -> None:
    mark = store.changed(None).mark
    store.put([Row(1, 10, 1.0)], 0)
    store.close()
    assert store.changed(mark).readings == [Reading(1, 10, 1.0, 0)]


@pytest.mark.postgres
def test_commit_that_began_before_a_look_and_ended_after_it_is_named() -> None:
    where = shared_cluster().fresh()
    looker, slow, quick = (open_store(where) for _ in range(3))
    slow.put([Row(1, 1, 0.0)], 0)
    mark = looker.changed(None).mark
    with slow.batch() as batch:
        batch.put([Row(1, 10, 1.0)], 0)
        quick.put([Row(2, 10, 2.0)], 0)
        mark, readings = looker.changed(mark)
        assert Reading(2, 10, 2.0, 0) in readings
        assert Reading(1, 10, 1.0, 0) not in readings
        quick.put([Row(2, 11, 2.0)], 0)
        mark, _ = looker.changed(mark)
    mark, readings = looker.changed(mark)
    assert Reading(1, 10, 1.0, 0) in readings
    assert looker.changed(mark).readings == []
    for one in (looker, slow, quick):
        one.close()


class Heard(Announcer):
    """Notes what pages would hear."""

    def __init__(self) -> None:
        self.told: list[Reading] = []

    def tell(self, readings: Iterable[Reading]) -> None:
        self.told += readings

    def look(self) -> None:
        return


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.mark.slow
def test_each_reading_is_told_once_whoever_committed_it(heard: Heard, store: Store, where: str) -> None:
    engine.use(store)
    store.put([Row(1, 1, 0.5)], 0)
    watch, other = Watch(heard, others=True), open_store(where)
    watch.look()
    assert heard.told == []
    for time in range(10, 20):
        other.put([Row(1, time, 1.0)], 0)
        watch.committed(store.put([Row(2, time, 2.0)], 0).newest)
        watch.look()
        watch.look()
    assert heard.told == list(
        itertools.chain.from_iterable(
            (Reading(2, time, 2.0, 0), Reading(1, time, 1.0, 0)) for time in range(10, 20)
        )
    )
    other.close()
    engine.use(None)


def test_what_is_heard_late_does_not_turn_back_what_was_told(heard: Heard) -> None:
    watch = Watch(heard, others=False)
    newer, corrected = Reading(1, 20, 2.0, 0), Reading(1, 20, 2.2, CORRECTED)
    watch.committed([newer])
    watch.committed([Reading(1, 10, 1.0, 0)])
    watch.committed([corrected])
    watch.committed([newer])
    assert heard.told == [newer, corrected]


def test_threshold_that_another_process_changed_is_judged_anew(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announce, "LOOK_EVERY", 0.0)
    hub = Hub()
    watch = Watch(Announcer(hub), others=False)
    with clock.set_to(NOON):
        measure(city.gauge, NOON, 1.5)
        watch.look()
        assert pending(hub) == []
        actions.set_threshold(city.level, "BĐ2", 1.2, START, by=BY, source="x")
        watch.look()
        assert [told[0][:4] + told[0][5:] for told in pending(hub)] == [
            ("gauge", "level", clock.to_us(NOON) // 1000, 1.5, 2)
        ]
        watch.look()
        assert pending(hub) == []


def test_threshold_that_ends_with_the_day_is_judged_anew(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announce, "LOOK_EVERY", 0.0)
    hub = Hub()
    watch = Watch(Announcer(hub), others=False)
    with clock.set_to(NOON):
        measure(city.gauge, NOON, 2.5)
        tomorrow = (NOON + timedelta(days=1)).date()
        actions.set_threshold(city.level, "BĐ1", 9.0, tomorrow, by=BY, source="x")
        actions.set_threshold(city.level, "BĐ2", 9.5, tomorrow, by=BY, source="x")
        watch.look()
        pending(hub)
    with clock.set_to(NOON + timedelta(days=1)):
        watch.look()
        assert [told[0][5] for told in pending(hub)] == [0]
