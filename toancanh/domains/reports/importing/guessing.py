"""A first idea of what a table of reports means, for a person to look at; nothing is taken in by it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from toancanh.domains.reports import categories
from toancanh.domains.reports import proposing as by_keywords
from toancanh.domains.reports.importing.headings import HEADS, SEVERAL, STATES, TIMES
from toancanh.domains.reports.importing.mapping import Mapping
from toancanh.domains.reports.importing.texts import pair, said_in
from toancanh.domains.reports.learning import proposing as by_decisions
from toancanh.domains.reports.learning.models import Target
from toancanh.kernel.exchange.rosters import columns as rosters
from toancanh.kernel.exchange.sheets import cells, guessing
from toancanh.kernel.exchange.sheets.cells import Times, Unreadable
from toancanh.kernel.exchange.sheets.child import Cell
from toancanh.kernel.exchange.sheets.mapping import Row, headings
from toancanh.kernel.people.models import Organisation
from toancanh.lib.fold import fold

LOOKED_AT = 60
LEAST = 0.5
"""Share of a category in what speaks for any, from which on it is proposed for a value."""


@dataclass
class Known:
    """What values may mean here, under the names by which a file may call it. One query, of organisations."""

    organisations: dict[str, str] = field(default_factory=dict)
    """Folded name or code to the code."""
    titles: dict[str, str] = field(default_factory=dict)
    """Folded title or code of a category to the code."""

    @classmethod
    def now(cls) -> Known:
        """Those of today."""
        made = cls()
        for code, name in Organisation.objects.filter(ceased_at=None).values_list("code", "name"):
            made.organisations.setdefault(fold(name), code)
            made.organisations.setdefault(fold(code), code)
        for code, row in categories.choosable().items():
            for name in (row.title_vi, row.title_en, code):
                made.titles.setdefault(fold(name), code)
        return made

    def category(self, name: str) -> str:
        """By its title, else by what such words mean here; empty where nothing speaks for one."""
        return self.titles.get(fold(name)) or proposed(name)

    def organisation(self, name: str) -> str:
        """By its name or code, or the only one whose name holds it."""
        folded = fold(name)
        if exact := self.organisations.get(folded):
            return exact
        near = {code for other, code in self.organisations.items() if len(folded) > 5 and folded in other}
        return near.pop() if len(near) == 1 else ""


def state(name: str) -> str:
    """The state that a word of an earlier system means."""
    folded = fold(name)
    return next((known for known, words in STATES.items() if folded in words), "")


def proposed(words: str) -> str:
    """The category that words speak for: by what was decided here, else by the words of the catalogue."""
    known = categories.choosable()
    learned = by_decisions.three(Target.CATEGORY, words)
    found = [(one.code, one.confidence) for one in learned]
    found += [(one.code, one.confidence) for one in by_keywords.propose(words)]
    return next((code for code, share in found if share >= LEAST and code in known), "")


def guess(rows: Sequence[Row], sheet: str = "", heading: int | None = None, source: str = "") -> Mapping:
    """The mapping that a table most likely asks for; what cannot be guessed is left open."""
    heading = guessing.heading_row(rows) if heading is None else heading
    names = headings(rows, heading)
    body = rows[heading:]
    sample = [row for row in body if any(cell is not None for cell in row)][:LOOKED_AT]
    columns: dict[str, str] = {}
    for number, name in enumerate(names):
        found = rosters.meaning(name, HEADS)
        filled = [row[number] for row in sample if number < len(row) and row[number] is not None]
        if found and (found in SEVERAL or found not in columns.values()) and _fits(found, filled):
            columns[name] = found
    first = [name for name, known in columns.items() if known == "received"]
    dates = [row[names.index(first[0])] for row in body if first and names.index(first[0]) < len(row)]
    made = Mapping(source, sheet, heading, columns, day_first=cells.day_first(dates))
    return with_values(made, rows, Known.now())


def with_values(said: Mapping, rows: Sequence[Row], known: Known) -> Mapping:
    """The mapping with a guess for every value that it says nothing of."""
    return msgspec.structs.replace(
        said,
        categories=_valued(said, rows, "category", said.categories, known.category),
        states=_valued(said, rows, "state", said.states, state),
        organisations=_valued(said, rows, "organisation", said.organisations, known.organisation),
    )


def values(said: Mapping, rows: Sequence[Row], field_name: str) -> list[str]:
    """What stands in the column of a field, each once."""
    names = headings(rows, said.heading)
    columns = sorted(names.index(name) for name in said.of(field_name) if name in names)
    return [name for column in columns[:1] for name in guessing.distinct(rows[said.heading :], column)]


def _valued(
    said: Mapping, rows: Sequence[Row], field_name: str, given: dict[str, str], find: Callable[[str], str]
) -> dict[str, str]:
    here = values(said, rows, field_name)
    guessed = ((name, find(name)) for name in here if name not in given)
    return {**given, **{name: code for name, code in guessed if code}}


def _fits(found: str, filled: Sequence[Cell]) -> bool:
    """Whether what stands below a heading can be what the heading says."""
    if found in TIMES:
        return not filled or _share(filled, _is_time) >= LEAST
    if found == "point":
        return bool(filled) and _share(filled, lambda cell: pair(cell) is not None) >= LEAST
    if found in ("words", "answer"):
        return not filled or _share(filled, _is_time) < LEAST
    return True


def _share(filled: Sequence[Cell], holds: Callable[[Cell], bool]) -> float:
    return sum(map(holds, filled)) / len(filled)


def _is_time(cell: Cell) -> bool:
    if isinstance(cell, str) and said_in(cell).isdigit():
        return False
    return any(_reads(cell, Times(day_first=first)) for first in (True, False))


def _reads(cell: Cell, times: Times) -> bool:
    try:
        times.read(cell)
    except (Unreadable, OverflowError):
        return False
    return True
