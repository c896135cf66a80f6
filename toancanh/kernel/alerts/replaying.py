"""What a condition would have rung over a span of readings: for the dry run before a rule is saved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from toancanh.kernel.alerts.folding import Point
from toancanh.kernel.alerts.watching import Reason, Watched


@dataclass
class Episode:
    """One alert as it would have been; ``closed`` is None where it still stands."""

    opened: int
    severity: int
    reason: Reason
    """Why it opened …"""
    worst: Reason
    """… and why it was as severe as it became."""
    peak: Point | None = None
    closed: int | None = None


def replay(
    watched: Watched, readings: Iterable[tuple[int, str, float]], end: int, *, start: int = 0
) -> list[Episode]:
    """Feed (time, series, value) in order of time, and look at the clock whenever silence would begin.

    The condition is in force from ``start`` on: what was measured before makes its state and rings nothing.
    """
    found: list[Episode] = []
    now = 0
    for time, series, value in readings:
        _silences(watched, found, max(now, start), time)
        watched.put(series, time, value)
        now = time
        if now >= start:
            _settle(watched, found, now)
    _silences(watched, found, now, end)
    return found


def _silences(watched: Watched, found: list[Episode], start: int, end: int) -> None:
    for moment in sorted(watched.silences(start, end)):
        _settle(watched, found, moment)


def _settle(watched: Watched, found: list[Episode], now: int) -> None:
    severity = watched.severity(now)
    standing = found[-1] if found and found[-1].closed is None else None
    if standing is None:
        if severity:
            reason = watched.reason(now)
            found.append(Episode(now, severity, reason, reason, reason.worst))
        return
    if not severity:
        standing.closed = now
        return
    reason = watched.reason(now)
    if severity > standing.severity:
        standing.severity, standing.worst = severity, reason
    standing.peak = reason.worst or standing.peak
