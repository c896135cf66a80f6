"""What a form says, checked and brought into shape before anything is kept of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from toancanh.domains.reports import categories
from toancanh.lib.errors import Refused

KEY = re.compile(r"[A-Za-z0-9-]{20,64}", re.ASCII)
LONGEST_WORDS = 10_000
LONGEST_TITLE = 110
MOST_PHOTOS = 5
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Signs that turn the direction of what follows them: nobody types them, and they hide what a text says."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """A report as its sender said it."""

    key: str
    words: str
    category: str = ""
    lon: float | None = None
    lat: float | None = None
    address: str = ""
    unit: str = ""
    """Code of the commune, where no point is known."""
    phone: str = ""
    name: str = ""
    email: str = ""
    photos: tuple[str, ...] = ()
    """Keys of the sendings of the photos."""
    is_meant: bool = False
    """It is a report though its words read like something else."""
    language: str = "vi"


def read(said: Mapping[str, str], photos: list[str], language: str) -> Form:
    """The form of a browser. Raises Refused with what is wrong."""
    key = said.get("key", "")
    if not KEY.fullmatch(key):
        raise Refused(_("The form is damaged; open it anew."), "bad_key")
    if len(photos) > MOST_PHOTOS:
        raise Refused(_("At most 5 photos go with a report."), "too_many_photos")
    if not all(KEY.fullmatch(photo) for photo in photos):
        raise Refused(_("The form is damaged; open it anew."), "bad_key")
    words = clean(said.get("words", ""))
    if not words:
        raise Refused(_("Say in a few words what is wrong."), "no_words")
    if len(words) > LONGEST_WORDS:
        told = _("%(count)s characters are too many: at most %(most)s.")
        raise Refused(told % {"count": len(words), "most": LONGEST_WORDS}, "too_long")
    category = said.get("category", "")
    if category not in categories.choosable():
        raise Refused(_("Choose what it is about."), "no_category")
    lon, lat = degree(said.get("lon", "")), degree(said.get("lat", ""))
    if (lon is None) is not (lat is None):
        raise Refused(_("A place has two coordinates, or none."), "bad_place")
    return Form(
        key=key,
        words=words,
        category=category,
        lon=lon,
        lat=lat,
        address=clean(said.get("address", "")).replace("\n", " ")[:300],
        unit=said.get("unit", "")[:5],
        phone=said.get("phone", "").strip()[:40],
        photos=tuple(photos),
        is_meant=bool(said.get("meant")),
        language="en" if language == "en" else "vi",
    )


def degree(typed: str) -> float | None:
    typed = typed.strip().replace(",", ".")
    if not typed:
        return None
    if not re.fullmatch(r"-?\d{1,3}(\.\d{1,15})?", typed, re.ASCII):
        raise Refused(_("The place is no pair of numbers; choose it anew on the map."), "bad_place")
    return float(typed)


def clean(text: str) -> str:
    """Without signs that no reader sees, such as NUL or those that turn the direction of text."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(
        sign
        for sign in text
        if sign in "\n\t" or not (unicodedata.category(sign) in ("Cc", "Cs") or sign in BIDI)
    ).strip()


def title(words: str) -> str:
    """The first words, whole, as a list shows them."""
    line = " ".join(words.split("\n", 1)[0].split())
    for end in (". ", "! ", "? "):
        line = line.split(end, 1)[0]
    if len(line) <= LONGEST_TITLE:
        return line
    cut = line[:LONGEST_TITLE]
    return f"{cut.rsplit(' ', 1)[0] if ' ' in cut else cut} …"
