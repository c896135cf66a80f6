"""What a report may be about, from its words: proposed, never decided."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from toancanh.domains.reports import categories
from toancanh.domains.reports.tokens import Token, holds, phrase, tokens

MOST = 3
LONGEST = 2_000
"""Characters that are looked at: what it is about is said at the beginning."""


@dataclass(frozen=True)
class Proposal:
    """A category and how much of what speaks for any speaks for it."""

    code: str
    confidence: float


def propose(words: str) -> list[Proposal]:
    """The likeliest categories, the first first; nothing where no word speaks for any."""
    said = tokens(words[:LONGEST])
    scores = {
        code: sum(weight(one) for one in map(phrase, row.keywords) if holds(said, one))
        for code, row in categories.choosable().items()
    }
    whole = sum(scores.values())
    best = sorted((code for code in scores if scores[code]), key=lambda code: -scores[code])[:MOST]
    return [Proposal(code, scores[code] / whole) for code in best]


def weight(phrase: Sequence[Token]) -> float:
    """A phrase of several words says more than its words."""
    return math.pow(len(phrase), 1.5)
