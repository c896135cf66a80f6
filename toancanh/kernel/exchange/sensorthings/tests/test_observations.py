"""Observations filtered, sorted and paged: the same as looking at every one in Python."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.city import NOON, City, series_of, thing
from toancanh.kernel.exchange.sensorthings import deriving, evaluation, observations, paths, planning, streams
from toancanh.kernel.exchange.sensorthings.access import Sight
from toancanh.kernel.exchange.sensorthings.conditions import Conditions
from toancanh.kernel.exchange.sensorthings.entities import ENTITIES
from toancanh.kernel.exchange.sensorthings.expressions import (
    Expression,
    Malformed,
    Path,
    filter_of,
    order_of,
)
from toancanh.kernel.exchange.sensorthings.models import (
    Datastream,
    FeatureOfInterest,
    HistoricalLocation,
    Location,
    ObservationDetail,
)
from toancanh.kernel.exchange.sensorthings.observations import Observations
from toancanh.kernel.exchange.sensorthings.observed import TRUTH, Observation, rank_of
from toancanh.kernel.exchange.sensorthings.options import Options, read
from toancanh.kernel.exchange.sensorthings.planning import Scope
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.models import Series
from toancanh.kernel.telemetry.store import Row

pytestmark = pytest.mark.slow

ALL = Sight(everything=True)
START = clock.to_us(NOON)
MINUTE = 60_000_000
COUNT = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_CountObservation"
TEXTS = "urn:text"
RESULTS = ["a", "bình thường", {"x": 1}, [1]]
STREAMS: dict[int, Datastream] = {}
FEATURES: dict[int | None, FeatureOfInterest] = {}


@pytest.fixture
def every(city: City) -> Iterator[list[Observation]]:
    """All of five datastreams, newest first: numbers, counts, truths, texts; one station moved."""
    made = [thing(f"s{number}", lon=107.01 + number / 100) for number in range(5)]
    deriving.derive()
    rows = [series_of(one) for one in made]
    kinds = ["", COUNT, TRUTH, "", TEXTS]
    for row, kind in zip(rows, kinds, strict=True):
        if kind:
            Datastream.objects.filter(pk=row.pk).update(observation_type=kind)
    kept = [
        Row(row.pk, START + step * MINUTE * (1 + number), float((step * 7 + number) % 5 - (number != 2)))
        for number, row in enumerate(rows[:4])
        for step in range(12)
    ]
    kept = [row._replace(value=float(row.value > 0)) if row.series == rows[2].pk else row for row in kept]
    engine.store().put(kept, START)
    other = FeatureOfInterest.objects.create(name="other", shape={"type": "Point", "coordinates": [0, 0]})
    moved = HistoricalLocation.objects.create(thing=made[0], time=NOON + timedelta(minutes=5), feature=other)
    moved.locations.set([Location.objects.create(name="x", shape={"type": "Point", "coordinates": [1, 1]})])
    details = [
        detail(rows[0], 2, phenomenon_end=START + 4 * MINUTE, result_time=START + 9 * MINUTE),
        detail(rows[0], 3, result_time=START + 3 * MINUTE, parameters={"depth": 2}),
        detail(rows[1], 2, feature=other, result_quality={"DQ_Status": {"code": "good"}}),
        detail(rows[3], 4, valid_start=START, valid_end=START + MINUTE),
        *(detail(rows[4], step, result=result) for step, result in enumerate(RESULTS)),
    ]
    ObservationDetail.objects.bulk_create(details)
    known = {(d.series_id, d.time): d for d in details}
    types = dict(Datastream.objects.values_list("pk", "observation_type"))
    found = [Observation(*row[:4], known.get((row.series, row.time)), types[row.series]) for row in kept]
    texts = [Observation(d.series_id, d.time, None, 0, d, TEXTS) for d in details if d.result is not None]
    whole = sorted([*found, *texts], key=lambda row: (-row.time, row.series))
    Observations(ALL, conditions())._place(whole)
    STREAMS.update(Datastream.objects.select_related("series__thing__detail", "sensor").in_bulk())
    FEATURES.update(FeatureOfInterest.objects.in_bulk())
    with clock.set_to(NOON):
        yield whole


def detail(row: Series, step: int, **more: Any) -> ObservationDetail:
    """What the observation of that step has besides."""
    number = Series.objects.filter(pk__lt=row.pk, thing__code__startswith="s").count()
    return ObservationDetail(series=row, time=START + step * MINUTE * (1 + number), **more)


def conditions() -> Conditions:
    return Conditions(ALL, lambda asked: [], streams.measure)


def resolve(row: Observation, path: Path) -> Any:
    """The value that a path has of a row, found the plain way."""
    name, *rest = path.names
    if name == "Datastream":
        return paths.of_row(ENTITIES[name], STREAMS[row.series], Path(tuple(rest)))
    if name == "FeatureOfInterest":
        return paths.of_row(ENTITIES[name], FEATURES[row.feature], Path(tuple(rest)))
    return paths.member(row.told(name), tuple(rest))


def meant(every: list[Observation], condition: Expression | None) -> list[Observation]:
    return [
        row
        for row in every
        if condition is None or evaluation.holds(condition, lambda path, row=row: resolve(row, path))  # type: ignore[misc]
    ]


def moment(minutes: float) -> str:
    return f"{(NOON + timedelta(minutes=minutes)).isoformat().replace('+00:00', 'Z')}"


ATOMS = st.sampled_from(
    [
        *(f"result {word} {value}" for word in ("eq", "ne", "gt", "ge", "lt", "le") for value in (0, 1, 2.5)),
        *(f"phenomenonTime {word} {moment(4)}" for word in ("eq", "ne", "gt", "ge", "lt", "le")),
        *(f"resultTime {word} {moment(3)}" for word in ("eq", "ne", "gt", "ge", "lt", "le")),
        f"{moment(6)} lt phenomenonTime",
        f"phenomenonTime lt {moment(2)}/{moment(8)}",
        "result eq true",
        "result eq 'a'",
        "result gt 'a'",
        "result eq null",
        "resultTime eq null",
        "resultTime ne null",
        "validTime ne null",
        "parameters/depth eq 2",
        "resultQuality/DQ_Status/code eq 'good'",
        "minute(phenomenonTime) mod 2 eq 0",
        "length(result) gt 2",
        "Datastream/name eq 'Mực nước – Trạm s1'",
        "substringof('s2', Datastream/Thing/name)",
        "Datastream/Thing/properties/code eq 's0'",
        f"Datastream/observationType eq '{COUNT}'",
        "Datastream/Sensor/name ne null and Datastream/properties/period_s eq 60",
        "FeatureOfInterest/name eq 'other'",
        "result sub Datastream/properties/low gt 3",
        "not (result lt 2)",
    ]
)
FILTERS = st.lists(ATOMS, max_size=3).flatmap(
    lambda atoms: st.sampled_from([f" {word} ".join(f"({atom})" for atom in atoms) for word in ("and", "or")])
)
KEYS = [
    "phenomenonTime",
    "phenomenonTime desc",
    "result",
    "result desc",
    "@iot.id",
    "Datastream/@iot.id desc",
]
KEYS += ["resultTime", "Datastream/Thing/name desc", "minute(phenomenonTime)"]
ORDERS = st.lists(st.sampled_from(KEYS), max_size=2, unique_by=lambda key: key.split()[0])


def arranged(rows: list[Observation], order: list[str]) -> list[tuple[Any, ...]]:
    """What the order says of each row: rows that are equal in it may come either way."""
    keys = [order_of(key.removesuffix(" desc")) for key in order]
    return [
        tuple(rank_of(evaluation.evaluate(key, lambda path, row=row: resolve(row, path))) for key in keys)  # type: ignore[misc]
        for row in rows
    ]


@given(FILTERS, ORDERS, st.sampled_from([7, 20]))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_are_those_of_looking_at_everything(
    every: list[Observation], text: str, order: list[str], top: int
) -> None:
    expected = meant(every, filter_of(text) if text else None)
    found: list[Observation] = []
    more: dict[str, str] = {"$count": "true"}
    asked = {"$filter": text, "$orderby": ",".join(order), "$top": str(top)}
    while True:
        told = "&".join(f"{k}={v}" for k, v in {**asked, **more}.items() if v).replace("+", "%2B")
        page = Observations(ALL, conditions()).page(everything(), read(ENTITIES["Observation"], told))
        assert page.count in (len(expected), None)
        found += page.rows
        assert len(page.rows) <= top
        if page.more is None:
            break
        more = page.more
    assert sorted(row.key for row in found) == sorted(row.key for row in expected)
    if not order:
        assert [row.key for row in found] == [row.key for row in expected]
    keys = arranged(found, order)
    for before, after in pairwise(keys):
        for number, key in enumerate(order):
            if before[number] != after[number]:
                assert (before[number] > after[number]) == key.endswith(" desc")
                break


def everything() -> Scope:
    return Scope(Datastream.objects.all())


@given(FILTERS, st.integers(0, 3), st.integers(0, 5))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_of_each_datastream(every: list[Observation], text: str, skip: int, top: int) -> None:
    condition = filter_of(text) if text else None
    series = sorted({row.series for row in every})
    options = Options(filter=condition, top=top, skip=skip, count=True)
    found = Observations(ALL, conditions()).each(series, options, 1000)
    for one in series:
        own = [row.key for row in meant(every, condition) if row.series == one]
        assert [row.key for row in found[one].rows] == own[skip : skip + top]
        assert found[one].count == len(own)
        assert (found[one].more is not None) == (len(own) > skip + top)


@given(FILTERS, st.integers(0, 3), st.integers(0, 5))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_of_each_feature(every: list[Observation], text: str, skip: int, top: int) -> None:
    condition = filter_of(text) if text else None
    features = sorted({row.feature for row in every if row.feature is not None})
    options = Options(filter=condition, top=top, skip=skip, count=True)
    found = Observations(ALL, conditions()).each_feature(features, options, 1000)
    for one in features:
        own = [row.key for row in meant(every, condition) if row.feature == one]
        assert [row.key for row in found[one].rows] == own[skip : skip + top]
        assert found[one].count == len(own)
        alone = Observations(ALL, conditions()).page(Scope(Datastream.objects.all(), feature=one), options)
        assert [row.key for row in alone.rows] == own[skip : skip + top]
        assert alone.count == len(own)


def test_one_observation_by_its_key(every: list[Observation]) -> None:
    for row in every:
        scope = Scope(Datastream.objects.all(), key=(row.series, row.time))
        found = Observations(ALL, conditions()).one(scope)
        assert found is not None
        assert (found.key, found.result) == (row.key, row.result)
    missing = Scope(Datastream.objects.all(), key=(every[0].series, START - 1))
    assert Observations(ALL, conditions()).one(missing) is None


def test_what_would_look_at_too_much_is_refused(
    every: list[Observation], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observations, "MOST_ROWS", 20)
    asked = Options(filter=filter_of("minute(phenomenonTime) eq 99"))
    with pytest.raises(Malformed):
        Observations(ALL, conditions()).page(everything(), asked)
    newest = Options(filter=filter_of(f"minute(phenomenonTime) eq 99 and phenomenonTime ge {moment(30)}"))
    assert Observations(ALL, conditions()).page(everything(), newest).rows == []


def test_store_answers_what_it_can_by_itself(every: list[Observation]) -> None:
    ObservationDetail.objects.all().delete()
    settled = ("result gt 1 and result le 2.5", f"phenomenonTime ge {moment(3)}", "Datastream/@iot.id gt 2")
    for text in settled:
        scope = Scope(Datastream.objects.exclude(observation_type=TRUTH))
        assert planning.plan(scope, filter_of(text), conditions()).is_settled, text
    for text in ("result ne 1", "result add 1 eq 2", "FeatureOfInterest/name eq 'a'"):
        assert not planning.plan(everything(), filter_of(text), conditions()).is_settled, text
