"""Hours as people write them come back as they were meant, and nonsense is named."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toancanh.lib.worktime import hours
from toancanh.lib.worktime.hours import BadHours

spans = st.lists(st.integers(0, hours.DAY), max_size=6, unique=True).map(
    lambda ends: hours.checked(zip(sorted(ends)[::2], sorted(ends)[1::2], strict=False))
)
weeks = st.tuples(*[st.sampled_from([(), ((450, 690), (780, 1020)), ((450, 690),), ((0, 1440),)])] * 7)


@pytest.mark.slow
@settings(deadline=None)
@given(spans)
def test_hours_are_read_back_as_written(day: hours.Spans) -> None:
    assert hours.read(hours.text(day)) == day


@pytest.mark.slow
@settings(deadline=None)
@given(weeks, st.sampled_from(["vi", "en"]))
def test_week_is_read_back_as_written(week: hours.WeekHours, language: str) -> None:
    assert hours.read_week(hours.week_text(week, language)) == week


def test_week_as_an_officer_types_it() -> None:
    typed = "T2 - T6: 7h30–11h30, 13:00 - 17:00\nT7: 07:30-11:30\n\n"
    week = hours.read_week(typed)
    assert week[0] == week[4] == ((450, 690), (780, 1020))
    assert week[5:] == (((450, 690),), ())
    assert hours.week_text(week) == "T2-T6: 07:30-11:30, 13:00-17:00\nT7: 07:30-11:30"
    assert hours.read_week("T2, T4: 8h-12h; cn: 24/7")[6] == ((0, 1440),)


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        ("T2: 17:00-07:30", "bad_span", "17:00-07:30"),
        ("T2: 07:30-11:30, 11:00-17:00", "overlap", "07:30-11:30, 11:00-17:00"),
        ("T2: 07:30-24:30", "bad_span", "07:30-24:30"),
        ("T2: 07:75-11:30", "bad_span", "07:75-11:30"),
        ("T2: sáng", "bad_span", "sáng"),
        ("T8: 07:30-11:30", "bad_day", "T8"),
        ("T6-T2: 07:30-11:30", "bad_day", "T6-T2"),
        ("T2-T6: 07:30-11:30\nT4: nghỉ", "day_twice", "T4: nghỉ"),
        ("cả tuần", "bad_line", "cả tuần"),
        ("T2: ٠٧:30-11:30", "bad_span", "٠٧:30-11:30"),
    ],
)
def test_nonsense_is_named(typed: str, code: str, said: str) -> None:
    with pytest.raises(BadHours) as fault:
        hours.read_week(typed)
    assert (fault.value.code, fault.value.said) == (code, said)


@pytest.mark.slow
@settings(deadline=None)
@given(spans, st.tuples(st.integers(0, 1440), st.integers(0, 1440)).map(lambda pair: (min(pair), max(pair))))
def test_what_is_cut_out_is_gone_and_nothing_else(day: hours.Spans, gap: hours.Span) -> None:
    def minutes(of: hours.Spans) -> set[int]:
        return {minute for start, end in of for minute in range(start, end)}

    left = hours.without(day, gap)
    assert minutes(left) == minutes(day) - set(range(*gap))
    assert hours.minutes(left) == len(minutes(left))
