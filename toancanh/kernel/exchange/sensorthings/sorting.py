"""``$orderby``: by the database where it has the value, else by looking at every row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F, OrderBy, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _

from toancanh.kernel.exchange.sensorthings import evaluation, jsonsql, paths, streams
from toancanh.kernel.exchange.sensorthings.entities import Entity
from toancanh.kernel.exchange.sensorthings.expressions import Expression, Malformed, Path
from toancanh.kernel.exchange.sensorthings.observed import rank_of

Rows = QuerySet[Any, Any]
Keys = Sequence[tuple[Expression, bool]]
MOST_SORTED = 20_000
"""Entities that may be sorted by what the database does not know."""


def page(entity: Entity, rows: Rows, order: Keys, skip: int, limit: int) -> list[Any]:
    """Rows of one page in the order asked for, equals by their id."""
    plain = _plain(entity, order)
    if plain is not None:
        return list(rows.order_by(*plain, "pk").select_related(*entity.related)[skip : skip + limit])
    return _sorted(entity, rows, order)[skip : skip + limit]


def page_of_each(entity: Entity, rows: Rows, order: Keys, skip: int, limit: int) -> dict[Any, list[Any]]:
    """The same of the rows of every ``parent`` by itself."""
    plain = _plain(entity, order)
    if plain is None:
        every = _sorted(entity, rows, order)
    else:
        place = Window(RowNumber(), partition_by=F("parent"), order_by=[*plain, F("pk").asc()])
        placed = rows.annotate(place=place).filter(place__gt=skip, place__lte=skip + limit)
        every = list(placed.order_by("parent", "place").select_related(*entity.related))
    found: dict[Any, list[Any]] = {}
    for row in every:
        found.setdefault(row.parent, []).append(row)
    if plain is None:
        found = {parent: of[skip : skip + limit] for parent, of in found.items()}
    return found


def _plain(entity: Entity, order: Keys) -> list[OrderBy] | None:
    """The keys as the database has them; None where it lacks one."""
    found: list[OrderBy] = []
    for key, descending in order:
        column = _column(entity, key)
        if column is None:
            return None
        found.append(column.desc(nulls_last=True) if descending else column.asc(nulls_first=True))
    return found


def _column(entity: Entity, key: Expression) -> Any:  # noqa: ANN401 - a database expression
    if not isinstance(key, Path):
        return None
    way = paths.way(entity, key)
    if any(link.many or not link.forward for link in way.links):
        return None
    prefix = "".join(f"{link.forward}__" for link in way.links)
    prop = way.property
    if prop.parts:
        column = prop.parts.get(way.members[0]) if len(way.members) == 1 else None
        return None if column is None else jsonsql.ByCharacter(F(f"{prefix}{column}"))
    if prop.column is None or (prop.kind in ("json", "geometry") and prop is not paths.ID):
        return None
    found = F(f"{prefix}{prop.column}")
    return jsonsql.ByCharacter(found) if prop.kind == "text" else found


def _sorted(entity: Entity, rows: Rows, order: Keys) -> list[Any]:
    related = {name for key, _ in order for name in paths.related(entity, key)}
    every = list(rows.order_by("pk").select_related(*sorted(related))[: MOST_SORTED + 1])
    if len(every) > MOST_SORTED:
        text = _("More than %(most)s entities would have to be sorted one by one; narrow them with $filter.")
        raise Malformed(text % {"most": MOST_SORTED})
    streams.measure(entity, every)
    for key, descending in reversed(order):
        every.sort(
            key=lambda row, key=key: rank_of(  # type: ignore[misc]
                evaluation.evaluate(key, lambda path: paths.of_row(entity, row, path))
            ),
            reverse=descending,
        )
    return every
