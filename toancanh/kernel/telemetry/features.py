"""Things with their newest reading as map features, for the layers that domains declare."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from django.utils.translation import get_language

from toancanh.kernel import catalogue
from toancanh.kernel.telemetry.queries import Measured


def said(title: Any) -> str:  # noqa: ANN401 - any bilingual title
    """A bilingual title in the reader's language."""
    return str(getattr(title, get_language() or "vi", title))


def named(what: object) -> str:
    """A unit's or thing's name in the reader's language."""
    vietnamese = getattr(what, "full_name", "") or getattr(what, "name", "")
    if get_language() != "en":
        return str(vietnamese)
    return str(getattr(what, "full_name_en", "") or getattr(what, "name_en", "") or vietnamese)


def level_verified(found: Measured) -> bool:
    """Whether the limit that names the level (below the first: the first) was checked against its source."""
    if found.rank < 0:
        return True
    return found.limits[max(0, found.rank - 1)].verified


def limits_json(found: Measured) -> str:
    """The limits in force, as scripts judge readings by them that arrive live."""
    return json.dumps([asdict(limit) for limit in found.limits], ensure_ascii=False)


def placed(found: Iterable[Measured]) -> list[Measured]:
    """Those that stand somewhere: what a map can show."""
    return [one for one in found if one.thing.is_placed]


def feature(found: Measured, **more: object) -> dict[str, Any]:
    """One GeoJSON point with all that map, list and card show of it."""
    thing, reading = found.thing, found.reading
    kind = catalogue.thing_type(thing.kind)
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [thing.lon, thing.lat]},
        "properties": {
            "code": thing.code,
            "name": named(thing),
            "kind": thing.kind,
            "kind_title": said(kind.title) if kind else thing.kind,
            "symbol": kind.icon if kind else "",
            "unit_name": named(thing.unit),
            "url": f"/things/{thing.code}/",
            "sample": thing.is_sample,
            "position_verified": thing.position_verified,
            "period": found.series.period_s,
            "series": found.series.name,
            "unit": found.series.unit,
            "value": reading.value if reading else None,
            "time": reading.time // 1000 if reading else None,
            "level": found.rank,
            "level_name": found.level_name,
            "level_verified": level_verified(found),
            "sentence": found.sentence(get_language() or "vi"),
            "precision": found.precision,
            "thresholds": [asdict(limit) for limit in found.limits],
            **more,
        },
    }


def in_console(point: Mapping[str, Any]) -> dict[str, Any]:
    """The same point, leading to the page for staff."""
    said = {**point["properties"], "url": f"/console{point['properties']['url']}"}
    return {**point, "properties": said}


def layers_json(*, public_only: bool) -> str:
    """The switchable layers of a map, as the map element takes them."""
    own = "" if public_only else "?for=staff"
    shown: list[dict[str, Any]] = []
    for key, layer in catalogue.layers().items():
        if public_only and not layer.public:
            continue
        told: dict[str, Any] = {
            "key": key,
            "url": f"/layers/{key}.json{own}",
            "title": said(layer.title),
            "icon": layer.icon,
        }
        if layer.legend:
            classes = [(name, said(title)) for name, title in layer.legend.classes]
            told["legend"] = {"title": said(layer.legend.title), "classes": classes}
        shown.append(told)
    return json.dumps(shown, ensure_ascii=False)
