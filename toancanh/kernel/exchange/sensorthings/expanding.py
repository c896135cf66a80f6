"""``$expand``: what entities link to, within them; as many queries for a hundred entities as for one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, F, Model
from django.utils.translation import gettext as _

from toancanh.kernel.exchange.sensorthings import representation, sorting, streams
from toancanh.kernel.exchange.sensorthings.access import Sight
from toancanh.kernel.exchange.sensorthings.conditions import Conditions
from toancanh.kernel.exchange.sensorthings.entities import ENTITIES, Entity, Link, value
from toancanh.kernel.exchange.sensorthings.expressions import Malformed
from toancanh.kernel.exchange.sensorthings.observations import Found, Observations
from toancanh.kernel.exchange.sensorthings.observed import Observation
from toancanh.kernel.exchange.sensorthings.options import Options
from toancanh.kernel.exchange.sensorthings.representation import Teller, Told

MOST_TOLD = 50_000
"""Entities in one answer; sets within it come in smaller pages as this is used up."""


class Expander:
    """Tells entities with what is expanded in them, for one request."""

    def __init__(
        self, sight: Sight, conditions: Conditions, observations: Observations, teller: Teller
    ) -> None:
        self._sight = sight
        self._conditions = conditions
        self._observations = observations
        self._teller = teller
        self._left = MOST_TOLD

    def rows(self, entity: Entity, rows: Sequence[Model], options: Options) -> list[Told]:
        """Entities of the database."""
        self._spend(len(rows))
        if options.select is None or {"phenomenonTime", "resultTime"} & set(options.select):
            streams.measure(entity, rows)
        told = self._teller.rows(entity, rows, options)
        for name, within in options.expand.items():
            link = entity.links[name]
            if link.target == "Observation":
                self._observed(entity, rows, told, within)
            elif link.many:
                self._several(entity, link, rows, told, within)
            else:
                keys = [value(row, f"{link.forward}_id") for row in rows]
                self._single(link, keys, told, within)
        return told

    def observations(self, rows: Sequence[Observation], options: Options) -> list[Told]:
        """Observations of the store."""
        self._spend(len(rows))
        told = self._teller.observations(rows, options)
        links = ENTITIES["Observation"].links
        if "Datastream" in options.expand:
            keys = [row.series for row in rows]
            self._single(links["Datastream"], keys, told, options.expand["Datastream"])
        if "FeatureOfInterest" in options.expand:
            self._observations.features(rows)
            found = [row.feature for row in rows]
            self._single(links["FeatureOfInterest"], found, told, options.expand["FeatureOfInterest"])
        return told

    def _spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            text = _("The answer would have more than %(most)s entities; ask for less with $top or $select.")
            raise Malformed(text % {"most": MOST_TOLD})

    def _share(self, parents: int) -> int:
        """Entities that each of the sets within may have."""
        return max(1, self._left // max(1, parents) - 1)

    def _single(self, link: Link, keys: Sequence[int | None], told: Sequence[Told], within: Options) -> None:
        target = ENTITIES[link.target]
        wanted = {key for key in keys if key is not None}
        rows = list(self._sight.rows(target).filter(pk__in=wanted).select_related(*target.related))
        found = dict(zip((row.pk for row in rows), self.rows(target, rows, within), strict=True))
        for one, key in zip(told, keys, strict=True):
            if key in found:
                one[link.name] = found[key]

    def _several(
        self, entity: Entity, link: Link, rows: Sequence[Model], told: Sequence[Told], within: Options
    ) -> None:
        target = ENTITIES[link.target]
        parents = [row.pk for row in rows]
        every = self._sight.rows(target).annotate(parent=F(link.back)).filter(parent__in=parents)
        if within.filter is not None:
            every = every.filter(self._conditions.of(target, within.filter))
        counts: dict[Any, int] = {}
        if within.count:
            grouped = every.order_by().values("parent").annotate(number=Count("pk"))
            counts = {row["parent"]: row["number"] for row in grouped}
        limit, skip = min(within.limit, self._share(len(parents))), within.skip
        page = sorting.page_of_each(target, every, within.order, skip, limit + 1)
        shown = [row for of in page.values() for row in of[:limit]]
        by_parent = dict(zip(map(id, shown), self.rows(target, shown, within), strict=True))
        for parent, one in zip(parents, told, strict=True):
            found = page.get(parent, [])
            values = [by_parent[id(row)] for row in found[:limit]]
            more = {"$skip": str(skip + limit)} if len(found) > limit else None
            self._put(entity, link.name, parent, one, values, counts.get(parent, 0), more, within)

    def _observed(self, entity: Entity, rows: Sequence[Model], told: Sequence[Told], within: Options) -> None:
        parents = [row.pk for row in rows]
        most = self._share(len(parents))
        if entity.name == "Datastream":
            found = self._observations.each(parents, within, most)
        else:
            found = self._observations.each_feature(parents, within, most)
        shown = [row for parent in parents for row in found[parent].rows]
        values = iter(self.observations(shown, within))
        for parent, one in zip(parents, told, strict=True):
            page: Found = found[parent]
            own = [next(values) for _row in page.rows]
            self._put(entity, "Observations", parent, one, own, page.count or 0, page.more, within)

    def _put(
        self,
        entity: Entity,
        name: str,
        parent: Any,  # noqa: ANN401 - a primary key
        one: Told,
        values: list[Told],
        count: int,
        more: dict[str, str] | None,
        within: Options,
    ) -> None:
        if within.count:
            one[f"{name}@iot.count"] = count
        one[name] = values
        if more is not None:
            address = f"{self._teller.self_link(entity, parent)}/{name}"
            one[f"{name}@iot.nextLink"] = f"{address}?{representation.query(within, more)}"
