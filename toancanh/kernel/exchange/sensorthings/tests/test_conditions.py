"""Filters on entities: the database gives exactly those of which Python says that the filter is true."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.city import City, series_of, thing
from toancanh.kernel.exchange.sensorthings import deriving, evaluation, paths, streams
from toancanh.kernel.exchange.sensorthings.access import Sight
from toancanh.kernel.exchange.sensorthings.conditions import Conditions
from toancanh.kernel.exchange.sensorthings.entities import ENTITIES
from toancanh.kernel.exchange.sensorthings.expressions import Call, Expression, Literal, Path
from toancanh.kernel.exchange.sensorthings.expressions import paths as every_path
from toancanh.kernel.exchange.sensorthings.models import HistoricalLocation, ThingDetail

pytestmark = pytest.mark.slow

ALL = Sight(everything=True)
AT = datetime(2026, 11, 1, tzinfo=UTC)
PROPERTIES: list[Any] = [
    None,
    {},
    {"a": 1, "b": "một"},
    {"a": 1.5, "b": "MỘT", "c": True},
    {"a": "1", "b": 2, "c": False},
    {"a": None, "b": "", "c": "true"},
    {"a": {"b": 3}, "b": ["một", 2], "c": 1},
    {"a": -7, "b": "%_một\\", "c": None},
]
NAMES = ["một", "Một", "một hai", "a%b", "a_b", "", "Zebra", "đò", "e", "'"]


@pytest.fixture
def things(city: City) -> None:
    """Things whose texts and properties are of every sort."""
    for number in range(len(PROPERTIES)):
        made = thing(f"t{number}", lon=107.01 + number / 100, name=NAMES[number] or "e")
    deriving.derive()
    for number, properties in enumerate(PROPERTIES):
        row = ThingDetail.objects.get(thing__code=f"t{number}")
        row.properties, row.description = properties, NAMES[-number - 1]
        row.save()
        HistoricalLocation.objects.filter(thing=row.thing).update(time=AT + timedelta(days=number))
    assert series_of(made)


LITERALS = st.sampled_from([*NAMES, 1, 1.5, -7, 2, 0, True, False, None, AT, AT + timedelta(days=3), "true"])
OWN = ["name", "description", "properties/a", "properties/b", "properties/c", "properties/a/b"]
OWN += ["properties/b/0", "@iot.id", "properties"]
LINKED = ["Datastreams/name", "Locations/name", "HistoricalLocations/time", "Datastreams/Sensor/name"]
WORDS = st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"])


def comparison(names: st.SearchStrategy[str]) -> st.SearchStrategy[Expression]:
    """A property against a value, either way round."""
    path = names.map(lambda name: Path(tuple(name.split("/"))))
    sides = st.tuples(path, LITERALS.map(Literal)).flatmap(lambda pair: st.permutations(pair))
    return st.builds(lambda word, pair: Call(word, tuple(pair)), WORDS, sides)


def text_test(names: st.SearchStrategy[str]) -> st.SearchStrategy[Expression]:
    """A test of a part of a text."""
    path = names.map(lambda name: Path(tuple(name.split("/"))))
    part = st.sampled_from([*NAMES, "ộ", "%", "_"]).map(Literal)
    begins = st.builds(
        lambda w, p, t: Call(w, (p, t)), st.sampled_from(["startswith", "endswith"]), path, part
    )
    holds = st.builds(lambda p, t: Call("substringof", (t, p)), path, part)
    lower = st.builds(lambda p, t: Call("eq", (Call("tolower", (p,)), t)), path, part)
    return begins | holds | lower


LEAVES = (
    comparison(st.sampled_from(OWN)) | text_test(st.sampled_from(OWN)) | st.just(Path(("properties", "c")))
)


def tree(leaves: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    """Leaves under and, or and not."""
    words = st.sampled_from(["and", "or"])

    def joined(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
        some = st.lists(parts, min_size=2, max_size=3)
        both = st.builds(lambda word, given: Call(word, tuple(given)), words, some)
        return both | parts.map(lambda part: Call("not", (part,)))

    return st.recursive(leaves, joined, max_leaves=5)


def nothing_measured(_asked: Expression) -> list[int]:
    return []


@given(tree(LEAVES))
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_database_agrees_with_python(things: None, expression: Expression) -> None:
    entity = ENTITIES["Thing"]
    rows = ALL.rows(entity).select_related("detail")
    expected = {
        row.pk
        for row in rows
        if evaluation.holds(expression, lambda path, row=row: paths.of_row(entity, row, path))  # type: ignore[misc]
    }
    condition = Conditions(ALL, nothing_measured, streams.measure).of(entity, expression)
    assert set(rows.filter(condition).values_list("pk", flat=True)) == expected


@given(comparison(st.sampled_from(LINKED)) | text_test(st.sampled_from(LINKED)))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_condition_behind_a_link_is_true_of_any_entity_there(things: None, expression: Expression) -> None:
    entity = ENTITIES["Thing"]
    conditions = Conditions(ALL, nothing_measured, streams.measure)
    found = set(ALL.rows(entity).filter(conditions.of(entity, expression)).values_list("pk", flat=True))
    link = entity.links[_names(expression)[0]]
    target = ENTITIES[link.target]
    behind = _behind(expression)
    expected = set()
    for row in ALL.rows(entity):
        every = ALL.rows(target).filter(**{link.back: row.pk})
        if any(
            evaluation.holds(behind, lambda path, one=one: paths.of_row(target, one, path))  # type: ignore[misc]
            for one in every
        ):
            expected.add(row.pk)
    assert found == expected


def _names(expression: Expression) -> list[str]:
    return [path.names[0] for path in every_path(expression)]


def _behind(expression: Expression) -> Expression:
    if isinstance(expression, Path):
        return Path(expression.names[1:])
    if isinstance(expression, Call):
        return Call(expression.name, tuple(map(_behind, expression.given)))
    return expression
