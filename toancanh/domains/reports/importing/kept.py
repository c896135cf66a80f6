"""The cells of a file of reports: sealed, since they may hold who sent them."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _

from toancanh.domains.reports.importing.models import ReportImport
from toancanh.kernel.contacts.sealing import Keys
from toancanh.kernel.exchange.rosters import columns
from toancanh.kernel.exchange.sheets import reading
from toancanh.kernel.exchange.sheets.models import State
from toancanh.kernel.exchange.sheets.reading import Book, Row
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import Refused

LONGEST = 20_000
"""Characters of a cell: words of people are longer than names, and too long ones are told, not cut."""
DRAFT_KEPT = timedelta(days=3)
KEPT = timedelta(days=30)
"""How long a file can be taken back, and its refused rows be had."""


def read(content: bytes) -> Book:
    """The sheets of a file, with cells of any honest length; raises `reading.Unread`."""
    return reading.read(content, reading.CHILD, str(LONGEST))


def sealed(book: Book) -> bytes:
    """As it is kept."""
    return Keys().seal(reading.packed(book))


def book(one: ReportImport) -> Book:
    """The cells; raises Refused once they are not kept any more."""
    if one.book is None:
        raise Refused(_("The file of this import is no longer kept."), "gone")
    return reading.unpacked(Keys().unseal(bytes(one.book)))


def rows(one: ReportImport, sheet: str | None = None) -> list[Row]:
    """The rows of the sheet that is read, old letters turned into today's."""
    name = one.mapping.get("sheet", "") if sheet is None else sheet
    return columns.repaired(book(one).sheet(name).rows)[0]


def tidy() -> int:
    """Forget drafts that nobody confirmed, and files once their time is over; returns how many went."""
    now = clock.now()
    drafts, _kinds = ReportImport.objects.filter(state=State.DRAFT, made_at__lt=now - DRAFT_KEPT).delete()
    old = ReportImport.objects.filter(made_at__lt=now - KEPT, next_at=None).exclude(book=None)
    return drafts + old.update(book=None, preview=None)
