"""Filters above a list, as pages hand them to `web/components/filters.html`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """One of several, chosen in the address: parameter, title, options (value, title), what is chosen."""

    name: str
    title: str
    options: Sequence[tuple[str, str]]
    chosen: str
