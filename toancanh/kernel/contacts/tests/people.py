"""People of a warning chain for tests, written by the same actions as real ones."""

from __future__ import annotations

from typing import Any

from tests.city import BY, City, unit_row
from toancanh.kernel.contacts import actions
from toancanh.kernel.contacts.facts import Facts, addresses
from toancanh.kernel.contacts.models import Contact, Kind, Neighbourhood
from toancanh.kernel.territory import actions as territory
from toancanh.kernel.territory.models import Unit


def place(unit: Unit, name: str = "Thôn Vân Thê") -> Neighbourhood:
    """A village of the commune."""
    return actions.found(unit, name, by=BY)


def head(unit: Unit, name: str = "Trần Văn Bằng", phone: str = "0914123456", **more: Any) -> Contact:
    """A head of the village ``at`` of the commune."""
    at = more.pop("at", "Thôn Vân Thê")
    emails, zalo = more.pop("emails", ""), more.pop("zalo", "")
    facts = Facts(
        kind=Kind.HEAD,
        name=name,
        post=more.pop("post", "Trưởng thôn"),
        unit=unit,
        neighbourhood=place(unit, at),
        addresses=addresses(phone, emails, zalo),
        **more,
    )
    return actions.add(facts, by=BY)


def official(unit: Unit, name: str = "Lê Thị Đào", phone: str = "0905111222", **more: Any) -> Contact:
    """An official of the commune."""
    post = more.pop("post", "Chủ tịch UBND phường")
    facts = Facts(
        kind=Kind.OFFICIAL, name=name, post=post, unit=unit, addresses=addresses(phone, "", ""), **more
    )
    return actions.add(facts, by=BY)


def merged(city: City, on: str = "2026-11-20") -> Unit:
    """The west and the east have become one commune, Phường Hương Thọ, on that day."""
    rows = [
        unit_row(unit.code, "commune", unit.full_name, "90", valid_to=on) for unit in (city.west, city.east)
    ]
    rows.append(unit_row("90009", "commune", "Phường Hương Thọ", "90", valid_from=on))
    territory.arrange_units(rows, by=BY)
    lineage = [
        {"predecessor_code": unit.code, "predecessor_valid_from": unit.valid_from.isoformat(),
         "successor_code": "90009", "successor_valid_from": on, "on": on, "kind": "merge", "legal_basis": ""}
        for unit in (city.west, city.east)
    ]  # fmt: skip
    territory.arrange_lineage(lineage, by=BY)
    return Unit.objects.get(code="90009")
