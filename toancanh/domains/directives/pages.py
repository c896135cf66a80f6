"""*Ý kiến chỉ đạo*: what a leader gave, what waits for him, what an organisation has to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.domains.directives import listing, sheets, wishes
from toancanh.domains.directives.listing import Line
from toancanh.domains.directives.wishes import Wish
from toancanh.kernel.declare import Actor
from toancanh.kernel.people.models import Organisation
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.doors import door
from toancanh.web import formats
from toancanh.web.filters import Choice

SIGHT = "console.see"
"""Opens the pages; which orders stand on them follows from what the post sees."""
HOME = "/console/directives/"
MOST = 20_000
"""Rows of a workbook."""
BLOCK = 500


@door(right=SIGHT, data="staff")
def page(request: HttpRequest) -> HttpResponse:
    """The list, filtered by the address."""
    actor = of(request)
    wish = Wish.of(request.GET, actor)
    shown = listing.page(actor, wish)
    said: dict[str, Any] = {
        "wish": wish,
        "page": shown,
        "stands": list(_stands(wish, shown.counts)),
        "filters": _filters(wish),
        "is_elsewhere": wish.whose != wishes.usual(actor),
        "groups": titles(),
        "may_give": bool(actor.paths(wishes.GIVE)),
        "tab": "list",
    }
    return render(request, "directives/list.html", said)


@door(right=SIGHT, data="staff")
def workbook(request: HttpRequest) -> HttpResponse:
    """The list as the address filters it."""
    actor, now = of(request), clock.now()
    wish = Wish.of(request.GET, actor)
    return sheets.answer("y-kien-chi-dao", [(_("Directives"), heads(), rows(actor, wish, now))])


def titles() -> list[str]:
    """Headings of the groups, in their order."""
    return [_("Waiting for who gave it"), _("Overdue"), _("In progress"), _("Ended")]


def _stands(wish: Wish, counts: tuple[int, ...]) -> Iterator[tuple[str, str, bool, int]]:
    """Tabs above the list: title, address, whether it is this one, how many."""
    yield _("All"), wish.query(stand=""), wish.stand == "", sum(counts)
    for name, title, count in zip(wishes.STANDS, titles(), counts, strict=True):
        yield title, wish.query(stand=name), wish.stand == name, count


def _filters(wish: Wish) -> list[Choice]:
    rows = Organisation.objects.filter(ceased_at=None).order_by("path").values_list("code", "name")
    whose = [
        ("given", _("Given by me")),
        ("ours", _("My organisation's")),
        ("all", _("All that I may see")),
    ]
    return [
        Choice("whose", _("Whose"), whose, wish.whose),
        Choice("organisation", _("In charge"), [("", _("All")), *rows], wish.organisation),
    ]


def heads() -> list[str]:
    """What stands above the columns of the workbook."""
    return [
        _("Code"),
        _("Directive"),
        _("In charge"),
        _("State"),
        _("Term"),
        _("Left or missed"),
        _("Due"),
        _("Percent done"),
        _("Parts ended"),
        _("Urgency"),
        _("Given at"),
        _("Ended at"),
        _("Last word"),
    ]


def rows(to: Actor, wish: Wish, now: datetime) -> Iterator[list[str]]:
    """What the filters let through, at most 20,000 rows. Five queries for each 500."""
    found = listing.ordered(wishes.standing(wishes.wanted(to, wish, now), wish.stand, now))
    keys = list(found.values_list("pk", flat=True)[:MOST])
    for start in range(0, len(keys), BLOCK):
        part = keys[start : start + BLOCK]
        block = found.select_related("unit", "organisation", "person").in_bulk(part)
        yield from map(_cells, listing.lines([block[key] for key in part if key in block], to, now))


def _cells(line: Line) -> list[str]:
    case, chip, language = line.case, line.row.chip, get_language() or "vi"
    return [
        case.code,
        case.title,
        case.organisation.name if case.organisation else "",
        line.row.state,
        chip.word,
        chip.left,
        formats.moment(chip.at, language) if chip.at else "",
        "" if line.percent is None else formats.number(line.percent, None, language),
        f"{line.parts_over}/{line.parts}" if line.parts else "",
        line.row.urgency,
        formats.moment(case.opened_at, language),
        formats.moment(case.closed_at, language) if case.closed_at else "",
        line.row.last,
    ]
