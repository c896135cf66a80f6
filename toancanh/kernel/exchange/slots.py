"""Fills the slots that both shells share: which place this is and whose data it shows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from toancanh.kernel.exchange import queries


def fill(request: HttpRequest) -> dict[str, Any]:
    """``locality`` and ``sources``, looked up only by pages that name them."""
    return {
        "locality": SimpleLazyObject(queries.locality),
        "sources": SimpleLazyObject(lambda: [{"text": line} for line in queries.sources()]),
    }
