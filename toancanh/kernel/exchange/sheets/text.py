"""Text tables as offices save them: which letters the bytes mean, and what stands between two cells."""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
from collections import Counter

SAMPLE = 40
"""Lines that are enough to see how a table is written."""
LONGEST = 5_000
"""Characters of a cell; a longer one is a quotation mark that was never closed."""
BETWEEN = ("\t", ";", "|", ",")
"""Tried in this order: a decimal comma must not win over a real separator."""

# Letters of TCVN 5712:1993 (TCVN3, "ABC"), which old offices and loggers still write, by their byte.
TCVN3 = dict(
    zip(
        bytes.fromhex(
            "a1a2a3a4a5a6a7a8a9aaabacadaeb5b6b7b8b9bbbcbdbec6c7c8c9cacbcccecfd0d1d2d3d4d5d6d7d8dcdddedfe1e2e3e4"
            "e5e6e7e8e9eaebecedeeeff1f2f3f4f5f6f7f8f9fafbfcfdfe"
        ),
        "ĂÂÊÔƠƯĐăâêôơưđàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ",
        strict=True,
    )
)
VIETNAMESE = frozenset("".join(TCVN3.values()) + "".join(TCVN3.values()).upper())


class NoText(Exception):
    """The bytes are no text in any encoding that tables come in."""


def decode(content: bytes) -> tuple[str, str]:
    """The text and the name of its encoding; letters composed, however they were written."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return _decoded(content, name), name.removesuffix("-sig")
    head = content[:4096]
    if head.count(0) > len(head) // 4:
        name = "utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be"
        return _decoded(content, name), "utf-16"
    if b"\0" in content:
        raise NoText
    try:
        return _decoded(content, "utf-8"), "utf-8"
    except NoText:
        pass
    old = unicodedata.normalize("NFC", content.decode("cp1258", "replace"))
    older = "".join(chr(byte) if byte < 128 else TCVN3.get(byte, "\ufffd") for byte in content)
    return (old, "windows-1258") if _vietnamese(old) >= _vietnamese(older) else (older, "tcvn3")


def _decoded(content: bytes, name: str) -> str:
    try:
        return unicodedata.normalize("NFC", content.decode(name))
    except UnicodeDecodeError as fault:
        raise NoText from fault


def _vietnamese(text: str) -> float:
    """Share of Vietnamese letters among those that ASCII lacks."""
    strange = Counter(letter for letter in text if letter > "\x7f")
    total = sum(strange.values())
    return sum(count for letter, count in strange.items() if letter in VIETNAMESE) / total if total else 0.0


def rows(text: str, longest: int = LONGEST) -> tuple[list[list[str]], str]:
    """The cells of a text table, and what stands between them. Raises csv.Error naming the line."""
    first, _, rest = text.partition("\n")
    between, announced = first.strip().lower().removeprefix("sep="), first.strip().lower().startswith("sep=")
    if not (announced and len(between) == 1):
        announced, between = False, _between(text)
    csv.field_size_limit(longest)
    found = list(csv.reader(io.StringIO(rest if announced else text, newline=""), delimiter=between))
    # Rows keep the numbers that people see in their own program.
    return ([[], *found] if announced else found), between


def _between(text: str) -> str:
    lines = [line for line in text[: SAMPLE * LONGEST].splitlines()[:SAMPLE] if line.strip()]
    best, chosen = 0.0, ","
    for mark in BETWEEN:
        counts = Counter(len(row) for row in csv.reader(lines, delimiter=mark))
        width, lines_of_it = max(counts.items(), key=lambda found: (found[1], found[0]), default=(0, 0))
        fits = lines_of_it / len(lines) if width > 1 else 0.0
        if fits > best:
            best, chosen = fits, mark
    return chosen
