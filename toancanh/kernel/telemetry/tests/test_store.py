"""The rules of the store: repeats, conflicts, corrections, order, spans, on both engines alike."""

from __future__ import annotations

import sys
import threading
from contextlib import suppress

import psycopg
import pytest

from tests.postgres import shared_cluster
from toancanh.kernel.telemetry import batch_postgres
from toancanh.kernel.telemetry.store import (
    ANSWER_KEPT,
    CORRECTED,
    DAY,
    HOUR,
    OUT_OF_RANGE,
    SECOND,
    Answer,
    Bucket,
    Outcome,
    Reading,
    Row,
    Store,
    StoreUnavailable,
    Superseded,
    Total,
    month,
    month_span,
    open_store,
)
from toancanh.kernel.telemetry.tests.stores import store, where

__all__ = ["store", "where"]

# 2026-10-31 17:00 UTC is midnight of 1 November in Vietnam, seven hours before the UTC month turns.
MIDNIGHT = 1_793_466_000 * SECOND
NOW = MIDNIGHT + 40 * DAY


def test_row_sent_again_changes_nothing(store: Store) -> None:
    row = Row(1, MIDNIGHT, 2.5)
    assert store.put([row], NOW).newest == [Reading(1, MIDNIGHT, 2.5, 0)]
    again = store.put([row, row], NOW)
    assert again.outcomes == [Outcome.KEPT, Outcome.KEPT]
    assert again.newest == []
    assert store.range(1, 0, NOW, limit=10) == [Reading(1, MIDNIGHT, 2.5, 0)]


def test_other_value_is_a_conflict_and_changes_nothing(store: Store) -> None:
    store.put([Row(1, MIDNIGHT, 2.5)], NOW)
    placed = store.put([Row(1, MIDNIGHT, 2.6), Row(1, MIDNIGHT + 1, 9.0)], NOW)
    assert placed.outcomes == [Outcome.CONFLICT, Outcome.KEPT]
    assert [row.value for row in store.range(1, 0, NOW, limit=10)] == [2.5, 9.0]


def test_correction_replaces_and_keeps_the_old_value(store: Store) -> None:
    store.put([Row(1, MIDNIGHT, 99.0, OUT_OF_RANGE)], NOW)
    placed = store.put([Row(1, MIDNIGHT, 2.5, 0, "gateway")], NOW)
    assert placed.outcomes == [Outcome.CORRECTED]
    assert placed.newest == [Reading(1, MIDNIGHT, 2.5, CORRECTED)]
    assert store.range(1, 0, NOW, limit=10) == [Reading(1, MIDNIGHT, 2.5, CORRECTED)]
    assert store.latest() == {1: Reading(1, MIDNIGHT, 2.5, CORRECTED)}
    assert store.superseded(1, 0, NOW) == [Superseded(1, MIDNIGHT, 99.0, OUT_OF_RANGE, NOW, "gateway")]


def test_correction_of_nothing_is_a_plain_row(store: Store) -> None:
    assert store.put([Row(1, MIDNIGHT, 2.5, 0, "gateway")], NOW).outcomes == [Outcome.KEPT]
    assert store.range(1, 0, NOW, limit=10) == [Reading(1, MIDNIGHT, 2.5, 0)]
    assert store.superseded(1, 0, NOW) == []


def test_repeat_of_a_corrected_value_keeps_its_mark(store: Store) -> None:
    store.put([Row(1, MIDNIGHT, 1.0), Row(1, MIDNIGHT, 2.0, 0, "gateway")], NOW)
    store.put([Row(1, MIDNIGHT, 2.0), Row(1, MIDNIGHT, 2.0, 0, "gateway")], NOW)
    assert store.latest([1]) == {1: Reading(1, MIDNIGHT, 2.0, CORRECTED)}
    assert len(store.superseded(1, 0, NOW)) == 1


def test_rows_of_one_batch_are_judged_in_their_order(store: Store) -> None:
    rows = [
        Row(1, MIDNIGHT, 1.0),
        Row(1, MIDNIGHT, 2.0),
        Row(1, MIDNIGHT, 2.0, 0, "gateway"),
        Row(1, MIDNIGHT, 1.0),
        Row(1, MIDNIGHT, 2.0),
    ]
    expected = [Outcome.KEPT, Outcome.CONFLICT, Outcome.CORRECTED, Outcome.CONFLICT, Outcome.KEPT]
    assert store.put(rows, NOW).outcomes == expected


def test_older_row_does_not_become_the_latest(store: Store) -> None:
    store.put([Row(1, MIDNIGHT, 1.0)], NOW)
    assert store.put([Row(1, MIDNIGHT - 1, 2.0)], NOW).newest == []
    assert store.latest() == {1: Reading(1, MIDNIGHT, 1.0, 0)}


def test_withdrawn_reading_leaves_its_series_and_stays_on_record(store: Store) -> None:
    store.put([Row(1, MIDNIGHT + n, float(n)) for n in range(3)], NOW)
    gone = store.withdraw([(1, MIDNIGHT + 1), (1, MIDNIGHT + 1), (1, MIDNIGHT + 9), (2, NOW)], NOW, "gateway")
    assert gone == [Reading(1, MIDNIGHT + 1, 1.0, 0)]
    assert [row.value for row in store.range(1, 0, NOW, limit=10)] == [0.0, 2.0]
    assert store.superseded(1, 0, NOW) == [Superseded(1, MIDNIGHT + 1, 1.0, 0, NOW, "gateway")]
    assert store.latest() == {1: Reading(1, MIDNIGHT + 2, 2.0, 0)}
    assert store.withdraw([(1, MIDNIGHT + 1)], NOW, "gateway") == []


def test_latest_falls_back_to_what_is_left_and_rises_again(store: Store) -> None:
    older = MIDNIGHT - 40 * DAY
    store.put([Row(1, older, 1.0), Row(1, MIDNIGHT, 2.0)], NOW)
    store.withdraw([(1, MIDNIGHT)], NOW, "gateway")
    assert store.latest() == {1: Reading(1, older, 1.0, 0)}
    assert store.put([Row(1, older + 1, 3.0)], NOW).newest == [Reading(1, older + 1, 3.0, 0)]
    store.withdraw([(1, older), (1, older + 1)], NOW, "gateway")
    assert store.latest() == {}
    assert store.put([Row(1, older, 5.0)], NOW).newest == [Reading(1, older, 5.0, 0)]
    assert store.latest() == {1: Reading(1, older, 5.0, 0)}


def test_many_rows_of_many_series_come_back_whole(store: Store) -> None:
    rows = [Row(series, MIDNIGHT + time, series + time / 7) for time in range(9) for series in range(1, 701)]
    assert set(store.put(rows, NOW).outcomes) == {Outcome.KEPT}
    assert len(store.latest()) == 700
    for series in (1, 350, 700):
        expected = [Reading(series, MIDNIGHT + time, series + time / 7, 0) for time in range(9)]
        assert store.range(series, 0, NOW, limit=100) == expected


def test_span_begins_with_its_start_and_ends_before_its_end(store: Store) -> None:
    store.put([Row(1, MIDNIGHT + n, float(n)) for n in range(5)], NOW)
    found = store.range(1, MIDNIGHT + 1, MIDNIGHT + 3, limit=10)
    assert [row.value for row in found] == [1.0, 2.0]


def test_pages_go_on_over_the_turn_of_the_month(store: Store) -> None:
    times = [MIDNIGHT + n * 2 * HOUR for n in range(-3, 12)]
    store.put([Row(1, time, float(time)) for time in times], NOW)
    found: list[int] = []
    while page := store.range(1, 0, NOW, limit=4, after=found[-1] if found else None):
        found += [row.time for row in page]
    assert found == times


def test_span_of_a_series_without_rows_is_empty(store: Store) -> None:
    assert store.range(1, 0, NOW, limit=10) == []
    assert store.buckets(1, 0, NOW, HOUR, "mean") == []
    assert store.sums([1], 0, NOW) == {}
    assert store.latest([1, 2]) == {}


def test_day_begins_at_midnight_in_vietnam(store: Store) -> None:
    store.put([Row(1, MIDNIGHT - 1, 1.0), Row(1, MIDNIGHT, 2.0), Row(1, MIDNIGHT + DAY - 1, 4.0)], NOW)
    days = store.buckets(1, 0, NOW, DAY, "mean")
    assert days == [
        Bucket(MIDNIGHT - DAY, 1.0, 1.0, 1.0, 1.0, 1, 0),
        Bucket(MIDNIGHT, 3.0, 2.0, 4.0, 4.0, 2, 0),
    ]


def test_bucket_carries_sum_extremes_last_and_marks(store: Store) -> None:
    store.put([Row(1, MIDNIGHT + n * SECOND, value) for n, value in enumerate((3.0, 1.0, 2.0), start=1)], NOW)
    store.put([Row(1, MIDNIGHT + SECOND, 4.0, 0, "gateway")], NOW)
    assert store.buckets(1, 0, NOW, HOUR, "sum") == [Bucket(MIDNIGHT, 7.0, 1.0, 4.0, 2.0, 3, CORRECTED)]


def test_reading_out_of_range_shows_in_a_bucket_only_where_no_good_one_is(store: Store) -> None:
    wild = Row(1, MIDNIGHT + SECOND, 900.0, OUT_OF_RANGE)
    store.put([Row(1, MIDNIGHT, 1.0), wild, Row(1, MIDNIGHT + HOUR, 800.0, OUT_OF_RANGE)], NOW)
    assert store.buckets(1, 0, NOW, HOUR, "mean") == [
        Bucket(MIDNIGHT, 1.0, 1.0, 1.0, 1.0, 1, 0),
        Bucket(MIDNIGHT + HOUR, 800.0, 800.0, 800.0, 800.0, 1, OUT_OF_RANGE),
    ]
    assert store.sums([1, 2], 0, NOW) == {1: Total(1.0, 1)}


def test_sums_run_over_the_turn_of_the_month(store: Store) -> None:
    rows = [Row(series, MIDNIGHT + n * HOUR, 0.5) for series in (1, 2) for n in range(24)]
    store.put(rows, NOW)
    assert store.sums([1, 2, 3], MIDNIGHT + HOUR, NOW) == {1: Total(11.5, 23), 2: Total(11.5, 23)}


def test_step_of_sums_ends_with_the_reading_at_its_end(store: Store) -> None:
    rows = [Row(1, MIDNIGHT + n * HOUR // 2, 1.0) for n in range(5)]
    store.put(rows, NOW)
    days = store.buckets(1, 0, NOW, DAY, "sum")
    assert [(day.time, day.value) for day in days] == [(MIDNIGHT - DAY, 1.0), (MIDNIGHT, 4.0)]
    hours = store.buckets(1, MIDNIGHT, MIDNIGHT + HOUR, HOUR, "sum")
    assert [(hour.time, hour.value, hour.last) for hour in hours] == [(MIDNIGHT, 2.0, 1.0)]


def test_sum_at_the_turn_of_the_month_belongs_to_the_month_before(store: Store) -> None:
    turn = month_span("202611")[0]
    store.put([Row(1, turn - HOUR // 2, 1.0), Row(1, turn, 2.0), Row(1, turn + 1, 4.0)], NOW)
    hours = store.buckets(1, turn - HOUR, turn, HOUR, "sum")
    assert [(hour.time, hour.value) for hour in hours] == [(turn - HOUR, 3.0)]


def test_sums_show_no_figures_that_nobody_measured(store: Store) -> None:
    store.put([Row(1, MIDNIGHT + n, value) for n, value in enumerate((0.1, 0.2, 0.4), start=1)], NOW)
    assert store.sums([1], 0, NOW) == {1: Total(0.7, 3)}
    assert store.buckets(1, 0, NOW, DAY, "sum")[0].value == 0.7


@pytest.mark.parametrize("sign", [1, -1])
def test_enormous_readings_overflow_nothing(store: Store, sign: int) -> None:
    values = (1.7e308, 1.7e308, 5e-324, 3.0)
    store.put([Row(1, MIDNIGHT + n, sign * value) for n, value in enumerate(values, start=1)], NOW)
    assert store.buckets(1, 0, NOW, DAY, "mean")[0].value == pytest.approx(sign * 0.85e308)
    assert store.buckets(1, 0, NOW, DAY, "sum")[0].value == sign * sys.float_info.max
    assert store.sums([1], 0, NOW)[1].sum == sign * sys.float_info.max


@pytest.mark.postgres
def test_newest_readings_are_asked_again_after_the_server_dropped_the_connection() -> None:
    where = shared_cluster().fresh()
    store = open_store(where)
    try:
        store.put([Row(1, MIDNIGHT, 1.0)], NOW)
        assert store.latest([1])
        with psycopg.connect(where, autocommit=True, connect_timeout=10) as server:
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        assert store.latest([1]) == {1: Reading(1, MIDNIGHT, 1.0, 0)}
    finally:
        store.close()


def test_answer_is_found_for_a_day(store: Store) -> None:
    answer = Answer(b"hash", b'{"accepted":1}')
    with store.batch() as batch:
        assert batch.recall(1, "key", NOW) is None
        batch.remember(1, "key", answer, NOW)
    with store.batch() as batch:
        assert batch.recall(1, "key", NOW + ANSWER_KEPT) == answer
        assert batch.recall(2, "key", NOW) is None
        assert batch.recall(1, "key", NOW + ANSWER_KEPT + 1) is None


def test_nothing_of_a_broken_batch_is_kept(store: Store) -> None:
    def break_off() -> None:
        with store.batch() as batch:
            batch.put([Row(1, MIDNIGHT, 1.0)], NOW)
            batch.remember(1, "key", Answer(b"hash", b"answer"), NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert store.range(1, 0, NOW, limit=10) == []
    assert store.latest() == {}
    placed = store.put([Row(1, MIDNIGHT, 2.0)], NOW)
    assert placed.newest == [Reading(1, MIDNIGHT, 2.0, 0)]


def test_store_opened_again_knows_everything(where: str) -> None:
    first = open_store(where)
    first.put([Row(1, MIDNIGHT, 1.0)], NOW)
    first.close()
    second = open_store(where)
    assert second.latest() == {1: Reading(1, MIDNIGHT, 1.0, 0)}
    assert second.put([Row(1, MIDNIGHT, 2.0), Row(1, MIDNIGHT - 1, 2.0)], NOW).newest == []
    second.close()


@pytest.mark.slow
@pytest.mark.parametrize("copied", [1, 500])
def test_two_writers_on_one_store_agree(where: str, copied: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_postgres, "COPIED", copied)
    one, other = open_store(where), open_store(where)
    rows = [Row(series, MIDNIGHT + n, float(n)) for n in range(20) for series in range(1, 51)]
    placed: list[list[Outcome]] = []

    def write(store: Store, mine: list[Row]) -> None:
        for start in range(0, len(mine), 100):
            placed.append(store.put(mine[start : start + 100], NOW).outcomes)

    threads = [
        threading.Thread(target=write, args=(one, rows), daemon=True),
        threading.Thread(target=write, args=(other, rows[::-1]), daemon=True),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert {outcome for outcomes in placed for outcome in outcomes} == {Outcome.KEPT}
    assert len(placed) == 20
    assert one.latest() == {series: Reading(series, MIDNIGHT + 19, 19.0, 0) for series in range(1, 51)}
    assert other.put([Row(1, MIDNIGHT, 5.0)], NOW).outcomes == [Outcome.CONFLICT]
    one.close()
    other.close()


@pytest.mark.postgres
def test_rows_that_another_process_stored_first_are_looked_at_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batch_postgres, "COPIED", 1)
    url = shared_cluster().fresh()
    one, other = open_store(url), open_store(url)
    other.put([Row(9, MIDNIGHT, 0.0)], NOW)  # knows from now on only what it is told itself
    one.put([Row(1, MIDNIGHT, 1.0), Row(2, MIDNIGHT, 2.0)], NOW)
    rows = [Row(1, MIDNIGHT, 1.0), Row(2, MIDNIGHT, 5.0), Row(3, MIDNIGHT, 3.0), Row(3, MIDNIGHT, 4.0)]
    placed = other.put(rows, NOW)
    assert placed.outcomes == [Outcome.KEPT, Outcome.CONFLICT, Outcome.KEPT, Outcome.CONFLICT]
    assert one.latest([1, 2, 3]) == {
        series: Reading(series, MIDNIGHT, float(series), 0) for series in (1, 2, 3)
    }
    one.close()
    other.close()


@pytest.mark.postgres
def test_copied_rows_are_part_of_their_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_postgres, "COPIED", 1)
    url = shared_cluster().fresh()
    one, other = open_store(url), open_store(url)
    one.put([Row(1, MIDNIGHT, 1.0)], NOW)
    with suppress(ZeroDivisionError), other.batch() as batch:  # its first statement copies
        batch.put([Row(2, MIDNIGHT, 1.0)], NOW)
        raise ZeroDivisionError
    assert one.range(2, 0, MIDNIGHT + 1, limit=2) == []
    one.close()
    other.close()


def test_months_are_those_of_utc() -> None:
    assert month(MIDNIGHT) == "202610"
    assert month(MIDNIGHT + 7 * HOUR) == "202611"
    start, end = month_span("202612")
    assert (month(start), month(start - 1), month(end)) == ("202612", "202611", "202701")


def test_store_in_an_impossible_place_says_so() -> None:
    with pytest.raises(StoreUnavailable):
        open_store("/dev/null/telemetry.db")


@pytest.mark.postgres
def test_two_writers_at_the_turn_of_a_month_do_not_wait_for_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = shared_cluster().fresh()
    first, second = open_store(url), open_store(url)
    first.put([Row(1, MIDNIGHT, 1.0)], NOW)
    second.put([Row(2, MIDNIGHT, 1.0)], NOW)
    make, asked, other = batch_postgres._make_month, threading.Event(), threading.Event()

    def slowly(connection: batch_postgres.Connection, name: str) -> None:
        if not asked.is_set():
            # The other one comes while this one is about to make its table.
            asked.set()
            other.wait(1.0)
        make(connection, name)

    monkeypatch.setattr(batch_postgres, "_make_month", slowly)
    faults: list[StoreUnavailable] = []

    def put(into: Store, series: int, done: threading.Event) -> None:
        # Rows of the month that ends, and of the one that begins and has no table yet.
        try:
            into.put([Row(series, MIDNIGHT + 1, 1.0), Row(series, MIDNIGHT + 60 * DAY, 1.0)], NOW + 60 * DAY)
        except StoreUnavailable as fault:
            faults.append(fault)
        done.set()

    one = threading.Thread(target=put, args=(first, 1, threading.Event()))
    one.start()
    asked.wait(5)
    two = threading.Thread(target=put, args=(second, 2, other))
    two.start()
    one.join()
    two.join()
    first.close()
    second.close()
    assert faults == []
