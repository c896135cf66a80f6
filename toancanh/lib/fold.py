"""Vietnamese text folded for search, so that "duong no" finds "phường Dương Nỗ" on any database."""

import unicodedata

_LETTERS = str.maketrans({"đ": "d", "Đ": "d", "ð": "d", "Ð": "d"})
"""Đ has no decomposition; Ð and ð (eth) are what old keyboards and fonts put in its place."""


def fold(text: str) -> str:
    """Lower case without tone marks, đ as d, everything but letters and digits as single spaces.

    Composed and decomposed text fold alike, and so do both placements of a tone mark (Hoà, Hòa).
    """
    # Twice: folding case can bring back a mark (İ), and decomposing a capital (the letters of formulas).
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).translate(_LETTERS).casefold())
    kept = "".join(c if c.isalnum() else " " for c in plain.translate(_LETTERS) if not _is_mark(c))
    return " ".join(kept.split())


def matches(query: str, folded: str) -> bool:
    """Whether each word of ``query`` begins a word of ``folded`` (an empty query excludes nothing)."""
    words = folded.split()
    return all(any(word.startswith(part) for word in words) for part in fold(query).split())


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")
