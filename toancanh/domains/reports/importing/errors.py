"""The refused rows of a file of reports as a file of their own: mended there, it is brought again."""

from __future__ import annotations

import io
from collections.abc import Mapping as MappingOf
from collections.abc import Sequence

from django.utils.translation import gettext as _

from toancanh.domains.reports.importing import judging, kept
from toancanh.domains.reports.importing.mapping import Mapping
from toancanh.domains.reports.importing.models import ReportImport, Verdict
from toancanh.domains.reports.importing.texts import said_in
from toancanh.kernel.exchange.sheets.mapping import Row, headings
from toancanh.kernel.exchange.sheets.models import State


def reasons(one: ReportImport, said: Mapping, rows: Sequence[Row]) -> dict[int, str]:
    """Why rows are refused, in the reader's language; once the file was taken in, of those that were."""
    judged = judging.reasons(judging.Judge(said, rows, one.scope).judge())
    if one.state == State.DRAFT:
        return dict(judged)
    told = one.rows.filter(verdict=Verdict.REFUSED).values_list("number", "reason")
    return {number: reason or judged.get(number, "") for number, reason in told}


def workbook(said: Mapping, rows: Sequence[Row], told: MappingOf[int, str]) -> bytes:
    """Headings, refused rows, the reason behind each; every cell a text, so that codes keep their zeros."""
    import xlsxwriter  # slow import

    names = headings(rows, said.heading)
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(out, options)
    bold, plain = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    wrong = book.add_format({"font_color": "#B3202A", "text_wrap": True})
    sheet = book.add_worksheet(_("Refused rows")[:31])
    sheet.set_column(0, len(names), 20, plain)
    sheet.set_column(len(names), len(names), 60)
    for column, name in enumerate(names):
        sheet.write_string(0, column, name, bold)
    sheet.write_string(0, len(names), _("Reason"), bold)
    for position, number in enumerate(sorted(told), start=1):
        for column, cell in enumerate(rows[number - 1]):
            if cell is not None:
                # As a workbook holds it: a longer text would be refused by whoever opens it.
                sheet.write_string(position, column, said_in(cell)[:32_000], plain)
        sheet.write_string(position, len(names), told[number], wrong)
    sheet.freeze_panes(1, 0)
    book.close()
    return out.getvalue()


def of(one: ReportImport, said: Mapping) -> bytes:
    """The file of the refused rows. Raises Refused where the cells are not kept any more."""
    rows = kept.rows(one, said.sheet)
    return workbook(said, rows, reasons(one, said, rows))
