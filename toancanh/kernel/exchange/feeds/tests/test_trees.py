"""JSON as it comes from services, made into tables."""

from __future__ import annotations

import json
from typing import Any

import pytest

from toancanh.kernel.exchange.feeds import trees
from toancanh.kernel.exchange.feeds.child import opened
from toancanh.kernel.exchange.sheets.child import MAX_COLUMNS, Fault

STATIONS = {
    "time": "2026-11-21T07:00:00Z",
    "data": {
        "stations": [
            {
                "id": "KL",
                "pos": {"lat": 16.4},
                "values": [{"t": "07:00", "v": 1.2}, {"t": "08:00", "v": 1.3}],
            },
            {"id": "PO", "pos": {"lat": 16.5}, "values": [{"t": "07:00", "v": 2.5, "note": "x"}]},
            {"id": "XX", "values": []},
        ]
    },
}


def first(tree: Any) -> tuple[str, list[list[Any]]]:
    """The table that is offered first."""
    return trees.tables(tree, None)[0]


def test_list_below_a_list_keeps_what_stands_above_it() -> None:
    path, rows = first(STATIONS)
    assert path == "$.data.stations.values"
    assert rows[0] == ["t", "v", "time", "data.stations.id", "data.stations.pos.lat", "note"]
    assert rows[1:] == [
        ["07:00", 1.2, "2026-11-21T07:00:00Z", "KL", 16.4, None],
        ["08:00", 1.3, "2026-11-21T07:00:00Z", "KL", 16.4, None],
        ["07:00", 2.5, "2026-11-21T07:00:00Z", "PO", 16.5, "x"],
    ]
    assert trees.tables(STATIONS, path) == [(path, rows)]
    assert [name for name, _rows in trees.tables(STATIONS, None)] == [path, "$.data.stations", "$"]


@pytest.mark.parametrize(
    ("tree", "path", "rows"),
    [
        ([{"t": 1, "v": 2}], "$", [["t", "v"], [1, 2]]),
        ({"t": 1, "v": 2}, "$", [["t", "v"], [1, 2]]),
        ([["t", "v"], [1, 2]], "$", [["t", "v"], [1, 2]]),
        ({"h": {"time": ["a", "b"], "level": [1, None]}, "lat": 3}, "$.h",
         [["time", "level", "lat"], ["a", 1, 3], ["b", None, 3]]),
        ({"KL": {"t": 1, "v": 2}, "PO": {"t": 3, "v": 4}}, "$.*",
         [["t", "v", "(key)"], [1, 2, "KL"], [3, 4, "PO"]]),
        ({"rows": [{"code": "KL", "values": [1.5, 2.5]}]}, "$.rows",
         [["code", "values.1", "values.2"], ["KL", 1.5, 2.5]]),
        ({"a.b": [{"t": 1, "pm2.5": 7}]}, "$.a\\.b", [["t", "pm2.5"], [1, 7]]),
        ({"id": "own", "rows": [{"id": 1}]}, "$.rows", [["id"], [1]]),
    ],
)  # fmt: skip
def test_shapes_of_answers(tree: Any, path: str, rows: list[list[Any]]) -> None:
    assert first(tree) == (path, rows)
    assert trees.tables(tree, path) == [(path, rows)]


def test_columns_keep_their_names_however_much_comes() -> None:
    few = {"data": [{"t": 1}]}
    more = {"data": [{"new": 0, "t": 1, "level": 2}]}
    assert trees.tables(few, "$.data")[0][1][0] == ["t"]
    assert trees.tables(more, "$.data")[0][1] == [["new", "t", "level"], [0, 1, 2]]
    assert trees.tables({"data": []}, "$.data") == [("$.data", [])]
    assert trees.tables({"data": None}, "$.data") == [("$.data", [])]
    assert trees.tables({"stations": []}, "$.stations.values") == [("$.stations.values", [])]


@pytest.mark.parametrize(
    ("content", "wanted", "code"),
    [
        (b'{"data": [{"t": 1}', "", "bad_json"),
        (b"[" * 100_000, "", "bad_json"),
        (b'{"a": "\xff"}', "", "bad_json"),
        (b'{"error": {}}', "$.data", "no_path"),
        (b'{"data": "none"}', "$.data", "no_path"),
        (b'{"data": []}', "", "no_records"),
        (b"{}", "", "no_records"),
        (b'{"h": {"time": ["a", "b"], "level": [1]}}', "$.h", "uneven"),
        (b"<html><body>Sign in</body></html>", "$.data", "markup"),
        (b"   ", "", "empty"),
        (json.dumps([{f"c{n}": n for n in range(MAX_COLUMNS + 1)}]).encode(), "$", "too_wide"),
        (b"[" + b'{"t":1},' * 1000 + b'{"t":1}]', "$", "too_many_rows"),
    ],
)
def test_what_is_no_table_is_told_by_a_code(
    monkeypatch: pytest.MonkeyPatch, content: bytes, wanted: str, code: str
) -> None:
    monkeypatch.setattr(trees, "MAX_ROWS", 1000)
    with pytest.raises(Fault) as told:
        opened(content, wanted)
    assert told.value.code == code


def test_answer_is_known_by_its_content() -> None:
    assert opened(b'\xef\xbb\xbf [{"t": "x", "v": NaN}]', "")["sheets"][0]["rows"] == [["t", "v"], ["x"]]
    assert opened(b"t;v\n1;2\n", "")["sheets"][0]["rows"] == [["t", "v"], ["1", "2"]]
