"""Reading by GET at the façade's addresses. Answers are JSON, also where something is refused."""

from __future__ import annotations

from typing import Any

import msgspec
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from toancanh.kernel.exchange.sensorthings import access, deriving, root
from toancanh.kernel.exchange.sensorthings.access import Unauthorized
from toancanh.kernel.exchange.sensorthings.reading import Raw, Reader
from toancanh.kernel.telemetry.store import TooLong
from toancanh.lib.errors import NotAllowed, NotFound, Refused

PREFIX = "/sta/v1.1"


def answer(request: HttpRequest, path: str = "") -> HttpResponse:
    """Any address below the service's root."""
    try:
        who = access.caller(request)
        base = request.build_absolute_uri(PREFIX)
        if not path.strip("/"):
            return _json(root.document(base))
        deriving.follow()
        found = Reader(who.sight, base).answer(path, request.META.get("QUERY_STRING", ""))
    except TooLong:
        text = _("This takes too long to look up; narrow it by datastream or phenomenonTime.")
        return refused(400, text)
    except DataError:
        return refused(400, _("The request holds characters that no text has."))
    except Refused as fault:
        return refused(_status(fault), fault.message)
    return _raw(found.value) if isinstance(found, Raw) else _json(found)


def _status(fault: Refused) -> int:
    if isinstance(fault, Unauthorized):
        return 401
    if isinstance(fault, NotAllowed):
        return 403
    return 404 if isinstance(fault, NotFound) else 400


def refused(status: int, text: str) -> HttpResponse:
    """An error as clients of SensorThings read it."""
    told = _json({"code": status, "type": "error", "message": text}, status)
    if status == 401:
        told.headers["WWW-Authenticate"] = (
            'Bearer realm="Toan Canh", Basic realm="Toan Canh", charset="UTF-8"'
        )
    return told


def _json(told: Any, status: int = 200) -> HttpResponse:  # noqa: ANN401 - JSON
    found = HttpResponse(msgspec.json.encode(told), status=status, content_type="application/json")
    # What is seen depends on who asks.
    found.headers["Vary"] = "Authorization, Cookie, Accept-Language"
    found.headers["Cache-Control"] = "private, no-cache"
    return found


def _raw(value: Any) -> HttpResponse:  # noqa: ANN401 - JSON
    """A property without its name around it; nothing at all where it has no value."""
    if value is None:
        return HttpResponse(status=204)
    if isinstance(value, str):
        return HttpResponse(value, content_type="text/plain; charset=utf-8")
    is_object = isinstance(value, dict | list)
    kind = "application/json" if is_object else "text/plain; charset=utf-8"
    return HttpResponse(msgspec.json.encode(value), content_type=kind)
