"""OGC 18-088: Filtering (A.3) and reading data arrays (A.6), by what each option and function finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from tests.city import City
from toancanh.kernel.exchange.sensorthings.tests.seed import DAYS, RESULTS, Seed, Web
from toancanh.kernel.exchange.sensorthings.tests.writers import location

pytestmark = pytest.mark.slow

BOTH = ["datastream name 1", "datastream name 2"]
AROUND = "geography'POLYGON((107 16, 107.1 16, 107.1 16.1, 107 16.1, 107 16))'"
ELSEWHERE = "geography'POLYGON((0 0, 1 0, 1 1, 0 1, 0 0))'"
HERE = "geography'POINT(107.05 16.05)'"
FAR = "geography'POINT(0 0)'"

OPERATORS: Mapping[str, Sequence[int]] = {
    "result eq 4": [4],
    "result ne 4": [3, 5, 6],
    "result gt 4": [5, 6],
    "result ge 4": [4, 5, 6],
    "result lt 5": [3, 4],
    "result le 4": [3, 4],
    "result gt 3 and result lt 6": [4, 5],
    "result lt 4 or result gt 5": [3, 6],
    "not (result gt 4)": [3, 4],
    "result gt 5 or result gt 3 and result lt 5": [4, 6],
    "(result gt 5 or result gt 3) and result lt 5": [4],
    "result add 1 eq 5": [4],
    "result sub 1 eq 4": [5],
    "result mul 2 eq 8": [4],
    "result div 3 eq 2": [6],
    "result mod 2 eq 0": [4, 6],
    "4 eq result": [4],
    "round(result) eq 4": [4],
    "floor(result add 0.9) eq 4": [4],
    "ceiling(result sub 0.9) eq 4": [4],
    "result gt 1000": [],
}
TIMES: Mapping[str, Sequence[int]] = {
    "year(phenomenonTime) eq 2026": RESULTS,
    "year(phenomenonTime) eq 1999": [],
    "month(phenomenonTime) eq 3": RESULTS,
    "day(phenomenonTime) eq 3": [3],
    "day(phenomenonTime) ge 5": [5, 6],
    "day(phenomenonTime) eq result": RESULTS,
    "hour(phenomenonTime) eq 0": RESULTS,
    "minute(phenomenonTime) eq 0": RESULTS,
    "second(phenomenonTime) eq 0": RESULTS,
    "fractionalseconds(phenomenonTime) eq 0": RESULTS,
    "totaloffsetminutes(phenomenonTime) eq 0": RESULTS,
    "date(phenomenonTime) eq date(2026-03-04T18:00:00Z)": [4],
    "time(phenomenonTime) eq time(2020-01-01T00:00:00Z)": RESULTS,
    "time(phenomenonTime) eq time(2020-01-01T00:00:01Z)": [],
    "phenomenonTime lt now()": RESULTS,
    "phenomenonTime gt now()": [],
    "phenomenonTime gt mindatetime()": RESULTS,
    "phenomenonTime lt maxdatetime()": RESULTS,
    f"phenomenonTime eq {DAYS[0]}": [3],
    "phenomenonTime gt 2026-03-04T12:00:00Z": [5, 6],
    "phenomenonTime gt 2026-03-04T19:00:00+07:00": [5, 6],
    f"phenomenonTime ge {DAYS[1]} and phenomenonTime le {DAYS[2]}": [4, 5],
    f"phenomenonTime add duration'P1D' gt {DAYS[3]}": [6],
    "resultTime eq null": RESULTS,
    "resultTime ne null": [],
}
LINKS: Mapping[str, Sequence[int]] = {
    "Datastream/name eq 'datastream name 2'": [5, 6],
    "Datastream/ObservedProperty/name eq 'property 1'": [3, 4],
    "Datastream/Thing/name eq 'thing name 1'": RESULTS,
    "Datastream/Thing/properties/reference eq 'first'": RESULTS,
    "Datastream/properties/reference eq 2": [5, 6],
    "Datastream/Thing/Datastreams/Sensor/name eq 'sensor name 2'": RESULTS,
    "Datastream/unitOfMeasurement/symbol eq 'C'": [5, 6],
}
TEXTS: Mapping[str, Sequence[str]] = {
    "name eq 'datastream name 1'": BOTH[:1],
    "name eq 'DATASTREAM NAME 1'": [],
    "startswith(name,'datastream')": BOTH,
    "startswith(name,'zzz')": [],
    "endswith(name,'name 1')": BOTH[:1],
    "substringof('name 2',name)": BOTH[1:],
    "length(name) eq 17": BOTH,
    # By the standard's examples, about 'Sensor Things', the first letter is 1 here and 0 in substring.
    "indexof(name,'data') eq 1": BOTH,
    "indexof(name,'name') eq 12": BOTH,
    "indexof(name,'zzz') eq 0": BOTH,
    "substring(name,0,10) eq 'datastream'": BOTH,
    "substring(name,11) eq 'name 1'": BOTH[:1],
    "tolower(name) eq 'datastream name 1'": BOTH[:1],
    "toupper(name) eq 'DATASTREAM NAME 2'": BOTH[1:],
    "trim(concat(concat(' ',name),' ')) eq 'datastream name 1'": BOTH[:1],
    "concat(concat(unitOfMeasurement/symbol,', '),name) eq 'C, datastream name 2'": BOTH[1:],
    "name eq 'O''Brien'": [],
    "Sensor/name eq 'sensor name 1'": BOTH[:1],
    "Thing/name eq 'thing name 1' and properties/reference gt 1": BOTH[1:],
    f"phenomenonTime gt {DAYS[1]}": BOTH[1:],
}
GEOMETRIES: Mapping[str, bool] = {
    f"geo.intersects({{}},{AROUND})": True,
    f"geo.intersects({{}},{ELSEWHERE})": False,
    f"geo.distance({{}},{FAR}) gt 1": True,
    f"geo.distance({{}},{HERE}) lt 0.001": True,
    "geo.length({}) lt 1": True,
    "geo.length(geography'LINESTRING(0 0, 0 1)') eq 1": True,
    # As PostGIS has it: what has an area has no length.
    f"geo.length({AROUND}) eq 0": True,
    f"st_within({{}},{AROUND})": True,
    f"st_within({{}},{ELSEWHERE})": False,
    f"st_intersects({{}},{AROUND})": True,
    f"st_disjoint({{}},{ELSEWHERE})": True,
    f"st_disjoint({{}},{AROUND})": False,
    f"st_equals({{}},{HERE})": True,
    f"st_equals({{}},{FAR})": False,
    f"st_contains({{}},{HERE})": True,
    f"st_contains({AROUND},{{}})": True,
    f"st_touches({{}},{AROUND})": False,
    f"st_overlaps({{}},{AROUND})": False,
    f"st_crosses({{}},{AROUND})": False,
    f"st_relate({{}},{HERE},'T********')": True,
    f"st_relate({{}},{FAR},'T********')": False,
}


@pytest.fixture
def web(city: City) -> Web:
    return Web()


@pytest.fixture
def seed(web: Web) -> Seed:
    return Seed(web)


def results(web: Web, path: str = "Observations", **options: object) -> list[int]:
    return [one["result"] for one in web.values(path, **options)]


@pytest.mark.parametrize("cases", [OPERATORS, TIMES, LINKS], ids=["operators", "times", "links"])
def test_filters_of_observations(web: Web, seed: Seed, cases: Mapping[str, Sequence[int]]) -> None:
    for condition, expected in cases.items():
        told = results(web, filter=f"{seed.scope} and ({condition})", orderby="result")
        assert told == expected, condition


def test_filters_of_texts(web: Web, seed: Seed) -> None:
    for condition, expected in TEXTS.items():
        scope = f"Thing/@iot.id eq {seed.thing['@iot.id']} and ({condition})"
        assert [one["name"] for one in web.values("Datastreams", filter=scope, orderby="name")] == expected


@pytest.mark.parametrize("path", ["Locations", "FeaturesOfInterest"])
def test_filters_of_geometries(web: Web, seed: Seed, path: str) -> None:
    entity, name = seed.entities()[path], {"Locations": "location", "FeaturesOfInterest": "feature"}[path]
    for condition, holds in GEOMETRIES.items():
        scope = f"id eq {entity['@iot.id']} and {condition.format(name)}"
        assert len(web.values(path, filter=scope)) == holds, condition


def test_filters_over_links_to_several(web: Web, seed: Seed) -> None:
    web.make(f"{seed.address}/Locations", location(107.06, 16.06, name="second"))
    bare = web.made("Things", {"name": "bare", "description": ""})
    for condition, found in {
        "Locations/name eq 'second'": True,
        "HistoricalLocations/Locations/name eq 'location name 1'": True,
        "startswith(HistoricalLocations/Locations/name,'location')": True,
        "Datastreams/ObservedProperty/name eq 'property 2'": True,
        "Datastreams/id ne null": True,
        "properties/reference eq null": False,
    }.items():
        ours = f"(id eq {seed.thing['@iot.id']} or id eq {bare['@iot.id']}) and ({condition})"
        names = [one["name"] for one in web.values("Things", filter=ours)]
        assert names == (["thing name 1"] if found else ["bare"]), condition


def test_order_top_skip_and_count(web: Web, seed: Seed) -> None:
    ours = {"filter": seed.scope}
    assert results(web, **ours, orderby="result") == RESULTS
    assert results(web, **ours, orderby="result desc") == RESULTS[::-1]
    assert results(web, **ours, orderby="phenomenonTime asc") == RESULTS
    assert results(web, **ours, orderby="phenomenonTime desc,result asc") == RESULTS[::-1]
    assert results(web, **ours, orderby="Datastream/name desc,result asc") == [5, 6, 3, 4]
    assert results(web, **ours, orderby="result", top=2) == RESULTS[:2]
    assert results(web, **ours, orderby="result", skip=2) == RESULTS[2:]
    assert results(web, **ours, orderby="result", skip=1, top=2) == RESULTS[1:3]
    assert results(web, **ours, skip=4) == []
    counted = web.get("Observations", **ours, count="true", top=1, skip=3)
    assert (counted["@iot.count"], len(counted["value"])) == (4, 1)
    none = web.get("Observations", filter=f"{seed.scope} and result gt 9", count="true")
    assert none == {"@iot.count": 0, "value": []}


def test_next_links_tell_everything_once(web: Web, seed: Seed) -> None:
    for order in ("id", "result desc", "phenomenonTime"):
        page = web.get("Observations", filter=seed.scope, orderby=order, top=1, count="true")
        found, counts = page["value"], {page["@iot.count"]}
        while "@iot.nextLink" in page:
            page = web.get(page["@iot.nextLink"])
            assert len(page["value"]) <= 1
            found, counts = found + page["value"], counts | {page["@iot.count"]}
        assert sorted(one["result"] for one in found) == RESULTS
        assert counts == {4}
    assert "@iot.nextLink" not in web.get("Observations", filter=seed.scope, top=4)


def test_select(web: Web, seed: Seed) -> None:
    path = f"{seed.streams[0]['@iot.selfLink']}/Observations"
    assert [set(one) for one in web.values(path, select="result")] == [{"result"}] * 2
    assert set(web.values(path, select="result,phenomenonTime")[0]) == {"result", "phenomenonTime"}
    assert set(web.get(seed.address, select="id,name")) == {"@iot.id", "name"}
    assert set(web.get(seed.address, select="name,Datastreams")) == {
        "name",
        "Datastreams@iot.navigationLink",
    }


def test_expand(web: Web, seed: Seed) -> None:
    several = web.get(seed.address, expand="Locations,Datastreams")
    assert [one["@iot.id"] for one in several["Locations"]] == [seed.place["@iot.id"]]
    assert len(several["Datastreams"]) == 2
    nested = web.get(seed.address, expand="Datastreams/Observations")
    assert [len(one["Observations"]) for one in nested["Datastreams"]] == [2, 2]
    first = seed.streams[0]["@iot.selfLink"]
    newest = web.get(first, expand="Observations($top=1;$orderby=phenomenonTime desc;$select=result)")
    assert newest["Observations"] == [{"result": 4}]
    some = web.get(first, expand="Observations($filter=result gt 3;$count=true)")
    assert ([one["result"] for one in some["Observations"]], some["Observations@iot.count"]) == ([4], 1)


def test_all_options_together(web: Web, seed: Seed) -> None:
    told = web.get(
        "Observations",
        filter=f"{seed.scope} and result gt 3",
        orderby="result desc",
        skip=1,
        top=2,
        select="result",
        expand="Datastream($select=name)",
        count="true",
    )
    assert told["@iot.count"] == 3
    expected = [(5, "datastream name 2"), (4, "datastream name 1")]
    assert told["value"] == [{"result": n, "Datastream": {"name": name}} for n, name in expected]


def test_data_arrays_are_read(web: Web, seed: Seed) -> None:
    own = f"{seed.streams[0]['@iot.selfLink']}/Observations"
    (array,) = web.values(own, resultFormat="dataArray", orderby="phenomenonTime")
    assert set(array) == {"Datastream@iot.navigationLink", "components", "dataArray@iot.count", "dataArray"}
    assert web.get(array["Datastream@iot.navigationLink"])["@iot.id"] == seed.streams[0]["@iot.id"]
    rows = [dict(zip(array["components"], row, strict=True)) for row in array["dataArray"]]
    assert [(row["phenomenonTime"], row["result"]) for row in rows] == [(DAYS[0], 3), (DAYS[1], 4)]
    assert [row["id"] for row in rows] == [one["@iot.id"] for one in seed.observations[:2]]
    assert array["dataArray@iot.count"] == 2
    grouped = web.get("Observations", resultFormat="dataArray", filter=seed.scope, top=3, count="true")
    assert (grouped["@iot.count"], "@iot.nextLink" in grouped) == (4, True)
    assert [one["dataArray@iot.count"] for one in grouped["value"]] == [2, 1]
    (chosen,) = web.values(own, resultFormat="DataArray", select="result, phenomenonTime", top=1)
    assert (set(chosen["components"]), len(chosen["dataArray"])) == ({"result", "phenomenonTime"}, 1)
