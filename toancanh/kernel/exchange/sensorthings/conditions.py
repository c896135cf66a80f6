"""``$filter`` as conditions of the database.

What SQLite and PostgreSQL understand alike (comparisons with a fixed value, beginnings and parts of texts)
becomes SQL; the rest is decided by `evaluation` over the rows that are left, and enters as a list of ids. So
both databases give what `evaluation` says. Links are followed to what the caller may see and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from toancanh.kernel.exchange.sensorthings import evaluation, jsonsql, paths, shapes
from toancanh.kernel.exchange.sensorthings.access import Sight
from toancanh.kernel.exchange.sensorthings.entities import ENTITIES, Entity, Link
from toancanh.kernel.exchange.sensorthings.expressions import (
    COMPARISONS,
    Call,
    Expression,
    Literal,
    Malformed,
    Path,
)
from toancanh.kernel.exchange.sensorthings.expressions import paths as every_path

MOST_ROWS = 100_000
"""Entities that a condition may be decided over one by one."""
FLIPPED = {"gt": "lt", "ge": "le", "lt": "gt", "le": "ge", "eq": "eq", "ne": "ne"}
NEVER = jsonsql.NEVER
_NEAR = {
    "st_equals",
    "st_touches",
    "st_within",
    "st_overlaps",
    "st_crosses",
    "st_intersects",
    "st_contains",
    "geo.intersects",
}
"""Relations that only geometries with touching boxes can have."""

Measured = Callable[[Expression], Sequence[int]]
"""The series that have an observation of which the expression is true."""
Hydrate = Callable[[Entity, Sequence[Any]], None]
"""Fills in what rows do not have of themselves."""


class Conditions:
    """Makes conditions for one caller; ``measured`` and ``hydrate`` ask the store."""

    def __init__(self, sight: Sight, measured: Measured, hydrate: Hydrate) -> None:
        self._sight = sight
        self._measured = measured
        self._hydrate = hydrate

    def of(self, entity: Entity, expression: Expression, within: Q | None = None) -> Q:
        """The condition on rows of the entity; only those ``within`` need to be right."""
        paths.check(entity, expression)
        return self._of(entity, expression, within or Q())

    def _of(self, entity: Entity, expression: Expression, within: Q) -> Q:
        name = expression.name if isinstance(expression, Call) else ""
        given = expression.given if isinstance(expression, Call) else ()
        if name == "or":
            found = NEVER
            for part in given:
                found |= self._of(entity, part, within)
            return found
        if name == "and":
            return self._all(entity, given, within)
        if name == "not":
            return ~self._of(entity, given[0], within)
        return self._leaf(entity, expression, within)

    def _all(self, entity: Entity, parts: Sequence[Expression], within: Q) -> Q:
        """Conditions behind the same link hold of the same entity there; cheap ones narrow dear ones."""
        behind: dict[str, list[Expression]] = {}
        own: list[Expression] = []
        for part in parts:
            link = _first_link(entity, part)
            behind.setdefault(link.name, []).append(part) if link else own.append(part)
        found = Q()
        for group in behind.values():
            found &= self._leaf(entity, group[0] if len(group) == 1 else Call("and", tuple(group)), within)
        left = []
        for part in own:
            plain = _plain(entity, part)
            if plain is None:
                left.append(part)
            else:
                found &= plain
        for part in left:
            found &= self._of(entity, part, within & found)
        return found

    def _leaf(self, entity: Entity, expression: Expression, within: Q) -> Q:
        link = _first_link(entity, expression)
        if link is not None:
            return self._behind(entity, link, _stripped(expression))
        plain = _plain(entity, expression)
        return self._decided(entity, expression, within) if plain is None else plain

    def _behind(self, entity: Entity, link: Link, expression: Expression) -> Q:
        target = ENTITIES[link.target]
        if target.model is None:
            if entity.name != "Datastream":
                text = _("%(set)s cannot be filtered by their observations; filter Observations instead.")
                raise Malformed(text % {"set": entity.plural})
            return Q(pk__in=listed(self._measured(expression)))
        lookup = {link.back: OuterRef("pk")} if link.many else {"pk": OuterRef(link.forward)}
        rows = self._sight.rows(target).filter(self._of(target, expression, Q()))
        return Q(Exists(rows.filter(**lookup)))

    def _decided(self, entity: Entity, expression: Expression, within: Q) -> Q:
        """Whatever the database cannot say, by looking at each row."""
        rows = self._sight.rows(entity).filter(within & _box(entity, expression))
        found: list[int] = []
        chosen = rows.select_related(*sorted(paths.related(entity, expression)))[: MOST_ROWS + 1]
        every = list(chosen)
        if len(every) > MOST_ROWS:
            text = _("The filter would have to look at more than %(most)s entities one by one; narrow it.")
            raise Malformed(text % {"most": MOST_ROWS})
        self._hydrate(entity, every)
        for row in every:
            if evaluation.holds(expression, lambda path, row=row: paths.of_row(entity, row, path)):  # type: ignore[misc]
                found.append(row.pk)
        return Q(pk__in=listed(found))


def listed(ids: Sequence[int]) -> Any:  # noqa: ANN401 - an expression or a list
    """Any number of ids as one parameter."""
    if len(ids) < 500:
        return list(ids)
    if connection.vendor == "postgresql":
        return RawSQL("SELECT unnest(%s::bigint[])", (list(ids),))
    return RawSQL("SELECT value FROM json_each(%s)", (json.dumps(list(ids)),))


def _first_link(entity: Entity, expression: Expression) -> Link | None:
    """The link that every property of the expression lies behind; None where they lie apart."""
    names = {path.names[0] for path in every_path(expression)}
    return entity.links.get(names.pop()) if len(names) == 1 else None


def _stripped(expression: Expression) -> Expression:
    """The same, seen from behind its first link."""
    if isinstance(expression, Path):
        return Path(expression.names[1:])
    if isinstance(expression, Call):
        return Call(expression.name, tuple(_stripped(part) for part in expression.given))
    return expression


def _plain(entity: Entity, expression: Expression) -> Q | None:
    """The condition in SQL that both databases understand alike; None where there is none."""
    if isinstance(expression, Literal):
        return Q() if expression.value is True else NEVER
    if isinstance(expression, Path):
        expression = Call("eq", (expression, Literal(True)))
    name, given = expression.name, expression.given
    if name in COMPARISONS:
        left, right = given
        if isinstance(left, Literal) and isinstance(right, Path):
            name, left, right = FLIPPED[name], right, left
        if not (isinstance(left, Path) and isinstance(right, Literal)):
            return None
        if name == "ne":
            same = _compared(entity, left, "eq", right.value)
            return None if same is None else ~same
        return _compared(entity, left, name, right.value)
    if name == "substringof":
        given = given[::-1]
    elif name not in ("startswith", "endswith"):
        return None
    if isinstance(given[0], Path) and isinstance(given[1], Literal) and isinstance(given[1].value, str):
        return _text(entity, given[0], name, given[1].value)
    return None


def _compared(entity: Entity, path: Path, name: str, value: Any) -> Q | None:  # noqa: ANN401 - a literal
    found = paths.way(entity, path)
    prop, members = found.property, found.members
    if found.links:
        return None
    column = prop.parts.get(members[0]) if prop.parts and len(members) == 1 else prop.column
    if column is None or (prop.parts and not members):
        return None
    if prop is paths.ID:
        return Q(**{_lookup("pk", name): value}) if _is_number(value) and abs(value) < 2**62 else None
    if prop.kind == "time":
        return _time(column, name, value)
    if prop.kind == "text" or prop.parts:
        if value is None:
            return Q(**{f"{column}__isnull": True}) if name == "eq" else NEVER
        return jsonsql.text_column(column, name, value) if isinstance(value, str) else None
    if not members:
        return None
    return jsonsql.compared(column, members, name, value)


def _text(entity: Entity, path: Path, name: str, part: str) -> Q | None:
    found = paths.way(entity, path)
    prop, members = found.property, found.members
    if found.links:
        return None
    if prop.kind == "text" and prop.column:
        return jsonsql.text_part(prop.column, (), name, part)
    if prop.parts and len(members) == 1 and members[0] in prop.parts:
        return jsonsql.text_part(prop.parts[members[0]], (), name, part)
    if prop.kind in ("json", "geometry") and prop.column and members:
        return jsonsql.text_part(prop.column, members, name, part)
    return None


def _time(column: str, name: str, value: Any) -> Q | None:  # noqa: ANN401 - a literal
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time(), UTC)
    return Q(**{_lookup(column, name): value}) if isinstance(value, datetime) else None


def _lookup(column: str, name: str) -> str:
    word = {"eq": "exact", "ge": "gte", "le": "lte"}.get(name, name)
    return f"{column}__{word}"


def _is_number(value: Any) -> bool:  # noqa: ANN401 - a literal
    return isinstance(value, int) and not isinstance(value, bool)


def _box(entity: Entity, expression: Expression) -> Q:
    """Rows whose box touches that of the geometry asked for, which index and page find quickly."""
    if not isinstance(expression, Call) or expression.name not in _NEAR:
        return Q()
    left, right = expression.given[:2]
    path, literal = (left, right) if isinstance(left, Path) else (right, left)
    if not (isinstance(path, Path) and isinstance(literal, Literal) and shapes.is_geometry(literal.value)):
        return Q()
    if paths.way(entity, path).property.column != "shape" or literal.value.is_empty:
        return Q()
    west, south, east, north = literal.value.bounds
    return Q(west__lte=east, east__gte=west, south__lte=north, north__gte=south)
