"""Readings become severity: hysteresis, holding, rates, spikes, silence, and parts that belong together."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toancanh.kernel.alerts.conditions import Impossible, check, from_json, leaves, to_json
from toancanh.kernel.alerts.folding import SECOND, Leaf, Point, folded
from toancanh.kernel.alerts.replaying import replay
from toancanh.kernel.alerts.watching import LATE, Watched
from toancanh.kernel.declare import Bands, Condition, Either, Every, Line, Silence

MINUTE = 60 * SECOND
LINES = (Line(at=1.0, severity=1), Line(at=2.0, severity=2), Line(at=3.5, severity=3))
RIVER = Bands(series="level", lines=LINES, hysteresis=0.1, calm_s=600)


def leaf(bands: Bands, precision: int = 2) -> Leaf:
    """The bands with their own numbers as lines."""
    return Leaf(bands, tuple((float(line.at), line.severity, "") for line in bands.lines), precision)


def watched(condition: Condition, standing: int = 0) -> Watched:
    """The condition with nothing heard yet."""
    bands = {n: leaf(one) for n, one in enumerate(leaves(condition)) if isinstance(one, Bands)}
    return Watched(condition, bands, standing)


def course(condition: Condition, values: Sequence[float | None], every: int = MINUTE) -> list[int]:
    """Severity after each value, a minute apart; None is a minute without a reading."""
    one, found = watched(condition), []
    for number, value in enumerate(values, start=1):
        if value is not None:
            one.put("level", number * every, value)
        found.append(one.severity(number * every))
    return found


def test_line_reached_rings_and_each_line_higher_is_worse() -> None:
    assert course(RIVER, [0.9, 1.0, 1.99, 2.0, 3.6]) == [0, 1, 1, 2, 3]


def test_figure_that_people_read_is_judged() -> None:
    assert course(RIVER, [0.994, 0.996]) == [0, 1]


def test_it_rings_on_within_hysteresis_and_until_it_was_calm_for_long_enough() -> None:
    assert course(RIVER, [1.2, *[0.95] * 30]) == [1] * 31
    falling = course(RIVER, [1.2, *[0.5] * 12])
    assert falling == [1] * 11 + [0] * 2
    # A wave back above the hysteresis begins the ten minutes anew.
    assert course(RIVER, [1.2, *[0.5] * 9, 0.95, *[0.5] * 10])[-1] == 1


def test_line_must_be_held_before_it_rings() -> None:
    held = Bands(series="level", lines=LINES[:1], hold_s=300)
    assert course(held, [1.2, 1.2, 1.2, 0.9, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2]) == [0] * 9 + [1]


def test_low_is_bad_where_it_falls() -> None:
    lines = (Line(at=5.0, severity=1), Line(at=2.0, severity=2))
    dry = Bands(series="level", lines=lines, falls=True, hysteresis=0.5)
    assert course(dry, [6.0, 5.0, 1.9, 2.4, 2.6, 5.4, 5.6]) == [0, 1, 2, 2, 1, 1, 0]


def test_spike_never_rings_and_a_confirmed_leap_does() -> None:
    filtered = Bands(series="level", lines=LINES, spike=0.8)
    assert course(filtered, [0.5, 9.0, 0.5, 0.6, 9.0, 0.6]) == [0] * 6
    assert course(filtered, [0.5, 4.0, 4.1]) == [0, 0, 3]
    assert course(filtered, [0.5, 4.0, -7.0, 4.0, 0.5]) == [0] * 5


def test_rise_faster_than_the_greatest_leap_rings() -> None:
    filtered = Bands(series="level", lines=LINES, spike=0.8)
    assert course(filtered, [0.5, 1.6, 3.0, 4.4]) == [0, 0, 2, 3]


def test_leap_is_confirmed_for_as_long_as_the_rule_says_but_for_a_rise_that_goes_on() -> None:
    slow = Bands(series="level", lines=LINES, spike=0.8, spike_s=600, hold_s=120)
    # Four readings of a failing sensor are no water; ten minutes of them may be.
    assert set(course(slow, [0.5, 4.0, 4.1, 4.0, 4.1, 0.5, 0.5])) == {0}
    assert course(slow, [0.5, *[4.0, 4.1] * 6])[10:13] == [0, 3, 3]
    assert course(slow, [0.5, 1.6, 2.7, 3.8, 3.9])[3:] == [1, 2]
    # A sensor that stands still after its leap says nothing, however long.
    assert set(course(slow, [0.5, *[4.0] * 90])) == {0}


def test_wave_is_over_at_half_its_height_and_the_next_one_rings_anew() -> None:
    waves = Bands(series="level", lines=LINES[:1], hysteresis=0.2, calm_s=120, ebb=0.5)
    up, down = [0.5, 1.5, 3.0, 5.0], [3.5, 2.9, 2.8, 2.7, 2.6]
    assert course(waves, [*up, *down]) == [0, 1, 1, 1, 1, 1, 1, 0, 0]
    # 2.6 stands 1.6 above the line: half as much again is a new wave, less is none.
    assert course(waves, [*up, *down, 3.3, 2.6, 3.5])[-3:] == [0, 0, 1]
    # Back behind the line everything begins anew.
    assert course(waves, [*up, *down, 0.7, 0.7, 0.7, 1.0])[-2:] == [0, 1]


def test_wave_that_was_there_before_anybody_listened_rings_once_it_rises() -> None:
    waves = Bands(series="level", lines=LINES[:1], hysteresis=0.2, ebb=0.5)
    assert course(waves, [2.0, 2.1, 2.4, 2.5]) == [0, 0, 0, 1]
    one = watched(waves, standing=1)
    one.put("level", MINUTE, 2.0)
    assert one.severity(MINUTE) == 1


def test_rise_per_hour_rings_before_any_line_is_reached() -> None:
    rate = Bands(series="level", lines=(Line(at=0.5, severity=2),), of="rate", window_s=1800, hysteresis=0.2)
    slow = [0.005 * n for n in range(60)]
    fast = [0.3 + 0.01 * n for n in range(60)]
    assert set(course(rate, slow)) == {0}
    assert course(rate, slow + fast)[-1] == 2
    # A single leap in a still river is no rise of the river.
    noise = [0.4, 0.41] * 40
    assert set(course(rate, noise)) == {0}


def test_amounts_add_up_over_the_window() -> None:
    rain = Bands(series="level", lines=(Line(at=10.0, severity=1),), of="sum", window_s=3600)
    assert course(rain, [3.0] * 5, every=20 * MINUTE) == [0, 0, 0, 0, 0]
    assert course(rain, [4.0] * 4, every=20 * MINUTE) == [0, 0, 1, 1]


def test_silence_rings_by_the_clock_and_ends_with_the_next_reading() -> None:
    quiet = Silence(series="level", after_s=300)
    assert course(quiet, [1.0, *[None] * 6, 1.0]) == [0, 0, 0, 0, 0, 0, 1, 0]


def test_parts_of_two_series_ring_together() -> None:
    rain = Bands(series="rain", lines=(Line(at=10.0, severity=3),))
    both, either = watched(Every(parts=(RIVER, rain), valid_s=600)), watched(Either(parts=(RIVER, rain)))
    for one in (both, either):
        one.put("level", MINUTE, 2.5)
    assert (both.severity(MINUTE), either.severity(MINUTE)) == (0, 2)
    for one in (both, either):
        one.put("rain", 2 * MINUTE, 12.0)
    assert (both.severity(2 * MINUTE), either.severity(2 * MINUTE)) == (2, 3)
    # Rain of an hour ago says nothing of now.
    assert both.severity(20 * MINUTE) == 0
    assert either.severity(20 * MINUTE) == 3


def test_standing_alert_is_held_by_hysteresis_after_a_new_start() -> None:
    one = watched(RIVER, standing=2)
    one.put("level", MINUTE, 1.95)
    assert one.severity(MINUTE) == 2


def test_late_point_finds_its_place_and_a_correction_replaces_what_was() -> None:
    one = watched(RIVER)
    one.put("level", 10 * MINUTE, 0.5)
    one.put("level", 12 * MINUTE, 0.5)
    assert one.put("level", 11 * MINUTE, 4.0)
    assert one.severity(12 * MINUTE) == 3
    assert one.put("level", 11 * MINUTE, 0.4)
    assert one.severity(12 * MINUTE) == 0
    assert not one.put("level", 11 * MINUTE, 0.4)


def test_withdrawn_and_implausible_readings_are_not_judged() -> None:
    one = watched(RIVER)
    one.put("level", MINUTE, 4.0)
    one.put("level", MINUTE, None)
    one.put("level", 2 * MINUTE, 99.0, is_plausible=False)
    assert one.severity(2 * MINUTE) == 0
    assert one.tracks["level"].heard == 2 * MINUTE


calmly = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
values = st.floats(-1, 6, allow_nan=False).map(lambda value: round(value, 2))
series = st.lists(st.tuples(st.integers(1, 240), values), min_size=1, max_size=60, unique_by=lambda p: p[0])
some_bands = st.builds(
    Bands,
    series=st.just("level"),
    lines=st.just(LINES),
    of=st.sampled_from(["value", "rate", "sum"]),
    window_s=st.sampled_from([600, 1800]),
    falls=st.just(False),
    hysteresis=st.sampled_from([0.0, 0.1, 0.5]),
    hold_s=st.sampled_from([0, 60, 300]),
    calm_s=st.sampled_from([0, 600]),
    spike=st.sampled_from([None, 0.5, 2.0]),
    spike_s=st.sampled_from([0, 300]),
)


@pytest.mark.slow
@calmly
@given(bands=some_bands, told=series, order=st.randoms(use_true_random=False))
def test_order_of_arrival_within_a_quarter_of_an_hour_does_not_matter(
    bands: Bands, told: list[tuple[int, float]], order: Random
) -> None:
    points = [Point(minute * MINUTE, value) for minute, value in told]
    if bands.of == "value" and order.random() < 0.5:
        bands = replace(bands, ebb=0.4)
    wanted = folded(leaf(bands), leaf(bands).start(), iter(sorted(points)))
    one, newest = watched(bands), 0
    left = sorted(points)
    while left:
        # Any of those that may come now: none that waits is older than the quarter of an hour.
        may = [p for p in left if max(newest, p.time) - left[0].time <= LATE] or left[:1]
        point = order.choice(may)
        left.remove(point)
        newest = max(newest, point.time)
        one.put("level", point.time, point.value)
        if order.random() < 0.2:
            assert not one.put("level", point.time, point.value)
    assert one.tracks["level"].states[0] == wanted


@pytest.mark.slow
@calmly
@given(points=series)
def test_it_rings_exactly_above_the_lines_where_nothing_delays_it(points: list[tuple[int, float]]) -> None:
    plain = Bands(series="level", lines=LINES)
    one = watched(plain)
    for minute, value in sorted(points):
        one.put("level", minute * MINUTE, value)
        assert one.severity(minute * MINUTE) == sum(value >= float(line.at) for line in LINES)


@pytest.mark.slow
@calmly
@given(points=series)
def test_more_hysteresis_never_makes_more_alerts(points: list[tuple[int, float]]) -> None:
    told = [(minute * MINUTE, "level", value) for minute, value in sorted(points)]
    few = Bands(series="level", lines=LINES[:1], hysteresis=0.5)
    many = Bands(series="level", lines=LINES[:1])
    counts = [len(replay(watched(one), told, 300 * MINUTE)) for one in (few, many)]
    assert counts[0] <= counts[1]


@pytest.mark.slow
@calmly
@given(bands=some_bands)
def test_condition_survives_its_json(bands: Bands) -> None:
    if bands.of == "value":
        bands = replace(bands, ebb=0.5)
    parts = Every(parts=(Either(parts=(bands, Silence(series="rain", after_s=60))), bands), valid_s=120)
    assert from_json(to_json(parts)) == parts


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        (Bands(series="level", lines=()), "lines"),
        (Bands(series="level", lines=(Line(at=float("nan"), severity=1),)), "line"),
        (Bands(series="level", lines=(Line(at=1.0, severity=9),)), "severity"),
        (Bands(series="level", lines=(Line(at=1.0, severity=1), Line(at=2.0, severity=1))), "severities"),
        (Bands(series="level", lines=(Line(at=2.0, severity=1), Line(at=1.0, severity=2))), "order"),
        (Bands(series="level", lines=(Line(at="BĐ1", severity=1),), of="rate", window_s=60), "line"),
        (Bands(series="level", lines=LINES, of="rate"), "seconds"),
        (Bands(series="level", lines=LINES, hysteresis=-1.0), "hysteresis"),
        (Bands(series="level", lines=LINES, spike=0.0), "spike"),
        (Bands(series="level", lines=LINES, ebb=1.0), "ebb"),
        (Bands(series="level", lines=LINES[:1], of="rate", window_s=600, ebb=0.5), "ebb"),
        (Silence(series="level", after_s=0), "seconds"),
        (Either(parts=()), "parts"),
    ],
)
def test_impossible_condition_is_named(condition: Condition, code: str) -> None:
    with pytest.raises(Impossible) as refused:
        check(condition)
    assert refused.value.code == code


@pytest.mark.parametrize("said", [{}, {"is": "magic"}, {"is": "silence", "series": "a"}, {"is": "either"}])
def test_what_is_no_condition_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(Impossible):
        from_json(said)


def test_replay_tells_each_flood_once_with_its_crest() -> None:
    rise = [0.5 + 0.05 * n for n in range(40)]
    flood = [*rise, *reversed(rise), *[0.5] * 30]
    told = [(n * MINUTE, "level", value) for n, value in enumerate(itertools.chain(flood, flood), start=1)]
    found = replay(watched(RIVER), told, told[-1][0])
    assert [(one.severity, one.closed is not None) for one in found] == [(2, True), (2, True)]
    assert found[0].peak == Point(40 * MINUTE, 2.45)


def test_flapping_around_a_line_is_one_alert() -> None:
    told = [(n * 10 * SECOND, "level", 1.0 + (0.03 if n % 2 else -0.03)) for n in range(1, 61)]
    assert len(replay(watched(RIVER), told, told[-1][0])) == 1
