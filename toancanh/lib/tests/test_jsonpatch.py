"""JSON Patch against the examples of RFC 6902, appendix A, and against documents made at random."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toancanh.lib.jsonpatch import PatchFault, apply

GOOD = [
    ({"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux"}], {"baz": "qux", "foo": "bar"}),
    ({"foo": ["a", "b"]}, [{"op": "add", "path": "/foo/1", "value": "c"}], {"foo": ["a", "c", "b"]}),
    ({"foo": ["a"]}, [{"op": "add", "path": "/foo/-", "value": ["b"]}], {"foo": ["a", ["b"]]}),
    ({"baz": 1, "foo": 2}, [{"op": "remove", "path": "/baz"}], {"foo": 2}),
    ({"foo": [1, 2, 3]}, [{"op": "remove", "path": "/foo/1"}], {"foo": [1, 3]}),
    ({"baz": 1}, [{"op": "replace", "path": "/baz", "value": None}], {"baz": None}),
    (
        {"foo": {"bar": 1, "waldo": 2}, "qux": {}},
        [{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}],
        {"foo": {"bar": 1}, "qux": {"thud": 2}},
    ),
    (
        {"foo": ["all", "grass", "cows"]},
        [{"op": "move", "from": "/foo/1", "path": "/foo/2"}],
        {"foo": ["all", "cows", "grass"]},
    ),
    ({"a": {"b": 1}}, [{"op": "copy", "from": "/a", "path": "/c"}], {"a": {"b": 1}, "c": {"b": 1}}),
    ({"baz": "qux"}, [{"op": "test", "path": "/baz", "value": "qux"}], {"baz": "qux"}),
    ({"/": 9, "~1": 10}, [{"op": "test", "path": "/~01", "value": 10}], {"/": 9, "~1": 10}),
    ({"a": 1}, [{"op": "replace", "path": "", "value": [1]}], [1]),
    ({"a": 1}, [{"op": "test", "path": "/a", "value": 1.0}], {"a": 1}),
    ({"a": 1}, [{"op": "move", "from": "/a", "path": "/a"}], {"a": 1}),
    ({"foo": "bar"}, [{"op": "add", "path": "/x", "value": 1, "xyz": 2}], {"foo": "bar", "x": 1}),
]
BAD: list[tuple[Any, Any]] = [
    ({"a": 1}, {}),
    ({"a": 1}, [7]),
    ({"a": 1}, [{"op": "put", "path": "/a", "value": 1}]),
    ({"a": 1}, [{"op": [], "path": "/a", "value": 1}]),
    ({"a": 1}, [{"op": "add", "path": "/a"}]),
    ({"a": 1}, [{"op": "add", "path": "a", "value": 1}]),
    ({"a": 1}, [{"op": "add", "value": 1}]),
    ({"a": 1}, [{"op": "add", "path": "/b/c", "value": 1}]),
    ({"a": 1}, [{"op": "add", "path": "/a/c", "value": 1}]),
    ({"a": [1]}, [{"op": "add", "path": "/a/2", "value": 1}]),
    ({"a": [1]}, [{"op": "add", "path": "/a/01", "value": 1}]),
    ({"a": [1]}, [{"op": "replace", "path": "/a/-", "value": 1}]),
    ({"a": [1]}, [{"op": "remove", "path": "/a/-1"}]),
    ({"a": 1}, [{"op": "remove", "path": "/b"}]),
    ({"a": None}, [{"op": "remove", "path": "/a/a"}]),
    ({"a": 1}, [{"op": "move", "from": "/a/a", "path": "/b"}]),
    ({"a": 1}, [{"op": "test", "path": "/a", "value": "1"}]),
    ({"a": 1}, [{"op": "test", "path": "/a", "value": True}]),
    ({"a": {"b": 1}}, [{"op": "move", "from": "/a", "path": "/a/c"}]),
    ({"a": 1}, [{"op": "copy", "from": "/b", "path": "/c"}]),
]


@pytest.mark.parametrize(("document", "patch", "expected"), GOOD)
def test_operations_give_what_the_rfc_says(document: Any, patch: Any, expected: Any) -> None:
    before = copy.deepcopy(document)
    assert apply(document, patch) == expected
    assert document == before


@pytest.mark.parametrize(("document", "patch"), BAD)
def test_bad_patches_are_refused_and_change_nothing(document: Any, patch: Any) -> None:
    before = copy.deepcopy(document)
    with pytest.raises(PatchFault):
        apply(document, patch)
    assert document == before


KEYS = st.sampled_from(["a", "0", "~"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just("x"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
PATH = st.lists(st.sampled_from(["a", "0", "1", "-", "~0"]), max_size=3).map(
    lambda parts: "".join(f"/{part}" for part in parts)
)
OPERATION = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]), "path": PATH},
    optional={"value": JSON, "from": PATH},
)


@pytest.mark.slow
@given(st.dictionaries(KEYS, JSON, max_size=3), st.lists(OPERATION, max_size=4))
def test_nothing_but_a_fault_comes_out_and_the_document_stays(document: Any, patch: Any) -> None:
    before = copy.deepcopy(document)
    try:
        after = apply(document, patch)
    except PatchFault:
        after = None
    assert document == before
    if after is not None and after is not document:
        assert apply(before, patch) == after
