"""Where a report of an earlier system lies: by its point, by the commune named, by its address."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.utils.translation import gettext as _

from toancanh.domains.reports.importing.texts import Columns, degrees, pair
from toancanh.kernel.contacts.places import Gazetteer, gazetteer
from toancanh.kernel.exchange.queries import locality
from toancanh.kernel.exchange.sheets.mapping import Row
from toancanh.kernel.territory import queries as territory
from toancanh.kernel.territory.models import Unit
from toancanh.lib.errors import Refused
from toancanh.lib.fold import fold

KIND_OF_COMMUNE = re.compile(r"phuong|xa|thi tran|dac khu|p|x|tt|dk")
LONGEST_NAME = 6
"""Words of the name of a commune, with its kind."""
Place = tuple[Unit, float | None, float | None]


class Placing:
    """Finds places of rows within the units of ``scope``; ``fixed``: of those elsewhere or nowhere."""

    def __init__(self, columns: Columns, scope: Sequence[str], fixed: str) -> None:
        self.columns, self.scope = columns, tuple(scope)
        self.places: Gazetteer = gazetteer(scope)
        self.home = str(locality()["path"])
        self.fixed = territory.unit(fixed) if fixed else None
        self._named: dict[tuple[str, str], Unit | Refused] = {}

    def place(self, row: Row, notes: list[str]) -> Place:
        """The unit and the point; what is left out is noted. Raises Refused."""
        lat, lon = self._point(row)
        if lat is not None and lon is not None:
            unit = territory.unit_at(lon, lat)
            if unit is not None and unit.path.startswith(self.home) and unit.path.startswith(self.scope):
                return unit, lon, lat
            if self.fixed is None:
                told = _("The point lies outside the area for which you may take reports in.")
                raise Refused(told, "outside")
            notes.append(_("the point lies elsewhere and is left out"))
        unit = self._by_name(row) or self.fixed
        if unit is None:
            told = _("It is not said where it is: no point, no commune, no address with one.")
            raise Refused(told, "no_place")
        if not unit.path.startswith(self.scope):
            raise Refused(_("It lies outside the area for which you may take reports in."), "outside")
        return unit, None, None

    def _point(self, row: Row) -> tuple[float | None, float | None]:
        try:
            lat, lon = degrees(self.columns.cell(row, "lat")), degrees(self.columns.cell(row, "lon"))
        except Refused as fault:
            raise Refused(_("The place is no pair of numbers."), "bad_place") from fault
        if lat is None and lon is None and (both := pair(self.columns.cell(row, "point"))) is not None:
            lat, lon = both
        if (lat is None) is not (lon is None) or not (abs(lat or 0) <= 90 and abs(lon or 0) <= 180):
            raise Refused(_("The place is no pair of numbers."), "bad_place")
        # Systems write 0, 0 where nobody marked a place.
        return (None, None) if not lat and not lon else (lat, lon)

    def _by_name(self, row: Row) -> Unit | None:
        """By the commune that the row names, of today or of before mergers; else by its address."""
        named, above = self.columns.text(row, "unit"), self.columns.text(row, "district")
        if named:
            found = self._find(named, above)
            if isinstance(found, Refused) and self.fixed is None:
                raise found
            return None if isinstance(found, Refused) else found
        words = fold(self.columns.text(row, "address")).split()
        for start, word in enumerate(words):
            if KIND_OF_COMMUNE.fullmatch(word):
                for end in range(min(len(words), start + LONGEST_NAME), start + 1, -1):
                    found = self._find(" ".join(words[start:end]), above)
                    if isinstance(found, Unit):
                        return found
        return None

    def _find(self, name: str, above: str) -> Unit | Refused:
        key = (fold(name), fold(above))
        if key not in self._named:
            try:
                self._named[key] = self.places.find(name, above).unit
            except Refused as fault:
                self._named[key] = fault
        return self._named[key]
