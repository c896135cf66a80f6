"""Series and thresholds: declared by the kind, dated, told to open pages."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.city import BY, NOON, START, City, actor, measure, series_of, thing
from toancanh.kernel.declare import ANYONE, Limit
from toancanh.kernel.journal import outbox
from toancanh.kernel.journal.models import Entry, Event
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import actions, board, engine, queries
from toancanh.kernel.telemetry.directory import database_directory
from toancanh.kernel.telemetry.models import Series, Threshold
from toancanh.kernel.telemetry.store import OUT_OF_RANGE, Reading
from toancanh.lib.errors import NotAllowed, Refused


def test_series_is_as_its_kind_declares(city: City) -> None:
    level = city.level
    assert (level.unit, level.low, level.high, level.period_s) == ("m", -2.0, 30.0, 60)
    again = actions.define_series(city.gauge, "level", by=BY, period_s=600)
    assert (again.pk, again.period_s) == (level.pk, 600)
    done = Entry.objects.filter(subject="series:gauge/level", action__startswith="telemetry.series")
    assert list(done.order_by("pk").values_list("action", flat=True)) == [
        "telemetry.series_defined",
        "telemetry.series_changed",
    ]


def test_ended_series_is_taken_and_shown_nowhere_until_it_is_defined_again(city: City) -> None:
    measure(city.gauge, NOON, 2.5)
    with pytest.raises(NotAllowed):
        actions.end_series(city.level, by=ANYONE)
    actions.end_series(city.level, by=BY)
    assert "gauge" not in database_directory().refresh().things
    assert [one.thing.code for one in board.own(BY, NOON)] == ["rain"]
    assert queries.measured([city.gauge]) == []
    assert len(engine.store().range(city.level.pk, 0, clock.to_us(NOON) + 1, limit=9)) == 1
    actions.define_series(city.gauge, "level", by=BY)
    assert "gauge" in database_directory().refresh().things
    assert [one.reading for one in queries.measured([city.gauge])] == [
        Reading(city.level.pk, clock.to_us(NOON), 2.5, 0)
    ]


@pytest.mark.parametrize(
    ("name", "period", "code"), [("rain", 60, "bad_series"), ("level", -5, "bad_period")]
)
def test_impossible_series_is_refused(city: City, name: str, period: int, code: str) -> None:
    with pytest.raises(Refused) as refused:
        actions.define_series(city.gauge, name, by=BY, period_s=period)
    assert refused.value.code == code
    assert Series.objects.filter(thing=city.gauge).values_list("period_s", flat=True).get() == 60


def test_only_who_arranges_measurements_there_does(city: City) -> None:
    east = actor("east", city.east, ("telemetry.arrange",))
    for by in (ANYONE, east, actor("officer", city.west)):
        with pytest.raises(NotAllowed):
            actions.define_series(city.gauge, "level", by=by)
        with pytest.raises(NotAllowed):
            actions.set_threshold(city.level, "BĐ1", 1.0, START, by=by, source="x")
    assert actions.define_series(city.rain, "rain", by=east)


@pytest.mark.parametrize(
    ("value", "end", "source", "name", "code"),
    [
        (float("nan"), None, "x", "BĐ4", "bad_threshold"),
        (float("inf"), None, "x", "BĐ4", "bad_threshold"),
        (1.0, START, "x", "BĐ4", "bad_threshold"),
        (1.0, START - timedelta(days=1), "x", "BĐ4", "bad_threshold"),
        (1.0, None, "", "BĐ4", "no_source"),
        (1.0, None, "x", "", "bad_threshold"),
        (1.0, None, "x", "B" * 41, "bad_threshold"),
    ],
)
def test_impossible_threshold_is_refused(
    city: City, value: float, end: date | None, source: str, name: str, code: str
) -> None:
    before = Threshold.objects.count()
    with pytest.raises(Refused) as refused:
        actions.set_threshold(city.level, name, value, START, by=BY, source=source, valid_to=end)
    assert refused.value.code == code
    assert Threshold.objects.count() == before


def names(city: City, on: date) -> list[tuple[str, float]]:
    """Limits of the gauge on a day."""
    found = queries.limits_on(on, [city.level.pk]).get(city.level.pk, ())
    return [(limit.name, limit.value) for limit in found]


def test_thresholds_count_from_their_first_day_to_the_one_before_their_last(city: City) -> None:
    old, new = date(2025, 1, 1), date(2026, 1, 1)
    actions.set_threshold(city.level, "BĐ0", 0.5, old, by=BY, source="x", valid_to=new)
    assert names(city, START - timedelta(days=1)) == []
    assert names(city, old - timedelta(days=1)) == [("BĐ1", 1.0), ("BĐ2", 2.0), ("BĐ3", 3.5)]
    assert names(city, old)[0] == ("BĐ0", 0.5)
    assert names(city, new - timedelta(days=1))[0] == ("BĐ0", 0.5)
    assert names(city, new)[0] == ("BĐ1", 1.0)


def test_newer_row_of_a_name_replaces_the_older_from_its_day_on(city: City) -> None:
    day = date(2025, 1, 1)
    actions.set_threshold(city.level, "BĐ1", 1.7, day, by=BY, source="x")
    assert names(city, day - timedelta(days=1))[0] == ("BĐ1", 1.0)
    assert names(city, day)[0] == ("BĐ1", 1.7)
    assert len(names(city, day)) == 3


@pytest.mark.parametrize(
    ("value", "rank", "name"),
    [
        (0.99, 0, ""),
        (1.0, 1, "BĐ1"),
        (1.99, 1, "BĐ1"),
        (2.0, 2, "BĐ2"),
        (3.49, 2, "BĐ2"),
        (3.5, 3, "BĐ3"),
        (29.0, 3, "BĐ3"),
        (31.0, -1, ""),
    ],
)
def test_rank_counts_thresholds_reached(city: City, value: float, rank: int, name: str) -> None:
    with clock.set_to(NOON):
        measure(city.gauge, NOON, value)
        (one,) = queries.measured([city.gauge])
    assert (one.rank, one.level_name) == (rank, name)


def test_rank_of_a_series_without_thresholds_is_none(city: City) -> None:
    with clock.set_to(NOON):
        measure(city.rain, NOON, 5.0)
        (one,) = queries.measured([city.rain])
    assert (one.rank, one.level_name) == (-1, "")
    assert queries.rank(Reading(1, 0, 5.0, OUT_OF_RANGE), names_as_limits(city), 2) == -1


def names_as_limits(city: City) -> tuple[Limit, ...]:
    """The gauge's limits today."""
    return queries.limits_on(NOON.date(), [city.level.pk])[city.level.pk]


@pytest.mark.parametrize(
    ("seconds", "is_silent"), [(0, False), (120, False), (120.000001, True), (9e6, True)]
)
def test_station_is_silent_after_twice_its_period(city: City, seconds: float, is_silent: bool) -> None:
    with clock.set_to(NOON):
        measure(city.gauge, NOON, 1.0)
    (one,) = queries.measured([city.gauge], NOON + timedelta(seconds=seconds))
    assert one.is_silent is is_silent


def test_station_that_never_spoke_is_silent(city: City) -> None:
    (one,) = queries.measured([city.gauge])
    assert (one.is_silent, one.rank, one.time, one.sentence("vi")) == (True, -1, None, "")


def test_newest_reading_is_the_newest_by_time_not_by_arrival(city: City) -> None:
    with clock.set_to(NOON):
        measure(city.gauge, NOON, 1.5)
        measure(city.gauge, NOON - timedelta(hours=1), 9.0)
        (one,) = queries.measured([city.gauge])
    assert (one.time, one.reading.value if one.reading else None) == (NOON, 1.5)


def test_implausible_reading_has_no_sentence(city: City) -> None:
    with clock.set_to(NOON):
        measure(city.gauge, NOON, 31.0)
        (one,) = queries.measured([city.gauge])
    assert one.sentence("vi") == ""


def test_changed_threshold_is_told_to_open_pages_once(city: City) -> None:
    from toancanh.kernel.telemetry.announce import announcer

    outbox.deliver()
    hub = announcer._hub
    hub._pending.clear()
    with clock.set_to(NOON):
        measure(city.gauge, NOON, 1.5)
        actions.set_threshold(city.level, "BĐ2", 1.4, START, by=BY, source="x")
    assert Event.objects.filter(next_at__isnull=False).count() == 1
    with clock.set_to(clock.now() + timedelta(seconds=1)):
        outbox.deliver()
    told = [reading for reading, _ in hub._pending.values()]
    hub._pending.clear()
    assert told == [("gauge", "level", clock.to_us(NOON) // 1000, 1.5, 0, 2)]


@pytest.mark.slow
def test_measured_asks_the_database_as_often_for_forty_as_for_one(
    city: City, django_assert_num_queries: object
) -> None:
    for n in range(40):
        thing(f"more-{n}")
    many = list(type(city.gauge).objects.filter(kind="flood.gauge").select_related("unit"))
    for things in (many[:1], many[:3], many):
        with django_assert_num_queries(2):  # type: ignore[operator]
            assert len(queries.measured(things)) == len(things)


def test_series_of_another_thing_stays_as_it_was(city: City) -> None:
    actions.set_threshold(series_of(thing("other")), "BĐ1", 9.0, START, by=BY, source="x")
    assert names(city, NOON.date())[0] == ("BĐ1", 1.0)
