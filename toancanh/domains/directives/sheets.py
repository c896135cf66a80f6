"""Lists of this domain as workbooks: every cell text, so that codes and dates stay what they are."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

from toancanh.kernel.runtime import clock

SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WIDTH = 22


def answer(name: str, sheets: Sequence[tuple[str, Sequence[str], Iterable[Sequence[str]]]]) -> HttpResponse:
    """A workbook with these sheets: title, heads, rows. ``name`` begins the file's name."""
    import xlsxwriter  # slow import

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"constant_memory": True, "strings_to_formulas": False})
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    for title, heads, rows in sheets:
        sheet = book.add_worksheet(title[:31])
        sheet.set_column(0, max(0, len(heads) - 1), WIDTH)
        for column, head in enumerate(heads):
            sheet.write_string(0, column, head, bold)
        for line, cells in enumerate(rows, start=1):
            for column, cell in enumerate(cells):
                sheet.write_string(line, column, cell)
        sheet.freeze_panes(1, 1)
    book.close()
    stamp = f"{clock.now().astimezone(clock.VIETNAM):%Y%m%d-%H%M}"
    headers = {"Content-Disposition": f'attachment; filename="{name}-{stamp}.xlsx"'}
    return HttpResponse(out.getvalue(), content_type=SHEET, headers=headers)
