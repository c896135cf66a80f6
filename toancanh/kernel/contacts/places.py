"""From names as lists write them (no marks, no "phường", of before a merger) to communes in force."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from toancanh.kernel.territory import queries
from toancanh.kernel.territory.models import Tier, Unit
from toancanh.lib.errors import Refused
from toancanh.lib.fold import fold

KINDS = {"p": "phuong", "x": "xa", "tt": "thi tran", "dk": "dac khu", "ph": "phuong"}
"""Short forms before a name: P. Thủy Xuân, X. Phú Vinh."""
PREFIX = re.compile(r"(?:ubnd )?(phuong|xa|thi tran|dac khu|ph|p|x|tt|dk) (.+)")


@dataclass(frozen=True)
class Meant:
    """The commune in force that a name means; ``former`` where the name is of before a merger."""

    unit: Unit
    former: Unit | None = None


@dataclass
class Gazetteer:
    """The communes that may be meant, in force and ended, loaded once for a whole list."""

    units: dict[int, Unit] = field(default_factory=dict)
    standing: dict[int, tuple[int, ...]] = field(default_factory=dict)
    by_name: dict[str, list[int]] = field(default_factory=dict)

    def find(self, name: str, above: str = "") -> Meant:
        """The commune of that name; ``above`` is the former district or the province. Raises Refused."""
        found = self._named(name)
        if above:
            narrowed = [one for one in found if _lies_in(self.units[one], above)]
            found = narrowed or found
        if not found:
            told = _("There is no commune “%(name)s” here, neither today nor before mergers.")
            raise Refused(told % {"name": name[:60]}, "no_unit")
        now = [one for one in found if self.standing[one] == (one,)]
        if len(now) == 1:
            return Meant(self.units[now[0]])
        heirs = {heir for one in (now or found) for heir in self.standing[one]}
        if not heirs:
            told = _("“%(name)s” has ended, and what became of it is not known here.")
            raise Refused(told % {"name": name[:60]}, "ended")
        if len(heirs) > 1:
            names = ", ".join(sorted(self.units[one].full_name for one in heirs if one in self.units))
            told = _("“%(name)s” may mean %(names)s: write the name of today, or the district beside it.")
            raise Refused(told % {"name": name[:60], "names": names[:200]}, "many_units")
        heir = heirs.pop()
        return Meant(self.units[heir], self.units[found[0]])

    def _named(self, name: str) -> list[int]:
        typed = fold(name)
        if whole := self.by_name.get(typed):
            return whole
        if short := PREFIX.fullmatch(typed):
            kind = KINDS.get(short[1], short[1])
            return self.by_name.get(f"{kind} {short[2]}") or self.by_name.get(short[2], [])
        return []


def gazetteer(paths: Iterable[str]) -> Gazetteer:
    """All communes of all times below these paths. Three queries."""
    allowed = tuple(paths)
    rows = list(Unit.objects.filter(tier=Tier.COMMUNE).select_related("parent__parent").order_by("pk"))
    standing = queries.heirs(unit.pk for unit in rows)
    known = {unit.pk: unit for unit in rows}
    made = Gazetteer()
    for unit in rows:
        ends = tuple(one for one in standing[unit.pk] if one in known)
        # A former commune belongs to who answers for what it became.
        if not any(known[one].path.startswith(path) for one in (ends or (unit.pk,)) for path in allowed):
            continue
        made.units[unit.pk] = unit
        made.standing[unit.pk] = ends
        for one in ends:
            made.units.setdefault(one, known[one])
        bare = PREFIX.fullmatch(unit.folded)
        for name in {unit.folded, fold(unit.name), bare[2] if bare else unit.folded}:
            made.by_name.setdefault(name, []).append(unit.pk)
    return made


def _lies_in(unit: Unit, above: str) -> bool:
    typed = fold(above)
    parent = unit.parent
    while parent is not None:
        if typed in (parent.folded, fold(parent.name)):
            return True
        parent = parent.parent
    return False
