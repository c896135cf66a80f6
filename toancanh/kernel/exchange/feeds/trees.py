"""JSON as tables: every list of records in an answer becomes a table under its path. Stands alone: no Django.

A record is an object (nested ones give columns such as ``station.id``), a list of cells, or one place of
several lists that stand side by side. What stands above a list, such as the station that it belongs to, is
repeated in its rows under its whole path.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeAlias

from toancanh.kernel.exchange.sheets.child import MAX_COLUMNS, MAX_ROWS, Fault

DEEPEST = 24
MOST_TABLES = 40
MOST_LOOKED_AT = 50
"""Members of a list or an object from which the tables below it are known."""
LONGEST_INNER = 50
"""Cells of a list within a record that become columns."""
ROOT = "$"
EACH = "*"
"""In a path: every member of an object whose keys are names, such as codes of stations."""
KEY = "(key)"

Rows = list[list[Any]]
Tree: TypeAlias = Any
"""Whatever JSON may hold: the type of a list within a list has no end."""


def parsed(content: bytes) -> Tree:
    """The tree; NaN and infinities, which Python writes and JSON has not, count as nothing."""
    try:
        return json.loads(content.decode("utf-8-sig"), parse_constant=lambda _name: None)
    except RecursionError as fault:
        raise Fault("bad_json", fault="nesting") from fault
    except ValueError as fault:
        raise Fault("bad_json", fault=str(fault)[:200]) from fault


def tables(tree: Tree, wanted: str | None) -> list[tuple[str, Rows]]:
    """The tables of a tree by their path, the fullest first; of a path that one; raises Fault."""
    paths = [_split(wanted)] if wanted else list(islice(_paths(tree, (), 0), MOST_TABLES))
    made = [(_joined(path), _table(tree, path)) for path in paths]
    if wanted:
        return made
    filled = [(path, rows) for path, rows in made if len(rows) > 1 and rows[0]]
    # Of as many rows the innermost: what stands around them is repeated in each.
    return sorted(filled, key=lambda one: (-len(one[1]), -one[0].count(".")))


def _joined(path: tuple[str, ...]) -> str:
    return ".".join((ROOT, *(part.replace("\\", "\\\\").replace(".", "\\.") for part in path)))


def _split(path: str) -> tuple[str, ...]:
    parts, part, is_escaped = [], "", False
    for letter in path:
        if is_escaped or letter not in ".\\":
            part, is_escaped = part + letter, False
        elif letter == "\\":
            is_escaped = True
        else:
            parts.append(part)
            part = ""
    parts.append(part)
    if parts[0] != ROOT:
        raise Fault("no_path", path=path[:100])
    return tuple(parts[1:])


# --- which tables there are


def _paths(node: Tree, path: tuple[str, ...], depth: int) -> Iterator[tuple[str, ...]]:
    """Paths of all lists of records below a node; lists within lists have no part of their own."""
    if depth > DEEPEST:
        return
    if isinstance(node, list):
        if node and _is_record(node[0]):
            yield path
        below: dict[tuple[str, ...], None] = {}
        for one in node[:MOST_LOOKED_AT]:
            if isinstance(one, dict):
                below.update(dict.fromkeys(_inner(one, path, depth)))
        yield from below
    elif isinstance(node, dict):
        if not path or _are_beside(node) or _is_flat(node):
            yield path
        members = list(node.values())
        if len(members) > 1 and all(isinstance(one, dict) for one in members):
            yield (*path, EACH)
        yield from _inner(node, path, depth)


def _inner(node: dict[str, Any], path: tuple[str, ...], depth: int) -> Iterator[tuple[str, ...]]:
    for key, one in list(node.items())[:MOST_LOOKED_AT]:
        if isinstance(one, list | dict):
            yield from _paths(one, (*path, key), depth + 1)


def _is_record(one: Tree) -> bool:
    return isinstance(one, dict) or (
        isinstance(one, list) and not any(isinstance(c, list | dict) for c in one)
    )


def _is_flat(node: dict[str, Any]) -> bool:
    return sum(1 for one in node.values() if not isinstance(one, list | dict)) > 1


def _are_beside(node: dict[str, Any]) -> bool:
    """Whether it holds lists side by side: ``{"time": [..], "level": [..]}``."""
    return len(_beside(node)) > 1


def _beside(node: dict[str, Any]) -> list[str]:
    return [
        key
        for key, one in node.items()
        if isinstance(one, list) and one and not any(isinstance(cell, list | dict) for cell in one[:5])
    ]


# --- one of them


@dataclass
class _Columns:
    """Columns in the order in which they were met."""

    places: dict[str, int] = field(default_factory=dict)
    rows: list[dict[int, Any]] = field(default_factory=list)

    def add(self, cells: dict[str, Any]) -> None:
        if len(self.rows) >= MAX_ROWS:
            raise Fault("too_many_rows", count=len(self.rows) + 1)
        row = {}
        for name, cell in cells.items():
            place = self.places.setdefault(name, len(self.places))
            row[place] = cell
        if len(self.places) > MAX_COLUMNS:
            raise Fault("too_wide", count=len(self.places))
        self.rows.append(row)


def _table(tree: Tree, path: tuple[str, ...]) -> Rows:
    columns, plain = _Columns(), []

    def take(node: Tree, above: dict[str, Any]) -> None:
        records = node if isinstance(node, list) else [node]
        for record in records:
            if isinstance(record, dict):
                for cells in _records(record):
                    # A record's own columns win over those above it.
                    columns.add({**cells, **{name: c for name, c in above.items() if name not in cells}})
            elif isinstance(record, list):
                plain.append([c for c in record[:MAX_COLUMNS] if not isinstance(c, list | dict)])
            if len(plain) > MAX_ROWS:
                raise Fault("too_many_rows", count=len(plain))

    if not _walk(tree, path, (), {}, take):
        raise Fault("no_path", path=_joined(path)[:100])
    if plain and not columns.rows:
        return plain
    width = len(columns.places)
    if not columns.rows:
        return []
    return [list(columns.places), *([row.get(place) for place in range(width)] for row in columns.rows)]


def _walk(
    node: Tree,
    path: tuple[str, ...],
    been: tuple[str, ...],
    above: dict[str, Any],
    take: Callable[[Any, dict[str, Any]], None],
) -> bool:
    """Hand over every node at the path with what stands above it; whether there was one, were it empty."""
    if not path:
        take(node, above)
        return node is None or isinstance(node, list | dict)
    if isinstance(node, list):
        # A list without members has no members that could lack something.
        told = [_walk(one, path, been, above, take) for one in node]
        return not told or any(told)
    if not isinstance(node, dict):
        return node is None
    name = ".".join(been)
    own = {**above, **{f"{name}.{key}" if name else key: cell for key, cell in _flat(node, path[0]).items()}}
    if path[0] == EACH and EACH not in node:
        found = False
        for key, one in node.items():
            if isinstance(one, dict | list):
                found |= _walk(one, path[1:], (*been, EACH), {**above, KEY: key}, take)
        return found or not node
    if path[0] not in node:
        return False
    return _walk(node[path[0]], path[1:], (*been, path[0]), own, take)


def _flat(node: dict[str, Any], without: str = "", depth: int = 0) -> dict[str, Any]:
    """The plain cells of an object, nested ones under their path; lists of plain cells by number."""
    cells: dict[str, Any] = {}
    for key, one in node.items():
        if key == without:
            continue
        if isinstance(one, dict):
            if depth < DEEPEST:
                cells.update({f"{key}.{inner}": cell for inner, cell in _flat(one, "", depth + 1).items()})
        elif isinstance(one, list):
            if len(one) <= LONGEST_INNER and not any(isinstance(cell, list | dict) for cell in one):
                cells.update({f"{key}.{n}": cell for n, cell in enumerate(one, start=1)})
        else:
            cells[key] = one
    return cells


def _records(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows that an object stands for: several where it holds lists side by side."""
    beside = _beside(record)
    if len(beside) < 2:
        yield _flat(record)
        return
    longest = max(len(record[key]) for key in beside)
    same = [key for key in beside if len(record[key]) == longest]
    if len(same) < len(beside):
        counts = ", ".join(f"{key}: {len(record[key])}" for key in beside)
        raise Fault("uneven", counts=counts[:200])
    rest = {
        name: c for key, one in record.items() if key not in beside for name, c in _flat({key: one}).items()
    }
    for number in range(longest):
        yield {**{key: record[key][number] for key in same}, **rest}
