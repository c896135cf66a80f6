"""A small classifier of short texts: multinomial naive Bayes over words and parts of words. No Django.

Texts are folded, so that words typed without tone marks count as well. Confidence is the softmax of the
scores under a temperature that fits later data: naive Bayes by itself is far too sure.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

SHORTEST, LONGEST = 3, 5
"""Letters of a part of a word."""
MOST_FEATURES = 30_000
MOST_LETTERS = 2000
SMOOTHING = 0.3
TEMPERATURES = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0)


def features(folded: str) -> Iterator[str]:
    """Words, pairs of words and parts of words of a folded text."""
    words = folded[:MOST_LETTERS].split()
    yield from words
    yield from (f"{one} {two}" for one, two in pairwise(words))
    for word in words:
        marked = f"<{word}>"
        for size in range(SHORTEST, LONGEST + 1):
            yield from (marked[n : n + size] for n in range(len(marked) - size + 1))


@dataclass(frozen=True)
class Model:
    """What was learned: how often each feature stands in texts of each label."""

    labels: tuple[str, ...]
    counts: Mapping[str, Mapping[int, int]]
    """Of each feature by the label's place."""
    totals: tuple[int, ...]
    """Features of each label."""
    texts: tuple[int, ...]
    """Texts of each label."""
    temperature: float = 1.0

    def scores(self, folded: str) -> list[float]:
        """Logarithm of how likely each label is, up to a constant."""
        whole, size = sum(self.texts), len(self.counts)
        found = [math.log(count / whole) for count in self.texts]
        base = [math.log(SMOOTHING / (total + SMOOTHING * size)) for total in self.totals]
        for feature, times in Counter(features(folded)).items():
            seen = self.counts.get(feature)
            if seen is None:
                continue
            for n in range(len(found)):
                found[n] += times * base[n]
            for n, count in seen.items():
                found[n] += times * math.log1p(count / SMOOTHING)
        return found

    def ranked(self, folded: str) -> list[tuple[str, float]]:
        """Labels with their confidence, the likeliest first."""
        if not self.labels:
            return []
        scores = [score / self.temperature for score in self.scores(folded)]
        top = max(scores)
        weights = [math.exp(score - top) for score in scores]
        whole = sum(weights)
        pairs = zip(self.labels, (weight / whole for weight in weights), strict=True)
        return sorted(pairs, key=lambda pair: -pair[1])

    def to_json(self) -> dict[str, Any]:
        """As a row keeps it."""
        counts = {feature: [[n, c] for n, c in seen.items()] for feature, seen in self.counts.items()}
        return {
            "labels": self.labels,
            "counts": counts,
            "totals": self.totals,
            "texts": self.texts,
            "temperature": self.temperature,
        }

    @staticmethod
    def from_json(kept: Mapping[str, Any]) -> Model:
        """Back from a row."""
        counts = {feature: dict(pairs) for feature, pairs in kept["counts"].items()}
        totals, texts = tuple(kept["totals"]), tuple(kept["texts"])
        return Model(tuple(kept["labels"]), counts, totals, texts, kept["temperature"])


def train(samples: Iterable[tuple[str, str]], temperature: float = 1.0) -> Model:
    """Learn from pairs of folded text and label. Features of one text alone are left out."""
    by_label: dict[str, int] = {}
    counts: dict[str, Counter[int]] = {}
    texts: list[int] = []
    spread: Counter[str] = Counter()
    for folded, label in samples:
        n = by_label.setdefault(label, len(by_label))
        if n == len(texts):
            texts.append(0)
        texts[n] += 1
        found = Counter(features(folded))
        spread.update(found.keys())
        for feature, times in found.items():
            counts.setdefault(feature, Counter())[n] += times
    kept = [feature for feature, times in spread.most_common(MOST_FEATURES) if times > 1]
    totals = [0] * len(texts)
    for feature in kept:
        for n, count in counts[feature].items():
            totals[n] += count
    chosen = {feature: dict(counts[feature]) for feature in kept}
    return Model(tuple(by_label), chosen, tuple(totals), tuple(texts), temperature)


@dataclass(frozen=True)
class Tried:
    """One later text: what was proposed first, how surely, whether it was right, right among three."""

    confidence: float
    is_right: bool
    is_among: bool


def attempt(model: Model, later: Sequence[tuple[str, str]]) -> list[Tried]:
    """What the model proposes of texts that it never saw."""
    found = []
    for folded, label in later:
        ranked = model.ranked(folded)
        names = [name for name, _confidence in ranked[:3]]
        found.append(Tried(ranked[0][1], names[0] == label, label in names))
    return found


def fitted_temperature(model: Model, later: Sequence[tuple[str, str]]) -> float:
    """The temperature under which later labels are least surprising."""
    known = {label: n for n, label in enumerate(model.labels)}
    rows = [(model.scores(folded), known[label]) for folded, label in later if label in known]

    def surprise(temperature: float) -> float:
        whole = 0.0
        for scores, n in rows:
            top = max(scores)
            weight = sum(math.exp((score - top) / temperature) for score in scores)
            whole += math.log(weight) - (scores[n] - top) / temperature
        return whole

    return min(TEMPERATURES, key=surprise) if rows else 1.0


def least(right: int, whole: int) -> float:
    """Lower end of the 95 % interval (Wilson) of a share: what few trials prove."""
    if not whole:
        return 0.0
    z, share = 1.96, right / whole
    middle = share + z * z / (2 * whole)
    spread = z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    return (middle - spread) / (1 + z * z / whole)


def surest(tried: Sequence[Tried], precision: float) -> float | None:
    """The lowest confidence from which on later data proves that precision; None: at no confidence."""
    best, right = None, 0
    ordered = sorted(tried, key=lambda one: -one.confidence)
    for n, one in enumerate(ordered, 1):
        right += one.is_right
        is_last_of_equals = n == len(ordered) or ordered[n].confidence < one.confidence
        if is_last_of_equals and least(right, n) >= precision:
            best = one.confidence
    return best
