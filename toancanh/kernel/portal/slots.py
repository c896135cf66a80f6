"""Fills the slots of the portal's shell."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.kernel import catalogue
from toancanh.kernel.telemetry.features import said


def fill(request: HttpRequest) -> dict[str, Any]:
    """``portal_nav`` and ``portal_doors``, read only by the portal's pages."""
    return {"portal_nav": nav(request.path), "portal_doors": doors(request.path)}


def doors(at: str) -> list[dict[str, Any]]:
    """What domains bring to the public, in the reader's language; the one whose address fits best is here."""
    found = catalogue.portal_doors()
    urls = [url for door in found for url in (door.url, door.url_en) if url]
    here = max((url for url in urls if at.startswith(url)), key=len, default="")
    return [
        {
            "url": (get_language() == "en" and door.url_en) or door.url,
            "title": said(door.title),
            "hint": said(door.hint),
            "icon": door.icon,
            "active": bool(here) and here in (door.url, door.url_en),
        }
        for door in found
    ]


def nav(at: str) -> list[dict[str, Any]]:
    """The portal's doors, in the reader's language; pages of warnings have an address for each."""
    warnings = "/en/warnings/" if get_language() == "en" else "/warnings/"
    return [
        {"url": "/", "title": _("Home"), "icon": "home", "active": at == "/"},
        *doors(at),
        {
            "url": warnings,
            "title": _("Public warnings"),
            "icon": "alert-triangle",
            "active": at.startswith(("/warnings/", "/en/warnings/")),
        },
        {"url": "/map/", "title": _("Map"), "icon": "map-2", "active": at == "/map/"},
    ]
