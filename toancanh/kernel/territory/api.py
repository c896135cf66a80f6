"""Administrative units by code and date, and what lies where."""

from __future__ import annotations

import math
from datetime import date

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Schema

from toancanh.kernel.runtime.api import Problem, day
from toancanh.kernel.territory import queries
from toancanh.kernel.territory.models import Unit
from toancanh.lib.errors import NotFound, Refused

router = Router(tags=["units"])


class UnitName(Schema):
    """A unit as others name it: a code means something only with a date."""

    code: str
    name: str
    valid_from: date


class UnitOut(UnitName):
    """One administrative unit for as long as it was one: [valid_from, valid_to)."""

    name_en: str
    tier: str
    valid_to: date | None
    legal_basis: str
    parent: UnitName | None
    predecessors: list[UnitName]
    successors: list[UnitName]


def named(unit: Unit) -> UnitName:
    """The short form of a unit."""
    return UnitName(code=unit.code, name=unit.full_name, valid_from=unit.valid_from)


def told(unit: Unit) -> UnitOut:
    """Everything that is known of a unit."""
    return UnitOut(
        code=unit.code,
        name=unit.full_name,
        name_en=unit.full_name_en,
        tier=unit.tier,
        valid_from=unit.valid_from,
        valid_to=unit.valid_to,
        legal_basis=unit.legal_basis,
        parent=named(unit.parent) if unit.parent else None,
        predecessors=[named(u) for u in Unit.objects.filter(succession__successor=unit).order_by("code")],
        successors=[named(u) for u in queries.successors(unit)],
    )


@router.get("/at", response={200: UnitOut, 400: Problem, 404: Problem}, summary="The unit around a point")
def at(request: HttpRequest, lon: float, lat: float, date: str | None = None) -> UnitOut:
    """The smallest unit around a point (WGS 84) on a day, today unless given; gaps of 100 m are bridged."""
    if not (math.isfinite(lon) and math.isfinite(lat) and -180 <= lon <= 180 and -90 <= lat <= 90):
        raise Refused(_("lon must lie within ±180 and lat within ±90 degrees."), "bad_place")
    unit = queries.unit_at(lon, lat, day(date))
    if unit is None:
        raise NotFound(_("No unit that is known here lies at this point on that day."))
    return told(unit)


@router.get("/{code}", response={200: UnitOut, 400: Problem, 404: Problem}, summary="A unit by code and date")
def one(request: HttpRequest, code: str, date: str | None = None) -> UnitOut:
    """The unit that bore the code on a day. Without a day: the one in force, else the last that bore it."""
    on = day(date)
    unit = queries.unit(code, on)
    if unit is None and on is None:
        unit = Unit.objects.filter(code=code).order_by("-valid_from").first()
    if unit is None:
        raise NotFound(_("No unit bore the code %(code)s on that day.") % {"code": code})
    return told(unit)
