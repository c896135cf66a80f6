"""Text as people type it, in the one form in which it is kept."""

from __future__ import annotations

import unicodedata


class NotText(ValueError):
    """It holds signs that are no text, such as NUL or half of a pair."""


def plain(typed: str) -> str:
    """In NFC, lines ended by a line feed alone, without blanks around it. Raises NotText."""
    text = unicodedata.normalize("NFC", typed.replace("\r\n", "\n")).strip()
    if "\0" in text or any(unicodedata.category(sign) == "Cs" for sign in text):
        raise NotText
    return text
