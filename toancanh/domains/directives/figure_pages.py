"""What organisations owe, and the record for the evaluation at the end of the year, with the rows behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.domains.directives import evaluating, owed, record, sheets, wishes
from toancanh.domains.directives.evaluating import Figures
from toancanh.domains.directives.owed import Owed
from toancanh.domains.directives.pages import HOME, SIGHT
from toancanh.domains.directives.record import Row, Span
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.doors import door
from toancanh.kernel.territory.queries import today
from toancanh.web import formats
from toancanh.web.filters import Choice

RECORD = f"{HOME}record/"
LISTED = 500
LONGEST_DAYS = 2 * 366


@door(right=SIGHT, data="staff")
def debts(request: HttpRequest) -> HttpResponse:
    """Each organisation's open orders by their terms; a count leads to its rows."""
    actor, now = of(request), clock.now()
    whose = request.GET.get("whose", "")
    whose = whose if whose in ("given", "all") else "all"
    whole, each = owed.by_organisation(actor, now, given=whose == "given")
    if request.GET.get("as") == "xlsx":
        heads = [_("Organisation"), *(title for _name, title in _debts())]
        rows = (
            [one.name or _("All"), *(str(getattr(one, n)) for n in owed.FIGURES)] for one in (whole, *each)
        )
        return sheets.answer("no-viec-theo-don-vi", [(_("Owed by organisations"), heads, rows)])
    options = [("all", _("All that I may see")), ("given", _("Given by me"))]
    shown = {
        "rows": [(one, list(_cells_owed(one, whose))) for one in (whole, *each)] if each else [],
        "names": _debts(),
        "whose": whose,
        "filters": [Choice("whose", _("Whose"), options, whose)] if actor.paths(wishes.GIVE) else [],
        "until": wishes.week_end(now),
        "now": now,
        "tab": "owed",
    }
    return render(request, "directives/owed.html", shown)


def _debts() -> list[tuple[str, str]]:
    """Columns of what is owed."""
    return [
        ("open", _("Open in all")),
        ("overdue", _("Overdue")),
        ("week", _("Due this week")),
        ("soon", _("Due soon")),
        ("ahead", _("Not due yet")),
        ("reported", _("Waiting for acceptance")),
    ]


def _cells_owed(one: Owed, whose: str) -> Iterator[tuple[str, str, int, str]]:
    for name, title in _debts():
        asked = {"whose": whose, "stand": name, "organisation": one.code}
        url = f"{HOME}?{urlencode({key: value for key, value in asked.items() if value})}"
        yield name, title, getattr(one, name), url


@door(right=SIGHT, data="staff")
def evaluation(request: HttpRequest) -> HttpResponse:
    """Per organisation: given, done on time, late, extended, returned, mean working days, with formulas."""
    actor, span = of(request), _span(request)
    is_whole = record.count(span, actor) <= record.MOST
    rows = list(record.rows(span, actor)) if is_whole else []
    whole, each = evaluating.figures(rows)
    if request.GET.get("as") == "xlsx":
        return _workbook([whole, *each], rows)
    formulas = evaluating.formulas()
    query = _query(span)
    shown = {
        "rows": [(one, _cells(one)) for one in (whole, *each)] if rows else [],
        "names": [(key, *told) for key, told in formulas.items()],
        "span": span,
        "query": query,
        "is_whole": is_whole,
        "most": record.MOST,
        "tab": "record",
    }
    return render(request, "directives/record.html", shown)


@door(right=SIGHT, data="staff")
def behind(request: HttpRequest) -> HttpResponse:
    """The rows behind a figure."""
    actor, span = of(request), _span(request)
    figure, code = request.GET.get("figure", "given"), request.GET.get("organisation")
    formulas = evaluating.formulas()
    figure = figure if figure in formulas else "given"
    # A share and a mean are made of what is done; the share of what is overdue besides.
    base = {"share": ("done", "overdue"), "days": ("done",)}.get(figure, (figure,))
    rows = record.rows(span, actor) if record.count(span, actor) <= record.MOST else iter(())
    found = [
        row
        for row in rows
        if code in (None, row.organisation_code) and any(evaluating.CHOSEN[one](row) for one in base)
    ]
    outcomes = _outcomes()
    shown = {
        "rows": [(row, outcomes[row.outcome]) for row in found[:LISTED]],
        "count": len(found),
        "listed": LISTED,
        "figure": formulas[figure],
        "group": found[0].organisation if found and code is not None else "",
        "back": f"{RECORD}?{_query(span)}",
        "tab": "record",
    }
    return render(request, "directives/record_rows.html", shown)


def _span(request: HttpRequest) -> Span:
    """The days of the address; this year where it names none that can be."""
    now = today()
    first = formats.read_day(request.GET.get("from", "")) or date(now.year, 1, 1)
    last = formats.read_day(request.GET.get("to", "")) or now
    # Beyond that the day after the last one is no day, and nothing was given.
    bounded = date(1970, 1, 1) <= first <= last <= date(2199, 12, 31)
    if not bounded or (last - first).days > LONGEST_DAYS:
        first, last = date(now.year, 1, 1), now
    return Span(first, last)


def _query(span: Span) -> str:
    return urlencode({"from": f"{span.first:%d/%m/%Y}", "to": f"{span.last:%d/%m/%Y}"})


def _cells(one: Figures) -> list[tuple[str, str, str]]:
    """Figure, its name, its text."""
    return [(name, title, _text(one, name)) for name, (title, _formula) in evaluating.formulas().items()]


def _text(one: Figures, name: str) -> str:
    language = get_language() or "vi"
    if name in one.counts:
        return formats.number(one.counts[name], 0, language)
    return formats.number(one.share if name == "share" else one.days, 1, language)


def _outcomes() -> dict[str, str]:
    """What became of an order, in words."""
    names = evaluating.formulas()
    return {key: names[key][0] for key in ("on_time", "extended", "late", "overdue", "open", "revoked")}


def _workbook(groups: list[Figures], rows: list[Row]) -> HttpResponse:
    formulas = evaluating.formulas()
    heads = [_("Organisation"), *(f"{title}: {formula}" for title, formula in formulas.values())]
    figures = ([one.name, *(_text(one, name) for name in formulas)] for one in groups)
    return sheets.answer(
        "so-lieu-danh-gia",
        [(_("By organisation"), heads, figures), (_("Orders"), _row_heads(), map(_row_cells, rows))],
    )


def _row_heads() -> list[str]:
    return [
        _("Code"),
        _("Directive"),
        _("In charge"),
        _("Given at"),
        _("Due"),
        _("Ended at"),
        _("Outcome"),
        _("Late by (working minutes)"),
        _("Late by the term first given"),
        _("Times returned"),
        _("Working days"),
    ]


def _row_cells(row: Row) -> list[str]:
    language = get_language() or "vi"
    return [
        row.code,
        row.title,
        row.organisation,
        formats.moment(row.given_at, language),
        formats.moment(row.due_at, language) if row.due_at else "",
        formats.moment(row.ended_at, language) if row.ended_at else "",
        _outcomes()[row.outcome],
        str(row.lateness),
        str(row.first_lateness),
        str(row.returned),
        "" if row.days is None else formats.number(row.days, 2, language),
    ]
