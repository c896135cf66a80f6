"""How it goes at the outside broker, for pages and figures of any process."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from toancanh.kernel.exchange.broker.actions import TOKEN
from toancanh.kernel.exchange.broker.models import BrokerSeat
from toancanh.kernel.exchange.broker.troubles import Said, words
from toancanh.kernel.runtime import clock

MISSED = timedelta(seconds=30)
"""Whoever sits on a seat says so more often than this."""


class Seen(NamedTuple):
    """One of our client names at the broker, as its process told it last."""

    address: str
    client: str
    group: str
    holder: str
    level: str
    since: datetime | None
    """Since when it is connected; None: it is not."""
    seen_at: datetime
    reconnects: int
    messages: int
    dropped: int
    in_flight: int
    trouble: Said | None
    """What is wrong and what to do; None where nothing is."""
    trouble_at: datetime | None


def seen() -> list[Seen]:
    """Every seat at the broker; a process that died is named connected no longer."""
    return [_seen(row) for row in BrokerSeat.objects.order_by("number")]


def _seen(row: BrokerSeat) -> Seen:
    here = row.seen_at > clock.now() - MISSED
    facts = {"address": row.address, "client": row.client, "token": TOKEN, "user": row.user}
    return Seen(
        row.address,
        row.client,
        row.group,
        row.holder,
        "5" if row.level == 5 else "3.1.1",
        row.connected_at if here else None,
        row.seen_at,
        row.reconnects,
        row.messages,
        row.dropped,
        row.in_flight if here else 0,
        words(row.trouble, row.said, **facts) if row.trouble else None,
        row.trouble_at if row.trouble else None,
    )
