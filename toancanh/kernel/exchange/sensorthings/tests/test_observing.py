"""Observations with all that may be told of them: kept, refused, corrected, and as tables."""

from __future__ import annotations

from typing import Any

import pytest

from tests.city import NOON, City, measure
from toancanh.kernel.exchange.sensorthings import arrays, keeping, observing
from toancanh.kernel.exchange.sensorthings.bodies import ObservationBody
from toancanh.kernel.exchange.sensorthings.ids import ObservationId
from toancanh.kernel.exchange.sensorthings.models import Datastream, FeatureOfInterest, ObservationDetail
from toancanh.kernel.exchange.sensorthings.tests.writers import (
    CATEGORY,
    TIME,
    Client,
    client,
    feature_of_interest,
    thing,
    whole_stream,
)
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.models import Letter
from toancanh.kernel.telemetry.store import CORRECTED, Superseded

US = 1_795_233_600_000_000
"""TIME in microseconds."""
EVERYTHING = {
    "phenomenonTime": f"{TIME}/2026-11-21T04:10:00Z",
    "resultTime": "2026-11-21T04:11:00Z",
    "validTime": "2026-11-21T04:00:00Z/2026-11-22T04:00:00Z",
    "resultQuality": {"nameOfMeasure": "độ tin cậy"},
    "parameters": {"depth": 2},
}


@pytest.fixture
def by(city: City) -> Client:
    return client()


@pytest.fixture
def stream(by: Client) -> int:
    """A datastream of numbers."""
    number: int = by.make(f"Things({by.make('Things', thing())})/Datastreams", whole_stream())
    return number


@pytest.fixture
def words(by: Client) -> int:
    """A datastream whose results may be anything."""
    told = whole_stream("Trạng thái cửa", observationType=CATEGORY)
    number: int = by.make(f"Things({by.make('Things', thing())})/Datastreams", told)
    return number


def kept(series: int) -> list[tuple[int, float]]:
    """Times and values of the store."""
    return [(row.time, row.value) for row in engine.store().range(series, 0, 2**60, limit=99)]


def test_time_is_the_one_of_the_tests() -> None:
    assert observing.seen(1, ObservationBody(result=1.0, phenomenonTime=TIME), 0).time == US


def test_plain_number_has_nothing_beside_it(by: Client, stream: int) -> None:
    name = by.make(f"Datastreams({stream})/Observations", {"result": 3, "phenomenonTime": TIME})
    assert name == f"{stream}-{US}"
    assert kept(stream) == [(US, 3.0)]
    assert not ObservationDetail.objects.exists()


def test_everything_told_is_kept_and_the_same_again_changes_nothing(by: Client, stream: int) -> None:
    told = {"result": 3, **EVERYTHING, "Datastream": {"@iot.id": str(stream)}}
    for _count in range(2):
        by.make("Observations", told)
    (detail,) = ObservationDetail.objects.all()
    assert (detail.time, detail.phenomenon_end) == (US, US + 600_000_000)
    assert (detail.result_time, detail.result) == (US + 660_000_000, None)
    assert (detail.parameters, detail.valid_end) == ({"depth": 2}, US + 86_400_000_000)
    assert kept(stream) == [(US, 3.0)]
    for other in ({"result": 4}, {"parameters": {"depth": 3}}, {"resultTime": None}):
        assert by.post("Observations", told | other).status == 409, other
    assert by.post("Observations", {"result": 3, "phenomenonTime": TIME, "Datastream": {"@iot.id": stream}})


def test_times_left_out_are_now_and_each_of_its_own(by: Client, stream: int) -> None:
    told = thing(Datastreams=[whole_stream(Observations=[{"result": n} for n in range(3)])])
    made = Datastream.objects.get(series__thing=by.make("Things", told))
    times = [time for time, _value in kept(made.pk)]
    assert len(set(times)) == 3
    assert all(abs(time - clock.to_us(NOON)) < 10 for time in times)


@pytest.mark.parametrize("result", ["mở", True, {"a": [1]}, [1, 2], "7"])
def test_result_that_is_no_number_is_no_reading(by: Client, words: int, result: Any) -> None:
    path = f"Datastreams({words})/Observations"
    told = {"result": result, "phenomenonTime": TIME}
    assert by.make(path, told) == by.make(path, told)
    assert kept(words) == []
    assert ObservationDetail.objects.get().result == result
    assert by.post(path, told | {"result": "khác"}).status == 409
    assert by.post(path, told | {"result": 7}).status == 409


def test_number_among_words_is_a_reading(by: Client, words: int) -> None:
    path = f"Datastreams({words})/Observations"
    by.make(path, {"result": 7, "phenomenonTime": TIME})
    assert kept(words) == [(US, 7.0)]
    assert by.post(path, {"result": "mở", "phenomenonTime": TIME}).status == 409
    assert observing.mixed() == {words}


@pytest.mark.parametrize(
    ("told", "status", "code"),
    [
        ({"result": "mở", "phenomenonTime": TIME}, 400, "not_numeric"),
        ({"result": 1, "phenomenonTime": "2026-11-21T05:06:00Z"}, 400, "future"),
        ({"result": 1, "phenomenonTime": "2005-11-21T05:06:00Z"}, 400, "too_old"),
        ({"result": 1, "phenomenonTime": "1905-11-21T05:06:00Z"}, 400, "too_old"),
        ({"result": 1, "resultTime": "x"}, 400, ""),
        ({"result": 1, "phenomenonTime": "2026-11-21T04:00:00"}, 400, ""),
        ({"result": None}, 400, ""),
        ({"result": 1, "Datastream": 7}, 400, ""),
        ({"result": 1, "FeatureOfInterest": {"@iot.id": 99}}, 400, ""),
    ],
)
def test_bad_observation_is_refused(by: Client, stream: int, told: Any, status: int, code: str) -> None:
    answer = by.post(f"Datastreams({stream})/Observations", told)
    assert answer.status == status, answer
    assert kept(stream) == []
    assert not ObservationDetail.objects.exists()
    if code:
        assert answer.body["message"] == observing.TEXTS[code]()


def test_refused_observation_leaves_no_new_feature_behind(by: Client, stream: int) -> None:
    told: dict[str, Any] = {"result": "mở", "FeatureOfInterest": feature_of_interest()}
    assert by.post(f"Datastreams({stream})/Observations", told).status == 400
    assert not FeatureOfInterest.objects.exists()
    told["result"] = 5
    by.make(f"Datastreams({stream})/Observations", told)
    assert ObservationDetail.objects.get().feature == FeatureOfInterest.objects.get()


def test_patch_corrects_and_the_old_value_stays_on_record(by: Client, stream: int) -> None:
    name = by.make(f"Datastreams({stream})/Observations", {"result": 3, "phenomenonTime": TIME})
    assert by.patch(f"Observations('{name}')", {"result": 4, "parameters": {"a": 1}}).status == 200
    (reading,) = engine.store().range(stream, 0, 2**60, limit=9)
    assert (reading.value, reading.quality) == (4.0, CORRECTED)
    assert engine.store().superseded(stream, 0, 2**60) == [
        Superseded(stream, US, 3.0, 0, clock.to_us(NOON), "writer")
    ]
    assert ObservationDetail.objects.get().parameters == {"a": 1}
    assert '"result":3.0' in Entry.objects.get(action="sensorthings.changed").content
    assert by.send("PUT", f"Observations('{name}')", {"result": 5}).status == 200
    assert kept(stream) == [(US, 5.0)]
    assert not ObservationDetail.objects.exists()
    assert by.patch(f"Datastreams({stream})/Observations('{name}')", {"result": 6}).status == 200


@pytest.mark.parametrize(
    "told",
    [
        {"phenomenonTime": "2026-11-21T04:01:00Z"},
        {"result": "mở"},
        {"result": None},
        {"colour": 1},
        {"Datastream": {"@iot.id": 999}},
        {"FeatureOfInterest": feature_of_interest()},
    ],
)
def test_what_names_an_observation_stays(by: Client, stream: int, told: Any) -> None:
    name = by.make(f"Datastreams({stream})/Observations", {"result": 3, "phenomenonTime": TIME})
    assert by.patch(f"Observations('{name}')", told).status == 400
    assert kept(stream) == [(US, 3.0)]
    assert by.patch(f"Observations('{name}')", {"phenomenonTime": TIME}).status == 200
    assert by.patch(f"Datastreams({stream + 1})/Observations('{name}')", {"result": 1}).status == 404


def test_correction_may_turn_a_number_into_a_word_and_back(by: Client, words: int) -> None:
    name = by.make(f"Datastreams({words})/Observations", {"result": 7, "phenomenonTime": TIME})
    assert by.patch(f"Observations('{name}')", {"result": "mở"}).status == 200
    assert (kept(words), ObservationDetail.objects.get().result) == ([], "mở")
    assert by.patch(f"Observations('{name}')", {"result": 8}).status == 200
    assert (kept(words), ObservationDetail.objects.count()) == ([(US, 8.0)], 0)
    assert by.patch(f"Observations('{name}')", {"result": "đóng"}).status == 200
    assert by.send("DELETE", f"Observations('{name}')").status == 200
    assert not ObservationDetail.objects.exists()


def test_token_with_a_list_observes_its_own_things_and_changes_nothing_else(city: City) -> None:
    measure(city.gauge, NOON, 2.5)
    own, path = client("own", ["gauge"]), f"Datastreams({city.level.pk})/Observations"
    name = own.make(path, {"result": 2.6, "phenomenonTime": TIME, "resultTime": TIME})
    assert own.patch(f"Observations('{name}')", {"result": 2.7}).status == 200
    others = client("others", ["rain"])
    told = {"result": 2.6, "phenomenonTime": TIME}
    for answer in (
        others.post(path, told),
        others.patch(f"Observations('{name}')", {"result": 1}),
        others.send("DELETE", f"Observations('{name}')"),
        own.post("Things", thing()),
        own.post(path, {"result": 1, "FeatureOfInterest": feature_of_interest()}),
        own.patch(f"Things({city.gauge.pk})", {"name": "Khác"}),
        own.patch(f"Datastreams({city.level.pk})", {"name": "Khác"}),
        own.send("DELETE", f"Things({city.gauge.pk})"),
        own.send("DELETE", f"Datastreams({city.level.pk})"),
    ):
        assert answer.status == 403, answer
    assert (US, 2.7) in kept(city.level.pk)
    letters = Letter.objects.filter(code="forbidden", source="others", door="sensorthings")
    assert [(row.thing, row.series, row.value) for row in letters] == [("gauge", "level", 2.6)]


def table(stream: int, *rows: Any, components: Any = ("phenomenonTime", "result")) -> dict[str, Any]:
    return {"Datastream": {"@iot.id": stream}, "components": list(components), "dataArray": list(rows)}


def test_rows_of_tables_are_judged_alone(by: Client, city: City, stream: int, words: int) -> None:
    feature = by.make("FeaturesOfInterest", feature_of_interest())
    later = "2026-11-21T04:01:00Z"
    told = [
        table(stream, [TIME, 1], [TIME, 2], [later, "3.5"], [later], ["x", 1], [TIME, True], 7),
        table(words, [TIME, "mở"], [TIME, "đóng"]),
        table(999, [TIME, 1]),
        table(
            city.level.pk,
            [0.5, TIME, later, feature],
            [0.6, later, None, 999],
            components=("result", "phenomenonTime", "resultTime", "FeatureOfInterest/id"),
        ),
    ]
    told[0]["dataArray@iot.count"] = 7
    answer = by.post(arrays.PATH, told)
    assert answer.status == 201
    good = [not line.startswith("error") for line in answer.body]
    expected = [True, False, True, False, False, False, False, True, False, False, True, False]
    assert good == expected, answer.body
    assert answer.body[0] == f"http://city.test/sta/v1.1/Observations('{stream}-{US}')"
    assert kept(stream) == [(US, 1.0), (US + 60_000_000, 3.5)]
    assert ObservationDetail.objects.get(series=words).result == "mở"
    detail = ObservationDetail.objects.get(series=city.level.pk)
    assert (detail.feature_id, detail.result_time) == (feature, US + 60_000_000)
    codes = Letter.objects.filter(door="sensorthings").order_by("code").values_list("code", flat=True)
    assert list(codes) == ["conflict", "conflict", *["malformed"] * 4, "not_numeric", "unknown_series"]


@pytest.mark.parametrize(
    "told",
    [
        {},
        [7],
        [{"components": ["result"], "dataArray": []}],
        [table(1, components=("phenomenonTime",))],
        [table(1, components=("result", "result"))],
        [table(1, components=("result", "colour"))],
        [{"MultiDatastream": {"@iot.id": 1}, "components": ["result"], "dataArray": [[1]]}],
    ],
)
def test_table_that_cannot_be_read_is_refused_whole(by: Client, told: Any) -> None:
    assert by.post(arrays.PATH, told).status == 400
    assert by.send("DELETE", arrays.PATH).status == 405


@pytest.mark.slow
def test_thousands_of_rows_with_more_than_a_number_take_few_statements(
    by: Client, stream: int, django_assert_max_num_queries: Any
) -> None:
    rows = [[f"2026-11-20T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}Z", n, TIME] for n in range(3000)]
    told = [table(stream, *rows, components=("phenomenonTime", "result", "resultTime"))]
    with django_assert_max_num_queries(60):
        answer = by.post(arrays.PATH, told)
    assert not [line for line in answer.body if line.startswith("error")]
    assert ObservationDetail.objects.count() == 3000


def test_who_listens_hears_what_was_kept(by: Client, stream: int, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[ObservationId] = []
    monkeypatch.setattr(keeping, "_listeners", [heard.extend])
    by.post(arrays.PATH, [table(stream, [TIME, 1], ["x", 1])])
    by.patch(f"Observations('{stream}-{US}')", {"result": 2})
    assert heard == [ObservationId(stream, US)] * 2
