"""Leaves a host alone that does not answer, and tries it with one copy before others follow."""

from __future__ import annotations

import random
from dataclasses import dataclass

FIRST = 2.0
LONGEST = 300.0
"""Seconds between two looks at a host that is down."""
ENOUGH = 3
"""Faults in a row after which it counts as down."""
MOST_ASKED = 24 * 3600.0
"""As long as a Retry-After may keep us away."""


def pause(failures: int, asked: float = 0.0) -> float:
    """Seconds to wait after so many failures in a row; ``asked`` is what Retry-After wants."""
    usual = min(FIRST * 2.0 ** min(failures - 1, 12), LONGEST) * random.uniform(1.0, 1.25)
    return max(usual, min(asked, MOST_ASKED))


@dataclass
class _Host:
    faults: int = 0
    closed: int = 0
    """Times in a row that it was closed."""
    until: float = 0.0
    is_tried: bool = False


class Breaker:
    """What one process knows of hosts. Times are those of a steady clock."""

    def __init__(self) -> None:
        self._hosts: dict[str, _Host] = {}

    def wait(self, host: str, now: float) -> float:
        """Seconds for which nothing may go there; 0 lets one through, more once it has worked."""
        found = self._hosts.get(host)
        if found is None or found.faults < ENOUGH:
            return 0.0
        if now < found.until:
            return found.until - now
        if found.is_tried:
            return FIRST
        found.is_tried = True
        return 0.0

    def worked(self, host: str) -> None:
        """It answered."""
        self._hosts.pop(host, None)

    def failed(self, host: str, now: float, asked: float = 0.0) -> float:
        """It did not, or asked for patience; seconds until the next look."""
        found = self._hosts.setdefault(host, _Host())
        found.faults = ENOUGH if asked else found.faults + 1
        found.is_tried = False
        if found.faults < ENOUGH:
            return FIRST
        if now >= found.until:
            found.closed += 1
            found.until = now + pause(found.closed, asked)
        else:
            found.until = max(found.until, now + min(asked, MOST_ASKED))
        return found.until - now
