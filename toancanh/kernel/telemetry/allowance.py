"""How many observations each token may send, over whichever doors it comes."""

from __future__ import annotations

import time
from collections.abc import Callable

from toancanh.kernel.telemetry.directory import TokenInfo


class Allowance:
    """A token with a rate saves up a minute's worth; one large request may put it into debt.

    Belongs to one event loop.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._left: dict[int, tuple[float, float]] = {}

    def spend(self, token: TokenInfo, count: int) -> int:
        """Take ``count`` off and return 0; where nothing is left, the seconds to wait, and take nothing."""
        if token.rate is None:
            return 0
        left, at = self._now(token, token.rate)
        if left < min(1, count):
            self._left[token.id] = (left, at)
            return max(1, round((1 - left) * 60 / token.rate + 0.5)) if token.rate else 60
        self._left[token.id] = (left - count, at)
        return 0

    def _now(self, token: TokenInfo, rate: int) -> tuple[float, float]:
        at = self._monotonic()
        left, since = self._left.get(token.id, (float(rate), at))
        return min(float(rate), left + (at - since) * rate / 60), at
