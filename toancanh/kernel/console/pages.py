"""The operators' home: the whole view on a map, search, the list of stations, and the layers of the maps."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from heapq import nsmallest
from typing import Any

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.kernel import catalogue
from toancanh.kernel.alerts import pages as alerts
from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange.queries import locality
from toancanh.kernel.people.web import of
from toancanh.kernel.registry import finding
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.brief import Brief
from toancanh.kernel.runtime.doors import door
from toancanh.kernel.telemetry import board, features, lists
from toancanh.kernel.telemetry.features import said

SIGHT = "console.see"
_drawn: Brief[bytes] = Brief(2.0)
_tiles: Brief[list[dict[str, Any]]] = Brief(2.0)
WATCHED = 8
"""Stations of one kind in the right column: what fits without scrolling."""


@door(right=SIGHT, data="staff")
def home(request: HttpRequest) -> HttpResponse:
    """*Toàn cảnh*: the map fills the screen, the figures that matter stand below.

    Open pages ask for the figures alone (``?part=figures``) after readings.
    """
    if request.GET.get("part") == "figures":
        figures = {"tiles": tiles(request), "watched": watched(request)}
        return render(request, "console/figures.html", figures)
    actor = of(request)
    code = actor.unit_code or locality()["code"]
    return render(
        request,
        "console/home.html",
        {
            "wall": request.GET.get("wall") == "1",
            "boundaries": f"/boundaries/{code}.json" if code else "",
            "layers_json": features.layers_json(public_only=False),
            "tiles": tiles(request),
            "watched": watched(request),
            "ringing": alerts.ringing(actor),
            "live_url": "/live",
            "focus_unit": request.GET.get("unit", ""),
            "focus_thing": request.GET.get("thing", ""),
        },
    )


def watched(request: HttpRequest) -> list[dict[str, Any]]:
    """Stations to keep an eye on: those with thresholds, highest first; then those that fell silent."""
    found = board.own(of(request), clock.now())
    judged = (one for one in found if one.limits and not one.is_silent)
    silent = (one for one in found if one.is_silent)
    highest = nsmallest(WATCHED, judged, key=lambda one: one.urgency)
    # A real station that fell silent is news; a sample that never spoke is not.
    quiet = nsmallest(WATCHED, silent, key=lambda one: (one.thing.is_sample, one.reading is None, one.key))
    groups: list[dict[str, Any]] = [
        {"key": "judged", "title": _("Against alarm levels"), "rows": highest},
        {"key": "silent", "title": _("Silent stations"), "rows": quiet},
    ]
    return [group for group in groups if group["rows"]]


def tiles(request: HttpRequest) -> list[dict[str, Any]]:
    """Every domain's figures, each with the page that holds its records."""
    actor = of(request)
    key = (get_language(), actor.grants, actor.everywhere)
    return _tiles.get(key, lambda: counted(actor, clock.now()))


def counted(actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """The figures as they are now."""
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
                    "doubt": figure.doubt,
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
    for_staff = request.GET.get("for") == "staff"

    def drawn() -> bytes:
        points = list(found.features(actor, clock.now()))
        if for_staff:
            points = [features.in_console(point) for point in points]
        return msgspec.json.encode({"type": "FeatureCollection", "features": points})

    body = _drawn.get((key, for_staff, get_language(), actor.grants, actor.everywhere), drawn)
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


def forget() -> None:
    """Draw and count everything anew."""
    _drawn.forget()
    _tiles.forget()
