"""Times and numbers in every spelling that offices use, and in none that could mean another thing."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toancanh.kernel.exchange.sheets import cells
from toancanh.kernel.exchange.sheets.cells import Times, Unreadable
from toancanh.kernel.exchange.sheets.child import Cell

SEVEN = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)
"""7 o'clock in Việt Nam."""


@pytest.mark.parametrize(
    ("written", "hours"),
    [
        ("21/11/2026 07:00", 0),
        ("21/11/2026 7:00", 0),
        ("21/11/26 07:00", 0),
        ("21-11-2026 07:00:00", 0),
        ("21.11.2026, 07:00", 0),
        ("07:00 21/11/2026", 0),
        ("7h 21/11/2026", 0),
        ("7h00 ngày 21/11/2026", 0),
        ("7h30 21/11/2026", 0.5),
        ("7 giờ 30 phút, ngày 21/11/2026", 0.5),
        ("21/11/2026 lúc 7g15", 0.25),
        ("21/11/2026 7:00 SA", 0),
        ("21/11/2026 7:00 CH", 12),
        ("21/11/2026 12:30 AM", -6.5),
        ("21/11/2026 24:00", 17),
        ("2026-11-21T07:00:00+07:00", 0),
        ("2026-11-21T00:00:00Z", 0),
        ("2026-11-21 07:00", 0),
        ("2026/11/21 07:00:00", 0),
        ("2026-11-21T01:00:00.000000000+01:00", 0),
        ("21/11/2026 00:00 Z", 0),
        ("202611210700", 0),
        ("20261121070000", 0),
        ("20261121", -7),
        ("21/11/2026", -7),
        ("2026-11-21", -7),
        ("1795219200", 0),
        (1_795_219_200, 0),
        (1_795_219_200_000, 0),
        (1_795_219_200_000_000, 0),
        (202611210700, 0),
        (46347.291666666664, 0),
        (46347, -7),
        ("'21/11/2026 07:00", 0),
        (" 21/11/2026  07:00 ", 0),
    ],
)
def test_time_is_read_as_it_is_meant(written: str | float, hours: float) -> None:
    assert Times().read(written) == SEVEN + timedelta(hours=hours)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "hôm qua",
        "31/02/2026",
        "21/13/2026",
        "21/11",
        "7h301/2/2026",
        "21/11/2026 25:00",
        "5,16",
        "12",
        5.0,
        "21/11/2026 07:60",
        "21/11/2026 24:01",
        True,
        None,
        1e30,
        -1,
        "0/0/0000",
        "21/11/2026 07:00 giờ sáng",
    ],
)
def test_what_is_no_time_is_refused(written: str | float | None) -> None:
    with pytest.raises(Unreadable):
        Times().read(written)


@pytest.mark.parametrize(
    ("date", "clock", "hours"),
    [
        ("21/11/2026", "07:00", 0),
        ("21/11/2026", 7, 0),
        ("21/11/2026", "7", 0),
        ("21/11/2026", "0700", 0),
        ("21/11/2026", 24, 17),
        ("21/11/2026", 0.2916666667, 0),
        ("2026-11-21T00:00:00", "07:00:00", 0),
        (46347, "7h30", 0.5),
    ],
)
def test_date_and_hour_may_stand_apart(date: str | float, clock: str | float, hours: float) -> None:
    assert Times().read(date, clock) == SEVEN + timedelta(hours=hours)


@pytest.mark.parametrize(
    ("date", "clock"), [("21/11/2026 06:00", "07:00"), ("21/11/2026", "x"), ("21/11/2026", 700)]
)
def test_two_clocks_or_none_are_refused(date: str, clock: str | int) -> None:
    with pytest.raises(Unreadable):
        Times().read(date, clock)


def test_months_may_stand_first_and_zones_differ() -> None:
    assert Times(day_first=False).read("11/21/2026 07:00") == SEVEN
    assert Times("UTC").read("21/11/2026 00:00") == SEVEN
    assert Times("Europe/Paris").read("21/07/2026 12:00") == datetime(2026, 7, 21, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "first"),
    [
        (["01/02/2026", "13/02/2026"], True),
        (["02/01/2026", "02/13/2026"], False),
        (["01/02/2026", 5, None], True),
    ],
)
def test_order_of_days_and_months_is_seen(values: list[Cell], first: bool) -> None:
    assert cells.day_first(values) is first


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("5,16", 5.16),
        ("5.16", 5.16),
        ("-0,4", -0.4),
        ("−0,4", -0.4),
        ("+3", 3.0),
        (".5", 0.5),
        ("1.234,5", 1234.5),
        ("1,234.5", 1234.5),
        ("1.234.567", 1_234_567.0),
        ("1,234,567", 1_234_567.0),
        ("1 234,5", 1234.5),
        ("1\u00a0234,5", 1234.5),
        ("1e3", 1000.0),
        ("'5,16", 5.16),
        (5, 5.0),
        (5.16, 5.16),
    ],
)
def test_number_is_read_as_it_is_meant(written: str | float, value: float) -> None:
    assert cells.number(written) == value


@pytest.mark.parametrize("written", [None, "", "-", "—", "N/A", "nan", "null", "  ", "x", "#N/A"])
def test_nothing_measured_is_no_fault(written: str | None) -> None:
    assert cells.number(written) is None


@pytest.mark.parametrize(
    "written",
    ["abc", "5,16 m", "1,2,3", "1.23.4", "12.345,6.7", "1e999", "inf", "٥", True, "5/6", "=1+1", "0x10"],
)
def test_what_is_no_number_is_refused(written: str | bool) -> None:
    with pytest.raises(Unreadable):
        cells.number(written)


@pytest.mark.parametrize(
    ("written", "decimal", "value"),
    [
        ("1.234", ",", 1234.0),
        ("1.234", ".", 1.234),
        ("1,234", ".", 1234.0),
        ("1,234", ",", 1.234),
        ("5,16", ",", 5.16),
    ],
)
def test_known_decimal_mark_decides(written: str, decimal: str, value: float) -> None:
    assert cells.number(written, decimal) == value


@pytest.mark.parametrize(("written", "decimal"), [("5.16", ","), ("5,16", "."), ("1.23,4", ".")])
def test_known_decimal_mark_refuses_the_other(written: str, decimal: str) -> None:
    with pytest.raises(Unreadable):
        cells.number(written, decimal)


@pytest.mark.slow
@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_number_survives_both_ways_of_writing(value: float) -> None:
    text = f"{value:.6f}"
    assert cells.number(text, ".") == cells.number(text.replace(".", ","), ",") == float(text)


@pytest.mark.slow
@given(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - of Việt Nam, as people write
def test_time_survives_every_way_of_writing(local: datetime) -> None:
    local = local.replace(second=0, microsecond=0)
    spellings = ("%d/%m/%Y %H:%M", "%H:%M %d/%m/%Y", "%Y-%m-%d %H:%M", "%Hh%M ngày %d-%m-%Y", "%Y%m%d%H%M")
    read = {Times().read(local.strftime(spelling)) for spelling in spellings}
    days = (local - datetime(1899, 12, 30)).total_seconds() / 86_400  # noqa: DTZ001
    assert read | {Times().read(days)} == read
    assert len(read) == 1


@pytest.mark.slow
@given(st.text(max_size=60) | st.floats() | st.integers() | st.booleans() | st.none())
def test_any_cell_is_read_or_refused(cell: Cell) -> None:
    for read in (Times().read, cells.number, cells.of_day):
        with suppress(Unreadable, OverflowError):
            read(cell)
