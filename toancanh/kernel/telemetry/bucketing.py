"""How readings are gathered into steps, in SQL that SQLite and PostgreSQL both understand."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, LiteralString

from toancanh.kernel.telemetry.store import CORRECTED, LOCAL_OFFSET, OUT_OF_RANGE, Bucket, How

TOTAL: LiteralString = """sum(CASE WHEN abs(value) < 1e290 THEN value ELSE 0.0 END) AS ordinary,
    sum(CASE WHEN abs(value) < 1e290 THEN 0.0 ELSE value / 4294967296.0 END) AS enormous"""
"""A sum in two parts that overflow on no engine: ordinary values, and enormous ones made smaller by 2^32."""
_SHRUNK = 4294967296.0


def total(ordinary: float, enormous: float) -> float:
    """The sum of both parts, bounded; rounded, or 0.1 mm and 0.2 mm of rain made 0.30000000000000004."""
    return round(_bounded(ordinary + enormous * _SHRUNK), 9)


def mean(ordinary: float, enormous: float, count: int) -> float:
    """The mean of what both parts sum."""
    return _bounded(ordinary / count + enormous / count * _SHRUNK)


def _bounded(value: float) -> float:
    return min(max(value, -sys.float_info.max), sys.float_info.max)


def shift(how: How) -> int:
    """Steps of means are [start, end); amounts bear the end of their period: of sums (start, end]."""
    return 1 if how == "sum" else 0


def bucket_sql(source: str, mark: str) -> str:
    """Groups of one step and one mark; the parameters are those of `bucket_parameters`."""
    return f"""
        SELECT step, flagged, ordinary, enormous, low, high, n, fixed, o.value FROM (
            SELECT (time + {mark}) / {mark} AS step, quality & {OUT_OF_RANGE} AS flagged, {TOTAL},
                min(value) AS low, max(value) AS high, count(*) AS n, max(quality & {CORRECTED}) AS fixed,
                max(time) AS newest
            FROM {source} WHERE series = {mark} AND time >= {mark} AND time < {mark}
            GROUP BY 1, 2
        ) b JOIN {source} o ON o.series = {mark} AND o.time = b.newest
        ORDER BY step, flagged"""  # names of our own tables and a parameter mark


def bucket_parameters(series: int, start: int, end: int, step: int, how: How) -> tuple[int, ...]:
    moved = shift(how)
    return (LOCAL_OFFSET - moved, step, series, start + moved, end + moved, series)


def buckets(rows: Iterable[tuple[Any, ...]], step: int, how: How) -> list[Bucket]:
    """One bucket a step; the good group comes first and hides the readings out of range beside it."""
    found: list[Bucket] = []
    for number, flagged, ordinary, enormous, low, high, count, fixed, last in rows:
        time = number * step - LOCAL_OFFSET
        if found and found[-1].time == time:
            continue
        value = total(ordinary, enormous) if how == "sum" else mean(ordinary, enormous, count)
        found.append(Bucket(time, value, low, high, last, count, flagged | fixed))
    return found
