"""The flash flood of the demo crosses its gauge's levels once, smoothly, and is over after two hours."""

from __future__ import annotations

from itertools import pairwise

from toancanh.site.simulate.fleet import Fleet, Sensor, flood_m

MINUTE = 60_000_000
SENSORS = [Sensor(code, "level", 60, 107.5, 16.4) for code in ("a", "b")]


def test_flood_rises_falls_and_is_over() -> None:
    course = [flood_m(minute * MINUTE) for minute in range(-5, 140)]
    top = course.index(max(course))
    assert max(course) == 2.6
    assert course[:6] == [0.0] * 6
    assert course[-10:] == [0.0] * 10
    assert course[: top + 1] == sorted(course[: top + 1])
    # No leap that a spike filter would doubt.
    assert max(abs(b - a) for a, b in pairwise(course)) < 0.95


def test_one_honest_gauge_has_the_flood() -> None:
    start = 1_795_000_000_000_000
    calm, flooded = Fleet(2026), Fleet(2026, start)
    for fleet in (calm, flooded):
        fleet.muster(SENSORS, start, from_latest=False)
    assert calm.flooded is None
    assert flooded.flooded not in (None, flooded.faults.spiking)
    at = start + 20 * MINUTE
    rise = {s.thing: flooded.value(s, at) - calm.value(s, at) for s in SENSORS}
    assert rise.pop(str(flooded.flooded)) > 2.2
    assert set(rise.values()) == {0.0}


def test_gauge_that_is_named_has_the_flood_and_never_jumps() -> None:
    for code, other in (("a", "b"), ("b", "a")):
        fleet = Fleet(2026, 0, code)
        fleet.muster(SENSORS, 0, from_latest=False)
        assert (fleet.flooded, fleet.faults.spiking) == (code, other)
