"""Letters as a file for whoever mends their cause: text or number in every cell, the reason beside it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from datetime import datetime

from django.http import HttpResponse
from django.utils.translation import gettext as _

from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.devices import words
from toancanh.kernel.telemetry.models import Letter

SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Cell = str | float | datetime | None


def heads() -> list[str]:
    """What stands above the columns."""
    return [
        _("Came at"),
        _("Reason"),
        _("Source"),
        _("Way"),
        _("Station"),
        _("Quantity"),
        _("Time of measurement"),
        _("Value"),
        _("As it came"),
        _("Fault"),
        _("Taken in at"),
    ]


def cells(letter: Letter) -> list[Cell]:
    """A letter as a row; times as the clock in Viet Nam shows them."""
    return [
        local(letter.at),
        words.reason(letter.code),
        letter.source,
        words.door(letter.door),
        letter.thing,
        letter.series,
        _measured(letter.time_us),
        letter.value,
        letter.raw,
        letter.fault,
        local(letter.settled_at) if letter.settled_at else "",
    ]


def as_csv(letters: Iterable[Letter]) -> HttpResponse:
    """Comma-separated, with the mark by which Excel knows UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(heads())
    for letter in letters:
        writer.writerow([_plain(cell) for cell in cells(letter)])
    headers = {"Content-Disposition": 'attachment; filename="ban-tin-bi-tu-choi.csv"'}
    return HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def as_xlsx(letters: Iterable[Letter]) -> HttpResponse:
    """A workbook; codes as text so that zeros stay."""
    import xlsxwriter  # slow import

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"constant_memory": True, "strings_to_formulas": False})
    bold, moment = book.add_format({"bold": True}), book.add_format({"num_format": "dd/mm/yyyy hh:mm:ss"})
    sheet = book.add_worksheet()
    sheet.set_column(0, 10, 20)
    for column, head in enumerate(heads()):
        sheet.write_string(0, column, head, bold)
    for line, letter in enumerate(letters, start=1):
        for column, cell in enumerate(cells(letter)):
            if isinstance(cell, datetime):
                sheet.write_datetime(line, column, cell, moment)
            elif isinstance(cell, float):
                sheet.write_number(line, column, cell)
            else:
                sheet.write_string(line, column, cell or "")
    sheet.freeze_panes(1, 0)
    book.close()
    headers = {"Content-Disposition": 'attachment; filename="ban-tin-bi-tu-choi.xlsx"'}
    return HttpResponse(out.getvalue(), content_type=SHEET, headers=headers)


FORMS: dict[str, Callable[[Iterable[Letter]], HttpResponse]] = {"xlsx": as_xlsx, "csv": as_csv}


def local(moment: datetime) -> datetime:
    """The time in Viet Nam, as spreadsheets hold times: without a zone."""
    return moment.astimezone(clock.VIETNAM).replace(tzinfo=None, microsecond=0)


def _measured(us: int | None) -> Cell:
    """The time of measurement; as a number where a spreadsheet can't show it: before 1970, after 9999."""
    if us is None:
        return ""
    return local(clock.from_us(us)) if 0 <= us < 253_370_764_800_000_000 else str(us)


def _plain(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return f"{cell:%d/%m/%Y %H:%M:%S}"
    text = "" if cell is None else str(cell)
    # A spreadsheet would run what a stranger sent as a formula.
    return f"'{text}" if isinstance(cell, str) and text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
