"""Readings as a workbook that an office opens without a question."""

from __future__ import annotations

import io
from collections.abc import Sequence

from django.utils.translation import gettext as _

from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.features import named, said
from toancanh.kernel.telemetry.models import Series
from toancanh.kernel.telemetry.queries import described
from toancanh.kernel.telemetry.store import CORRECTED, OUT_OF_RANGE, Reading

NOT_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))


def write(thing: Thing, series: Series, rows: Sequence[Reading], language: str) -> bytes:
    """One sheet: whose readings, then time (Việt Nam), value, remark; codes as text so that zeros stay."""
    import xlsxwriter  # slow import

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"constant_memory": True})
    bold = book.add_format({"bold": True})
    shape = "dd/mm/yyyy hh:mm:ss" if language == "vi" else "d mmm yyyy hh:mm:ss"
    moment = book.add_format({"num_format": shape})
    number = book.add_format({"num_format": "0.00"})
    sheet = book.add_worksheet(sheet_name(thing, series))
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 2, 18)
    sheet.write_string(0, 0, named(thing), bold)
    sheet.write_string(0, 1, thing.code)
    sheet.write_string(1, 0, named(thing.unit))
    heads = (_("Time (Viet Nam)"), f"{_('Value')} ({series.unit})", _("Remark"))
    for column, head in enumerate(heads):
        sheet.write_string(3, column, head, bold)
    for line, reading in enumerate(rows, start=4):
        local = clock.from_us(reading.time).astimezone(clock.VIETNAM).replace(tzinfo=None)
        sheet.write_datetime(line, 0, local, moment)
        sheet.write_number(line, 1, reading.value, number)
        sheet.write_string(line, 2, remark(reading.quality))
    sheet.freeze_panes(4, 0)
    book.close()
    return out.getvalue()


def sheet_name(thing: Thing, series: Series) -> str:
    """The series' title in the reader's language, as far as the format allows."""
    title = said(described(thing.kind, series).title)
    return title.translate(NOT_IN_NAMES)[:31]


def remark(bits: int) -> str:
    """What a reader must know of a reading; empty for an ordinary one."""
    remarks = []
    if bits & OUT_OF_RANGE:
        remarks.append(_("outside the plausible range"))
    if bits & CORRECTED:
        remarks.append(_("corrected"))
    return ", ".join(remarks)
