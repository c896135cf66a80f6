"""What in a text may be private and is proposed to be covered: a person looks at it before it is published.

Names are covered by hand: no pattern knows a name from a street.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Private = Literal["phone", "identity", "plate", "email"]
COVER = "●●●"
# Separators that people put between groups of digits.
_GAP = r"[ .\-]?"
PATTERNS: tuple[tuple[Private, re.Pattern[str]], ...] = (
    ("email", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    # 59-X1 234.56, 75A-123.45, 43C 12345, 51F1-2345; army plates have letters first.
    (
        "plate",
        re.compile(
            r"(?<![\w])\d{2}[ \-]?[A-ZĐ]{1,2}\d?[ \-.]{0,3}(?:\d{3}[.\- ]?\d{2}|\d{4})(?![\w])", re.IGNORECASE
        ),
    ),
    ("phone", re.compile(rf"(?<![\w])(?:\+?84|0){_GAP}(?:\d{_GAP}){{8,9}}\d?(?![\w])")),
    ("identity", re.compile(rf"(?<![\w])(?:\d{_GAP}){{11}}\d(?![\w])|(?<![\w])\d{{9}}(?![\w])")),
)


@dataclass(frozen=True)
class Found:
    """Something private in a text."""

    kind: Private
    start: int
    end: int
    text: str


def found(text: str) -> list[Found]:
    """Everything that looks private, in the order of the text; nothing twice."""
    taken: list[Found] = []
    for kind, pattern in PATTERNS:
        for match in pattern.finditer(text):
            kept = match.group().rstrip(" .-")
            one = Found(kind, match.start(), match.start() + len(kept), kept)
            if all(one.end <= other.start or other.end <= one.start for other in taken):
                taken.append(one)
    return sorted(taken, key=lambda one: one.start)


def masked(text: str) -> str:
    """The text with everything covered that looks private."""
    return "".join(_parts(text))


def _parts(text: str) -> Iterator[str]:
    at = 0
    for one in found(text):
        yield text[at : one.start]
        yield COVER
        at = one.end
    yield text[at:]
