"""Addresses that every role of the program answers, whatever else it does.

Watchdogs ask processes that serve no people too. So they are answered without sessions, accounts and the
routes of the house: asking whether a worker lives loads none of these.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from django.core.exceptions import DisallowedHost
from django.core.handlers.wsgi import WSGIRequest
from django.core.signals import request_started
from django.http import HttpRequest, HttpResponse
from django.urls import path

from toancanh.kernel.runtime.web import broken, explain, frame, malformed
from toancanh.site import health

log = logging.getLogger(__name__)

VIEWS: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "healthz": health.alive,
    "readyz": health.ready,
    "metrics": health.metrics,
}
urlpatterns = [path(name, view, name=name) for name, view in VIEWS.items()]
"""Also Django's, so that they stand on the register of doors."""


def answers(environ: dict[str, Any]) -> bool:
    """Whether the request is for one of these addresses."""
    return environ["PATH_INFO"][1:] in VIEWS


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answer as Django's handler would."""
    request_started.send(sender=application, environ=environ)
    request = WSGIRequest(environ)
    response = frame(_answer)(request)
    response.headers["Content-Length"] = str(len(response.content))
    start(f"{response.status_code} {response.reason_phrase}", list(response.items()))
    return response


def _answer(request: HttpRequest) -> HttpResponse:
    try:
        request.get_host()
        return VIEWS[request.path[1:]](request)
    except DisallowedHost:
        return malformed(request)
    except Exception as fault:
        told = explain(request, fault)
        if told is None:
            log.exception("%s", request.path)
            return broken(request)
        return told
