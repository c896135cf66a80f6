"""Reading units: by code and date, by point, by name as people type it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet

from toancanh.kernel.runtime import clock
from toancanh.kernel.territory import boundaries
from toancanh.kernel.territory.models import Boundary, Lineage, Tier, Unit, Zone
from toancanh.lib.fold import fold


def today() -> date:
    """The date in Việt Nam."""
    return clock.now().astimezone(clock.VIETNAM).date()


def in_force(on: date | None = None) -> QuerySet[Unit]:
    """Units valid on a day; today unless given."""
    day = on or today()
    return Unit.objects.filter(Q(valid_to=None) | Q(valid_to__gt=day), valid_from__lte=day)


def unit(code: str, on: date | None = None) -> Unit | None:
    """The unit that bears the code on a day."""
    return in_force(on).filter(code=code).order_by("-valid_from").first()


def unit_at(lon: float, lat: float, on: date | None = None) -> Unit | None:
    """The smallest unit around a point (WGS 84) on a day."""
    found = boundaries.unit_id_at(lon, lat, on or today())
    return Unit.objects.filter(pk=found).first() if found is not None else None


def successors(of: Unit) -> QuerySet[Unit]:
    """What became of a unit; empty while it stands."""
    return Unit.objects.filter(origins__predecessor=of).order_by("code")


def heirs(of: Iterable[int], on: date | None = None) -> dict[int, tuple[int, ...]]:
    """Of each unit (by primary key) those that stand in its place on a day: itself, or what it became."""
    asked = set(of)
    standing = set(in_force(on).values_list("pk", flat=True))
    became: dict[int, list[int]] = {}
    for before, after in Lineage.objects.order_by("pk").values_list("predecessor_id", "successor_id"):
        became.setdefault(before, []).append(after)
    return {one: tuple(_reached(one, became, standing)) for one in asked}


def ancestry(of: Iterable[int]) -> set[int]:
    """The units (by primary key) and all from which they were made."""
    came: dict[int, list[int]] = {}
    for before, after in Lineage.objects.order_by("pk").values_list("predecessor_id", "successor_id"):
        came.setdefault(after, []).append(before)
    found: set[int] = set()
    waiting = list(of)
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += came.get(one, [])
    return found


def _reached(start: int, became: Mapping[int, list[int]], standing: set[int]) -> list[int]:
    found: dict[int, None] = {}
    seen, waiting = set(), [start]
    while waiting:
        one = waiting.pop(0)
        if one in seen:
            continue
        seen.add(one)
        if one in standing:
            found[one] = None
        else:
            waiting += became.get(one, [])
    return list(found)


def communes_of(units: Iterable[Unit]) -> list[Unit]:
    """The communes in force that stand in the place of these units and of all below them, by name."""
    found: set[int] = set()
    for unit in units:
        found |= set(
            Unit.objects.filter(path__startswith=unit.path, tier=Tier.COMMUNE).values_list("pk", flat=True)
        )
        found.add(unit.pk)
    standing = {one for ends in heirs(found).values() for one in ends}
    rows = Unit.objects.filter(pk__in=standing, tier=Tier.COMMUNE)
    return sorted(rows, key=lambda unit: (unit.folded, unit.code))


def search(query: str, below: str = "", limit: int = 10) -> list[Unit]:
    """Units in force whose name holds every word typed, with or without marks; near matches first."""
    words = fold(query).split()
    if not words:
        return []
    found = in_force().filter(path__startswith=below)
    for word in words:
        found = found.filter(folded__contains=word)
    typed = " ".join(words)
    names = sorted(
        found[:200], key=lambda u: (fold(u.name) != typed, not fold(u.name).startswith(typed), u.name)
    )
    return names[:limit]


def national() -> Iterator[dict[str, Any]]:
    """Provinces in force and the zones of Hoàng Sa and Trường Sa as GeoJSON features."""
    yield from _features(in_force().filter(tier=Tier.PROVINCE))
    for zone in Zone.objects.order_by("code"):
        said = {"code": zone.code, "name": zone.name, "name_en": zone.name_en, "tier": "zone"}
        yield {"type": "Feature", "properties": said, "geometry": json.loads(zone.geometry)}


def communes(of: Unit) -> Iterator[dict[str, Any]]:
    """The unit's communes in force as GeoJSON features; itself where it is one."""
    yield from _features(in_force().filter(path__startswith=of.path, tier=Tier.COMMUNE))


def _features(units: QuerySet[Unit]) -> Iterator[dict[str, Any]]:
    for row in Boundary.objects.filter(unit__in=units).select_related("unit").order_by("unit__code"):
        yield {
            "type": "Feature",
            "properties": {
                "code": row.unit.code,
                "name": row.unit.full_name,
                "name_en": row.unit.full_name_en,
                "tier": row.unit.tier,
                "center": [row.center_lon, row.center_lat],
            },
            "geometry": json.loads(row.geometry),
        }
