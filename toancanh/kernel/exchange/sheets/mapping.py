"""What the columns of a table mean, and how its rows become observations. Tables of feeds are read alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
from django.utils.translation import gettext as _

from toancanh.kernel.exchange.sheets import cells
from toancanh.kernel.exchange.sheets.cells import Times, Unreadable
from toancanh.kernel.exchange.sheets.child import Cell
from toancanh.lib.errors import Refused

Row = Sequence[Cell]


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Columns by their heading (``#3`` for the third where it has none).

    *Long*: a row holds one value. *Wide*: a row holds a value in each column of ``columns``, which says the
    series it belongs to as ``thing/series``, or as ``series`` where the row or the mapping says the thing.
    """

    form: Literal["long", "wide"] = "long"
    sheet: str = ""
    heading: int = 1
    """Row of the headings, counted from 1; 0 where there is none."""
    time: str = ""
    clock: str = ""
    """Column of the hour, where date and hour stand apart."""
    thing: str = ""
    fixed_thing: str = ""
    series: str = ""
    fixed_series: str = ""
    value: str = ""
    columns: dict[str, str] = {}
    things: dict[str, str] = {}
    """What the file calls a thing, to its code here."""
    names: dict[str, str] = {}
    """What the file calls a series, to its name here."""
    zone: str = "Asia/Ho_Chi_Minh"
    day_first: bool = True
    decimal: Literal["", ",", "."] = ""
    scale: float = 1.0
    """By what values are multiplied: 0.001 where the file has mm and the series m."""

    @property
    def needed(self) -> list[str]:
        """Headings that a table must have."""
        used = [self.time, self.clock, self.thing]
        used += [self.series, self.value] if self.form == "long" else list(self.columns)
        return [name for name in dict.fromkeys(used) if name]


@dataclass(slots=True)
class Observed:
    """One observation of a table, as the ingest takes it; ``row`` is the number that people see."""

    row: int
    column: str
    thing: str
    series: str
    time: datetime
    value: float
    correction: bool = False
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Faulty:
    """A cell that is none; ``text`` is what stands there."""

    row: int
    column: str
    code: str
    text: str
    thing: str = ""
    series: str = ""


Found = Observed | Faulty


def headings(rows: Sequence[Row], heading: int) -> list[str]:
    """Names of the columns: their headings, ``#n`` where one is missing or stands twice."""
    head = rows[heading - 1] if 0 < heading <= len(rows) else []
    width = max((len(row) for row in rows), default=0)
    names: list[str] = []
    for column in range(width):
        said = head[column] if column < len(head) else None
        name = " ".join(str(said).split()) if said is not None else ""
        names.append(name if name and name not in names else f"#{column + 1}")
    return names


def check(mapping: Mapping, names: Sequence[str] | None = None) -> None:
    """Raise Refused unless the mapping says all that is needed, about columns that are there."""
    if not mapping.time:
        raise Refused(_("Say which column holds the time."), "no_time")
    if mapping.form == "long":
        if not mapping.value:
            raise Refused(_("Say which column holds the values."), "no_value")
        if not (mapping.series or mapping.fixed_series):
            raise Refused(
                _("Say what is measured: a column, or one quantity for the whole table."), "no_series"
            )
        if not (mapping.thing or mapping.fixed_thing):
            raise Refused(_("Say which station: a column, or one station for the whole table."), "no_thing")
    else:
        if not mapping.columns:
            raise Refused(_("Say for at least one column what it measures."), "no_value")
        bare = [name for name, target in mapping.columns.items() if "/" not in target]
        if bare and not (mapping.thing or mapping.fixed_thing):
            raise Refused(_("Say which station: a column, or one station for the whole table."), "no_thing")
    try:
        ZoneInfo(mapping.zone)
    except (KeyError, ValueError, OSError) as fault:
        told = _("There is no time zone %(zone)s; write one like Asia/Ho_Chi_Minh or UTC.")
        raise Refused(told % {"zone": mapping.zone}, "bad_zone") from fault
    if not (1e-9 <= abs(mapping.scale) <= 1e9):
        raise Refused(_("Values are multiplied by a number other than 0."), "bad_scale")
    missing = [name for name in mapping.needed if names is not None and name not in names]
    if missing:
        told = _("The table has no column %(missing)s; it has: %(names)s.")
        shown = ", ".join(list(names or [])[:30])
        raise Refused(told % {"missing": ", ".join(missing[:10]), "names": shown}, "no_column")


def observations(mapping: Mapping, rows: Sequence[Row], *, correction: bool = False) -> Iterator[Found]:
    """Every observation of a table in its order, and every cell that should be one; empty cells are none."""
    names = headings(rows, mapping.heading)
    check(mapping, names)
    at = {name: number for number, name in enumerate(names)}
    table = _Table(mapping, at, correction)
    for number, row in enumerate(rows[mapping.heading :], start=mapping.heading + 1):
        if any(cell is not None for cell in row):
            yield from table.read(number, row)


class _Table:
    def __init__(self, mapping: Mapping, at: dict[str, int], correction: bool) -> None:
        self.mapping = mapping
        self.times = Times(mapping.zone, day_first=mapping.day_first)
        self.correction = correction
        self.at = at
        if mapping.form == "long":
            self.columns = [(mapping.value, "")]
        else:
            self.columns = [(name, target) for name, target in mapping.columns.items() if target]

    def cell(self, row: Row, name: str) -> Cell:
        column = self.at[name]
        return row[column] if column < len(row) else None

    def read(self, number: int, row: Row) -> Iterator[Found]:
        mapping = self.mapping
        measured = [(name, target, value) for name, target, value in self.values(row) if value is not None]
        if not measured:
            return
        thing = self.called(row, mapping.thing, mapping.fixed_thing, mapping.things)
        try:
            time = self.time(row)
        except (Unreadable, OverflowError) as fault:
            code = fault.code if isinstance(fault, Unreadable) else "bad_time"
            yield Faulty(number, mapping.time, code, _shown(self.cell(row, mapping.time)), thing)
            return
        for name, target, value in measured:
            whose, of, series = target.rpartition("/")
            whose = whose if of else thing
            if mapping.form == "long":
                series = self.called(row, mapping.series, mapping.fixed_series, mapping.names)
            if not whose or not series:
                column = mapping.series if whose else mapping.thing
                yield Faulty(number, column, "no_series" if whose else "no_thing", "", whose, series)
            elif isinstance(value, Unreadable):
                yield Faulty(number, name, value.code, _shown(self.cell(row, name)), whose, series)
            else:
                # 12 figures: 5430 mm are 5.43 m, not 5.430000000000001.
                scaled = float(f"{value * mapping.scale:.12g}") if mapping.scale != 1 else value
                yield Observed(number, name, whose, series, time, scaled, self.correction)

    def values(self, row: Row) -> Iterator[tuple[str, str, float | Unreadable | None]]:
        for name, target in self.columns:
            try:
                yield name, target, cells.number(self.cell(row, name), self.mapping.decimal)
            except Unreadable as fault:
                yield name, target, fault

    def time(self, row: Row) -> datetime:
        clock = self.cell(row, self.mapping.clock) if self.mapping.clock else None
        if self.mapping.clock and clock is None:
            raise Unreadable("no_time")
        return self.times.read(self.cell(row, self.mapping.time), clock)

    def called(self, row: Row, name: str, fixed: str, known: dict[str, str]) -> str:
        """What the row, else the mapping, names."""
        if not name:
            return fixed
        said = _shown(self.cell(row, name))
        return known.get(said, said)


def _shown(cell: Cell) -> str:
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        # A workbook has no whole numbers: the code 19774 comes as 19774.0.
        return str(int(cell))
    return "" if cell is None else " ".join(str(cell).split())
