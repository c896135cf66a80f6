"""The written rule by which a gauge without official alarm levels is given lines from its own readings.

In the handbook: `docs/handbook/en/alerts.md`. No unit and no datum is known here, so every
figure is a multiple of the **span of normal water**. In words:

1. The readings before the day are put in order; a reading that its neighbours do not bear out is passed over.
2. *Normal water* is what is left once floods among them are taken out: what stands above the middle by more
   than `FLOOD` times its ordinary distance from it. Its top and bottom are its 99th and 1st hundredth; the
   span is what lies between them, and at least `FINEST` steps of the gauge.
3. The lines stand 1, 3 and 6 spans above the top (watch, serious, urgent).
4. It ends once the water was below the top, or has lost half of its height above the first line, for
   `CALM_S`; a new wave must rise by half of
   the height that was left.
5. A line is held for two steps of the gauge, 20 minutes to 6 hours. What leaps by a span in one step counts
   once the readings of `LEAP_S` bear it out, earlier where they go on rising.
6. What lies further below the bottom than two spans is no water level: the sensor stood dry or failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from toancanh.kernel.declare import Bands, Line
from toancanh.lib.errors import Refused

LINES = (1.0, 3.0, 6.0)
FLOOD = 6.0
FINEST = 5
CALM_S = 6 * 3600
LEAP_S = 3 * 3600
HELD = (1200, 6 * 3600)
DRY = 2.0
LEAST = 20
"""Readings below which nothing is said of normal water."""
SECOND = 1_000_000


@dataclass(frozen=True)
class Fitted:
    """Lines of one gauge, and from what they follow."""

    bands: Bands
    floor: float
    """What lies below is no water level."""
    top: float
    bottom: float
    readings: int


def fit(series: str, readings: Sequence[tuple[int, float]], decimals: int = 0) -> Fitted:
    """The rule applied to (time, value) in order of time; raises Refused where there are too few.

    ``decimals``: with how many the values are written, where they never change.
    """
    if len(readings) < LEAST:
        raise Refused(f"{len(readings)} < {LEAST}", "too_few")
    values = _smoothed([value for _time, value in readings])
    step = _finest(values, decimals)
    normal = sorted(_without_floods(values, step))
    bottom, top = _share(normal, 0.01), _share(normal, 0.99)
    span = max(top - bottom, FINEST * step)
    between = median((after[0] - before[0]) / SECOND for before, after in pairwise(readings))
    bands = Bands(
        series=series,
        lines=tuple(Line(at=top + n * span, severity=number) for number, n in enumerate(LINES, start=1)),
        hysteresis=span,
        hold_s=round(min(max(2 * between, HELD[0]), HELD[1])),
        calm_s=CALM_S,
        spike=span,
        spike_s=LEAP_S,
        ebb=0.5,
    )
    return Fitted(bands, bottom - DRY * span, top, bottom, len(readings))


def _smoothed(values: Sequence[float]) -> list[float]:
    """Each the middle one of five, so that up to two of a sensor's own say nothing."""
    return [median(values[max(0, n - 2) : n + 3]) for n in range(len(values))]


def _finest(values: Sequence[float], decimals: int) -> float:
    """The smallest step that the gauge can tell."""
    told = sorted(set(values))
    steps = [after - before for before, after in pairwise(told)]
    # Sums of floats differ in their last digits.
    real = [step for step in steps if step > 1e-9 * max(1.0, abs(told[-1]))]
    return min(real) if real else 10.0**-decimals


def _without_floods(values: Sequence[float], step: float) -> list[float]:
    """What is no flood and no failure, as far as its distance from the middle tells."""
    kept = sorted(values)
    for _pass in range(4):
        middle = _share(kept, 0.5)
        near = max(middle - _share(kept, 0.05), _share(kept, 0.75) - middle, step)
        left = [value for value in kept if abs(value - middle) <= FLOOD * near]
        if len(left) == len(kept):
            break
        kept = left
    return kept


def _share(ordered: Sequence[float], share: float) -> float:
    return ordered[round(share * (len(ordered) - 1))]
