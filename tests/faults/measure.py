"""How often a fault is done in this run, from which seed, and what it counted."""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path

import pytest

FULL = os.environ.get("FAULTS") == "full"
"""Set by `python -m tests.faults.full`: whole counts, and the bars of docs/reliability.md are asserted.

The short run of every day does each fault a few times beside other tests, so its waits are generous.
"""

SHARED = bool(os.environ.get("SHARED"))
"""Whole counts on a machine that others use too: nothing may be lost there either, but waits are generous."""


whole = pytest.mark.skipif(not FULL, reason="a whole count: python -m tests.faults.full")
"""What takes minutes, or differs from its short neighbour in the engine alone."""


def times(few: int, many: int) -> int:
    """How often to do it: a few times, the whole count in a full run, or as often as KILLS says."""
    return int(os.environ.get("KILLS") or (many if FULL else few))


def seconds(bar: float, generous: float) -> float:
    """How long something may take: the bar itself where it is measured, more on a machine that others use."""
    return bar if FULL and not SHARED else generous


def seed() -> int:
    """The seed of this test's chances: SEED, or a new one; printed, so that a failure can be had again."""
    chosen = int(os.environ.get("SEED") or random.randrange(10**9))
    print(f"SEED={chosen}")
    return chosen


def tell(fault: str, **counts: object) -> None:
    """Note what a fault's test counted, for the table of docs/reliability.md."""
    line = json.dumps({"fault": fault, "at": time.time(), "counts": counts}, ensure_ascii=False)
    print(line)
    if where := os.environ.get("FAULTS_RECORD"):
        with Path(where).open("a") as record:
            record.write(line + "\n")
