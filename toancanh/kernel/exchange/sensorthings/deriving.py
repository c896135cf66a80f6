"""Entities of what did not come through the façade, from the registry and the catalogue.

A gauge of a locality pack gets its texts, sensor, observed property, location and feature as rows, so that
filters and links work on them as on any other. They follow what they were derived from; what a client has
changed stays. Whoever asks first after a change brings them up to date: those of the things that changed, as
far as this process knows which.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, transaction
from django.db import models as fields

import toancanh
from toancanh.kernel import catalogue
from toancanh.kernel.declare import SeriesType
from toancanh.kernel.exchange.sensorthings import models, shapes
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock, revision
from toancanh.kernel.runtime.models import Revision
from toancanh.kernel.telemetry.models import Series

SEEN = f"sensorthings {toancanh.__version__}"
"""Name of the revision that says up to which one of the directory the rows here follow, as this release
words them."""
MOST = 2_000
"""Things that are derived by themselves; where more have changed, all are gone through."""
PATIENCE_S = 3.0
UCUM = "http://www.opengis.net/def/uom/UCUM/0/"
UNITS = {
    "m": ("metre", "m"),
    "cm": ("centimetre", "cm"),
    "mm": ("millimetre", "mm"),
    "km": ("kilometre", "km"),
    "m/s": ("metre per second", "m/s"),
    "m³/s": ("cubic metre per second", "m3/s"),
    "°C": ("degree Celsius", "Cel"),
    "%": ("percent", "%25"),
    "hPa": ("hectopascal", "hPa"),
    "V": ("volt", "V"),
    "A": ("ampere", "A"),
    "W": ("watt", "W"),
    "kW": ("kilowatt", "kW"),
    "kWh": ("kilowatt hour", "kW.h"),
    "dB": ("decibel", "dB"),
    "lx": ("lux", "lx"),
    "ppm": ("parts per million", "[ppm]"),
    "µg/m³": ("microgram per cubic metre", "ug/m3"),
}
"""Signs that series bear: their name and code in UCUM."""
log = logging.getLogger(__name__)
_followed: int | None = None
_known: dict[int, int] | None = None
"""Of every thing a mark of what its rows were derived from; None where that is not known here."""
_lock = threading.Lock()


def follow() -> None:
    """Bring the derived rows up to date; one query where nothing has changed."""
    global _followed, _known
    number = revision.current("directory")
    if number == _followed:
        return
    known: dict[int, int] | None
    is_nested = transaction.get_connection().in_atomic_block
    # One at a time. Who has just made something waits for it; where a whole city changes, the others see in
    # the meantime what there was before.
    if not _lock.acquire(timeout=-1 if _followed is None else PATIENCE_S):
        return
    try:
        with transaction.atomic():
            # The row is the lock between processes; who had to wait finds nothing left to do.
            Revision.objects.get_or_create(name=SEEN, defaults={"number": -1})
            seen = Revision.objects.select_for_update().get(name=SEEN)
            known = _known
            if seen.number != number:
                # Before anything is derived: what changes in between has another mark at the next look.
                known = _marks()
                _derive(known)
                seen.number = number
                seen.save(update_fields=["number"])
            elif known is None:
                known = _marks()
                if revision.current("directory") != number:
                    # What changed in between is not derived yet, and must not count as known.
                    known = None
    except OperationalError:
        if is_nested:
            raise
        # A full disk or a busy database keeps nobody from reading what is there.
        log.warning("the derived SensorThings entities were not brought up to date", exc_info=True)
        return
    finally:
        _lock.release()
    if not is_nested:
        _followed, _known = number, known


@contextmanager
def settled() -> Iterator[None]:
    """Around writing that brings its own rows: whoever asks next has nothing to derive because of it.

    Belongs into a transaction; other writers of the directory wait, so that none of their changes is missed.
    """
    Revision.objects.get_or_create(name="directory", defaults={"number": 0})
    before = Revision.objects.select_for_update().get(name="directory").number
    was_true = Revision.objects.filter(name=SEEN, number=before).exists()
    yield
    if was_true:
        Revision.objects.filter(name=SEEN).update(number=revision.current("directory"))


def forget() -> None:
    """Ask the database again."""
    global _followed, _known
    _followed = _known = None


def _marks() -> dict[int, int]:
    columns = [column.attname for column in Thing._meta.concrete_fields]
    of_others = ("unit__code", "unit__full_name", "organisation__name")
    things = Thing.objects.values_list(*columns, *of_others)
    marks = {row[0]: hash(repr(row)) for row in things.iterator(chunk_size=5000)}
    columns = ["thing_id", *(column.attname for column in Series._meta.concrete_fields)]
    for row in Series.objects.order_by("pk").values_list(*columns).iterator(chunk_size=5000):
        # Of a thing that came only just now: its own row is read at the next look.
        marks[row[0]] = hash((marks.get(row[0]), repr(row)))
    return marks


def _derive(known: Mapping[int, int]) -> None:
    if _known is None:
        return derive()
    changed = [thing for thing, mark in known.items() if _known.get(thing) != mark]
    if len(changed) > MOST:
        return derive()
    if changed:
        derive(changed)


def derive(only: Collection[int] | None = None) -> None:
    """Write what is missing, rewrite what is derived and no longer true: of these things, or of all."""
    of_things, of_series = Thing.objects.order_by("pk"), Series.objects.order_by("pk")
    if only is not None:
        of_things, of_series = of_things.filter(pk__in=only), of_series.filter(thing__in=only)
    things = list(of_things.select_related("unit", "organisation"))
    rows = list(of_series.select_related("thing"))
    _keep(models.ThingDetail, "thing_id", [_thing(thing) for thing in things])
    _places(things)
    others = models.Datastream.objects.filter(is_derived=False)
    if only is not None:
        others = others.filter(series__thing__in=only)
    known = set(others.values_list("pk", flat=True))
    needed = [row for row in rows if row.pk not in known]
    sensors = _keep(models.Sensor, "origin", list({_origin(row): _sensor(row) for row in needed}.values()))
    observed = _keep(
        models.ObservedProperty, "origin", list({_origin(row): _quantity(row) for row in needed}.values())
    )
    streams = [
        _stream(row) | {"sensor_id": sensors[_origin(row)], "observed_property_id": observed[_origin(row)]}
        for row in needed
    ]
    _keep(models.Datastream, "series_id", streams)


def _keep(model: type[fields.Model], key: str, wanted: Sequence[dict[str, Any]]) -> dict[Any, Any]:
    """Rows as wanted by their key: made where missing, changed where derived; their primary keys."""
    there = model._default_manager.exclude(**{key: None})
    if len(wanted) <= MOST:
        there = there.filter(**{f"{key}__in": [told[key] for told in wanted]})
    rows = {getattr(row, key): row for row in there}
    made, changed = [], []
    for told in wanted:
        row = rows.get(told[key])
        if row is None:
            made.append(model(is_derived=True, **told))
        elif row.is_derived and any(getattr(row, name) != value for name, value in told.items()):  # type: ignore[attr-defined]
            for name, value in told.items():
                setattr(row, name, value)
            changed.append(row)
    for row in model._default_manager.bulk_create(made):
        rows[getattr(row, key)] = row
    if changed:
        names = sorted({name for told in wanted for name in told} - {key})
        model._default_manager.bulk_update(changed, names, batch_size=200)
    return {name: row.pk for name, row in rows.items()}


def _thing(thing: Thing) -> dict[str, Any]:
    kind = catalogue.thing_type(thing.kind)
    title = str(kind.title) if kind else thing.kind
    told: dict[str, Any] = {"code": thing.code, "kind": thing.kind}
    told["unit"] = {"code": thing.unit.code, "name": thing.unit.full_name}
    if thing.organisation:
        told["organisation"] = thing.organisation.name
    if thing.name_en:
        told["name_en"] = thing.name_en
    if thing.is_sample:
        told["sample"] = True
    if thing.facts:
        told["facts"] = thing.facts
    if thing.source:
        told["source"] = thing.source
    return {"thing_id": thing.pk, "description": f"{title}, {thing.unit.full_name}", "properties": told}


def _places(things: Sequence[Thing]) -> None:
    """A location, a stay there and a feature for every thing that has a place and none of a client's."""
    stays_of = models.HistoricalLocation.objects.all()
    present = models.Location.objects.filter(is_derived=True, origin__isnull=False, things__isnull=False)
    if len(things) <= MOST:
        stays_of = stays_of.filter(thing__in=things)
        present = present.filter(origin__in=[f"thing:{thing.pk}" for thing in things])
    stayed = set(stays_of.values_list("thing", flat=True))
    derived = set(present.values_list("origin", flat=True))
    wanted = [
        _place(thing)
        for thing in things
        if thing.lon is not None and (thing.pk not in stayed or f"thing:{thing.pk}" in derived)
    ]
    locations = _keep(models.Location, "origin", wanted)
    features = _keep(models.FeatureOfInterest, "origin", wanted)
    new = [thing for thing in things if thing.lon is not None and thing.pk not in stayed]
    now = clock.now()
    stays = models.HistoricalLocation.objects.bulk_create(
        models.HistoricalLocation(thing=thing, time=now, feature_id=features[f"thing:{thing.pk}"])
        for thing in new
    )
    here, then = models.Location.things.through, models.HistoricalLocation.locations.through
    here.objects.bulk_create(
        here(thing_id=thing.pk, location_id=locations[f"thing:{thing.pk}"]) for thing in new
    )
    then.objects.bulk_create(
        then(historicallocation_id=stay.pk, location_id=locations[f"thing:{stay.thing_id}"]) for stay in stays
    )


def _place(thing: Thing) -> dict[str, Any]:
    shape = {"type": "Point", "coordinates": [thing.lon, thing.lat]}
    box = shapes.box(shape)
    assert box is not None
    west, south, east, north = box
    edges = {"west": west, "south": south, "east": east, "north": north}
    return {
        "origin": f"thing:{thing.pk}",
        "name": thing.name,
        "description": thing.unit.full_name,
        "encoding_type": models.GEOJSON,
        "shape": shape,
        "properties": {"unit": thing.unit.code, "position_verified": thing.position_verified},
        **edges,
    }


def _declared(row: Series) -> SeriesType | None:
    return catalogue.series_type(row.thing.kind, row.name)


def _title(row: Series) -> str:
    declared = _declared(row)
    return row.title or (str(declared.title) if declared else row.name)


def _origin(row: Series) -> str:
    """Declared quantities are shared by all things of the kind; a thing's own are its own."""
    return f"{row.thing.kind}/{row.name}" if _declared(row) else f"series:{row.pk}"


def _quantity(row: Series) -> dict[str, Any]:
    declared = _declared(row)
    return {
        "origin": _origin(row),
        "name": _title(row),
        "definition": f"urn:toancanh:{row.thing.kind}:{row.name}",
        "description": f"{_title(row)} ({row.unit})" if row.unit else _title(row),
        "properties": {"name": row.name, "name_en": declared.title.en if declared else row.title_en},
    }


def _sensor(row: Series) -> dict[str, Any]:
    declared, kind = _declared(row), catalogue.thing_type(row.thing.kind)
    title = str(kind.title) if kind else row.thing.kind
    low, high = (declared.low, declared.high) if declared else (row.low, row.high)
    return {
        "origin": _origin(row),
        "name": f"{title}: {_title(row)}",
        "description": f"{_title(row)}, {low:g} – {high:g} {row.unit}".rstrip(),
        "encoding_type": models.TEXT,
        "metadata": f"{row.thing.kind}/{row.name}, {low:g} – {high:g} {row.unit}".rstrip(),
        "properties": {"kind": row.thing.kind, "series": row.name, "low": low, "high": high},
    }


def _stream(row: Series) -> dict[str, Any]:
    name, code = UNITS.get(row.unit, (row.unit, ""))
    return {
        "series_id": row.pk,
        "name": f"{_title(row)} – {row.thing.name}"[:255],
        "description": f"{_title(row)} – {row.thing.name}",
        "observation_type": models.MEASUREMENT,
        "unit_name": name or None,
        "unit_symbol": row.unit or None,
        "unit_definition": f"{UCUM}{code}" if code else None,
        "properties": {"series": row.name, "period_s": row.period_s, "low": row.low, "high": row.high},
    }
