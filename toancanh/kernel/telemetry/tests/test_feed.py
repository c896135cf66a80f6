"""The feed names every committed reading, whatever the order of commits, and nothing uncommitted."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.postgres import shared_cluster
from toancanh.kernel.telemetry import feed
from toancanh.kernel.telemetry.feed import KEPT, WITHDRAWN
from toancanh.kernel.telemetry.store import CORRECTED, Mark, Reading, Row, Store, open_store
from toancanh.kernel.telemetry.tests.stores import store, where

__all__ = ["store", "where"]


def told(store: Store, since: Mark | None) -> list[Reading]:
    """All readings behind the mark."""
    return [reading for entry in store.follow(since).entries for reading in entry.readings]


def test_feed_begins_where_it_stands_and_tells_what_follows(store: Store) -> None:
    store.put([Row(1, 10, 1.0)], 5)
    start = store.follow(None)
    assert start.entries == []
    store.put([Row(2, 11, 2.0), Row(1, 12, 3.0, 1)], 6)
    store.put([Row(1, 10, 1.5, 0, "gateway")], 7)
    found = store.follow(start.mark)
    assert [entry.at for entry in found.entries] == [6, 7]
    assert [entry.readings for entry in found.entries] == [
        [Reading(2, 11, 2.0, 0), Reading(1, 12, 3.0, 1)],
        [Reading(1, 10, 1.5, CORRECTED)],
    ]
    assert told(store, found.mark) == []


def test_conflict_is_not_told_and_withdrawal_is(store: Store) -> None:
    store.put([Row(1, 10, 1.0)], 5)
    mark = store.follow(None).mark
    store.put([Row(1, 10, 9.0)], 6)
    assert told(store, mark) == []
    store.withdraw([(1, 10)], 7, "somebody")
    assert told(store, mark) == [Reading(1, 10, 1.0, WITHDRAWN)]


def test_nothing_of_a_broken_transaction_is_told(store: Store) -> None:
    mark = store.follow(None).mark

    def broken() -> None:
        with store.batch() as batch:
            batch.put([Row(1, 10, 1.0)], 5)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert told(store, mark) == []


def test_feed_outlives_the_process_and_is_read_in_parts(store: Store, where: str) -> None:
    mark = store.follow(None).mark
    for number in range(7):
        store.put([Row(1, number, float(number))], number)
    store.close()
    other = open_store(where)
    values: list[float] = []
    known: set[int] = set()
    while True:
        found = other.follow(mark, known, limit=3)
        known |= {entry.number for entry in found.entries}
        values += [reading.value for entry in found.entries for reading in entry.readings]
        mark = found.mark
        if found.is_all:
            break
    assert values == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    other.close()


def test_what_is_done_with_is_dropped_and_the_rest_after_a_day(store: Store) -> None:
    start = store.follow(None).mark
    store.put([Row(1, 1, 1.0)], 1)
    store.followed(store.follow(start).mark)
    store.put([Row(1, 2, 2.0)], 2)
    assert told(store, start) == [Reading(1, 2, 2.0, 0)]
    store.put([Row(1, 3, 3.0)], KEPT + 10)
    assert told(store, start) == [Reading(1, 3, 3.0, 0)]


def test_mark_of_a_newer_copy_does_not_deafen_an_older_one(store: Store) -> None:
    store.put([Row(1, 1, 1.0)], 1)
    newest, _rest = store.follow(None).mark
    assert told(store, (newest + 1_000_000, 0)) == [Reading(1, 1, 1.0, 0)]


@pytest.mark.postgres
def test_slow_commit_is_told_after_a_quick_one_that_began_later() -> None:
    where = shared_cluster().fresh()
    reader, slow, quick = (open_store(where) for _ in range(3))
    slow.put([Row(1, 1, 0.0)], 0)
    mark = reader.follow(None).mark
    with slow.batch() as batch:
        batch.put([Row(1, 2, 1.0)], 1)
        # The slow one has its number already; the quick one is seen at once all the same.
        quick.put([Row(2, 2, 2.0)], 2)
        first = reader.follow(mark)
        assert [entry.readings for entry in first.entries] == [[Reading(2, 2, 2.0, 0)]]
    known = [entry.number for entry in first.entries]
    second = reader.follow(first.mark, known)
    assert [entry.readings for entry in second.entries] == [[Reading(1, 2, 1.0, 0)]]
    third = reader.follow(second.mark)
    assert third.entries == []
    for one in (reader, slow, quick):
        one.close()


@pytest.mark.slow
def test_dropping_costs_the_same_however_much_nobody_has_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "PRUNED", 50)
    connection = sqlite3.connect(tmp_path / "feed.db", isolation_level=None)
    connection.execute(feed.SQLITE)

    def steps(now: int) -> int:
        counted = [0]

        def count() -> int:
            counted[0] += 1
            return 0

        connection.set_progress_handler(count, 10)
        feed.prune_sqlite(connection, now)
        connection.set_progress_handler(None, 0)
        return counted[0]

    connection.executemany("INSERT INTO feed(at, rows) VALUES (?, x'')", [(n,) for n in range(100)])
    few = steps(KEPT)
    connection.executemany("INSERT INTO feed(at, rows) VALUES (?, x'')", [(n,) for n in range(100, 5_000)])
    assert steps(KEPT) <= 2 * few
    steps(KEPT + 30)
    steps(KEPT + 1_000)
    assert connection.execute("SELECT min(at), count(*) FROM feed").fetchone() == (80, 4_920)
    connection.close()
