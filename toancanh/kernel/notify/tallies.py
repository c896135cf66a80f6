"""Counts that are kept with every change, so that nobody ever counts a hundred thousand rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from django.db.models import F

from toancanh.kernel.notify.models import Tally

Moves = Counter[tuple[int, str, str]]
"""By (notice, channel, state): how many more of them there are."""


def moves() -> Moves:
    """Nothing yet."""
    return Counter()


def move(into: Moves, notice: int, channel: str, before: str, after: str, n: int = 1) -> None:
    """Note that ``n`` deliveries went from one state to another; before the first there is none."""
    if before != after:
        into[notice, channel, after] += n
        if before:
            into[notice, channel, before] -= n


def keep(moved: Mapping[tuple[int, str, str], int]) -> None:
    """Write them down, inside the transaction of the change itself.

    Always in the same order, so that two who write at once never wait for each other in a circle.
    """
    for (notice, channel, state), n in sorted(moved.items()):
        if n == 0:
            continue
        row, _is_new = Tally.objects.get_or_create(notice_id=notice, channel=channel, state=state)
        Tally.objects.filter(pk=row.pk).update(n=F("n") + n)
