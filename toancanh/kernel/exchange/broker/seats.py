"""Client names at the broker and who of us sits on them.

The broker holds messages for a client name, so a name must be taken up again after a restart and never be
used twice at once. On SQLite there is one process; on PostgreSQL an advisory lock says who sits where, and
the server gives it back when a process dies.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from django.db import connection

from toancanh.kernel.exchange.broker.address import Address
from toancanh.kernel.exchange.broker.models import BrokerSeat
from toancanh.kernel.runtime import clock, marks

LOCKS = 7_267_227
"""First number of PostgreSQL's advisory locks for seats; any fixed one will do."""
LEADER = 1_000
MOST = 64
"""Processes that may share one broker."""
ABANDONED = timedelta(seconds=30)
"""A seat on which nobody has sat for so long is emptied by another process, which then ends its session."""


class Place(NamedTuple):
    """A seat taken: its client name, and the groups under which its session may have subscribed before."""

    number: int
    client: str
    group: str
    before: tuple[str, ...] = ()

    @property
    def filters(self) -> list[str]:
        """What is subscribed to."""
        return filters(self.group)

    @property
    def outdated(self) -> list[str]:
        """What an earlier setting subscribed to and this one does not."""
        return [name for group in self.before if group != self.group for name in filters(group)]


def filters(group: str) -> list[str]:
    """Topics of devices: observations of every thing, and what they answer to commands."""
    share = f"$share/{group}/" if group else ""
    return [f"{share}toancanh/+/+", f"{share}toancanh/+/cmd/ack"]


class Seats:
    """The seats that this process holds; belongs to one thread, whose database connection holds the locks."""

    def __init__(self, address: Address, holder: str) -> None:
        self._address = address
        self._holder = holder
        self._own: Place | None = None
        self._locks: set[int] = set()
        self._held_by: object = None

    def take(self) -> Place | None:
        """The seat of this process: the one it has, else the lowest free one; None where all are taken."""
        self._forget_lost()
        if self._own is None:
            for number in range(MOST if self._address.group else 1):
                if number not in self._locks and self._lock(number):
                    self._own = self._sit(number)
                    break
        return self._own

    def abandoned(self) -> Iterator[Place]:
        """Seats on which nobody sits any more, now held by us until `close`; their sessions hear nothing new
        once they are emptied."""
        self._forget_lost()
        rows = BrokerSeat.objects.filter(seen_at__lt=clock.now() - ABANDONED).order_by("number")
        for row in rows.exclude(number=-1 if self._own is None else self._own.number):
            if row.number in self._locks or not self._lock(row.number):
                continue
            if row.address == str(self._address):
                yield Place(row.number, row.client, row.group, (row.group,))
            else:
                self.close(row.number)

    def lead(self) -> bool:
        """Whether this process is the one that does what one of all has to do."""
        self._forget_lost()
        return LEADER in self._locks or self._lock(LEADER)

    def close(self, number: int) -> None:
        """The session of this seat is no more: nobody needs to take it up again."""
        if number in self._locks:
            BrokerSeat.objects.filter(number=number).delete()
            self._unlock(number)

    def free(self) -> None:
        """Get up, so that another process may sit down at once."""
        for number in list(self._locks):
            self._unlock(number)
        self._own = None

    def _sit(self, number: int) -> Place:
        client = f"toancanh-{marks.first('broker.name', secrets.token_hex(4))}-{number}"
        row = BrokerSeat.objects.filter(number=number).first()
        before = (row.group,) if row is not None and row.address == str(self._address) else ()
        said = {"client": client, "address": str(self._address), "group": self._address.group}
        said["user"] = self._address.user[:100]
        fresh: dict[str, object] = {
            "connected_at": None,
            "reconnects": 0,
            "messages": 0,
            "dropped": 0,
            "in_flight": 0,
        }
        fresh |= {"trouble": "", "said": "", "trouble_at": None}
        BrokerSeat.objects.update_or_create(
            number=number, defaults=fresh | said | {"holder": self._holder, "seen_at": clock.now()}
        )
        return Place(number, client, self._address.group, before)

    def _forget_lost(self) -> None:
        """A new connection holds none of the old one's locks."""
        connection.ensure_connection()
        if self._held_by is not connection.connection:
            self._held_by = connection.connection
            self._locks.clear()
            self._own = None

    def _lock(self, number: int) -> bool:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCKS, number])
                if cursor.fetchone() != (True,):
                    return False
        self._locks.add(number)
        return True

    def _unlock(self, number: int) -> None:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCKS, number])
        self._locks.discard(number)
