"""The refused rows of a list as a file of their own: mended there, it is brought again."""

from __future__ import annotations

import io

from django.utils.translation import gettext as _

from toancanh.kernel.exchange.rosters.columns import Reading
from toancanh.kernel.exchange.rosters.judging import Outcome
from toancanh.kernel.exchange.sheets.reading import Row


def workbook(said: Reading, rows: list[Row], outcome: Outcome) -> bytes:
    """Headings, refused rows, and the reason behind each; every cell a text, so that numbers keep zeros."""
    import xlsxwriter  # slow import

    reasons = {line.number: line for line in outcome.lines if line.verdict in ("refused", "twice")}
    width = max((len(row) for row in rows), default=0)
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    bold = book.add_format({"bold": True})
    wrong = book.add_format({"font_color": "#B3202A", "text_wrap": True})
    plain = book.add_format({"num_format": "@"})
    sheet = book.add_worksheet(_("Refused rows")[:31])
    sheet.set_column(0, width, 20, plain)
    sheet.set_column(width, width, 60)
    # One row of headings: that of merged ones is written out.
    for column, title in said.titles.items():
        sheet.write_string(0, column, title, bold)
    sheet.write_string(0, width, _("Reason"), bold)
    for position, number in enumerate(sorted(reasons), start=1):
        line = reasons[number]
        for column, value in enumerate(rows[number - 1]):
            if value is not None:
                text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
                sheet.write_string(position, column, text, plain)
        # What stood in a merged cell above the row.
        for field, text in (("unit", line.unit), ("place", line.place)):
            for column in said.of(field)[:1]:
                if text and (column >= len(rows[number - 1]) or rows[number - 1][column] is None):
                    sheet.write_string(position, column, text, plain)
        sheet.write_string(position, width, line.reason, wrong)
    sheet.freeze_panes(1, 0)
    book.close()
    return out.getvalue()
