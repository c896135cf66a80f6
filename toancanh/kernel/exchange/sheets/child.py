"""The child process that opens a file: whatever a file does to its reader, it does not do to the centre.

Takes the bytes on its input and gives the cells as MessagePack on its output. Stands alone: no Django.
An argument says how many characters are kept of a cell, where it holds more than names, times and numbers.
"""

from __future__ import annotations

import csv
import io
import math
import re
import resource
import sys
import unicodedata
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import msgspec

from toancanh.kernel.exchange.sheets import text

MEMORY = 1_500_000_000
SECONDS = 60
"""Of the processor: what the largest honest file needs, ten times over."""
UNPACKED = 500_000_000
MAX_ROWS = 200_000
MAX_COLUMNS = 300
MAX_CELLS = 6_000_000
LONGEST = 300
"""Characters kept of a cell: no name, time or number is longer."""

# A formula whose result nobody has worked out yet: saved by a program, never opened by a person.
UNSOLVED = re.compile(rb"<f(?:\s[^>]*)?(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>")

LOCKED = "EncryptedPackage".encode("utf-16-le")

Cell = None | bool | int | float | str


class Fault(Exception):
    """Why the file is not read; the parent has the sentence for the code."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


def serve(read: Callable[[bytes], dict[str, Any]]) -> None:
    """Read one file within limits; the answer is a book or a fault."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    try:
        said = read(sys.stdin.buffer.read())
    except Fault as fault:
        said = {"fault": fault.code, "facts": fault.facts}
    except MemoryError:
        said = {"fault": "too_large", "facts": {}}
    sys.stdout.buffer.write(msgspec.msgpack.encode(said))


def book(content: bytes) -> dict[str, Any]:
    """The sheets of a file, told apart by its content, never by its name."""
    if not content.strip():
        raise Fault("empty")
    if content.startswith(b"PK\x03\x04"):
        found = workbook(content, unpacked(content))
    elif content.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        found = workbook(content, 0)
    else:
        found = table(content)
    if not any(sheet["rows"] for sheet in found["sheets"]):
        raise Fault("empty")
    if (count := sum(len(sheet["rows"]) for sheet in found["sheets"])) > MAX_ROWS + 100:
        raise Fault("too_many_rows", count=count)
    return found


def table(content: bytes) -> dict[str, Any]:
    """A text table."""
    head = content[:2000].lower().replace(b"\0", b"")
    if b"<html" in head or b"<table" in head or b"<?xml" in head:
        raise Fault("markup")
    try:
        said, encoding = text.decode(content)
        cells, between = text.rows(said, max(LONGEST, text.LONGEST))
    except text.NoText as fault:
        raise Fault("no_table") from fault
    except csv.Error as fault:
        raise Fault("bad_csv", fault=str(fault)) from fault
    strange = sum(1 for letter in said[:4000] if letter < " " and letter not in "\t\r\n\f\v")
    if strange > 8:
        raise Fault("no_table")
    return {"kind": "csv", "encoding": encoding, "between": between, "sheets": [sheet("", cells)]}


def unpacked(content: bytes) -> int:
    """How many formulas have no result; refuses an archive that unpacks to more than a sheet needs."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if sum(part.file_size for part in parts) > UNPACKED or len(parts) > 5_000:
                raise Fault("too_large")
            names = {part.filename for part in parts}
            if not names & {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}:
                raise Fault("no_sheets")
            return sum(
                len(UNSOLVED.findall(archive.read(part)))
                for part in parts
                if part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml")
            )
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, ValueError) as fault:
        raise Fault("damaged") from fault


def workbook(content: bytes, unsolved: int) -> dict[str, Any]:
    """A workbook of Excel or LibreOffice."""
    import python_calamine as calamine  # a child that reads text does without

    found = []
    try:
        opened = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        for name in opened.sheet_names:
            one = opened.get_sheet_by_name(name)
            if one.total_height * one.total_width > MAX_CELLS:
                raise Fault("too_large")
            found.append(sheet(name, one.to_python(skip_empty_area=False)))
    except calamine.PasswordError as fault:
        raise Fault("password") from fault
    except (calamine.CalamineError, ValueError, OSError) as fault:
        raise Fault("password" if LOCKED in content else "damaged") from fault
    return {"kind": "workbook", "unsolved": unsolved, "sheets": found}


def sheet(name: str, rows: list[list[Any]]) -> dict[str, Any]:
    """A sheet with plain cells, without the empty ones at its end and at the end of its rows."""
    plain = []
    for row in rows:
        cells = [cell(value) for value in row]
        while cells and cells[-1] is None:
            cells.pop()
        if len(cells) > MAX_COLUMNS:
            raise Fault("too_wide", count=len(cells))
        plain.append(cells)
    while plain and not plain[-1]:
        plain.pop()
    return {"name": name[:100], "rows": plain}


def cell(value: object) -> Cell:
    """What a cell holds, as MessagePack can hold it: times as ISO 8601, letters composed."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value.strip()[:LONGEST]) or None
    if isinstance(value, bool | int):
        return value if -(2**63) <= value < 2**63 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, datetime):
        return _rounded(value).isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return None


def _rounded(value: datetime) -> datetime:
    """A workbook counts days as a fraction: 07:00 may come as 06:59:59.999997."""
    near = value + timedelta(microseconds=500)
    return near.replace(microsecond=near.microsecond // 1000 * 1000)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        LONGEST = int(sys.argv[1])
    serve(book)
