"""Short messages: how many parts a text makes, and how it is cut to so many (3GPP TS 23.038 and 23.040)."""

from __future__ import annotations

import re
from dataclasses import dataclass

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The seven-bit alphabet of GSM, of which a message holds 160 …"""
EXTENDED = frozenset("^{}\\[~]|€\f")
"""… and what counts twice. Any other letter makes the whole text UCS-2: 70 a message."""
SENTENCE = re.compile(r"(?<=\w\w\w)[.!?…](?=\s)")
"""An end of a sentence: not the one of *TP.* or *P.*"""
LATE = 0.6
"""A sentence that ends in the last part of what fits is a better end than a word."""
LOOSE = " ,;:–-(“\"'/"
"""What does not stand before dots."""


@dataclass(frozen=True)
class Size:
    """What a text costs: characters, parts, and whether its alphabet is the wide one (UCS-2)."""

    characters: int
    parts: int
    is_wide: bool


def size(text: str) -> Size:
    """How many messages a text makes: several are joined, and lose some places of each for that."""
    is_wide = not _is_plain(text)
    units = _units(text, is_wide)
    single, joined = (70, 67) if is_wide else (160, 153)
    return Size(len(text), 1 if units <= single else -(-units // joined), is_wide)


def shortened(text: str, parts: int, link: str = "") -> str:
    """The text and its link in at most so many messages, cut after a sentence or between words.

    The link stays whole. Where it alone is longer than that it goes alone.
    """
    tail = f" {link}" if link and text else link
    if size(text + tail).parts <= parts:
        return text + tail
    for is_wide, dots in ((False, "..."), (True, "…")):
        room = _room(parts, is_wide) - _units(tail + dots, is_wide)
        kept = _fitting(text, room, is_wide)
        if is_wide or _is_plain(kept + tail):
            break
    ends = [found.end() for found in SENTENCE.finditer(text[: len(kept) + 1]) if found.end() <= len(kept)]
    if link and ends and ends[-1] >= LATE * len(kept):
        # The link says that there is more.
        return kept[: ends[-1]] + tail
    is_between = not text[len(kept) : len(kept) + 1].strip()
    words = kept if is_between else kept.rpartition(" ")[0] or kept
    words = words.rstrip(LOOSE)
    if not words:
        return link or dots
    return f"{words.rstrip('.…')}{dots}{tail}"


def left_out(whole: str, arrives: str) -> str:
    """What of the text does not arrive."""
    same = 0
    for one, other in zip(whole, arrives, strict=False):
        if one != other:
            break
        same += 1
    return whole[same:]


def _is_plain(text: str) -> bool:
    return all(one in BASIC or one in EXTENDED for one in text)


def _units(text: str, is_wide: bool) -> int:
    if is_wide:
        return len(text.encode("utf-16-le", "surrogatepass")) // 2
    return len(text) + sum(one in EXTENDED for one in text)


def _room(parts: int, is_wide: bool) -> int:
    single, joined = (70, 67) if is_wide else (160, 153)
    return single if parts == 1 else joined * parts


def _fitting(text: str, room: int, is_wide: bool) -> str:
    """The beginning of it that takes no more than so many places."""
    taken = 0
    for at, one in enumerate(text):
        taken += _units(one, is_wide)
        if taken > room:
            return text[:at]
    return text
