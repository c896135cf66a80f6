"""Cells of a table of reports: texts as they were written, and points on the map."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from toancanh.kernel.exchange.sheets import cells
from toancanh.kernel.exchange.sheets.cells import Unreadable
from toancanh.kernel.exchange.sheets.child import Cell
from toancanh.kernel.exchange.sheets.mapping import Row
from toancanh.lib.errors import Refused

_pair = re.compile(r"\(?\s*(-?\d{1,3}(?:\.\d+)?)\s*[,; ]\s*(-?\d{1,3}(?:\.\d+)?)\s*\)?")


def said_in(cell: Cell) -> str:
    """A cell as people see it in their own program; line breaks stay."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        # A workbook has no whole numbers: the code 19774 comes as 19774.0.
        return str(int(cell))
    return "" if cell is None else str(cell).strip()


class Columns:
    """Which columns of a table fill which field."""

    def __init__(self, at: Mapping[str, Sequence[int]]) -> None:
        self.at = at

    def text(self, row: Row, name: str, between: str = " ") -> str:
        """What the columns of a field say; the same text twice is said once."""
        found = [said_in(row[n]) for n in self.at[name] if n < len(row)]
        return between.join(dict.fromkeys(filter(None, found)))

    def cell(self, row: Row, name: str) -> Cell:
        """What stands in the first column of a field."""
        columns = [n for n in self.at[name] if n < len(row)]
        return row[columns[0]] if columns else None


def pair(cell: Cell) -> tuple[float, float] | None:
    """Latitude and longitude in one cell, as maps write them; None where it is none."""
    found = _pair.fullmatch(cell.strip()) if isinstance(cell, str) else None
    return (float(found[1]), float(found[2])) if found else None


def degrees(cell: Cell) -> float | None:
    """A latitude or longitude; None where nothing stands. Raises Refused with a stable code."""
    try:
        return cells.number(cell)
    except Unreadable as fault:
        raise Refused(fault.code, "bad_place") from fault
