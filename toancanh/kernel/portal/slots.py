"""Fills the slots of the portal's shell."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext as _


def fill(request: HttpRequest) -> dict[str, Any]:
    """``portal_nav``, read only by the portal's pages."""
    return {"portal_nav": nav(request.path)}


def nav(at: str) -> list[dict[str, Any]]:
    """The portal's doors, in the reader's language; pages of warnings have an address for each."""
    warnings = "/en/warnings/" if get_language() == "en" else "/warnings/"
    return [
        {"url": "/", "title": _("Home"), "icon": "home", "active": at == "/"},
        {
            "url": warnings,
            "title": _("Public warnings"),
            "icon": "alert-triangle",
            "active": at.startswith(("/warnings/", "/en/warnings/")),
        },
        {"url": "/map/", "title": _("Map"), "icon": "map-2", "active": at == "/map/"},
    ]
