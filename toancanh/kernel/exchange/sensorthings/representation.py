"""Entities as JSON: properties, links and control information, all of them or those selected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote

from django.db.models import Model

from toancanh.kernel.exchange.sensorthings import addresses, literals, paths
from toancanh.kernel.exchange.sensorthings.entities import ENTITIES, SELF_LINK, Entity, Property
from toancanh.kernel.exchange.sensorthings.literals import Period
from toancanh.kernel.exchange.sensorthings.observed import Observation
from toancanh.kernel.exchange.sensorthings.options import Options

Told = dict[str, Any]
_Row = tuple[addresses.Key, Callable[[Property], Any]]
"""An id, and what gives the properties."""
COMPONENTS = ("id", "phenomenonTime", "resultTime", "result")
"""What a data array tells of each observation unless ``$select`` says otherwise."""


def plain(value: Any) -> Any:  # noqa: ANN401 - any value of a property
    """A value as JSON has it."""
    if isinstance(value, datetime):
        return literals.written(value)
    return literals.span(value) if isinstance(value, Period) else value


class Teller:
    """Writes entities for a caller who knows the service under ``base``."""

    def __init__(self, base: str) -> None:
        self.base = base

    def self_link(self, entity: Entity, key: addresses.Key) -> str:
        """The absolute address of an entity."""
        return f"{self.base}/{addresses.link(entity.plural, key)}"

    def row(self, entity: Entity, row: Model, options: Options) -> Told:
        """An entity of the database."""
        return self.rows(entity, [row], options)[0]

    def rows(self, entity: Entity, rows: Iterable[Model], options: Options) -> list[Told]:
        """Entities of the database."""
        return self._each(entity, options, ((row.pk, partial(paths.told, row)) for row in rows))

    def observations(self, rows: Iterable[Observation], options: Options) -> list[Told]:
        """Observations of the store."""
        entity = ENTITIES["Observation"]
        return self._each(entity, options, ((row.key, row.value_of) for row in rows))

    def _each(
        self,
        entity: Entity,
        options: Options,
        rows: Iterable[tuple[addresses.Key, Callable[[Property], Any]]],
    ) -> list[Told]:
        """Ids, addresses and properties, and the addresses of what is not expanded."""
        chosen = options.select
        properties = [p for p in entity.properties.values() if chosen is None or p.name in chosen]
        links = [
            (f"{name}@iot.navigationLink", f"/{name}")
            for name in entity.links
            if (name not in options.expand if chosen is None else name in chosen)
        ]
        has_id, has_link = (chosen is None or name in chosen for name in ("@iot.id", SELF_LINK))
        found = []
        for key, value_of in rows:
            own = self.self_link(entity, key)
            told: Told = {}
            if has_id:
                told["@iot.id"] = key
            if has_link:
                told[SELF_LINK] = own
            for prop in properties:
                value = value_of(prop)
                if value is not None or not prop.is_optional:
                    told[prop.name] = plain(value)
            for name, way in links:
                told[name] = own + way
            found.append(told)
        return found

    def set(self, values: Sequence[Any], address: str, count: int | None, more: str | None) -> Told:
        """A page of a set; ``more`` is the query of the page after it."""
        told: Told = {} if count is None else {"@iot.count": count}
        if more is not None:
            told["@iot.nextLink"] = f"{address}?{more}"
        return {**told, "value": list(values)}

    def arrays(self, rows: Sequence[Observation], options: Options) -> list[Told]:
        """Observations as data arrays, one for each datastream in the order in which they appear."""
        chosen: tuple[str, ...] = COMPONENTS
        if options.select is not None:
            chosen = tuple("id" if name == "@iot.id" else name for name in options.select)
        by_stream: dict[int, list[list[Any]]] = {}
        for row in rows:
            by_stream.setdefault(row.series, []).append([plain(row.told(name)) for name in chosen])
        streams = ENTITIES["Datastream"]
        return [
            {
                "Datastream@iot.navigationLink": self.self_link(streams, series),
                "components": list(chosen),
                "dataArray@iot.count": len(found),
                "dataArray": found,
            }
            for series, found in by_stream.items()
        ]


def query(options: Options, more: Mapping[str, str]) -> str:
    """The query of another page of the same."""
    told = {**options.text(), **more}
    return "&".join(f"{name}={quote(value, safe=_SAFE)}" for name, value in told.items())


_SAFE = "$()/:,'=;@"
