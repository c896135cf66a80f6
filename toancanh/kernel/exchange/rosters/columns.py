"""Which column of a list means what, by its heading in Vietnamese or English, also a merged one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

import msgspec

from toancanh.kernel.exchange.sheets.child import Cell
from toancanh.kernel.exchange.sheets.reading import Row
from toancanh.kernel.exchange.sheets.text import TCVN3, VIETNAMESE
from toancanh.lib.fold import fold

WITHIN = 20
"""Rows from the top in which headings are looked for: titles of offices stand above."""
HEADS: Mapping[str, tuple[str, ...]] = {
    "unit": ("xa phuong", "phuong xa", "xa", "phuong", "ten xa", "ten phuong", "don vi", "don vi hanh chinh",
             "dia phuong", "ubnd", "commune", "ward"),
    "district": ("huyen", "quan huyen", "huyen cu", "quan", "thi xa", "huyen thi xa", "district"),
    "place": ("thon", "to dan pho", "tdp", "ten thon", "khu dan cu", "to", "ban", "lang", "khom", "ap",
              "khu pho", "village", "neighbourhood", "dia ban"),
    "name": ("ho va ten", "ho ten", "ho va ten dem", "ho dem", "ho", "ten", "full name", "name"),
    "post": ("chuc vu", "chuc danh", "nhiem vu", "vi tri", "post", "position"),
    "phone": ("so dien thoai", "dien thoai", "sdt", "so dt", "dt", "di dong", "co dinh", "so di dong",
              "telephone", "phone", "mobile", "lien he"),
    "email": ("email", "e mail", "thu dien tu", "hop thu", "dia chi email"),
    "zalo": ("zalo id", "ma zalo", "zalo"),
    "language": ("ngon ngu", "language"),
    "ground": ("can cu", "legal basis", "quyet dinh", "so quyet dinh"),
    "exercises": ("dien tap", "exercises"),
    "since": ("tu ngay", "giu chuc vu tu ngay", "in the post since", "ngay bo nhiem", "ngay bat dau",
              "ngay nhan nhiem vu", "nhiem ky tu"),
}  # fmt: skip
FIELDS = tuple(HEADS)
SEVERAL = ("name", "phone", "email")
"""Fields that may stand in several columns: family and given name, mobile and landline."""
_ordinal = re.compile(r"\(?(?:\d{1,3}|[ivx]{1,5}|[a-z])\)?[.):]?", re.IGNORECASE)


class Reading(msgspec.Struct, frozen=True):
    """How a list is read."""

    sheet: str = ""
    heading: int = 0
    """Row of people's counting in which the headings end."""
    columns: dict[int, str] = {}
    titles: dict[int, str] = {}
    """What stands above each column."""

    def of(self, field: str) -> list[int]:
        """Columns of a field from left to right."""
        return sorted(column for column, known in self.columns.items() if known == field)


def recognised(rows: Sequence[Row], sheet: str = "", heading: int = 0) -> Reading:
    """What the list most likely means; ``heading`` where a person has said in which row headings end."""
    if heading:
        first = last = heading - 1
        if heading > 1 and _score(rows[heading - 2] if heading - 2 < len(rows) else []) >= 2:
            first = heading - 2
    else:
        scores = [_score(row) for row in rows[:WITHIN]]
        first = scores.index(max(scores)) if scores and max(scores) >= 2 else 0
        last = first + _has_second(rows, first)
    titles = _titles(rows, first, last)
    columns: dict[int, str] = {}
    for column, title in sorted(titles.items()):
        field = meaning(title)
        if field and (field in SEVERAL or field not in columns.values()):
            columns[column] = field
    _beside(rows, last, columns, titles)
    return Reading(sheet, last + 1, columns, titles)


def meaning(title: str, heads: Mapping[str, tuple[str, ...]] = HEADS) -> str:
    """The field that a heading means, by the words of ``heads``; empty for none."""
    folded = fold(title)
    best = ("", 0)
    for field, words in heads.items():
        for word in words:
            fits = (
                folded == word
                or folded.startswith(f"{word} ")
                or (len(word) > 4 and f" {word}" in f" {folded}")
            )
            if fits and len(word) + 100 * (folded == word) > best[1]:
                best = (field, len(word) + 100 * (folded == word))
    return best[0]


def _score(row: Row) -> int:
    return len(
        {field for cell in row if isinstance(cell, str) and len(cell) < 60 and (field := meaning(cell))}
    )


def _has_second(rows: Sequence[Row], first: int) -> bool:
    """Whether the row below belongs to the headings: words below a merged one, and nothing like a person."""
    if first + 1 >= len(rows):
        return False
    below, above = rows[first + 1], rows[first]
    words = [(n, cell) for n, cell in enumerate(below) if cell is not None]
    if not words or any(not isinstance(cell, str) or sum(map(str.isdigit, cell)) > 3 for _n, cell in words):
        return False
    known = sum(bool(meaning(str(cell))) for _n, cell in words)
    # Below a heading of its own stands a person; below a merged one its parts.
    under_own = sum(n < len(above) and above[n] is not None for n, _cell in words)
    return known * 2 >= len(words) and under_own <= known and len(words) <= 1 + len(above) // 2 + 1


def _titles(rows: Sequence[Row], first: int, last: int) -> dict[int, str]:
    found: dict[int, str] = {}
    if first >= len(rows):
        return found
    upper = ""
    width = max(len(rows[first]), len(rows[last]) if last < len(rows) else 0)
    for column in range(width):
        own = _cell(rows[first], column)
        upper = str(own) if own is not None else upper
        below = _cell(rows[last], column) if last > first else None
        if below is not None:
            found[column] = f"{upper} {below}".strip()
        elif own is not None:
            found[column] = str(own)
    return found


def _beside(rows: Sequence[Row], last: int, columns: dict[int, str], titles: dict[int, str]) -> None:
    """A column with cells but no heading right of a name or number is the other half of a merged one."""
    body = rows[last + 1 : last + 40]
    for column in sorted(columns):
        right = column + 1
        if columns[column] in ("name", "phone") and right not in titles:
            filled = [cell for row in body if (cell := _cell(row, right)) is not None]
            if len(filled) * 2 > len([row for row in body if _cell(row, column) is not None]):
                columns[right] = columns[column]
                titles[right] = titles[column]


def _cell(row: Row, column: int) -> Cell:
    return row[column] if column < len(row) else None


def is_numbering(row: Row) -> bool:
    """Whether it is the row that numbers the columns: (1) (2) (3), A B 1 2."""
    cells = [str(cell).removesuffix(".0") for cell in row if cell is not None]
    return len(cells) >= 3 and all(_ordinal.fullmatch(cell) for cell in cells)


def is_ordinal(cell: Cell) -> bool:
    """Whether a cell only counts: 1, I, a)."""
    return cell is None or bool(_ordinal.fullmatch(str(cell).strip().removesuffix(".0")))


def repaired(rows: Sequence[Row]) -> tuple[list[Row], bool]:
    """The rows, and whether they were TCVN3 (fonts like .VnTime) kept as Latin letters in a workbook."""
    texts = (cell for row in rows for cell in row if isinstance(cell, str))
    strange = {letter for text in texts for letter in text if letter > "\x7f"}
    is_old = (
        bool(strange - VIETNAMESE)
        and all(ord(letter) in TCVN3 or letter in "\xa0°²³×" for letter in strange)
    )  # fmt: skip
    if not is_old:
        return list(rows), False
    table = dict(TCVN3)
    return [
        [
            unicodedata.normalize("NFC", cell.translate(table)) if isinstance(cell, str) else cell
            for cell in row
        ]
        for row in rows
    ], True
