"""Loads locality packs: folders of data that make a place. Each section is checked by its owner.

The format is described in ``packs/README.md``. A pack is loaded whole or not at all.
"""

from __future__ import annotations

import csv
import hashlib
import json
import tomllib
from collections.abc import Callable
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange.models import Pack
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.registry import actions as registry
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import actions as telemetry
from toancanh.kernel.telemetry.models import Series
from toancanh.kernel.territory import actions as territory
from toancanh.kernel.territory import queries as places
from toancanh.kernel.territory.calendars import sections as calendars
from toancanh.lib.errors import NotAllowed, Refused

Row = dict[str, str]
MAX_FILE = 50_000_000


def load(folder: Path, *, by: Actor, asked_by: tuple[str, ...] = ()) -> Pack:
    """Load the pack in ``folder`` and those it requires from beside it; the same pack again changes nothing.

    Raises Refused, naming file and row, where a section is not as its owner asks.
    """
    if not by.may("territory.arrange"):
        raise NotAllowed(_("Locality packs are loaded by the administrator of this installation."))
    said = _manifest(folder)
    for other in said.get("requires", []):
        if Pack.objects.filter(name=other).exists():
            continue
        if other in (folder.name, *asked_by):
            text = _("Pack %(name)s requires itself.") % {"name": other}
            raise Refused(f"{folder / 'pack.toml'}: {text}", "bad_pack")
        load(folder.parent / other, by=by, asked_by=(*asked_by, folder.name))
    digest = _digest(folder)
    known = Pack.objects.filter(name=said["name"]).first()
    if known is not None and known.digest == digest:
        return known
    with transaction.atomic():
        for file, section in SECTIONS.items():
            if (folder / file).exists():
                section(folder / file, by)
        stations = folder / "stations.csv"
        listed = [row["code"] for row in _rows(stations)] if stations.exists() else []
        registry.keep_listed(said["name"], listed, by=by)
        unit = places.unit(said["unit"]) if said["unit"] else None
        if said["unit"] and unit is None:
            raise Refused(_("Pack %(name)s serves a unit that it does not bring.") % {"name": said["name"]})
        facts = {
            "title": said["title_vi"],
            "title_en": said["title_en"],
            "version": said["version"],
            "digest": digest,
            "unit": unit,
            "loaded_at": clock.now(),
            "sources": said["sources"],
        }
        pack, _new = Pack.objects.update_or_create(name=said["name"], defaults=facts)
        content = {"version": pack.version, "digest": digest}
        journal.record("exchange.pack_loaded", f"pack:{pack.name}", by=by, content=content)
    return pack


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        said = tomllib.loads((folder / "pack.toml").read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as fault:
        text = _("%(folder)s is no pack: it holds no pack.toml.") % {"folder": folder}
        raise Refused(text, "no_pack") from fault
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise Refused(f"{folder / 'pack.toml'}: {fault}", "bad_pack") from fault
    missing = {"name", "title_vi", "title_en", "unit", "version", "sources"} - said.keys()
    if missing:
        raise Refused(f"{folder / 'pack.toml'}: {', '.join(sorted(missing))}?", "bad_pack")
    return said


def _digest(folder: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.name == "pack.toml" or path.name in SECTIONS:
            total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def _rows(path: Path) -> list[Row]:
    if path.stat().st_size > MAX_FILE:
        raise Refused(f"{path}: > {MAX_FILE} B", "too_large")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [{k: (v or "").strip() for k, v in row.items() if k} for row in csv.DictReader(file)]
    except (UnicodeDecodeError, csv.Error) as fault:
        raise Refused(f"{path.name}: {fault}", "bad_file") from fault


def _each(path: Path, write: Callable[[Row], object]) -> None:
    """Write row by row; a fault is told with the file and the line of the row."""
    for line, row in enumerate(_rows(path), start=2):
        try:
            write(row)
        except (KeyError, ValueError, ValidationError) as fault:
            raise Refused(f"{path.name}, {_('row')} {line}: {fault}", "bad_row") from fault
        except Refused as fault:
            raise Refused(f"{path.name}, {_('row')} {line}: {fault.message}", fault.code) from fault


def _drawn(path: Path, write: Callable[[list[dict[str, Any]]], object]) -> None:
    """Write features; a fault is told with the file and what the feature's owner says."""
    try:
        write(json.loads(path.read_text(encoding="utf-8"))["features"])
    except Refused as fault:
        raise Refused(f"{path.name}: {fault.message}", fault.code) from fault
    except (ValueError, KeyError, TypeError, ValidationError) as fault:
        raise Refused(f"{path.name}: {fault!r}", "bad_file") from fault


def _units(path: Path, by: Actor) -> None:
    _each(path, lambda row: territory.arrange_units([row], by=by))


def _lineage(path: Path, by: Actor) -> None:
    _each(path, lambda row: territory.arrange_lineage([row], by=by))


def _boundaries(path: Path, by: Actor) -> None:
    _drawn(path, lambda features: territory.draw_boundaries(features, by=by))


def _zones(path: Path, by: Actor) -> None:
    _drawn(path, lambda features: territory.draw_zones(features, by=by))


def _is(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"true | false, {text!r}?")
    return text == "true"


def _stations(path: Path, by: Actor) -> None:
    def write(row: Row) -> None:
        unit = places.unit(row["unit_code"]) if row["unit_code"] else None
        if row["unit_code"] and unit is None:
            raise Refused(_("Unit %(code)s is not in force.") % {"code": row["unit_code"]}, "no_unit")
        registry.register(
            row["code"],
            row["kind"],
            row["name"],
            float(row["lon"]),
            float(row["lat"]),
            by=by,
            unit=unit,
            name_en=row["name_en"],
            is_public=_is(row["public"]),
            is_sample=_is(row["sample"]),
            is_active=True,
            position_verified=_is(row["position_verified"]),
            facts={"river": row["river"]} if row["river"] else {},
            source=row["source"],
        )

    _each(path, write)


def _series(path: Path, by: Actor) -> None:
    things = {thing.code: thing for thing in Thing.objects.select_related("unit")}

    def write(row: Row) -> None:
        telemetry.define_series(things[row["thing_code"]], row["name"], by=by, period_s=int(row["period_s"]))

    _each(path, write)


def _thresholds(path: Path, by: Actor) -> None:
    def write(row: Row) -> None:
        series = Series.objects.select_related("thing__unit").filter(
            thing__code=row["thing_code"], name=row["series"]
        )
        found = series.first()
        if found is None:
            raise Refused(_("There is no such series."), "no_series")
        telemetry.set_threshold(
            found,
            row["name"],
            float(row["value"]),
            date.fromisoformat(row["valid_from"]),
            by=by,
            source=row["source"],
            valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
            legal_basis=row["legal_basis"],
            is_verified=_is(row["verified"]),
            note=row["note"],
        )

    _each(path, write)


def _calendars(path: Path, by: Actor) -> None:
    _each(path, lambda row: calendars.calendar(row, by=by))


def _weeks(path: Path, by: Actor) -> None:
    """Rows beside each other of one calendar and day are the seasons of one decision."""
    told: list[tuple[str, str]] = []
    for key, rows in groupby(_rows(path), key=lambda row: (row["calendar_code"], row["valid_from"])):
        if key in told:
            raise Refused(f"{path.name}: {' '.join(key)} {_('is there twice.')}", "bad_row")
        told.append(key)
        try:
            calendars.week(list(rows), by=by)
        except (KeyError, ValueError) as fault:
            raise Refused(f"{path.name}, {' '.join(key)}: {fault}", "bad_row") from fault
        except Refused as fault:
            raise Refused(f"{path.name}, {' '.join(key)}: {fault.message}", fault.code) from fault


def _days(path: Path, by: Actor) -> None:
    _each(path, lambda row: calendars.days(row, by=by))


SECTIONS: dict[str, Callable[[Path, Actor], None]] = {
    "units.csv": _units,
    "lineage.csv": _lineage,
    "boundaries.geojson": _boundaries,
    "zones.geojson": _zones,
    "calendars.csv": _calendars,
    "weeks.csv": _weeks,
    "days.csv": _days,
    "stations.csv": _stations,
    "series.csv": _series,
    "thresholds.csv": _thresholds,
}
"""Sections in the order in which they build on each other, each with its owner's check."""
