"""The public's first page, map and search: phone first, no account."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language

from toancanh.kernel import catalogue
from toancanh.kernel.declare import ANYONE
from toancanh.kernel.exchange.queries import locality
from toancanh.kernel.portal import bulletins
from toancanh.kernel.registry import finding
from toancanh.kernel.registry import queries as registry
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.doors import door
from toancanh.kernel.telemetry import engine, features
from toancanh.kernel.telemetry.features import said
from toancanh.kernel.telemetry.queries import Measured, measured

FIRST = 6
"""Stations of one kind shown before the rest is opened."""


@door()
def home(request: HttpRequest) -> HttpResponse:
    """What is measured now where people live: the highest first, every station one touch away.

    Amounts lead with the sum of the day; open pages ask for the lists again (``?part=stations``).
    """
    groups = []
    here = registry.visible(ANYONE).filter(unit__path__startswith=locality()["path"])
    things = list(here.order_by("code")[:500])
    by_kind: dict[str, list[Measured]] = {}
    found = measured(things)
    for one in found:
        by_kind.setdefault(one.thing.kind, []).append(one)
    fallen = of_the_day([one for one in found if one.per])
    for key, kind in catalogue.thing_types().items():
        rows = [(one, fallen.get(one.series.pk)) for one in by_kind.get(key, [])]
        rows.sort(key=lambda row: (row[0].is_silent, -(row[1] or 0.0), row[0].urgency))
        if rows:
            shown = {
                "title": said(kind.title),
                "icon": kind.icon,
                "first": rows[:FIRST],
                "rest": rows[FIRST:],
            }
            groups.append({"key": key, **shown})
    if request.GET.get("part") == "stations":
        return render(request, "portal/groups.html", {"groups": groups})
    current = bulletins.current("en" if get_language() == "en" else "vi")
    return render(
        request,
        "portal/home.html",
        {**map_context(request), "groups": groups, "live_url": "/live", "current": current},
    )


def of_the_day(found: list[Measured]) -> dict[int, float]:
    """Sums of the last 24 hours by series, for readings that are amounts: nobody adds up 288 of them."""
    if not found:
        return {}
    until = clock.to_us(found[0].at) + 1
    # A reading bears the end of its period: one at the start of the span is of the time before.
    start = clock.to_us(found[0].at - timedelta(hours=24)) + 1
    totals = engine.store().sums([one.series.pk for one in found], start, until)
    return {series: total.sum for series, total in totals.items()}


@door()
def city_map(request: HttpRequest) -> HttpResponse:
    """The public map."""
    return render(request, "portal/map.html", {**map_context(request), "live_url": "/live"})


def map_context(request: HttpRequest) -> dict[str, object]:
    """What the map element needs."""
    code = locality()["code"]
    return {
        "boundaries": f"/boundaries/{code}.json" if code else "",
        "layers_json": features.layers_json(public_only=True),
        "focus_unit": request.GET.get("unit", ""),
        "focus_thing": request.GET.get("thing", ""),
    }


@door()
def search(request: HttpRequest) -> HttpResponse:
    """Public stations and places."""
    found = finding.find(request.GET.get("q", ""), ANYONE, locality()["path"])
    results = [hit.told("/things/{}/", "/map/?unit={}") for hit in found]
    return render(request, "web/components/search_results.html", {"results": results})
