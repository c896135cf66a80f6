"""Entities as JSON: properties, links and control information, all of them or those selected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.db.models import Model

from toancanh.kernel.exchange.sensorthings import addresses, literals, paths
from toancanh.kernel.exchange.sensorthings.entities import ENTITIES, SELF_LINK, Entity, Property
from toancanh.kernel.exchange.sensorthings.literals import Period
from toancanh.kernel.exchange.sensorthings.observed import Observation
from toancanh.kernel.exchange.sensorthings.options import Options

Told = dict[str, Any]
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
        told = self._frame(entity, row.pk, options)
        for name in _selected(entity, options):
            _put(told, name, paths.told(row, name))
        return self._linked(entity, row.pk, options, told)

    def observation(self, row: Observation, options: Options) -> Told:
        """An observation of the store."""
        entity = ENTITIES["Observation"]
        told = self._frame(entity, row.key, options)
        for name in _selected(entity, options):
            _put(told, name, row.told(name.name))
        return self._linked(entity, row.key, options, told)

    def _frame(self, entity: Entity, key: addresses.Key, options: Options) -> Told:
        told: Told = {}
        if options.select is None or "@iot.id" in options.select:
            told["@iot.id"] = key
        if options.select is None or SELF_LINK in options.select:
            told[SELF_LINK] = self.self_link(entity, key)
        return told

    def _linked(self, entity: Entity, key: addresses.Key, options: Options, told: Told) -> Told:
        """Addresses of what it links to, but for what is expanded."""
        own = ""
        for name in entity.links:
            shown = name not in options.expand if options.select is None else name in options.select
            if shown:
                own = own or self.self_link(entity, key)
                told[f"{name}@iot.navigationLink"] = f"{own}/{name}"
        return told

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


def _selected(entity: Entity, options: Options) -> list[Property]:
    if options.select is None:
        return list(entity.properties.values())
    return [prop for name, prop in entity.properties.items() if name in options.select]


def _put(told: Told, prop: Property, value: Any) -> None:  # noqa: ANN401 - any value of a property
    if value is not None or not prop.is_optional:
        told[prop.name] = plain(value)
