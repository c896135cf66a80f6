"""Writes new deliveries without a model's instance for each: a warning has a hundred thousand of them.

Preparing rows as models cost four times what writing them does, and all of it while others waited to write.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from toancanh.kernel.notify.models import Delivery, State


class Entry(NamedTuple):
    """What differs between the new deliveries of a message; names are those of `Delivery`."""

    recipient: str
    channel: str
    address: str
    language: str
    name: str
    link: str
    reference: str
    state: State
    next_at: datetime | None
    ended_at: datetime | None = None
    reason: str = ""
    said: str = ""


def insert(notice: int, rank: int, entries: Collection[Entry]) -> None:
    """Put them down, inside the caller's transaction."""
    if not entries:
        return
    columns = ("notice_id", "rank", *Entry._fields, "holder", "attempts", "peer_id")
    quote, adapt = connection.ops.quote_name, connection.ops.adapt_datetimefield_value
    # Of a slice nearly all have the same two moments: each is turned into the store's form once.
    moments = {at: adapt(at) for at in {at for entry in entries for at in (entry.next_at, entry.ended_at)}}
    rows = [
        (
            notice,
            rank,
            *entry[:7],
            entry.state.value,
            moments[entry.next_at],
            moments[entry.ended_at],
            entry.reason,
            entry.said,
            "",
            0,
            "",
        )
        for entry in entries
    ]
    names, marks = ", ".join(map(quote, columns)), ", ".join(["%s"] * len(columns))
    said = f"INSERT INTO {quote(Delivery._meta.db_table)} ({names}) VALUES ({marks})"
    with connection.cursor() as cursor:
        cursor.executemany(said, rows)
