"""What a search box finds: things and the units they lie in, with or without tone marks."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import get_language

from toancanh.kernel import catalogue
from toancanh.kernel.declare import Actor
from toancanh.kernel.registry import queries
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.territory import queries as territory
from toancanh.kernel.territory.models import Unit
from toancanh.lib.fold import fold

MOST = 8
"""Of each kind: what a list shows without scrolling on a phone."""


@dataclass(frozen=True)
class Hit:
    """One thing or unit found."""

    what: Thing | Unit

    def told(self, thing_url: str, unit_url: str) -> dict[str, str]:
        """The hit as a line of the result list; the addresses have a ``{}`` for the code."""
        english = get_language() == "en"
        if isinstance(self.what, Unit):
            above = self.what.parent
            text = (above.full_name_en if english else above.full_name) if above else ""
            name = self.what.full_name_en if english else self.what.full_name
            return {"url": unit_url.format(self.what.code), "title": name, "text": text, "icon": "map-pin"}
        kind = catalogue.thing_type(self.what.kind)
        name = self.what.name_en if english and self.what.name_en else self.what.name
        place = self.what.unit.full_name_en if english else self.what.unit.full_name
        icon = kind.icon if kind else "map-pin"
        return {"url": thing_url.format(self.what.code), "title": name, "text": place, "icon": icon}


def find(query: str, to: Actor, below: str) -> list[Hit]:
    """Hits for what was typed: a unit of that very name first, then things, then other units below a path."""
    typed = query[:100]
    things = [Hit(thing) for thing in queries.search(typed, to, MOST)]
    units = territory.search(typed, below, MOST) or territory.search(typed, "", MOST)
    named = [Hit(unit) for unit in units if is_named(unit, typed)]
    others = [Hit(unit) for unit in units if not is_named(unit, typed)]
    real = [hit for hit in things if isinstance(hit.what, Thing) and not hit.what.is_sample]
    samples = [hit for hit in things if hit not in real]
    return [*real, *named, *others, *samples]


def is_named(unit: Unit, typed: str) -> bool:
    """Whether the unit bears the very name that was typed, with or without its rank."""
    return fold(typed) in (fold(unit.name), fold(unit.full_name))
