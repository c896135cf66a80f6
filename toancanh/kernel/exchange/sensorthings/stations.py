"""Writing things and datastreams: the registry's things and the store's series, with their texts here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel import catalogue
from toancanh.kernel.declare import Actor, SeriesType, Title
from toancanh.kernel.exchange.models import Pack
from toancanh.kernel.exchange.sensorthings import shapes
from toancanh.kernel.exchange.sensorthings.bodies import DatastreamBody, Json, ThingBody
from toancanh.kernel.exchange.sensorthings.models import (
    Datastream,
    Location,
    ObservedProperty,
    Sensor,
    ThingDetail,
)
from toancanh.kernel.exchange.sensorthings.recording import record
from toancanh.kernel.registry import actions as registry
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.telemetry import actions as telemetry
from toancanh.kernel.telemetry.models import Series
from toancanh.kernel.territory import queries as territory
from toancanh.kernel.territory.models import Unit
from toancanh.lib.errors import Refused
from toancanh.lib.fold import fold

KIND = "sensors.station"
"""Of a thing whose properties name no other kind."""
PERIOD_S = 3600
"""Between readings, where the datastream's properties do not say `period_s`."""
WIDEST = 1e300
"""A quantity that only this station has is plausible at any value."""
Point = tuple[float, float]


@transaction.atomic
def register(body: ThingBody, locations: list[Location], *, by: Actor) -> Thing:
    """Register a thing of the kind and code that its properties name, where its locations are."""
    home = _home()
    point = _point(locations)
    told = body.properties or {}
    thing = registry.register(
        _code(body.name, told),
        _kind(told),
        body.name,
        *(point or (None, None)),
        by=by,
        unit=_unit(point, home),
        source=f"SensorThings: {by.name}"[:300],
    )
    ThingDetail.objects.create(thing=thing, description=body.description, properties=body.properties)
    record(by, "made", "Thing", thing.pk)
    return thing


@transaction.atomic
def describe(thing: Thing, body: ThingBody, *, by: Actor) -> None:
    """Say anew what a thing is called and what its texts are; code and kind stay."""
    detail, _new = ThingDetail.objects.get_or_create(thing=thing, defaults={"is_derived": True})
    told = {"description": body.description, "properties": body.properties}
    changed = [name for name, value in told.items() if getattr(detail, name) != value]
    if thing.name != body.name:
        thing.name = body.name
        registry.register(thing.code, thing.kind, body.name, thing.lon, thing.lat, by=by, unit=thing.unit)
        changed.append("name")
    if not changed:
        return
    detail.description, detail.properties, detail.is_derived = body.description, body.properties, False
    detail.save()
    record(by, "changed", "Thing", thing.pk, changed)


@transaction.atomic
def move(thing: Thing, locations: Iterable[Location], *, by: Actor) -> None:
    """Put a thing on the maps where its locations are; one without a geometry leaves it where it was."""
    point = _point(locations)
    if point is None or point == (thing.lon, thing.lat):
        return
    unit = _unit(point, thing.unit)
    registry.register(thing.code, thing.kind, thing.name, *point, by=by, unit=unit, position_verified=False)
    thing.lon, thing.lat = point


@transaction.atomic
def write_datastream(
    thing: Thing,
    body: DatastreamBody,
    sensor: Sensor,
    observed_property: ObservedProperty,
    *,
    by: Actor,
    stream: Datastream | None = None,
) -> Datastream:
    """Let a thing measure what the datastream describes, or say anew what the one given is."""
    # Whoever names a series of this thing waits here, or two could be given the same name.
    thing = Thing.objects.select_for_update(of=("self",)).select_related("unit").get(pk=thing.pk)
    series = stream.series if stream else None
    series = _series(thing, body, series, by)
    unit = body.unitOfMeasurement
    told: dict[str, Any] = {
        "name": body.name,
        "description": body.description,
        "properties": body.properties,
        "sensor": sensor,
        "observed_property": observed_property,
        "observation_type": body.observationType,
        "unit_name": unit.name,
        "unit_symbol": unit.symbol,
        "unit_definition": unit.definition,
        "observed_area": body.observedArea,
    }
    if stream is None:
        made, _new = Datastream.objects.update_or_create(
            series=series, defaults={**told, "is_derived": False}
        )
        record(by, "made", "Datastream", made.pk)
        return made
    changed = [name for name, value in told.items() if getattr(stream, name) != value]
    for name, value in told.items():
        setattr(stream, name, value)
    if changed:
        stream.is_derived = False
        stream.save()
        record(by, "changed", "Datastream", stream.pk, changed)
    return stream


def _home() -> Unit:
    """The unit of the locality served; whoever makes a thing here waits for who makes another."""
    pack = Pack.objects.select_for_update(of=("self",)).filter(unit__isnull=False).order_by("pk").first()
    if pack is None or pack.unit is None:
        text = _(
            "No locality is loaded yet that a thing could belong to: `toancanh pack load packs/…` first."
        )
        raise Refused(text, "no_locality")
    return pack.unit


def _unit(point: Point | None, otherwise: Unit) -> Unit:
    return (territory.unit_at(*point) if point else None) or otherwise


def _point(locations: Iterable[Location]) -> Point | None:
    """Where on the map the first of the locations is that has a geometry."""
    for location in locations:
        shape = shapes.geometry(location.shape)
        if shape is not None:
            middle = shape.representative_point()
            return float(middle.x), float(middle.y)
    return None


def _kind(told: Json) -> str:
    kind = told.get("kind")
    return kind if isinstance(kind, str) and catalogue.thing_type(kind) is not None else KIND


def _code(name: str, told: Json) -> str:
    """The code that the client gave, or one made of the name that nothing here has."""
    given = told.get("code")
    if isinstance(given, str) and registry.CODE.match(given):
        if Thing.objects.filter(code=given).exists():
            raise Refused(_("There is a thing with the code %(code)s already.") % {"code": given}, "taken")
        return given
    return _free(_slug(name, "thing"), set(Thing.objects.values_list("code", flat=True)))


def _slug(text: str, otherwise: str) -> str:
    """Folded to a-z, 0-9 and hyphens, with room left for a number."""
    plain = re.sub(r"[^a-z0-9]+", "-", fold(text)).strip("-")
    return plain[:50].rstrip("-") or otherwise


def _free(wanted: str, taken: set[str]) -> str:
    number, found = 2, wanted
    while found in taken:
        found, number = f"{wanted}-{number}", number + 1
    return found


def _series(thing: Thing, body: DatastreamBody, series: Series | None, by: Actor) -> Series:
    """The series that the datastream is: a declared one of the kind, or one of this thing's own."""
    kind = catalogue.thing_type(thing.kind)
    symbol = body.unitOfMeasurement.symbol or ""
    told = body.properties or {}
    declared = {one.name: one for one in kind.series} if kind else {}
    name = series.name if series else _declared(told, body.name, declared)
    if name is not None and name in declared:
        return _as_declared(thing, declared[name], symbol, told, series is None, by)
    if kind is None or not kind.open:
        text = _("A %(kind)s measures only %(names)s; say which by the name or by properties.series.")
        names = ", ".join(declared) or "–"
        raise Refused(text % {"kind": thing.kind, "names": names}, "bad_series")
    if name is None:
        name = _own_name(told, body.name, set(thing.series.values_list("name", flat=True)))
    title = body.name[:120]
    period = _period(told) or PERIOD_S
    own = SeriesType(
        name=name, title=Title(title, title), unit=symbol, low=-WIDEST, high=WIDEST, period=period
    )
    return telemetry.define_series(thing, name, by=by, own=own)


def _as_declared(
    thing: Thing, declared: SeriesType, symbol: str, told: Json, is_new: bool, by: Actor
) -> Series:
    if symbol not in ("", declared.unit):
        text = _("%(name)s of a %(kind)s is measured in %(unit)s.")
        said = {"name": declared.name, "kind": thing.kind, "unit": declared.unit}
        raise Refused(text % said, "bad_unit")
    there = thing.series.filter(name=declared.name).first()
    if is_new and there is not None and there.is_active:
        text = _("%(code)s measures %(name)s already.") % {"code": thing.code, "name": declared.name}
        raise Refused(text, "taken")
    period = _period(told) or (there.period_s if there else None)
    return telemetry.define_series(thing, declared.name, by=by, period_s=period)


def _declared(told: Json, title: str, declared: dict[str, SeriesType]) -> str | None:
    """Which of the kind's quantities is meant: by name, or by what people call it."""
    given = told.get("series")
    if isinstance(given, str) and given in declared:
        return given
    words = fold(title)
    for name, one in declared.items():
        if words in (fold(name), fold(one.title.vi), fold(one.title.en)):
            return name
    return None


def _own_name(told: Json, title: str, taken: set[str]) -> str:
    given = told.get("series")
    if isinstance(given, str) and telemetry.NAME.match(given) and given not in telemetry.RESERVED:
        if given in taken:
            raise Refused(_("There is a series %(name)s already.") % {"name": given}, "taken")
        return given
    return _free(_slug(title, "series"), taken | set(telemetry.RESERVED))


def _period(told: Json) -> int | None:
    period = told.get("period_s")
    if not isinstance(period, int) or isinstance(period, bool):
        return None
    return period if 0 < period <= telemetry.LONGEST_S else None
