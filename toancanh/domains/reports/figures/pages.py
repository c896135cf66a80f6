"""Figures of reports by organisation, area, category or channel; the rows behind each; the export."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any, get_args

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.domains.reports import naming
from toancanh.domains.reports.figures import counting, subjects
from toancanh.domains.reports.figures import rows as telling
from toancanh.domains.reports.figures.counting import By, Figures
from toancanh.domains.reports.figures.rows import COLUMNS, Row, Span
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime import subjects as others
from toancanh.kernel.runtime.doors import door
from toancanh.kernel.territory.queries import today
from toancanh.web import formats
from toancanh.web.filters import Choice

HOME = "/console/reports/figures/"
RIGHT = "cases.see"
LISTED = 500
DAYS = 30
LONGEST_DAYS = 366


def _span(request: HttpRequest) -> Span:
    """The days of the address; the last 30 where it names none that can be."""
    last = _day(request.GET.get("to", ""), today())
    first = _day(request.GET.get("from", ""), last - timedelta(days=DAYS - 1))
    if not timedelta(0) <= last - first <= timedelta(days=LONGEST_DAYS):
        first = last - timedelta(days=DAYS - 1)
    return Span(first, last)


def _day(typed: str, otherwise: date) -> date:
    return formats.read_day(typed) or otherwise


def _by(request: HttpRequest) -> By:
    asked = request.GET.get("by", "")
    known: tuple[By, ...] = get_args(By)
    return next((one for one in known if one == asked), "organisation")


def _names(by: By) -> Callable[[Row], str]:
    nobody = _("Nobody yet")
    if by == "organisation":
        return lambda row: row.organisation or nobody
    if by == "area":
        return lambda row: row.area
    known = naming.categories() if by == "category" else naming.channels()
    return lambda row: known.get(counting.KEYS[by](row), counting.KEYS[by](row)) or _("not said")


@door(right=RIGHT, data="staff")
def page(request: HttpRequest) -> HttpResponse:
    """Every figure by group, with its formula; a count leads to its rows."""
    span, by, actor = _span(request), _by(request), of(request)
    total = telling.count(span, actor)
    is_whole = total <= telling.MOST
    found = list(telling.rows(span, actor)) if is_whole else []
    whole, groups = counting.figures(found, by, _names(by))
    formulas = counting.formulas()
    options = {
        "organisation": _("Organisation"),
        "area": _("Area"),
        "category": _("Category"),
        "channel": _("Channel"),
    }
    shown = {
        "rows": [_cells(one) for one in (whole, *groups)] if found else [],
        "names": [(key, *told) for key, told in formulas.items()],
        "filters": [Choice("by", _("Grouped by"), list(options.items()), by)],
        "span": span,
        "by": by,
        "query": f"from={span.first:%d/%m/%Y}&to={span.last:%d/%m/%Y}&by={by}",
        "is_whole": is_whole,
        "most": telling.MOST,
        "tab": "figures",
    }
    return render(request, "reports/figures/page.html", shown)


def _cells(one: Figures) -> dict[str, Any]:
    cells = []
    for name, (title, _formula) in counting.formulas().items():
        if name in one.counts:
            cells.append((name, title, formats.number(one.counts[name]), bool(one.counts[name])))
        elif name == "sent_back":
            cells.append((name, title, formats.number(one.sent_back), bool(one.sent_back)))
        elif name in one.medians:
            cells.append((name, title, spoken(one.medians[name]), False))
        else:
            share = one.on_time_share if name == "on_time_share" else one.satisfaction
            cells.append((name, title, formats.number(share, 1), False))
    return {"one": one, "cells": cells}


def spoken(minutes: float | None) -> str:
    """Working time in hours and minutes."""
    if minutes is None:
        return formats.NOTHING
    hours, rest = divmod(round(minutes), 60)
    return f"{formats.number(hours)}:{rest:02d}"


@door(right=RIGHT, data="staff")
def behind(request: HttpRequest) -> HttpResponse:
    """The rows behind a count."""
    span, by = _span(request), _by(request)
    key, what = request.GET.get("key"), request.GET.get("figure", "received")
    found = [row for row in _rows(request) if _is_behind(row, by, key, what)]
    names = counting.formulas()
    what = what if what in names else "received"
    subject = subjects.name(span.first, span.last, by, what, key)
    shown = {
        "rows": found[:LISTED],
        "count": len(found),
        "listed": LISTED,
        "figure": names[what],
        "group": _names(by)(found[0]) if found and key is not None else "",
        "boxes": others.boxes(subject, of(request)) if subject else [],
        "back": f"{HOME}?from={span.first:%d/%m/%Y}&to={span.last:%d/%m/%Y}&by={by}",
        "tab": "figures",
    }
    return render(request, "reports/figures/rows.html", shown)


def _is_behind(row: Row, by: By, key: str | None, what: str) -> bool:
    if what == "sent_back":
        if by == "organisation" and key is not None:
            return key in row.sent_back_by
        return bool(row.sent_back_by) and key in (None, counting.KEYS[by](row))
    is_counted = counting.CHOSEN.get(what, counting.CHOSEN["received"])
    return is_counted(row) and key in (None, counting.KEYS[by](row))


def _rows(request: HttpRequest) -> Iterator[Row]:
    """At most as many as one count takes."""
    actor, span = of(request), _span(request)
    return telling.rows(span, actor) if telling.count(span, actor) <= telling.MOST else iter(())


@door(right=RIGHT, data="staff")
def table(request: HttpRequest) -> StreamingHttpResponse:
    """Every row of the period as CSV, from which the same figures can be counted without this program."""
    response = StreamingHttpResponse(
        _lines(telling.rows(_span(request), of(request))), content_type="text/csv"
    )
    response["Content-Disposition"] = 'attachment; filename="phan-anh.csv"'
    return response


def _lines(found: Iterator[Row]) -> Iterator[str]:
    kept = io.StringIO()
    writer = csv.writer(kept)
    writer.writerow(COLUMNS)
    # A mark by which spreadsheets know the letters.
    yield "\ufeff" + _taken(kept)
    for row in found:
        writer.writerow([_plain(cell) for cell in row.cells()])
        yield _taken(kept)


def _plain(cell: str) -> str:
    """What a spreadsheet takes for a formula becomes text."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _taken(kept: io.StringIO) -> str:
    text = kept.getvalue()
    kept.seek(0)
    kept.truncate()
    return text
