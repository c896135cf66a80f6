"""Contacts as a workbook: the template to be filled in, and what is kept now; the same columns for both."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from toancanh.kernel.contacts import words
from toancanh.kernel.contacts.board import Board, Reached
from toancanh.kernel.contacts.models import Channel, Contact, Ground
from toancanh.kernel.contacts.sealing import Keys, in_clear
from toancanh.kernel.runtime import clock
from toancanh.kernel.territory.models import Unit

WIDTHS = (24, 26, 30, 24, 26, 26, 18, 14, 30, 12, 16)


def heads() -> tuple[str, ...]:
    """The columns in the reader's language: what an import recognises again."""
    return (
        _("Commune"),
        _("Village or neighbourhood"),
        _("Full name"),
        _("Post held"),
        _("Telephone"),
        _("E-mail"),
        _("Zalo ID"),
        _("Language"),
        _("Legal basis"),
        _("Exercises"),
        _("In the post since"),
    )


def template(rows: Iterable[Sequence[str]]) -> bytes:
    """An empty list with a second sheet of the communes and their places, so that names are spelled alike."""
    return _written([], list(rows))


def export(contacts: Iterable[Contact]) -> bytes:
    """All that is known of these contacts; numbers in clear, so whoever asks writes the reading down."""
    keys = Keys()
    return _written([_row(one, keys) for one in contacts], [])


def _row(one: Contact, keys: Keys) -> tuple[str, ...]:
    found = in_clear(one.addresses.all(), keys)
    by = {name: "; ".join(r.shown for r in found if r.channel == name) for name in Channel.values}
    basis = one.ground_note or (_("consent") if one.ground == Ground.CONSENT else "")
    return (
        one.unit.full_name,
        one.neighbourhood.name if one.neighbourhood else "",
        one.name,
        one.post,
        by[Channel.PHONE],
        by[Channel.EMAIL],
        by[Channel.ZALO],
        one.language,
        basis,
        _("yes") if one.takes_part else _("no"),
        f"{one.valid_from:%d/%m/%Y}",
    )


def _written(rows: Sequence[Sequence[str]], places: Sequence[Sequence[str]]) -> bytes:
    """Every cell a text: numbers keep their zeros, whatever opens the file."""
    import xlsxwriter  # slow import

    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    bold = book.add_format({"bold": True, "bottom": 1})
    plain = book.add_format({"num_format": "@"})
    sheet = book.add_worksheet(_("Contacts")[:31])
    for column, (head, width) in enumerate(zip(heads(), WIDTHS, strict=True)):
        sheet.set_column(column, column, width, plain)
        sheet.write_string(0, column, head, bold)
    for line, row in enumerate(rows, start=1):
        for column, text in enumerate(row):
            sheet.write_string(line, column, text, plain)
    sheet.freeze_panes(1, 0)
    if places:
        beside = book.add_worksheet(_("Communes and places")[:31])
        beside.set_column(0, 1, 34, plain)
        for column, head in enumerate(heads()[:2]):
            beside.write_string(0, column, head, bold)
        for line, row in enumerate(places, start=1):
            for column, text in enumerate(row):
                beside.write_string(line, column, text, plain)
    book.close()
    return out.getvalue()


def receipts(made: Board, people: Sequence[tuple[Unit, Sequence[Reached]]]) -> bytes:
    """Two sheets for the report: communes with their counts, and everybody with how far it came."""
    import xlsxwriter  # slow import

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False})
    bold, moment = book.add_format({"bold": True}), book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
    sheet = book.add_worksheet(_("Communes")[:31])
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 8, 16)
    sheet.write_string(0, 0, made.notice.title, bold)
    sheet.write_string(
        1, 0, _("Received by %(n)s of %(all)s communes") % {"n": made.received, "all": len(made.lines)}
    )
    sheet.write_string(2, 0, made.rule.sentence)
    heads = (_("Commune"), _("Has received"), _("Told"), _("Handed over"), _("On the device"), _("Confirmed"),
             _("Officials confirmed"), _("Heads confirmed"), _("First confirmed"))  # fmt: skip
    for column, text in enumerate(heads):
        sheet.write_string(4, column, text, bold)
    for row, line in enumerate(made.lines, start=5):
        sheet.write_string(row, 0, line.unit.full_name)
        sheet.write_string(row, 1, _("yes") if line.is_received else _("no"))
        for column, count in enumerate((line.told, line.handed, line.received, line.confirmed), start=2):
            sheet.write_number(row, column, count)
        sheet.write_string(row, 6, f"{line.officials_confirmed}/{line.officials}")
        sheet.write_string(row, 7, f"{line.heads_confirmed}/{line.heads}")
        if line.first_at is not None:
            sheet.write_datetime(row, 8, _local(line.first_at), moment)
    beside = book.add_worksheet(_("People")[:31])
    beside.set_column(0, 6, 24)
    for column, text in enumerate(
        (
            _("Commune"),
            _("Village or neighbourhood"),
            _("Full name"),
            _("Post held"),
            _("State"),
            _("Confirmed"),
            _("Note"),
        )
    ):
        beside.write_string(0, column, text, bold)
    row = 1
    for unit, found in people:
        for one in found:
            contact = one.told.contact
            place = contact.neighbourhood.name if contact.neighbourhood else ""
            cells = (unit.full_name, place, contact.name, contact.post, words.state(one))
            for column, text in enumerate(cells):
                beside.write_string(row, column, text)
            if one.told.confirmed_at is not None:
                beside.write_datetime(row, 5, _local(one.told.confirmed_at), moment)
            beside.write_string(row, 6, one.told.note)
            row += 1
    book.close()
    return out.getvalue()


def _local(at: datetime) -> datetime:
    return at.astimezone(clock.VIETNAM).replace(tzinfo=None)
