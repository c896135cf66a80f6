"""What a process keeps as long as it lives, and Python's collector of garbage."""

from __future__ import annotations

import gc


def settle() -> None:
    """Keep the collector from looking at what is there now again and again.

    A round over the states of 10,000 stations under rules takes half a second in which no thread of the
    process does anything, and comes every ten seconds under load. What is garbage by now is taken away first.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
