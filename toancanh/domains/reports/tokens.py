"""Words as people type them, compared: with tone marks where they were typed, without where they were not."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from toancanh.lib.fold import fold


@dataclass(frozen=True)
class Token:
    """One word: bare, and the letters and marks that it is made of."""

    bare: str
    made_of: str
    """Sorted: both placements of a tone mark (hoà, hòa) are the same."""

    @property
    def is_bare(self) -> bool:
        """Whether it was typed without any mark."""
        return self.made_of == "".join(sorted(self.bare))

    def is_like(self, other: Token) -> bool:
        """Whether both may be the same word: one without marks may be any that it is left of."""
        return self.bare == other.bare and (self.made_of == other.made_of or self.is_bare)


def tokens(text: str) -> list[Token]:
    """The words of a text in their order."""
    lowered = unicodedata.normalize("NFC", text).casefold()
    words = "".join(sign if sign.isalnum() else " " for sign in lowered).split()
    found = []
    for word in words:
        bare = fold(word).replace(" ", "")
        if bare:
            found.append(Token(bare, "".join(sorted(unicodedata.normalize("NFD", word)))))
    return found


@lru_cache(maxsize=4_096)
def phrase(text: str) -> tuple[Token, ...]:
    """The words of a phrase that many texts are compared with: read once."""
    return tuple(tokens(text))


def holds(text: Sequence[Token], phrase: Sequence[Token], *, exact: bool = False) -> bool:
    """Whether the words of the phrase stand in the text one after another; ``exact``: with their marks."""
    length = len(phrase)
    return bool(length) and any(
        all(
            a.bare == b.bare and a.made_of == b.made_of if exact else a.is_like(b)
            for a, b in zip(text[at : at + length], phrase, strict=True)
        )
        for at in range(len(text) - length + 1)
    )
