"""Names for people in both languages of the product."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Title:
    """A name for people in both languages of the product; prints as Vietnamese."""

    vi: str
    en: str

    def __str__(self) -> str:
        return self.vi
