"""The list of stations: filtered by kind, unit and state, a page at a time in the order of codes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _

from toancanh.kernel import catalogue
from toancanh.kernel.declare import Actor
from toancanh.kernel.registry import queries as registry
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.features import named, said
from toancanh.kernel.telemetry.queries import Measured, measured
from toancanh.lib.fold import fold

LENGTH = 100
STATES = ("silent", "raised")


@dataclass(frozen=True, kw_only=True)
class Page:
    """Rows of the list and where it goes on."""

    rows: list[Measured]
    kind: str
    state: str
    q: str
    next_url: str
    first_url: str
    things: QuerySet[Thing]

    @property
    def everything(self) -> list[Measured]:
        """All that the filters let through, on whatever page."""
        return [one for one in measured(list(self.things)) if fits(one, self.state)]

    @property
    def export_url(self) -> str:
        """The same list as a workbook."""
        return f"?{urlencode({'kind': self.kind, 'state': self.state, 'q': self.q, 'as': 'xlsx'})}"

    def workbook(self) -> HttpResponse:
        """Everything the filters let through, codes as text."""
        import xlsxwriter  # slow import

        out = io.BytesIO()
        book = xlsxwriter.Workbook(out, {"in_memory": True})
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True})
        moment = book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
        heads = (
            _("Code"),
            _("Station"),
            _("Unit"),
            _("Quantity"),
            _("Value"),
            _("Unit of measure"),
            _("Time"),
            _("Level"),
        )
        for column, head in enumerate(heads):
            sheet.write_string(0, column, str(head), bold)
        sheet.set_column(0, 7, 18)
        for line, one in enumerate(self.everything, start=1):
            sheet.write_string(line, 0, one.thing.code)
            sheet.write_string(line, 1, named(one.thing))
            sheet.write_string(line, 2, named(one.thing.unit))
            sheet.write_string(line, 3, said(one.declared.title))
            sheet.write_string(line, 5, one.series.unit)
            sheet.write_string(line, 7, one.level_name)
            if one.reading and one.time:
                sheet.write_number(line, 4, one.reading.value)
                local = one.time.astimezone(clock.VIETNAM).replace(tzinfo=None)
                sheet.write_datetime(line, 6, local, moment)
        sheet.freeze_panes(1, 0)
        book.close()
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        headers = {"Content-Disposition": 'attachment; filename="tram.xlsx"'}
        return HttpResponse(out.getvalue(), content_type=kind, headers=headers)


def page(to: Actor, asked: Mapping[str, str]) -> Page:
    """The list as the address asks for it; unknown filters are passed over."""
    kind = asked.get("kind", "") if asked.get("kind", "") in catalogue.thing_types() else ""
    state = asked.get("state", "") if asked.get("state", "") in STATES else ""
    q, after = asked.get("q", "")[:100].replace("\0", ""), asked.get("after", "")[:80].replace("\0", "")
    found = registry.own(to).order_by("code")
    if kind:
        found = found.filter(kind=kind)
    for word in fold(q).split():
        found = found.filter(folded__contains=word)
    shown, goes_on = cut(found.filter(code__gt=after), state)
    kept = {"kind": kind, "state": state, "q": q}
    follow = f"?{urlencode({**kept, 'after': shown[-1].thing.code})}" if goes_on and shown else ""
    first = f"?{urlencode(kept)}" if after else ""
    return Page(rows=shown, kind=kind, state=state, q=q, next_url=follow, first_url=first, things=found)


def cut(found: QuerySet[Thing], state: str) -> tuple[list[Measured], bool]:
    """The first hundred things in the state, and whether there are more; only a state needs all measured."""
    if not state:
        things = list(found[: LENGTH + 1])
        return measured(things[:LENGTH]), len(things) > LENGTH
    rows = [one for one in measured(list(found)) if fits(one, state)]
    codes = list(dict.fromkeys(one.thing.code for one in rows))
    shown = set(codes[:LENGTH])
    return [one for one in rows if one.thing.code in shown], len(codes) > LENGTH


def fits(one: Measured, state: str) -> bool:
    """Whether a station is in the state asked for."""
    if state == "silent":
        return one.is_silent
    if state == "raised":
        return one.rank > 0 and not one.is_silent
    return True
