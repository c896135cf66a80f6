"""One measured figure and what is required of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Figure:
    """`bound` says on which side of `required` the figure has to be; none where it is told only."""

    name: str
    value: float
    unit: str
    required: float | None = None
    bound: Literal["at least", "at most"] = "at most"

    @property
    def is_reached(self) -> bool:
        if self.required is None:
            return True
        if self.bound == "at least":
            return self.value >= self.required
        return self.value <= self.required


def percentile(values: list[float], share: float) -> float:
    """The value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
