"""The public's first page, map and search: phone first, no account."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from toancanh.kernel import catalogue
from toancanh.kernel.declare import ANYONE
from toancanh.kernel.exchange.queries import locality
from toancanh.kernel.registry import finding
from toancanh.kernel.registry import queries as registry
from toancanh.kernel.runtime.doors import door
from toancanh.kernel.telemetry import features
from toancanh.kernel.telemetry.features import said
from toancanh.kernel.telemetry.queries import Measured, measured

FIRST = 6
"""Stations of one kind shown before the rest is opened."""


@door()
def home(request: HttpRequest) -> HttpResponse:
    """What is measured now where people live: the highest first, every station one touch away."""
    groups = []
    here = registry.visible(ANYONE).filter(unit__path__startswith=locality()["path"])
    things = list(here.order_by("code")[:500])
    by_kind: dict[str, list[Measured]] = {}
    for one in measured(things):
        by_kind.setdefault(one.thing.kind, []).append(one)
    for key, kind in catalogue.thing_types().items():
        rows = sorted(by_kind.get(key, []), key=lambda one: one.urgency)
        if rows:
            groups.append(
                {"title": said(kind.title), "icon": kind.icon, "first": rows[:FIRST], "rest": rows[FIRST:]}
            )
    return render(
        request, "portal/home.html", {**map_context(request), "groups": groups, "live_url": "/live"}
    )


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
