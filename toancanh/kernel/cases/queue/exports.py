"""The list as a file: every cell text, in the order and within the filters of the page."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.kernel.cases import access
from toancanh.kernel.cases.models import Case
from toancanh.kernel.cases.queue import listing
from toancanh.kernel.cases.queue.wishes import Wish, wanted
from toancanh.kernel.declare import Actor
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.features import named
from toancanh.web import formats

SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST = 20_000
"""Rows of a file; the page says so where there are more."""
BLOCK = 500
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def heads() -> list[str]:
    """What stands above the columns."""
    return [
        _("Code"),
        _("Work"),
        _("Kind of work"),
        _("State"),
        _("Term"),
        _("Left or missed"),
        _("Due"),
        _("Organisation"),
        _("Person"),
        _("Place"),
        _("Address"),
        _("Urgency"),
        _("Opened"),
        _("Ended"),
        _("Last word"),
    ]


def lines(to: Actor, wish: Wish, now: datetime) -> Iterator[list[str]]:
    """What the filters let through, at most 20,000 rows. Four queries for each 500."""
    found: QuerySet[Case] = listing.ordered(wanted(access.visible(to), wish, to, now), wish)
    keys = list(found.values_list("pk", flat=True)[:MOST])
    rows = Case.objects.select_related("unit", "organisation", "person")
    for start in range(0, len(keys), BLOCK):
        block = rows.in_bulk(keys[start : start + BLOCK])
        cases = [block[key] for key in keys[start : start + BLOCK] if key in block]
        yield from map(_cells, listing.told(cases, now))


def _cells(row: listing.Row) -> list[str]:
    case = row.case
    return [
        case.code,
        case.title,
        row.kind,
        row.state,
        row.chip.word,
        row.chip.left,
        _moment(row.chip.at),
        case.organisation.name if case.organisation else "",
        case.person.full_name if case.person else "",
        named(case.unit),
        case.address,
        row.urgency,
        _moment(case.opened_at),
        _moment(case.closed_at),
        row.last,
    ]


def _moment(at: datetime | None) -> str:
    return formats.moment(at, get_language() or "vi") if at else ""


def as_csv(rows: Iterable[list[str]]) -> HttpResponse:
    """Comma-separated, with the mark by which Excel knows UTF-8; nothing in it runs as a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(heads())
    for cells in rows:
        writer.writerow([f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells])
    headers = {"Content-Disposition": f'attachment; filename="{_name()}.csv"'}
    return HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def as_xlsx(rows: Iterable[list[str]]) -> HttpResponse:
    """A workbook of text cells."""
    import xlsxwriter  # slow import

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"constant_memory": True, "strings_to_formulas": False})
    bold, sheet = book.add_format({"bold": True}), book.add_worksheet()
    sheet.set_column(0, len(heads()) - 1, 22)
    for column, head in enumerate(heads()):
        sheet.write_string(0, column, head, bold)
    for line, cells in enumerate(rows, start=1):
        for column, cell in enumerate(cells):
            sheet.write_string(line, column, cell)
    sheet.freeze_panes(1, 1)
    book.close()
    headers = {"Content-Disposition": f'attachment; filename="{_name()}.xlsx"'}
    return HttpResponse(out.getvalue(), content_type=SHEET, headers=headers)


def _name() -> str:
    return f"viec-can-xu-ly-{clock.now().astimezone(clock.VIETNAM):%Y%m%d-%H%M}"


FORMS: dict[str, Callable[[Iterable[list[str]]], HttpResponse]] = {"xlsx": as_xlsx, "csv": as_csv}
