"""Fills the slots of the portal's shell."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _


def fill(request: HttpRequest) -> dict[str, Any]:
    """``portal_nav``, read only by the portal's pages."""
    at = request.path
    return {
        "portal_nav": [
            {"url": "/", "title": _("Home"), "icon": "home", "active": at == "/"},
            {"url": "/map/", "title": _("Map"), "icon": "map-2", "active": at == "/map/"},
        ],
    }
