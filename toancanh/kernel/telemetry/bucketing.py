"""How readings are gathered into steps, in SQL that SQLite and PostgreSQL both understand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from toancanh.kernel.telemetry.store import CORRECTED, LOCAL_OFFSET, OUT_OF_RANGE, Bucket, How


def bucket_sql(source: str, mark: str) -> str:
    """Groups of one step and one mark; the parameters are those of `bucket_parameters`."""
    return f"""
        SELECT step, flagged, total, low, high, n, fixed, o.value FROM (
            SELECT (time + {mark}) / {mark} AS step, quality & {OUT_OF_RANGE} AS flagged, sum(value) AS total,
                min(value) AS low, max(value) AS high, count(*) AS n, max(quality & {CORRECTED}) AS fixed,
                max(time) AS newest
            FROM {source} WHERE series = {mark} AND time >= {mark} AND time < {mark}
            GROUP BY 1, 2
        ) b JOIN {source} o ON o.series = {mark} AND o.time = b.newest
        ORDER BY step, flagged"""  # names of our own tables and a parameter mark


def bucket_parameters(series: int, start: int, end: int, step: int) -> tuple[int, ...]:
    return (LOCAL_OFFSET, step, series, start, end, series)


def buckets(rows: Iterable[tuple[Any, ...]], step: int, how: How) -> list[Bucket]:
    """One bucket a step; the good group comes first and hides the readings out of range beside it."""
    found: list[Bucket] = []
    for number, flagged, total, low, high, count, fixed, last in rows:
        time = number * step - LOCAL_OFFSET
        if found and found[-1].time == time:
            continue
        value = total if how == "sum" else total / count
        found.append(Bucket(time, value, low, high, last, count, flagged | fixed))
    return found
