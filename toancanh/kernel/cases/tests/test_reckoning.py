"""When a term ends that stood still at times, against a count of single minutes."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.office import HOURS, moment
from toancanh.kernel.cases import reckoning
from toancanh.kernel.cases.reckoning import WALL, Interval, Running
from toancanh.lib.worktime.calendar import Calendar, Season, Week

WEEK = Calendar([Week(date(2024, 1, 1), (Season((1, 1), HOURS),), 480, 900)])
START = moment("2026-11-16 00:00")
MINUTES = st.integers(0, 14 * 24 * 60)


def minutes(n: int) -> datetime:
    return START + timedelta(minutes=n)


WORKED = [WEEK.elapsed(minutes(n), minutes(n + 1)) for n in range(40 * 24 * 60)]
"""Of each minute of forty days whether it is worked."""


def stood(pauses: list[tuple[int, int]], n: int) -> bool:
    return any(since <= n < until for since, until in pauses)


@pytest.mark.slow
@given(st.integers(0, 3 * 24 * 60), st.integers(1, 1500), st.lists(st.tuples(MINUTES, MINUTES), max_size=3))
@settings(max_examples=60, deadline=None)
def test_due_time_is_the_one_of_a_count_of_minutes(
    begins: int, term: int, drawn: list[tuple[int, int]]
) -> None:
    pauses = [(min(pair), max(pair)) for pair in drawn]
    found = reckoning.due(
        WEEK, Running(minutes(begins), term, tuple((minutes(a), minutes(b)) for a, b in pauses))
    )
    left, n = term, begins
    while left:
        left -= WORKED[n] and not stood(pauses, n)
        n += 1
    assert found == minutes(n)


@pytest.mark.slow
@given(st.integers(1, 900), st.lists(st.tuples(MINUTES, MINUTES), max_size=3), st.integers(1, 20 * 24 * 60))
@settings(max_examples=60, deadline=None)
def test_lateness_is_what_was_worked_after_the_end_without_what_stood_still(
    term: int, drawn: list[tuple[int, int]], stop: int
) -> None:
    pauses = [(min(pair), max(pair)) for pair in drawn]
    whole = tuple((minutes(a), minutes(b)) for a, b in pauses)
    worked = sum(WORKED[n] for n in range(stop) if not stood(pauses, n))
    found = reckoning.lateness(WEEK, Running(START, term, whole), minutes(stop))
    assert found == max(0, worked - term)


def test_a_term_that_stands_still_has_no_end_and_a_missed_one_stays_missed() -> None:
    begins = moment("2026-11-16 07:30")
    still: Interval = (moment("2026-11-16 09:00"), None)
    assert reckoning.due(WEEK, Running(begins, 480, (still,))) is None
    late: Interval = (moment("2026-11-17 09:00"), None)
    assert reckoning.due(WEEK, Running(begins, 480, (late,))) == moment("2026-11-16 17:00")


def test_pauses_that_overlap_count_once() -> None:
    begins = moment("2026-11-16 07:30")
    pauses: tuple[Interval, ...] = (
        (moment("2026-11-16 08:00"), moment("2026-11-16 10:00")),
        (moment("2026-11-16 09:00"), moment("2026-11-16 11:00")),
        (moment("2026-11-16 09:30"), moment("2026-11-16 09:40")),
    )
    assert reckoning.due(WEEK, Running(begins, 240, pauses)) == moment("2026-11-16 16:00")
    assert reckoning.due(WALL, Running(begins, 240, pauses)) == moment("2026-11-16 14:30")
