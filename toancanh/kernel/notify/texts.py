"""Texts as narrow channels carry them: without tone marks, numbers and links made whole."""

from __future__ import annotations

import unicodedata

from django.conf import settings
from django.utils.translation import gettext as _

from toancanh.lib.errors import Refused

_PLAIN = str.maketrans(
    {"đ": "d", "Đ": "D", "–": "-", "—": "-", "“": '"', "”": '"', "‘": "'", "’": "'", "…": "..."}
)


def without_tones(text: str) -> str:
    """As old telephones show Vietnamese: marks away, đ as d, typographic signs as those of the keyboard."""
    bare = unicodedata.normalize("NFD", text.translate(_PLAIN))
    return unicodedata.normalize("NFC", "".join(c for c in bare if not unicodedata.combining(c)))


def link(path: str) -> str:
    """A link as it works outside the pages; empty where nobody said how they are reached."""
    if not path or path.startswith(("http://", "https://")):
        return path
    base: str = settings.PUBLIC_URL
    return f"{base.rstrip('/')}/{path.lstrip('/')}" if base else ""


def phone(text: str) -> str:
    """A telephone number as +84…; raises Refused for what is none. Numbers of Việt Nam may begin with 0."""
    plain = "".join(c for c in text.strip() if c not in " .-()\u00a0")
    if plain.startswith("00"):
        plain = f"+{plain[2:]}"
    elif plain.startswith("0"):
        plain = f"+84{plain[1:]}"
    elif plain.startswith("84") and len(plain) in (11, 12):
        plain = f"+{plain}"
    digits = plain[1:]
    if plain[:1] != "+" or not (digits.isascii() and digits.isdigit()) or not 8 <= len(digits) <= 15:
        told = _("“%(text)s” is no telephone number; write it like 0901 234 567.")
        raise Refused(told % {"text": text[:40]}, "bad_address")
    if digits.startswith("84") and not 10 <= len(digits) <= 12:
        told = _("“%(text)s” is no telephone number; write it like 0901 234 567.")
        raise Refused(told % {"text": text[:40]}, "bad_address")
    return plain


def masked(text: str) -> str:
    """An address as lists show it: enough to know it again."""
    name, at, host = text.partition("@")
    if at:
        return f"{name[:2]}…@{host}"
    return f"{text[:3]}…{text[-3:]}" if len(text) > 8 else text
