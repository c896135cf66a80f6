"""Where a report lies: by its point, or by the name of a unit, the old name as well as the new one."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.kernel.exchange.queries import locality
from toancanh.kernel.territory import queries as territory
from toancanh.kernel.territory.models import Tier, Unit
from toancanh.lib.errors import Refused
from toancanh.lib.fold import fold

LONGEST_ADDRESS = 300


class Outside(Refused):
    """The place is not this locality's; the message names whose it is."""

    code = "outside"


class Unplaced(Refused):
    """Nothing says where it is; ``units`` may be meant by what was typed."""

    code = "unplaced"

    def __init__(self, message: str, units: Iterable[Unit] = ()) -> None:
        super().__init__(message)
        self.units = list(units)


def at(lon: float, lat: float) -> Unit:
    """The locality's unit around the point. Raises Outside."""
    if not (math.isfinite(lon) and math.isfinite(lat) and -180 <= lon <= 180 and -90 <= lat <= 90):
        raise Refused(_("This place lies nowhere on earth."), "bad_place")
    unit = territory.unit_at(lon, lat)
    if unit is None:
        raise Outside(_("This place lies outside Việt Nam or at sea. Move the mark to where it is."))
    if not unit.path.startswith(locality()["path"]):
        told = _("This place belongs to %(province)s: report it there. Nothing was sent.")
        raise Outside(told % {"province": named(province(unit))})
    return unit


def province(unit: Unit) -> Unit:
    """The province around a unit."""
    keys = [int(key) for key in unit.path.split("/") if key]
    return Unit.objects.filter(pk__in=keys, tier=Tier.PROVINCE).first() or unit


def named(unit: Unit) -> str:
    """In the reader's language."""
    return (get_language() == "en" and unit.full_name_en) or unit.full_name


def of(code: str, address: str) -> Unit:
    """The unit that was chosen, else the one that the address names. Raises Unplaced."""
    path = locality()["path"]
    if code:
        chosen = territory.unit(code)
        if chosen is None or not chosen.path.startswith(path):
            raise Unplaced(_("Choose the ward or commune once more."))
        return chosen
    found = meant(address)
    if len(found) == 1:
        return found[0]
    if found:
        raise Unplaced(_("The address may lie in several wards: choose yours."), found)
    raise Unplaced(_("Say where it is: tap the map, or choose the ward or commune."))


def meant(address: str) -> list[Unit]:
    """The locality's communes in force that an address names, by their names or by those before them."""
    said = f" {fold(address[:LONGEST_ADDRESS])} "
    if not said.strip():
        return []
    path = locality()["path"]
    matched = [
        unit
        for unit in Unit.objects.exclude(tier=Tier.PROVINCE).only("pk", "path", "name", "full_name", "tier")
        if f" {fold(unit.full_name)} " in said or _is_short(unit, said)
    ]
    # "Phường Vĩnh Ninh, quận Thuận Hóa": what is smaller and says more is meant.
    communes = [unit for unit in matched if unit.tier == Tier.COMMUNE] or matched
    standing = {pk for ends in territory.heirs(unit.pk for unit in communes).values() for pk in ends}
    rows = Unit.objects.filter(pk__in=standing, tier=Tier.COMMUNE, path__startswith=path)
    return sorted(rows, key=lambda unit: (unit.folded, unit.code))


def _is_short(unit: Unit, said: str) -> bool:
    """P. Vĩnh Ninh, X. Phú Mậu."""
    name = re.sub(r"^(phuong|xa|thi tran) ", "", fold(unit.name))
    return not name.isdigit() and any(f" {short} {name} " in said for short in ("p", "x", "tt"))


def choosable() -> list[tuple[str, str]]:
    """Code and name of the locality's communes, by name."""
    path = locality()["path"]
    rows = territory.in_force().filter(path__startswith=path, tier=Tier.COMMUNE)
    return [(unit.code, named(unit)) for unit in sorted(rows, key=lambda unit: (unit.folded, unit.code))]
