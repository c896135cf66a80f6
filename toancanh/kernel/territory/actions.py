"""Writing administrative units, their lineage and boundaries: whole sections of a pack at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import revision
from toancanh.kernel.territory import boundaries
from toancanh.kernel.territory.models import Boundary, Lineage, Tier, Unit, Zone
from toancanh.lib.errors import NotAllowed, Refused
from toancanh.lib.fold import fold

Row = Mapping[str, str]


def check(by: Actor) -> None:
    """Only who may arrange the territory everywhere writes here."""
    if not by.may("territory.arrange"):
        raise NotAllowed(_("Administrative units are arranged by the administrator of this installation."))


def day(text: str) -> date | None:
    """A date as packs write it; nothing for an open end."""
    return date.fromisoformat(text) if text else None


def first_day(row: Row) -> date:
    """The day from which the row is valid; refuses a row without one."""
    found = day(row.get("valid_from", ""))
    if found is None:
        raise Refused(_("Row %(code)s has no valid_from date.") % {"code": row.get("code", "?")}, "no_date")
    return found


def valid_on(code: str, on: date) -> Unit | None:
    """The unit that bore the code on that day."""
    open_end = Unit.objects.filter(code=code, valid_from__lte=on)
    return next((u for u in open_end.order_by("-valid_from") if u.valid_to is None or on < u.valid_to), None)


@transaction.atomic
def arrange_units(rows: Iterable[Row], *, by: Actor) -> int:
    """Write units row by row, parents before children; a row known by (code, valid_from) is updated."""
    check(by)
    count = 0
    for row in rows:
        start, tier = first_day(row), row["tier"]
        if tier not in Tier.values:
            raise Refused(_("%(tier)s is not a tier of government.") % {"tier": tier}, "bad_tier")
        parent = None
        if row["parent_code"]:
            parent = valid_on(row["parent_code"], start)
            if parent is None:
                said = _("Unit %(code)s names the parent %(parent)s, which was no unit on %(day)s.")
                told = {"code": row["code"], "parent": row["parent_code"], "day": start.isoformat()}
                raise Refused(said % told, "no_parent")
        end = day(row["valid_to"])
        if end is not None and end <= start:
            said = _("Unit %(code)s ends before it begins.") % {"code": row["code"]}
            raise Refused(said, "bad_validity")
        unit, is_new = Unit.objects.update_or_create(
            code=row["code"],
            valid_from=start,
            defaults={
                "tier": tier,
                "name": row["name"],
                "full_name": row["full_name"],
                "full_name_en": row["full_name_en"],
                "folded": fold(row["full_name"]),
                "parent": parent,
                "valid_to": end,
                "legal_basis": row["legal_basis"],
                "note": row.get("note", ""),
            },
        )
        _place(unit, parent)
        said_row = {key: row[key] for key in ("full_name", "parent_code", "valid_from", "valid_to")}
        verb = "territory.unit_added" if is_new else "territory.unit_changed"
        journal.record(verb, f"unit:{unit.code}@{start}", by=by, content=said_row)
        count += 1
    revision.bump("territory")
    return count


def _place(unit: Unit, parent: Unit | None) -> None:
    """Write the unit's path, and with it those of all units below where it moved to another parent."""
    was, path = unit.path, f"{parent.path if parent else ''}{unit.pk}/"
    if was and path != was and path.startswith(was):
        raise Refused(_("Unit %(code)s cannot lie below itself.") % {"code": unit.code}, "bad_parent")
    moved = list(Unit.objects.filter(path__startswith=was).exclude(pk=unit.pk)) if was and was != path else []
    for below in moved:
        below.path = path + below.path.removeprefix(was)
    Unit.objects.bulk_update(moved, ["path"], batch_size=500)
    unit.path = path
    unit.save(update_fields=["path"])


@transaction.atomic
def arrange_lineage(rows: Iterable[Row], *, by: Actor) -> int:
    """Write which unit became which."""
    check(by)
    count = 0
    for row in rows:
        ends = []
        for end in ("predecessor", "successor"):
            code, start = row[f"{end}_code"], row[f"{end}_valid_from"]
            unit = Unit.objects.filter(code=code, valid_from=start).first()
            if unit is None:
                said = _("Lineage names unit %(code)s of %(day)s, which is not there.")
                raise Refused(said % {"code": code, "day": start}, "no_unit")
            ends.append(unit)
        Lineage.objects.update_or_create(
            predecessor=ends[0],
            successor=ends[1],
            defaults={"on": row["on"], "kind": row["kind"], "legal_basis": row["legal_basis"]},
        )
        count += 1
    journal.record("territory.lineage_arranged", "lineage", by=by, content={"rows": count})
    revision.bump("territory")
    return count


@transaction.atomic
def draw_boundaries(features: Iterable[Mapping[str, Any]], *, by: Actor) -> int:
    """Write outlines; each feature names its unit by ``code`` and ``valid_from``; broken ones are refused."""
    check(by)
    count = 0
    for feature in features:
        said = feature["properties"]
        unit = Unit.objects.filter(code=said["code"], valid_from=said["valid_from"]).first()
        if unit is None:
            text = _("A boundary names unit %(code)s, which is not there.") % {"code": said["code"]}
            raise Refused(text, "no_unit")
        Boundary.objects.update_or_create(
            unit=unit,
            defaults={
                "geometry": json.dumps(feature["geometry"], separators=(",", ":")),
                "source": said.get("source", ""),
                **boundaries.measure(feature["geometry"], unit.code),
            },
        )
        count += 1
    journal.record("territory.boundaries_drawn", "boundaries", by=by, content={"features": count})
    revision.bump("territory")
    return count


@transaction.atomic
def draw_zones(features: Iterable[Mapping[str, Any]], *, by: Actor) -> int:
    """Write the zones that every national view shows."""
    check(by)
    count = 0
    for feature in features:
        said = feature["properties"]
        Zone.objects.update_or_create(
            code=said["code"],
            defaults={
                "name": said["name"],
                "name_en": said["name_en"],
                "geometry": json.dumps(feature["geometry"], separators=(",", ":")),
                "source": said.get("source", ""),
            },
        )
        count += 1
    journal.record("territory.zones_drawn", "zones", by=by, content={"features": count})
    revision.bump("territory")
    return count
