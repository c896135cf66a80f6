"""Opens a file of readings in a child process, within limits, and says in a sentence why one is not read."""

from __future__ import annotations

import subprocess
import sys
import threading
import zlib
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from toancanh.kernel.exchange.sheets.child import MAX_COLUMNS, MAX_ROWS, Cell
from toancanh.lib.errors import Refused
from toancanh.web.formats import number

CHILD = "toancanh.kernel.exchange.sheets.child"
MAX_BYTES = 20 * 1024 * 1024
SECONDS = 60
_turn = threading.Semaphore(2)
"""Children at once: each may take its share of memory."""

Row = list[Cell]


class Sheet(msgspec.Struct, frozen=True):
    """One sheet; row 1 of people is ``rows[0]``."""

    name: str
    rows: list[Row]


class Book(msgspec.Struct, frozen=True):
    """What a file held: cells as they are, times as ISO 8601, empty ones None."""

    sheets: list[Sheet]
    kind: str = "csv"
    encoding: str = ""
    between: str = ""
    unsolved: int = 0
    """Formulas without a result."""

    def sheet(self, name: str) -> Sheet:
        """The sheet of that name; unless named the one with most rows."""
        found = next((one for one in self.sheets if one.name == name), None) if name else None
        if name and found is None:
            told = _("The file has no sheet named %(name)s; it has: %(names)s.")
            names = ", ".join(one.name for one in self.sheets)
            raise Refused(told % {"name": name, "names": names}, "no_sheet")
        return found or max(self.sheets, key=lambda one: len(one.rows))


_read_book = msgspec.msgpack.Decoder(Book)


def packed(book: Book) -> bytes:
    """The book as it is kept with an import."""
    return zlib.compress(msgspec.msgpack.encode(book), 3)


def unpacked(content: bytes) -> Book:
    """What `packed` gave."""
    return _read_book.decode(zlib.decompress(content))


class Unread(Refused):
    """The child could not make a table of it; the message says what to do."""

    def __init__(self, code: str, facts: dict[str, Any]) -> None:
        super().__init__(sentence(code, facts), code)
        self.facts = facts


def read(content: bytes, child: str = CHILD, *said: str) -> Book:
    """The sheets of a .csv, .xlsx, .xls or .ods file, or what another ``child`` opens; raises Unread."""
    if len(content) > MAX_BYTES:
        raise Unread("too_large", {})
    command = [sys.executable, "-m", child, *said]
    with _turn:
        running = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        try:
            told, _nothing = running.communicate(content, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            told = b""
        finally:
            running.kill()
            running.wait()
    if running.returncode or not told:
        raise Unread("too_large", {})
    answer: dict[str, Any] = msgspec.msgpack.decode(told)
    if "fault" in answer:
        raise Unread(answer["fault"], answer["facts"])
    return msgspec.convert(answer, Book)


def sentence(code: str, facts: dict[str, Any]) -> str:
    """Why a file is not read and what to do."""
    limits = {"rows": number(MAX_ROWS, 0), "columns": MAX_COLUMNS, "size": MAX_BYTES // 1_048_576}
    count = number(facts.get("count", 0), 0)
    told = {
        "empty": _("The file holds nothing. Choose the file with the readings."),
        "too_large": _(
            "The file is too large to be read: at most %(size)s MB, %(rows)s rows and %(columns)s columns. "
            "Split it, for instance by month, or delete sheets that are not needed."
        )
        % limits,
        "too_many_rows": _("The file holds %(count)s rows; at most %(rows)s are read at once. Split it.")
        % {**limits, "count": count},
        "too_wide": _("A row holds %(count)s cells; at most %(columns)s are read. Delete the empty columns.")
        % {**limits, "count": count},
        "no_table": _("This is no table. Files are read as .csv, .xlsx, .xls or .ods."),
        "no_sheets": _("This is no workbook. Files are read as .csv, .xlsx, .xls or .ods."),
        "markup": _(
            "This is a web page, though its name may end in .xls. Open it in Excel and save it as .xlsx."
        ),
        "bad_csv": _("The table cannot be read: %(fault)s. Is a quotation mark left open?")
        % {"fault": facts.get("fault", "")},
        "damaged": _("The workbook is damaged. Open it in Excel or LibreOffice and save it anew."),
        "bad_json": _("The answer begins as JSON and cannot be read: %(fault)s")
        % {"fault": facts.get("fault", "")},
        "no_records": _(
            "The answer holds no list of records. Check the address, or try when it has readings."
        ),
        "no_path": _("The answer has no list %(path)s any more.") % {"path": facts.get("path", "")},
        "uneven": _("Lists that belong side by side differ in length: %(counts)s.")
        % {"counts": facts.get("counts", "")},
        "password": _("The workbook is locked by a password. Save a copy without one."),
    }
    return told[code]
