"""Outlines for the maps: made once, kept by browsers until the territory changes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified

from toancanh.kernel.runtime import revision
from toancanh.kernel.runtime.doors import door
from toancanh.kernel.territory import queries

_made: dict[str, tuple[str, bytes]] = {}
_lock = threading.Lock()


def outlines(
    request: HttpRequest, name: str, features: Callable[[], Iterator[dict[str, Any]]]
) -> HttpResponse:
    """A GeoJSON collection under an entity tag that changes with the territory and the day."""
    tag = f'"{revision.current("territory")}-{queries.today():%y%m%d}"'
    if request.headers.get("If-None-Match", "").removeprefix("W/") == tag:
        response: HttpResponse = HttpResponseNotModified()
    else:
        with _lock:
            if _made.get(name, ("",))[0] != tag:
                found = {"type": "FeatureCollection", "features": list(features())}
                _made[name] = (tag, msgspec.json.encode(found))
            body = _made[name][1]
        response = HttpResponse(body, content_type="application/geo+json")
    response["ETag"] = tag
    response["Cache-Control"] = "public, max-age=60"
    return response


def forget() -> None:
    """Make the outlines anew at the next request."""
    with _lock:
        _made.clear()


@door()
def national(request: HttpRequest) -> HttpResponse:
    """Provinces and the zones of Hoàng Sa and Trường Sa."""
    return outlines(request, "national", queries.national)


@door()
def communes(request: HttpRequest, code: str) -> HttpResponse:
    """The communes of a unit in force."""
    unit = queries.unit(code)
    if unit is None:
        raise Http404
    return outlines(request, unit.code, lambda: queries.communes(unit))
