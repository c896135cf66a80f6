"""A first idea of what the columns of a table mean, for a person to look at; nothing is taken in by it."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence

from toancanh.kernel.exchange.sheets import cells
from toancanh.kernel.exchange.sheets.cells import Times, Unreadable
from toancanh.kernel.exchange.sheets.child import Cell
from toancanh.kernel.exchange.sheets.mapping import Mapping, Row, headings
from toancanh.kernel.exchange.sheets.naming import Known
from toancanh.lib.fold import fold

LOOKED_AT = 60
"""Rows of a table from which its columns are judged."""
HEADINGS_WITHIN = 15
MOST_NAMES = 300
"""Different names of a column that are looked up."""

TIME = (
    "thoi gian",
    "thoi diem",
    "time",
    "timestamp",
    "ngay gio",
    "ngay",
    "date",
    "datetime",
    "date obs",
    "gio",
)
CLOCK = ("gio", "hour", "time", "gio do")
THING = (
    "tram",
    "ma tram",
    "ten tram",
    "station",
    "code station",
    "thing",
    "thiet bi",
    "device",
    "site",
    "diem do",
)
SERIES = (
    "yeu to",
    "dai luong",
    "thong so",
    "chuoi so lieu",
    "series",
    "parameter",
    "variable",
    "grandeur hydro",
)
VALUE = ("gia tri", "tri so", "so lieu", "ket qua", "value", "result", "resultat obs", "val")


def guess(rows: Sequence[Row], known: Known, sheet: str = "", heading: int | None = None) -> Mapping:
    """The mapping that a table most likely asks for; what cannot be guessed is left open."""
    heading = heading_row(rows) if heading is None else heading
    names = headings(rows, heading)
    sample = [row for row in rows[heading : heading + LOOKED_AT] if any(cell is not None for cell in row)]
    columns = {name: [_at(row, number) for row in sample] for number, name in enumerate(names)}
    time = _time_column(columns)
    first = cells.day_first(columns.get(time, []))
    said: dict[str, object] = {"sheet": sheet, "heading": heading, "time": time, "day_first": first}
    clock = _clock_column(columns, time, first)
    said["clock"] = clock
    rest = [name for name in names if name not in (time, clock)]
    # Names may stand anywhere below, not only where the sample ends.
    whole = {name: distinct(rows[heading:], number) for number, name in enumerate(names) if name in rest}
    thing = _named_column(rest, whole, known.thing, THING)
    series = _named_column([n for n in rest if n != thing], whole, known.series, SERIES)
    said["thing"] = thing
    # A heading that says so needs fewer numbers below it: faulty cells are what previews are for.
    told = {name for name in rest if known.series(name) or _hint(name, VALUE) is not None}
    share = {name: _numbers(columns[name]) for name in rest if name not in (thing, series)}
    numbers = [name for name, part in share.items() if part >= 0.6 or (part > 0 and name in told)]
    hinted = [name for name in numbers if _hint(name, VALUE) is not None]
    if series:
        said["series"] = series
        said["names"] = {n: code for n in whole[series] if (code := known.series(n)) and code != n}
    if thing:
        what = {target for name in numbers if (target := known.series(name))}
        measuring = what.pop() if len(what) == 1 and not series else known.only_series
        called = {name: known.thing(name, measuring) for name in whole[thing] if name not in known.things}
        said["things"] = {name: code for name, code in called.items() if code}
    wide = (
        {} if series else {name: target for name in numbers if (target := _target(known, name, bool(thing)))}
    )
    if not series and (len(wide) > 1 or (wide and len(numbers) > 1 and not hinted)):
        return Mapping(form="wide", columns=wide, **said)  # type: ignore[arg-type]
    said["value"] = hinted[0] if hinted else next(iter(wide), numbers[0] if numbers else "")
    if not series:
        said["fixed_series"] = wide.get(str(said["value"]), "").rpartition("/")[2] or known.only_series
    if not thing and len(known.things) == 1:
        said["fixed_thing"] = next(iter(known.things))
    elif not thing:
        said["fixed_thing"] = wide.get(str(said["value"]), "").rpartition("/")[0]
    return Mapping(**said)  # type: ignore[arg-type]


def heading_row(rows: Sequence[Row]) -> int:
    """Which row holds the headings: the last one with words only before the first one with a time."""
    for number, row in enumerate(rows[:HEADINGS_WITHIN]):
        if any(_is_time(cell) for cell in row):
            words = [index for index in range(number) if any(isinstance(cell, str) for cell in rows[index])]
            return words[-1] + 1 if words else 0
    return 1


def _target(known: Known, name: str, has_thing: bool) -> str:
    return known.series(name) if has_thing else (known.target(name) or known.series(name))


def _at(row: Row, column: int) -> Cell:
    return row[column] if column < len(row) else None


def distinct(rows: Sequence[Row], column: int) -> list[str]:
    """What stands in a column, each once, as names are read; the first few hundred."""
    found: dict[str, None] = {}
    for row in rows:
        cell = _at(row, column)
        if isinstance(cell, float) and cell.is_integer():
            cell = int(cell)
        if cell is not None:
            found[" ".join(str(cell).split())] = None
            if len(found) > MOST_NAMES:
                break
    return list(found)


def _hint(name: str, words: Sequence[str]) -> int | None:
    """How well a heading fits: the place of the word it is or begins with."""
    folded = fold(name.rpartition(".")[2])
    for number, word in enumerate(words):
        if folded == word or folded.startswith(f"{word} "):
            return number
    return None


def _is_time(cell: Cell) -> bool:
    """A written time; numbers may be anything."""
    if not isinstance(cell, str) or cell.isdigit():
        return False
    return any(_reads([cell], Times(day_first=day_first)) for day_first in (True, False))


def _reads(values: Sequence[Cell], times: Times) -> float:
    """Share of the cells that can be read as times."""
    filled = [value for value in values if value is not None]
    good = 0
    for value in filled:
        try:
            times.read(value)
            good += 1
        except (Unreadable, OverflowError):
            pass
    return good / len(filled) if filled else 0.0


def _time_column(columns: MappingOf[str, list[Cell]]) -> str:
    best: tuple[float, int] = (0.0, 0)
    chosen = ""
    for number, (name, values) in enumerate(columns.items()):
        hint = _hint(name, TIME)
        written = any(isinstance(value, str) and not value.isdigit() for value in values)
        if not written and hint is None:
            continue
        share = _reads(values, Times(day_first=cells.day_first(values)))
        score = (share + (0.5 - hint / 100 if hint is not None else 0.0), -number)
        if share >= 0.6 and score > best:
            best, chosen = score, name
    return chosen


def _clock_column(columns: MappingOf[str, Sequence[Cell]], time: str, day_first: bool) -> str:
    """The column of the hour, where the other says days alone."""
    if not time:
        return ""
    times = Times(day_first=day_first)
    for value in columns[time]:
        try:
            if value is not None and not cells.is_date(times.read(value).astimezone(times.zone)):
                return ""
        except (Unreadable, OverflowError):
            continue
    for name, values in columns.items():
        filled = [value for value in values if value is not None]
        if name == time or _hint(name, CLOCK) is None or not filled:
            continue
        if all(_is_clock(value) for value in filled):
            return name
    return ""


def _is_clock(value: Cell) -> bool:
    try:
        return cells.of_day(value) is not None
    except Unreadable:
        return False


def _numbers(values: Sequence[Cell]) -> float:
    """Share of the cells that hold a number, of those that hold something."""
    filled = 0
    good = 0
    for value in values:
        try:
            found = cells.number(value)
        except Unreadable:
            filled += 1
        else:
            filled += found is not None
            good += found is not None
    return good / filled if filled else 0.0


def _named_column(
    names: Sequence[str],
    whole: MappingOf[str, Sequence[str]],
    find: object,
    hints: Sequence[str],
) -> str:
    """The column whose cells are names that are known, else one whose heading says so."""
    assert callable(find)
    best, chosen = 0.0, ""
    for name in names:
        said = whole[name][:LOOKED_AT]
        hits = sum(1 for one in said if find(one)) / len(said) if said else 0.0
        hint = _hint(name, hints)
        score = hits + (0.3 if hint is not None and said else 0.0)
        if score > best and (hits >= 0.5 or hint is not None):
            best, chosen = score, name
    return chosen
