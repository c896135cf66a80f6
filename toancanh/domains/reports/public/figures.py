"""`/reports/figures/`: how organisations and categories keep their terms, once the locality makes it public.

The numbers are those of the console, counted by the same code, of every report that all staff may see.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, get_args

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.domains.reports import naming
from toancanh.domains.reports.figures import counting
from toancanh.domains.reports.figures import rows as telling
from toancanh.domains.reports.figures.counting import Figures
from toancanh.domains.reports.figures.rows import Span
from toancanh.domains.reports.public import disclosing, framing
from toancanh.kernel.declare import Actor
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.doors import door
from toancanh.kernel.runtime.rates import limited
from toancanh.kernel.territory.queries import today
from toancanh.lib.errors import NotFound
from toancanh.web import formats
from toancanh.web.filters import Choice

EVERYBODY = Actor(name="", key="program:public-figures", grants=frozenset({("cases.see", "")}))
"""Sees what all staff see of the whole locality, and nothing that is restricted."""
SHOWN = ("received", "answered", "on_time", "extended", "late", "overdue", "on_time_share", "satisfaction")
By = Literal["organisation", "category"]
Period = Literal["month", "quarter", "year", "last_year"]
FRESH = timedelta(minutes=10)
"""So long the same count is shown: whoever asks often asks the database once."""


@dataclass(frozen=True)
class Counted:
    """Figures of a period; None where it holds more reports than one count takes."""

    at: datetime
    found: tuple[Figures, list[Figures]] | None


_counting = threading.Lock()
_kept: dict[tuple[Span, By, str], Counted] = {}


def forget() -> None:
    """Count anew."""
    _kept.clear()


def span(period: Period, day: date) -> Span:
    """The days of a period, as they are on a day."""
    if period == "year":
        return Span(date(day.year, 1, 1), day)
    if period == "last_year":
        return Span(date(day.year - 1, 1, 1), date(day.year - 1, 12, 31))
    return Span(day - timedelta(days=29 if period == "month" else 89), day)


def counted(period: Period, by: By, language: str) -> Counted:
    """The count of a period, at most some minutes old. One thread counts, the others wait for it."""
    key = (span(period, today()), by, language)
    with _counting:
        known = _kept.get(key)
        if known is not None and timedelta(0) <= clock.now() - known.at < FRESH:
            return known
        if len(_kept) > 50:
            _kept.clear()
        made = _kept[key] = Counted(clock.now(), _count(key[0], by))
        return made


def _count(days: Span, by: By) -> tuple[Figures, list[Figures]] | None:
    if telling.count(days, EVERYBODY) > telling.MOST:
        return None
    named = naming.categories() if by == "category" else {}

    def name(row: telling.Row) -> str:
        if by == "organisation":
            return row.organisation or _("Nobody yet")
        return named.get(row.category, row.category) or _("not said")

    return counting.figures(telling.rows(days, EVERYBODY), by, name)


@door()
@limited(a_minute=60, burst=60)
def page(request: HttpRequest, language: str) -> HttpResponse:
    """Figures with their formulas; nothing is here until the locality decides it."""
    if not disclosing.now().figures:
        raise NotFound(_("There is nothing at this address. It may have been mistyped, or the link is old."))
    asked_by, asked_period = request.GET.get("by", ""), request.GET.get("period", "")
    by: By = asked_by if asked_by in get_args(By) else "organisation"  # type: ignore[assignment]
    period: Period = asked_period if asked_period in get_args(Period) else "month"  # type: ignore[assignment]
    with translation.override(language):
        told = counted(period, by, language)
        days = span(period, today())
        formulas = counting.formulas()
        shown = {
            "rows": [_cells(one, by, days) for one in (told.found[0], *told.found[1])] if told.found else [],
            "is_whole": told.found is not None,
            "names": [(name, *formulas[name]) for name in SHOWN],
            "filters": _filters(by, period),
            "span": days,
            "at": told.at,
            "basis": disclosing.now().reason,
        }
        tail = f"figures/?by={by}&period={period}"
        return framing.page("reports/public/figures.html", language, tail, shown)


def _filters(by: By, period: Period) -> list[Choice]:
    groups = [("organisation", _("Organisation")), ("category", _("Category"))]
    periods = [
        ("month", _("Last 30 days")),
        ("quarter", _("Last 90 days")),
        ("year", _("This year")),
        ("last_year", _("Last year")),
    ]
    return [
        Choice("by", _("Grouped by"), groups, by),
        Choice("period", _("Received"), periods, period),
    ]


def _cells(one: Figures, by: By, days: Span) -> dict[str, Any]:
    language = get_language() or "vi"
    shares = {"on_time_share": one.on_time_share, "satisfaction": one.satisfaction}
    cells = [
        formats.number(shares[name], 1, language)
        if name in shares
        else formats.number(one.counts[name], language=language)
        for name in SHOWN
    ]
    link = f"{by}={one.key}&since={days.first}&until={days.last}" if one.key else ""
    return {"one": one, "cells": cells, "link": link}
