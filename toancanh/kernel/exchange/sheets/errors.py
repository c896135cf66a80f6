"""The refused rows of an import as a file of their own: mended in place, it can be brought again as it is."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import msgspec
from django.utils.translation import gettext as _

from toancanh.kernel.exchange.sheets import faults, work
from toancanh.kernel.exchange.sheets.child import Cell
from toancanh.kernel.exchange.sheets.mapping import Mapping, Row
from toancanh.kernel.exchange.sheets.models import Content, Import, Part
from toancanh.kernel.exchange.sheets.reading import unpacked
from toancanh.lib.errors import Refused

ISO = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)\Z")
ACTIVE = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a text for a formula."""


def rows(one: Import) -> tuple[list[Row], list[Row]]:
    """What stands above the readings, and the refused rows in their order with the reasons behind them."""
    kept = Content.objects.filter(of=one).first()
    if kept is None:
        raise Refused(_("The file of this import is no longer kept."), "gone")
    said = msgspec.convert(one.mapping, Mapping)
    sheet = unpacked(bytes(kept.book)).sheet(said.sheet).rows
    width = max((len(row) for row in sheet), default=0)
    reasons = dict(_reasons(one))
    above: list[Row] = [list(row) for row in sheet[: said.heading]]
    if above:
        above[-1] = [*above[-1], *[None] * (width - len(above[-1])), _("Reason")]
    return above, [
        [*row, *[None] * (width - len(row)), reasons[number]]
        for number, row in enumerate(sheet, start=1)
        if number in reasons
    ]


def _reasons(one: Import) -> Iterator[tuple[int, str]]:
    found = work.content(one)
    told: dict[int, list[str]] = {}
    for part in Part.objects.filter(of=one, is_done=True).order_by("number"):
        for position, code in part.refusals:
            cell = found[part.number * work.PART + position]
            said = f"{cell.column}: {faults.sentence(code)}"
            lines = told.setdefault(cell.row, [])
            if said not in lines:
                lines.append(said)
    return ((number, " ".join(lines)) for number, lines in told.items())


def workbook(one: Import) -> bytes:
    """As .xlsx: texts stay texts, so that codes keep their zeros and nothing is worked out."""
    import xlsxwriter  # slow import

    above, refused = rows(one)
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    bold, wrong = (
        book.add_format({"bold": True}),
        book.add_format({"font_color": "#B3202A", "text_wrap": True}),
    )
    sheet = book.add_worksheet(re.sub(r"[\[\]:*?/\\']", " ", (one.mapping or {}).get("sheet") or "1")[:31])
    for number, row in enumerate([*above, *refused]):
        for column, value in enumerate(row):
            is_reason = number >= len(above) and column == len(row) - 1
            if isinstance(value, bool):
                sheet.write_boolean(number, column, value)
            elif isinstance(value, int | float):
                sheet.write_number(number, column, value)
            elif value is not None:
                look = wrong if is_reason else bold if number < len(above) else None
                sheet.write_string(number, column, _plain(value), look)
    sheet.set_column(0, max((len(row) for row in refused), default=1) - 2, 18)
    sheet.set_column(max((len(row) for row in refused), default=1) - 1, 60)
    sheet.freeze_panes(len(above), 0)
    book.close()
    return out.getvalue()


def table(one: Import) -> str:
    """As .csv with a mark of its encoding, which Excel needs for Vietnamese."""
    above, refused = rows(one)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    for row in [*above, *refused]:
        writer.writerow(["" if value is None else _guarded(value) for value in row])
    return "\ufeff" + out.getvalue()


def _plain(value: str) -> str:
    return ISO.sub(r"\1 \2", value)


def _guarded(value: Cell) -> str:
    """A text that a spreadsheet would work out is led by a quotation mark, which readers take away."""
    if not isinstance(value, str):
        return f"{value:.15g}" if isinstance(value, float) else str(value)
    plain = _plain(value)
    is_number = bool(re.fullmatch(r"[+-]?[\d.,]+", plain))
    return f"'{plain}" if plain.startswith(ACTIVE) and not is_number else plain
