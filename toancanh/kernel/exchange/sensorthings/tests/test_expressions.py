"""Filters as texts: what they mean, and what is said of those that mean nothing."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toancanh.kernel.exchange.sensorthings.expressions import (
    COMPARISONS,
    FUNCTIONS,
    Call,
    Expression,
    Literal,
    Malformed,
    Path,
    filter_of,
    walk,
)
from toancanh.kernel.exchange.sensorthings.literals import Period

SEVEN = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)


def path(text: str) -> Path:
    return Path(tuple(text.split("/")))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-1.5e3", -1500.0),
        ("'it''s'", "it's"),
        ("'Trạm Cầu Gỗ'", "Trạm Cầu Gỗ"),
        ("true", True),
        ("null", None),
        ("2026-11-21T07:00:00+07:00", SEVEN),
        ("2026-11-21T07:00:00 07:00", SEVEN),
        ("2026-11-21T00:00:00.000Z", SEVEN),
        ("2026-11-21", date(2026, 11, 21)),
        ("07:30:00", time(7, 30)),
        ("duration'P1DT12H'", timedelta(days=1, hours=12)),
        ("duration'-PT0.5S'", timedelta(seconds=-0.5)),
        ("2026-11-21T00:00:00Z/2026-11-21T01:00:00Z", Period(SEVEN, SEVEN + timedelta(hours=1))),
    ],
)
def test_literal(text: str, value: Any) -> None:
    found = filter_of(f"a eq {text}")
    assert found == Call("eq", (path("a"), Literal(value, text)))


def test_geography_is_well_known_text() -> None:
    found = filter_of("st_within(location, geography'POLYGON((0 0, 1 0, 1 1, 0 0))')")
    assert isinstance(found, Call)
    assert isinstance(found.given[1], Literal)
    assert found.given[1].value.area == 0.5


def shown(found: Expression) -> str:
    """The tree with all its brackets."""
    if isinstance(found, Call):
        return f"{found.name}({' '.join(map(shown, found.given))})"
    return "/".join(found.names) if isinstance(found, Path) else found.text


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a eq 1 or b eq 2 and c eq 3", "or(eq(a 1) and(eq(b 2) eq(c 3)))"),
        ("a eq 1 and b eq 2 and c eq 3", "and(eq(a 1) eq(b 2) eq(c 3))"),
        ("(a eq 1 or b eq 2) and c eq 3", "and(or(eq(a 1) eq(b 2)) eq(c 3))"),
        ("not a eq 1", "eq(not(a) 1)"),
        ("not (a eq 1)", "not(eq(a 1))"),
        ("a add 1 mul 2 gt 3", "gt(add(a mul(1 2)) 3)"),
        ("a sub 1 sub 2 eq 3", "eq(sub(sub(a 1) 2) 3)"),
        ("-a eq 3", "eq(neg(a) 3)"),
        ("a eq -3", "eq(a -3)"),
        ("a lt 3 eq true", "eq(lt(a 3) true)"),
        ("Datastream/Thing/properties/a-b eq 1", "eq(Datastream/Thing/properties/a-b 1)"),
        ("Thing/@iot.id eq 1", "eq(Thing/@iot.id 1)"),
        ("substringof('a',tolower(name))", "substringof('a' tolower(name))"),
        ("a EQ 1 AND startswith(name, 'b')", "and(eq(a 1) startswith(name 'b'))"),
        ("result gt 5 and phenomenonTime lt now()", "and(gt(result 5) lt(phenomenonTime now()))"),
    ],
)
def test_precedence(text: str, tree: str) -> None:
    assert shown(filter_of(text)) == tree


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a eq",
        "eq 1",
        "a eq 1 and",
        "a == 1",
        "a eq 'b",
        "(a eq 1",
        "a eq 1)",
        "a b",
        "nosuch(a)",
        "contains(name,'a')",
        "year()",
        "substringof('a')",
        "now(1)",
        "a eq 2026-13-01T00:00:00Z",
        "a eq 2026-02-30",
        "a eq 25:00",
        "a eq 2026-11-21T01:00:00Z/2026-11-21T00:00:00Z",
        "a eq duration'P1Y'",
        "a eq duration'P'",
        "st_within(a, geography'NONSENSE')",
        "a eq 1e999",
        "a eq $",
        "a eq 0001-01-01T00:00:00+07:00",
        "(" * 60 + "a" + ")" * 60,
        "not " * 60 + "a",
        "a eq " + " add ".join(["1"] * 100),
        " and ".join(["a eq 1"] * 500),
        "a eq '" + "x" * 9000 + "'",
    ],
)
def test_what_means_nothing_is_refused_in_words(text: str) -> None:
    with pytest.raises(Malformed) as refused:
        filter_of(text)
    assert "$filter" in refused.value.message


OTHERS = """and or not add mod ( ) , ' '' 'a' 1 - / name result Thing/name null true geography'POINT(1 2)'
2026-11-21T00:00:00Z"""
WORDS = st.sampled_from([*FUNCTIONS, *COMPARISONS, *OTHERS.split()])


@pytest.mark.slow
@given(st.lists(WORDS | st.text(max_size=3), max_size=25).map(" ".join))
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    with suppress(Malformed):
        assert list(walk(filter_of(text)))
