"""The weather must be the same for everyone, and lively enough to show something."""

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toancanh.domains.flood.storm import (
    BIN_US,
    HOUR_US,
    SECOND_US,
    Gauge,
    due_times,
    level_m,
    rain_mm,
)

KIM_LONG = Gauge("hue-kim-long", 107.56, 16.457)
HUE = (107.58, 16.46)
DAY_US = 24 * HOUR_US


def us(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * SECOND_US


SEASON = us("2026-08-01"), us("2027-04-01")
CREST = 4.611

times = st.integers(us("2020-01-01"), us("2035-01-01"))
seeds = st.integers(0, 2**31)
points = st.tuples(st.floats(107.0, 108.2), st.floats(16.0, 16.7))


@given(points, times, st.integers(1, 12 * BIN_US), seeds)
@settings(deadline=None, max_examples=60)
def test_rain_is_never_negative_and_always_plausible(
    point: tuple[float, float], start: int, length: int, seed: int
) -> None:
    fallen = rain_mm(point, start, start + length, seed)
    assert 0 <= fallen < 200


@pytest.mark.slow
@given(points, times, st.lists(st.integers(0, 3 * BIN_US), min_size=2, max_size=6), seeds)
@settings(deadline=None, max_examples=60)
def test_rain_of_parts_sums_up_to_the_whole(
    point: tuple[float, float], start: int, cuts: list[int], seed: int
) -> None:
    ends = sorted(start + cut for cut in cuts)
    parts = sum(rain_mm(point, a, b, seed) for a, b in itertools.pairwise(ends))
    assert parts == pytest.approx(rain_mm(point, ends[0], ends[-1], seed), abs=1e-9)


@pytest.mark.slow
@given(times, seeds)
@settings(deadline=None, max_examples=15)
def test_level_moves_less_than_half_a_metre_in_ten_minutes(start: int, seed: int) -> None:
    levels = [level_m(KIM_LONG, start + i * 600 * SECOND_US, seed) for i in range(72)]
    assert max(abs(b - a) for a, b in itertools.pairwise(levels)) < 0.5
    assert all(0 < level < 6.2 for level in levels)


@pytest.mark.slow
@given(times, seeds)
@settings(deadline=None, max_examples=15)
def test_level_has_no_step_on_the_hour(time_us: int, seed: int) -> None:
    hour = time_us // HOUR_US * HOUR_US
    assert level_m(KIM_LONG, hour - 1, seed) == pytest.approx(level_m(KIM_LONG, hour, seed), abs=1e-6)


@pytest.mark.slow
def test_same_seed_same_values_whatever_was_asked_before() -> None:
    moment = us("2026-11-02")
    first = level_m(KIM_LONG, moment, 7), rain_mm(HUE, moment, moment + HOUR_US, 7)
    for day in range(300):
        level_m(KIM_LONG, moment - day * DAY_US, 7)
        rain_mm(HUE, moment - day * DAY_US, moment - day * DAY_US + BIN_US, 7)
    assert (level_m(KIM_LONG, moment, 7), rain_mm(HUE, moment, moment + HOUR_US, 7)) == first


@pytest.mark.slow
def test_another_seed_is_another_weather() -> None:
    hours = range(us("2026-10-01"), us("2026-10-20"), HOUR_US)
    assert [level_m(KIM_LONG, t, 1) for t in hours] != [level_m(KIM_LONG, t, 2) for t in hours]


@pytest.mark.slow
def test_known_values_stay_what_they_are() -> None:
    # A changed model would tear the stored past of a running demo from its present.
    crest = max(range(*SEASON, HOUR_US), key=lambda t: level_m(KIM_LONG, t))
    assert level_m(KIM_LONG, crest) == pytest.approx(CREST, abs=0.005)


@pytest.mark.slow
def test_kim_long_exceeds_the_second_alarm_in_any_ninety_days() -> None:
    start, end = SEASON
    days = [max(level_m(KIM_LONG, day + h * HOUR_US) for h in range(24)) for day in range(start, end, DAY_US)]
    assert all(max(days[i : i + 90]) > 2.0 for i in range(len(days) - 89))
    assert max(days) > 3.5
    assert sum(day < 1.0 for day in days) > len(days) / 2


def test_rain_is_mostly_absent_and_never_far() -> None:
    start = us("2026-10-01")
    places = [(107.2 + 0.1 * i, 16.1 + 0.1 * j) for i in range(10) for j in range(6)]
    wet = dry = 0
    longest_calm = calm = 0
    for begin in range(start, start + 20 * DAY_US, 2 * HOUR_US):
        rain = [rain_mm(place, begin, begin + BIN_US) for place in places]
        wet, dry = wet + sum(r > 0 for r in rain), dry + sum(r == 0 for r in rain)
        calm = 0 if any(rain) else calm + 1
        longest_calm = max(longest_calm, calm)
    assert dry > 2 * wet > 0
    assert longest_calm <= 6  # times two hours


@pytest.mark.slow
@given(
    st.sampled_from(["a", "hue-rain-19753", "x-1"]),
    st.sampled_from([60, 300]),
    times,
    st.lists(st.integers(0, 2000), max_size=5),
)
def test_due_times_tile_whatever_the_cuts(code: str, period: int, start: int, cuts: list[int]) -> None:
    ends = [start + c * SECOND_US for c in sorted([0, *cuts, 2000])]
    pieces = [t for a, b in itertools.pairwise(ends) for t in due_times(code, period, a, b)]
    whole = list(due_times(code, period, ends[0], ends[-1]))
    assert pieces == whole
    assert all(ends[0] < t <= ends[-1] for t in whole)
    assert all(b - a == period * SECOND_US for a, b in itertools.pairwise(whole))
    assert len(whole) in {2000 // period, 2000 // period + 1}


def test_due_times_stagger_the_stations() -> None:
    seconds = {next(due_times(f"hue-rain-{c}", 300, 0, 300 * SECOND_US)) for c in range(19750, 19790)}
    assert len(seconds) > 30
