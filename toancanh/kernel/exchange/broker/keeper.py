"""What the connection needs of the database, in a thread of its own: seat, token, and telling how it goes."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from datetime import datetime, timedelta

from toancanh.kernel.declare import program
from toancanh.kernel.exchange.broker import actions
from toancanh.kernel.exchange.broker.address import Address
from toancanh.kernel.exchange.broker.models import BrokerSeat
from toancanh.kernel.exchange.broker.seats import Place, Seats
from toancanh.kernel.exchange.broker.standing import Standing
from toancanh.kernel.exchange.broker.troubles import Trouble
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.loops import Loop
from toancanh.kernel.telemetry.directory import DirectorySource, TokenInfo

EVERY = 2.0
TELL_EVERY = timedelta(seconds=10)
"""So often at least a seat says that somebody sits on it; at once when something else than counts changed."""
NOBODY = TokenInfo(0, actions.TOKEN, frozenset())


class Keeper:
    """Holds a seat and sees to the token; calls `changed` on its thread whenever either is another."""

    def __init__(
        self,
        address: Address,
        directory: DirectorySource,
        standing: Standing,
        changed: Callable[[], None],
    ) -> None:
        self._directory = directory
        self._standing = standing
        self._changed = changed
        self._seats = Seats(address, f"{socket.gethostname()}:{os.getpid()}")
        self._shares = bool(address.group)
        self._told: tuple[object, ...] | None = None
        self._told_at: datetime | None = None
        self._is_ending = False
        self._emptied: set[int] = set()
        self._loop = Loop("broker", self.tend, EVERY, at_end=True)
        self.place: Place | None = None
        """Where we may sit; None while there is no seat or the token is not in force."""
        self.leads = False
        """Whether commands are ours to send."""
        self.orphans: list[Place] = []
        """Abandoned seats that we hold and that have to be emptied."""

    def start(self) -> None:
        """Begin at once."""
        self._loop.start()
        self._loop.wake()

    def stop(self) -> None:
        """End, and leave the seat to others."""
        self._is_ending = True
        self._loop.stop()

    def token(self) -> TokenInfo:
        """The broker's token as it was last seen."""
        return self._directory.snapshot.named.get(actions.TOKEN, NOBODY)

    def emptied(self, place: Place) -> None:
        """The session of an abandoned seat is no more."""
        self._emptied.add(place.number)
        self._loop.wake()

    def tend(self) -> int:
        """One round; always 0: there is no more to do at once."""
        if self._is_ending:
            self._tell(ending=True)
            self._seats.free()
            return 0
        place = self._seats.take()
        self.leads = self._seats.lead()
        self._see_to_token()
        if self.token().is_valid(clock.now_us()):
            self._standing.well("token")
            self._move(place)
        else:
            self._standing.troubled(Trouble("token"))
            self._move(None)
        if place is not None:
            self._tell()
            self._sweep()
        return 0

    def _see_to_token(self) -> None:
        if actions.TOKEN not in self._directory.refresh().named:
            actions.provide_token(by=program("broker"))
            self._directory.refresh()

    def _move(self, place: Place | None) -> None:
        if place != self.place:
            self.place = place
            self._changed()

    def _sweep(self) -> None:
        """Find what processes left behind that did not come back; only who shares can be missed by nobody."""
        while self._emptied:
            self._seats.close(self._emptied.pop())
        if self._shares and self.place is not None:
            found = list(self._seats.abandoned())
            if found:
                self.orphans += found
                self._changed()

    def _tell(self, *, ending: bool = False) -> None:
        standing, now = self._standing, clock.now()
        told = (self.place and self.place.number, *standing.gist, ending)
        if told == self._told and self._told_at is not None and now - self._told_at < TELL_EVERY:
            return
        self._told, self._told_at = told, now
        held = self._seats.take()
        if held is None:
            return
        trouble = standing.trouble
        BrokerSeat.objects.filter(number=held.number).update(
            seen_at=now,
            connected_at=None if ending else standing.connected_at,
            reconnects=max(0, standing.connections - 1),
            trouble=trouble.code if trouble else "",
            said=trouble.said[:300] if trouble else "",
            trouble_at=standing.trouble_at,
            messages=standing.messages,
            dropped=standing.dropped,
            in_flight=standing.in_flight,
            level=standing.level,
        )
