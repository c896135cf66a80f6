"""Fills the slots of the console's shell: the rail and who I am."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from toancanh.kernel.people.web import of


def fill(request: HttpRequest) -> dict[str, Any]:
    """``rail`` and ``me`` for pages of the console."""
    if not request.path.startswith("/console/"):
        return {}
    actor = of(request)
    said: dict[str, Any] = {}
    said["me"] = {"name": actor.name, "post": actor.post, "organisation": actor.organisation}
    at = request.path
    said["rail"] = [
        {"url": "/console/", "title": _("Overview"), "icon": "map-2", "active": at == "/console/"},
        {
            "url": "/console/things/",
            "title": _("Stations"),
            "icon": "list-search",
            "active": at.startswith("/console/things/"),
        },
        {"url": "/", "title": _("Public page"), "icon": "world", "active": False},
    ]
    return said
