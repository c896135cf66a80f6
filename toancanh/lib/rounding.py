"""The figure that people read, so that what is judged is what is written."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

PLAIN = 1e15
"""From here on a float has no decimals to round."""


def rounded(value: float, decimals: int) -> float:
    """Half away from zero on the exact value, as pages and Intl.NumberFormat in the browser write it."""
    if not abs(value) < PLAIN:
        return value
    # + 0.0: nobody reads a level of minus nothing.
    return float(Decimal(value).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)) + 0.0
