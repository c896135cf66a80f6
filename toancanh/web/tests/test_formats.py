"""Numbers, moments and ages read as Vietnamese and English readers expect."""

import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from toancanh.web import formats

AT = datetime(2026, 11, 21, 7, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "decimals", "vietnamese", "english"),
    [
        (5.16, 2, "5,16", "5.16"),
        (1234567.5, 1, "1.234.567,5", "1,234,567.5"),
        (0.125, 2, "0,13", "0.13"),
        (-0.001, 2, "0,00", "0.00"),
        (-3.2, 1, "-3,2", "-3.2"),
        (12.0, 0, "12", "12"),
        (0.1, None, "0,1", "0.1"),
        (Decimal("2.50"), None, "2,50", "2.50"),
        (None, 2, "—", "—"),
        (float("nan"), 2, "—", "—"),
    ],
)
def test_number_in_both_languages(
    value: float | Decimal | None, decimals: int | None, vietnamese: str, english: str
) -> None:
    assert formats.number(value, decimals, "vi") == vietnamese
    assert formats.number(value, decimals, "en-gb") == english


def test_moment_is_written_in_vietnam_time() -> None:
    assert formats.moment(AT, "vi") == "21/11/2026 14:05"
    assert formats.moment(AT, "en") == "21 Nov 2026 14:05"
    assert formats.moment(None) == "—"


def test_moment_from_microseconds_equals_datetime() -> None:
    assert formats.moment(int(AT.timestamp()) * 1_000_000) == formats.moment(AT)


def test_clock_time_of_another_day_carries_the_date() -> None:
    assert formats.clock_time(AT, AT + timedelta(hours=2)) == "14:05"
    assert formats.clock_time(AT, AT + timedelta(days=1)) == "21/11/2026 14:05"


@pytest.mark.parametrize(
    ("seconds", "vietnamese", "english"),
    [
        (0, "vừa xong", "just now"),
        (44, "vừa xong", "just now"),
        (45, "1 phút trước", "1 minute ago"),
        (185, "3 phút trước", "3 minutes ago"),
        (3_600, "1 giờ trước", "1 hour ago"),
        (200_000, "2 ngày trước", "2 days ago"),
        (-120, "sau 2 phút", "in 2 minutes"),
    ],
)
def test_age_in_one_unit(seconds: int, vietnamese: str, english: str) -> None:
    assert formats.age(seconds, "vi") == vietnamese
    assert formats.age(seconds, "en") == english


def test_stale_after_twice_the_period() -> None:
    assert not formats.stale(AT, 60, AT + timedelta(seconds=120))
    assert formats.stale(AT, 60, AT + timedelta(seconds=121))
    assert formats.stale(None, 60, AT)


@pytest.mark.slow
@given(value=st.floats(allow_nan=False), decimals=st.none() | st.integers(0, 6))
@example(value=1e26, decimals=2)
@example(value=-sys.float_info.max, decimals=2)
@example(value=sys.float_info.min, decimals=None)
@example(value=formats.PLAIN, decimals=6)
def test_every_float_is_written(value: float, decimals: int | None) -> None:
    for language in ("vi", "en"):
        assert formats.number(value, decimals, language) != formats.NOTHING


@pytest.mark.parametrize(
    ("value", "vietnamese", "english"),
    [
        (1e26, "1,0·10²⁶", "1.0·10²⁶"),
        (-1.7e308, "-1,7·10³⁰⁸", "-1.7·10³⁰⁸"),
        (10**14, "100.000.000.000.000", None),
    ],
)
def test_enormous_number_is_written_with_a_power_of_ten(
    value: float, vietnamese: str, english: str | None
) -> None:
    assert formats.number(value, 0, "vi") == vietnamese
    assert english is None or formats.number(value, 0, "en") == english
