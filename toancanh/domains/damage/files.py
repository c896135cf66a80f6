"""A count as files for the province: a workbook, and a PDF set in a child process."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
from django.utils.translation import gettext as _

from toancanh.domains.damage.figures import NAMES, TITLES
from toancanh.domains.damage.queries import Board, Row
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import Refused
from toancanh.web import formats

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PDF = "application/pdf"
CHILD = "toancanh.domains.damage.child"
SECONDS = 30
_turn = threading.Semaphore(2)
"""Children at once."""


def workbook(board: Board) -> bytes:
    """One sheet: a line a commune, the totals last; words are text whatever they begin with."""
    import xlsxwriter  # slow import

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"constant_memory": True})
    bold, moment = book.add_format({"bold": True}), book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
    sheet = book.add_worksheet(_("Damage"))
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 12, 16)
    sheet.write_string(0, 0, board.count.title, bold)
    sheet.write_string(1, 0, told(board))
    heads = [_("Commune"), *(str(TITLES[name]) for name in NAMES)]
    heads += [_("Reported"), _("By"), _("Report"), _("Note")]
    for column, head in enumerate(heads):
        sheet.write_string(3, column, head, bold)
    for line, row in enumerate(board.rows, start=4):
        sheet.write_string(line, 0, row.name)
        _write(sheet, line, row.figures)
        if row.report is not None:
            local = row.report.at.astimezone(clock.VIETNAM).replace(tzinfo=None)
            sheet.write_datetime(line, 9, local, moment)
            sheet.write_string(line, 10, row.report.name)
            sheet.write_number(line, 11, row.report.number)
            sheet.write_string(line, 12, row.report.note)
        else:
            sheet.write_string(line, 9, _("not reported yet"))
    last = 4 + len(board.rows)
    sheet.write_string(last, 0, _("Total"), bold)
    _write(sheet, last, board.totals)
    sheet.freeze_panes(4, 1)
    book.close()
    return out.getvalue()


def _write(sheet: Worksheet, line: int, values: list[int | None]) -> None:
    for column, value in enumerate(values, start=1):
        if value is not None:
            sheet.write_number(line, column, value)


def told(board: Board) -> str:
    """How far the count has come, in a line."""
    facts = {"sent": board.sent, "asked": len(board.rows), "at": formats.moment(board.at, "vi")}
    text = _("%(sent)s of %(asked)s communes have reported, as of %(at)s") % facts
    return f"{_('EXERCISE')} – {text}" if board.count.is_exercise else text


def document(board: Board, office: Mapping[str, str], language: str) -> bytes:
    """Pages to be signed and sent; raises Refused where they cannot be set now."""
    said = {
        "language": language,
        "organisation": office["organisation"] or office["place"],
        "place": office["place"],
        "heading": _("QUICK REPORT ON DAMAGE"),
        "title": board.count.title,
        "mark": _("EXERCISE") if board.count.is_exercise else "",
        "told": told(board),
        "due": _("Asked at %(at)s, due at %(due)s.")
        % {
            "at": formats.moment(board.count.opened_at, language),
            "due": formats.moment(board.count.due_at, language),
        },
        "heads": [_("No."), _("Commune"), *(str(TITLES[name]) for name in NAMES), _("Reported")],
        "rows": [
            [str(number), row.name, *map(_figure, row.figures), _reported(row, language)]
            for number, row in enumerate(board.rows, start=1)
        ],
        "totals": ["", _("Total"), *map(_figure, board.totals), ""],
        "notes": [[row.name, row.report.note] for row in board.rows if row.report and row.report.note],
        "notes_title": _("Notes of the communes"),
        "waiting": _("Not reported yet: %(names)s.") % {"names": ", ".join(r.name for r in board.waiting)}
        if board.waiting
        else "",
        "signed": _("Signed by"),
        "page": _("Page"),
    }
    return _set(msgspec.json.encode(said))


def _figure(value: int | None) -> str:
    return "–" if value is None else formats.number(value, 0)


def _reported(row: Row, language: str) -> str:
    return formats.moment(row.report.at, language) if row.report else _("not yet")


def _set(said: bytes) -> bytes:
    with _turn:
        running = subprocess.Popen(
            [sys.executable, "-m", CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            made, _nothing = running.communicate(said, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            made = b""
        finally:
            running.kill()
            running.wait()
    if running.returncode or not made.startswith(b"%PDF"):
        told_so = _("The PDF could not be made just now; the Excel file holds the same figures.")
        raise Refused(told_so, "no_pdf")
    return made
