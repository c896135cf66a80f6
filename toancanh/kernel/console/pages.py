"""The operators' home: the whole view on a map, search, the list of stations, and the layers of the maps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.kernel import catalogue
from toancanh.kernel.exchange.queries import locality
from toancanh.kernel.people.web import of
from toancanh.kernel.registry import finding
from toancanh.kernel.registry import queries as registry
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.doors import door
from toancanh.kernel.telemetry import features, lists
from toancanh.kernel.telemetry.features import said
from toancanh.kernel.telemetry.queries import measured

SIGHT = "console.see"
WATCHED = 8
"""Stations of one kind in the right column: what fits without scrolling."""


@door(right=SIGHT, data="staff")
def home(request: HttpRequest) -> HttpResponse:
    """*Toàn cảnh*: the map fills the screen, the figures that matter stand below."""
    actor, place = of(request), locality()
    code = actor.unit_code or place["code"]
    return render(
        request,
        "console/home.html",
        {
            "wall": request.GET.get("wall") == "1",
            "boundaries": f"/boundaries/{code}.json" if code else "",
            "layers_json": features.layers_json(public_only=False),
            "tiles": tiles(request),
            "watched": watched(request),
            "live_url": "/live",
            "focus_unit": request.GET.get("unit", ""),
            "focus_thing": request.GET.get("thing", ""),
        },
    )


def watched(request: HttpRequest) -> list[dict[str, Any]]:
    """Stations to keep an eye on: those with thresholds, highest first; then those that fell silent."""
    found = measured(list(registry.own(of(request)).order_by("code")))
    judged = [one for one in found if one.limits and not one.is_silent]
    silent = [one for one in found if one.is_silent]
    groups = [
        {"title": _("Against alarm levels"), "rows": sorted(judged, key=lambda one: one.urgency)[:WATCHED]},
        {"title": _("Silent stations"), "rows": silent[:WATCHED]},
    ]
    return [group for group in groups if group["rows"]]


def tiles(request: HttpRequest) -> list[dict[str, Any]]:
    """Every domain's figures, each with the page that holds its records."""
    now, actor = clock.now(), of(request)
    tones = {"bad": "danger", "watch": "warning"}
    shown = []
    for domain in catalogue.domains():
        for tile in domain.tiles:
            figure = tile.value(actor, now)
            shown.append(
                {
                    "key": f"{domain.name}.{tile.name}",
                    "title": said(tile.title),
                    "value": figure.text,
                    "trend_text": figure.note,
                    "time": figure.at,
                    "tone": tones.get(figure.tone, ""),
                    "url": tile.link,
                }
            )
    return shown


@door()
def layer(request: HttpRequest, key: str) -> HttpResponse:
    """One layer's features, as far as the reader may see them."""
    found = catalogue.layers().get(key)
    actor = of(request)
    if found is None or not (found.public or actor.paths(SIGHT)):
        raise Http404
    points = list(found.features(actor, clock.now()))
    if request.GET.get("for") == "staff":
        points = [features.in_console(point) for point in points]
    body = msgspec.json.encode({"type": "FeatureCollection", "features": points})
    return HttpResponse(body, content_type="application/geo+json", headers={"Cache-Control": "no-store"})


@door(right=SIGHT, data="staff")
def search(request: HttpRequest) -> HttpResponse:
    """What Ctrl-K finds: stations and places, with or without tone marks."""
    found = finding.find(request.GET.get("q", ""), of(request), locality()["path"])
    results = [hit.told("/console/things/{}/", "/console/?unit={}") for hit in found]
    return render(request, "web/components/search_results.html", {"results": results})


@door(right=SIGHT, data="staff")
def things(request: HttpRequest) -> HttpResponse:
    """Every station in a list: newest reading, level, silence; filters stay in the address."""
    page = lists.page(of(request), request.GET)
    if request.GET.get("as") == "xlsx":
        return page.workbook()
    return render(request, "console/things.html", {"page": page, "kinds": kinds(), "live_url": "/live"})


def kinds() -> Iterable[tuple[str, str]]:
    """Kinds of things to filter by."""
    return [(key, said(kind.title)) for key, kind in catalogue.thing_types().items()]
