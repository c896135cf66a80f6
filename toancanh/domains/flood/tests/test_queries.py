"""What maps and tiles show of water and rain."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from tests.city import BY, NOON, START, City, measure, series_of, thing
from toancanh.domains.flood import queries
from toancanh.kernel.declare import ANYONE, program
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import actions

OFFICER = program("officer")
PROPERTIES = {"code", "name", "kind", "kind_title", "unit_name", "url", "sample", "position_verified"}
PROPERTIES |= {"period", "series", "unit", "value", "time", "level", "level_name", "sentence", "precision"}
PROPERTIES |= {"thresholds", "symbol", "level_verified"}


def properties(features: Any) -> dict[str, dict[str, Any]]:
    """Properties of features by code."""
    return {f["properties"]["code"]: dict(f["properties"]) for f in features}


def test_gauge_is_told_with_level_words_and_thresholds(city: City) -> None:
    with clock.set_to(NOON):
        measure(city.gauge, NOON, 2.56)
        (feature,) = queries.gauge_features(ANYONE, NOON)
    assert feature["geometry"] == {"type": "Point", "coordinates": [107.05, 16.05]}
    said = feature["properties"]
    assert set(said) == PROPERTIES
    assert (said["value"], said["time"], said["level"], said["level_name"]) == (
        2.56,
        clock.to_us(NOON) // 1000,
        2,
        "BĐ2",
    )
    assert said["sentence"] == "2,56 m, trên BĐ2 0,56 m"
    assert said["thresholds"][1] == {"name": "BĐ2", "value": 2.0, "verified": False}
    with translation.override("en"):
        (feature,) = queries.gauge_features(ANYONE, NOON)
    assert feature["properties"]["sentence"] == "2.56 m, 0.56 m above BĐ2"
    assert feature["properties"]["kind_title"] == "Water gauge"


def test_gauge_that_never_spoke_is_told_without_a_value(city: City) -> None:
    said = properties(queries.gauge_features(ANYONE, NOON))["gauge"]
    assert (said["value"], said["time"], said["level"], said["sentence"]) == (None, None, -1, "")


def test_rain_station_is_told_with_the_sums_up_to_now(city: City) -> None:
    with clock.set_to(NOON):
        measure(city.rain, NOON, *([0.5] * 12), every=300)
        measure(city.rain, NOON - timedelta(hours=1), 14.0)
        measure(city.rain, NOON - timedelta(hours=24), 50.0)
        said = properties(queries.rain_features(ANYONE, NOON))["rain"]
    assert set(said) == PROPERTIES | {"sum_1h", "sum_24h", "rain_class"}
    assert (said["sum_1h"], said["sum_24h"], said["rain_class"]) == (6.0, 20.0, "moderate")


def test_rain_station_that_never_spoke_has_no_sums(city: City) -> None:
    said = properties(queries.rain_features(ANYONE, NOON))["rain"]
    assert (said["sum_1h"], said["sum_24h"], said["rain_class"]) == (None, None, "none")


def test_newest_rain_reading_counts_in_the_sum(city: City) -> None:
    with clock.set_to(NOON):
        measure(city.rain, NOON, 3.0)
        said = properties(queries.rain_features(ANYONE, NOON))["rain"]
    assert (said["sum_1h"], said["sum_24h"]) == (3.0, 3.0)


def test_implausible_rain_is_in_no_sum(city: City) -> None:
    with clock.set_to(NOON):
        measure(city.rain, NOON - timedelta(minutes=5), 2.0, 500.0, every=60)
        said = properties(queries.rain_features(ANYONE, NOON))["rain"]
    assert said["sum_1h"] == 2.0


def test_highest_is_judged_by_level_before_metres(city: City) -> None:
    deep = thing("deep", name="Trạm sâu")
    actions.set_threshold(series_of(deep), "BĐ1", 9.0, START, by=BY, source="x")
    with clock.set_to(NOON):
        measure(deep, NOON, 8.0)
        measure(city.gauge, NOON, 2.1)
        figure = queries.highest(OFFICER, NOON)
    assert (figure.text, figure.note) == ("2,10 m", "Trạm Cầu Gỗ: trên BĐ2 0,10 m")
    assert (figure.tone, figure.at) == ("bad", NOON)


@pytest.mark.parametrize(("value", "tone"), [(0.5, "good"), (1.5, "watch"), (2.0, "bad"), (3.6, "bad")])
def test_highest_has_the_tone_of_its_level(city: City, value: float, tone: str) -> None:
    with clock.set_to(NOON):
        measure(city.gauge, NOON, value)
        assert queries.highest(OFFICER, NOON).tone == tone


def test_highest_passes_over_silent_and_implausible_gauges(city: City, fresh: Callable[[], None]) -> None:
    other = thing("other", name="Trạm khác")
    actions.set_threshold(series_of(other), "BĐ1", 9.0, START, by=BY, source="x")
    with clock.set_to(NOON):
        measure(city.gauge, NOON - timedelta(minutes=3), 5.0)
        measure(other, NOON, 0.4)
        assert queries.highest(OFFICER, NOON).note == "Trạm khác: dưới BĐ1 8,60 m"
        measure(city.gauge, NOON, 99.0)
        fresh()
        assert queries.highest(OFFICER, NOON).note == "Trạm khác: dưới BĐ1 8,60 m"


def test_wettest_is_told_with_unit_and_class(city: City) -> None:
    with clock.set_to(NOON):
        measure(city.rain, NOON - timedelta(minutes=5), 60.0)
        figure = queries.wettest(OFFICER, NOON)
    assert (figure.text, figure.tone, figure.at) == ("60,0 mm", "watch", NOON - timedelta(minutes=5))
    assert figure.note.startswith("Xã Kim Bình")


def test_figures_of_an_empty_store_are_dashes(db: None) -> None:
    assert queries.highest(OFFICER, NOON).text == "—"
    assert queries.wettest(OFFICER, NOON).text == "—"
    assert queries.silent(OFFICER, NOON).text == "0/0"


def test_silent_counts_stations_that_stopped_or_never_spoke(city: City, fresh: Callable[[], None]) -> None:
    with clock.set_to(NOON):
        measure(city.gauge, NOON - timedelta(seconds=120), 1.0)
    assert queries.silent(OFFICER, NOON).text == "1/2"
    fresh()
    assert queries.silent(OFFICER, NOON + timedelta(seconds=1)).text == "2/2"


@pytest.mark.slow
def test_layers_ask_as_often_for_forty_stations_as_for_one(
    city: City, client: Client, fresh: Callable[[], None]
) -> None:
    for path, kind, name in (
        ("/layers/flood.gauges.json", "flood.gauge", "level"),
        ("/layers/flood.rain.json", "flood.rain_station", "rain"),
    ):
        asked = []
        for count in (1, 3, 40):
            for n in range(count):
                thing(f"{name}-{n}", kind, name)
            fresh()
            with CaptureQueriesContext(connection) as queries:
                answer = client.get(path)
            asked.append(len(queries))
            assert len(answer.json()["features"]) == count + 1
        assert asked == [asked[0]] * 3
        assert asked[0] <= 8
