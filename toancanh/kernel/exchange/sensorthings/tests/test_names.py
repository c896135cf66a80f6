"""Ids and times: what is written comes back, and what names nothing is told so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toancanh.kernel.exchange.sensorthings import ids, times
from toancanh.kernel.exchange.sensorthings.ids import ObservationId
from toancanh.lib.errors import Refused

US = st.integers(0, 4_102_444_800_000_000)


@pytest.mark.slow
@given(st.integers(1, ids.LARGEST), US)
def test_observation_is_named_by_its_series_and_time(series: int, time: int) -> None:
    key = ObservationId(series, time)
    assert ids.observation(str(key)) == key
    assert ids.address("Observation", key) == f"Observations('{series}-{time}')"


@pytest.mark.parametrize(
    "text", ["", "1", "1-", "-1", "01-1", "1-01", "1-1-1", "1-1 ", "٣-1", f"{2**31}-1", 7]
)
def test_other_texts_name_no_observation(text: str | int) -> None:
    assert ids.observation(text) is None


@pytest.mark.parametrize(("told", "number"), [(1, 1), (0, None), (-1, None), (2**31, None), ("1", None)])
def test_other_entities_are_named_by_a_number(told: int | str, number: int | None) -> None:
    assert ids.number(told) == number


@given(US)
def test_time_told_is_the_time_read(time: int) -> None:
    assert times.moment(times.told(time), "time") == time


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2015-03-03T00:00:00Z", "2015-03-03T00:00:00Z"),
        ("2015-04-13T00:00:00+02:00", "2015-04-12T22:00:00Z"),
        ("2015-04-13T00:00:00.50+0700", "2015-04-12T17:00:00.500Z"),
        ("2015-04-13 00:00:00.0005Z", "2015-04-13T00:00:00.000500Z"),
        ("2015-04-13T00:00:00Z/2015-04-13T01:00:00Z", "2015-04-13T00:00:00Z/2015-04-13T01:00:00Z"),
    ],
)
def test_moments_and_intervals(text: str, told: str) -> None:
    assert times.span(text, "time").text == told


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2015-03-03",
        "2015-03-03T00:00:00",
        "2015-02-30T00:00:00Z",
        "2015-03-03T25:00:00Z",
        "0001-01-01T00:00:00+14:00/",
        "2015-04-13T01:00:00Z/2015-04-13T00:00:00Z",
        "2015-04-13T01:00:00Z/2015-04-13T02:00:00Z/2015-04-13T03:00:00Z",
        "１015-03-03T00:00:00Z",
    ],
)
def test_other_texts_are_no_time(text: str) -> None:
    with pytest.raises(Refused):
        times.span(text, "time")


@pytest.mark.slow
@given(st.text(max_size=30))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    try:
        times.span(text, "time")
    except Refused:
        return
    assert text.strip()[:4].isdigit()
