"""What of a client's body is taken, and what is refused with the place of the fault."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toancanh.kernel.exchange.sensorthings import bodies
from toancanh.lib.errors import Refused

SENSOR = {"name": "LNC-5", "description": "cảm biến", "encodingType": "text/plain", "metadata": "rađa"}
THING = {"name": "Trạm", "description": "bên sông"}
UNIT = {"name": "metre", "symbol": "m", "definition": None}
STREAM = {
    "name": "mực nước",
    "description": "",
    "unitOfMeasurement": UNIT,
    "observationType": "OM_Measurement",
}


def test_nested_entities_and_links_are_told_apart() -> None:
    told = {
        **THING,
        "@iot.id": 7,
        "Datastreams": [{**STREAM, "Sensor": SENSOR}],
        "Locations": [{"@iot.id": "3"}],
    }
    made = bodies.draft("Thing", told)
    assert made.links == {"Locations": [3]}
    (stream,) = made.new["Datastreams"]
    (sensor,) = stream.new["Sensor"]
    assert isinstance(sensor.own, bodies.SensorBody)
    assert (sensor.own.name, sensor.own.metadata) == ("LNC-5", "rađa")


@pytest.mark.parametrize(
    ("kind", "told", "said"),
    [
        ("Thing", [], "Thing:"),
        ("Thing", {"description": ""}, "name"),
        ("Thing", {**THING, "name": ""}, "$.name"),
        ("Thing", {**THING, "name": "x" * 151}, "$.name"),
        ("Thing", {**THING, "colour": "red"}, "colour"),
        ("Thing", {**THING, "properties": []}, "$.properties"),
        ("Thing", {**THING, "Datastreams": {}}, "Thing.Datastreams"),
        ("Thing", {**THING, "Datastreams": [7]}, "Thing.Datastreams[0]"),
        (
            "Thing",
            {**THING, "Datastreams": [{**STREAM, "Thing": {"@iot.id": 1}}]},
            "Thing.Datastreams[0].Thing",
        ),
        ("Thing", {**THING, "Datastreams": [{**STREAM, "Sensor": {"name": "x"}}]}, "Datastreams[0].Sensor"),
        ("Datastream", {**STREAM, "unitOfMeasurement": {"name": "metre"}}, "unitOfMeasurement"),
        ("Datastream", {**STREAM, "unitOfMeasurement": {**UNIT, "symbol": "x" * 21}}, "symbol"),
        ("Datastream", {**STREAM, "Sensor": []}, "Sensor"),
        ("Sensor", {**SENSOR, "metadata": None}, "metadata"),
        ("Observation", {"result": None}, "result"),
        ("Observation", {}, "result"),
        ("HistoricalLocation", {"time": 3}, "time"),
    ],
)
def test_fault_is_told_with_its_place(kind: str, told: Any, said: str) -> None:
    with pytest.raises(Refused) as refused:
        bodies.draft(kind, told)
    assert said in refused.value.message


def test_update_links_but_makes_nothing_new() -> None:
    change = bodies.change("Datastream", {"name": "x", "Sensor": {"@iot.id": 4}, "@iot.selfLink": "…"})
    assert (change.own, change.links) == ({"name": "x"}, {"Sensor": [4]})
    with pytest.raises(Refused) as refused:
        bodies.change("Datastream", {"Sensor": SENSOR})
    assert refused.value.code == "inline_entity"


def test_count_of_new_entities_is_bounded() -> None:
    told = {**STREAM, "Observations": [{"result": n} for n in range(bodies.MOST_ENTITIES)]}
    with pytest.raises(Refused) as refused:
        bodies.draft("Datastream", told)
    assert refused.value.code == "too_large"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{not json}",
        b'{"a": 1',
        b"\xff",
        b'["\\ud800"]',
        b'["\\u0000"]',
        b'{"\\u0000": 1}',
        b'{"a": NaN}',
        b"[" * 49 + b"]" * 49,
        b"[" * 200_000,
    ],
)
def test_what_no_database_keeps_is_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        bodies.decode(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["@iot.id", "name", "Things", "Thing", "result", "Sensor"]), inner)
    ),
    max_leaves=12,
)


@pytest.mark.slow
@given(st.sampled_from(sorted(bodies.NAVIGATION)), JSON)
def test_any_json_is_a_draft_or_a_refusal(kind: str, told: Any) -> None:
    try:
        made = bodies.draft(kind, told)
    except Refused:
        return
    assert isinstance(made.own, bodies.BODIES[kind])
