"""Keeping observations beyond the plain case, correcting and withdrawing them.

The reading is kept first, then what is beside it, then the client is answered: who had no answer sends again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from django.db import IntegrityError, transaction

from toancanh.kernel.exchange.sensorthings.ids import ObservationId
from toancanh.kernel.exchange.sensorthings.models import ObservationDetail
from toancanh.kernel.exchange.sensorthings.observing import (
    COLUMNS,
    DOOR,
    PART,
    Known,
    Seen,
    Unread,
    details,
    known,
    reading,
)
from toancanh.kernel.exchange.sensorthings.recording import record
from toancanh.kernel.exchange.sensorthings.rights import actor
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.backfill import Observed
from toancanh.kernel.telemetry.directory import Directory, SeriesInfo, TokenInfo
from toancanh.kernel.telemetry.intake import FULL, FUTURE, TOO_OLD, Code, Dead, Request, Taken, take
from toancanh.kernel.telemetry.ledger import DatabaseLedger
from toancanh.lib.errors import Full, Unavailable

Refused = dict[int, Code]
"""Codes of the observations that are not kept, by position."""


class Keeper:
    """Keeps the observations of one token."""

    def __init__(self, token: TokenInfo) -> None:
        self._token = token

    def judge(self, observations: Sequence[Seen]) -> Refused:
        """Which of them would not be kept, as far as can be told before they are."""
        refused = self._refused(observations, known(observations))
        for position, one in enumerate(observations):
            stored = None if position in refused or one.value is None else reading(one.id)
            if stored is not None and stored.value != one.value:
                refused[position] = "conflict"
        return refused

    def keep(self, observations: Sequence[Seen]) -> Refused:
        """Keep them and tell who listens; those that are refused become dead letters.

        Raises Unavailable when not all was kept that could be: to be sent again as it was.
        """
        series = known(observations)
        refused = self._refused(observations, series)
        self.bury(observations, refused, series)
        numbers = [n for n, one in enumerate(observations) if n not in refused and one.value is not None]
        refused |= self._store(observations, numbers, series)
        beside = [n for n, one in enumerate(observations) if n not in refused and one.beside]
        late = _write(observations, beside)
        self.bury(observations, late, series)
        refused |= late
        hear([one.id for n, one in enumerate(observations) if n not in refused])
        return refused

    def correct(self, one: Seen) -> Code | None:
        """Put it in the place of what is kept for its time, which stays on record; the code where refused."""
        one.correction = True
        series = known([one])
        before = _told(one.id)
        refused = self._refused([one], series)
        if not refused and one.value is None:
            engine.store().withdraw([one.id], clock.now_us(), self._token.name)
        elif not refused:
            refused = self._store([one], [0], series)
        if refused:
            return refused[0]
        with transaction.atomic():
            record(actor(self._token), "changed", "Observation", str(one.id), COLUMNS, before)
            there = ObservationDetail.objects.filter(series=one.series, time=one.time)
            if one.beside:
                told = {name: one.beside.get(name) for name in COLUMNS}
                there.update_or_create(series_id=one.series, time=one.time, defaults=told)
            else:
                there.delete()
        hear([one.id])
        return None

    def withdraw(self, keys: Sequence[ObservationId]) -> None:
        """Take observations out; their values stay on record, in the store and in the journal."""
        for key in keys:
            with transaction.atomic():
                record(actor(self._token), "removed", "Observation", str(key), (), _told(key))
                ObservationDetail.objects.filter(series=key.series, time=key.time).delete()
                engine.store().withdraw([key], clock.now_us(), self._token.name)

    def put_aside(self, unread: Sequence[Unread]) -> None:
        """Keep as dead letters what could not be read."""
        series = known(Seen(one.series, 0, 0.0) for one in unread)
        sender = (self._token.id, self._token.name, DOOR, "malformed")
        dead = [Dead(*sender, *_place(one.series, series), raw=one.raw, fault=one.fault) for one in unread]
        if dead:
            DatabaseLedger().settle(dead, [], clock.now_us())

    def _refused(self, observations: Sequence[Seen], series: Mapping[int, Known]) -> Refused:
        now = clock.now_us()
        found: Refused = {}
        for position, one in enumerate(observations):
            code = self._fault(one, series.get(one.series), now)
            if code is not None:
                found[position] = code
        plain = [n for n in range(len(observations)) if n not in found and not observations[n].correction]
        there = details(observations[n].id for n in plain)
        for position in plain:
            one = observations[position]
            detail, stored = there.get(one.id), reading(one.id) if one.value is None else None
            if stored is not None or (detail is not None and not _agrees(one, detail)):
                found[position] = "conflict"
        return found

    def _fault(self, one: Seen, series: Known | None, now: int) -> Code | None:
        if series is None:
            return "unknown_series"
        if not self._token.may_write(series.info.thing):
            return "forbidden"
        if one.time > now + FUTURE:
            return "future"
        if one.time < max(0, now - TOO_OLD):
            return "too_old"
        return "not_numeric" if one.value is None and series.is_numeric else None

    def _store(
        self, observations: Sequence[Seen], positions: Sequence[int], series: Mapping[int, Known]
    ) -> Refused:
        if not positions:
            return {}
        things: dict[str, dict[str, SeriesInfo]] = {}
        rows = []
        for position in positions:
            one = observations[position]
            info = series[one.series].info
            things.setdefault(info.thing, {})[info.name] = info
            value = one.value or 0.0
            rows.append(Observed(info.thing, info.name, clock.from_us(one.time), value, one.correction))
        directory = Directory(things, {self._token.digest: self._token})
        request = Request(self._token.digest, rows, door=DOOR)
        (result,) = take(engine.store(), directory, DatabaseLedger(), [request], clock.now_us())
        if not isinstance(result, Taken):
            raise (Full if result == FULL else Unavailable)(str(result))
        return {positions[refusal.position]: refusal.code for refusal in result.refusals}

    def bury(
        self, observations: Sequence[Seen], refused: Refused, series: Mapping[int, Known] | None = None
    ) -> None:
        """What is refused before the store's own judge sees it becomes a dead letter all the same."""
        series = known(observations) if series is None else series
        dead = []
        for position, code in refused.items():
            one = observations[position]
            place = _place(one.series, series)
            raw = b"" if one.value is not None else msgspec.json.encode(one.beside["result"])
            sender = (self._token.id, self._token.name, DOOR)
            dead.append(Dead(*sender, code, *place, one.time, one.value, one.correction, raw))
        if dead:
            DatabaseLedger().settle(dead, [], clock.now_us())


def _place(series: int, known: Mapping[int, Known]) -> tuple[str, str]:
    """Thing and series as a dead letter names them."""
    found = known.get(series)
    return (found.info.thing, found.info.name) if found else (f"Datastreams({series})", "")


def _told(key: ObservationId) -> dict[str, Any]:
    """What is kept of an observation, for the journal."""
    stored, detail = reading(key), details([key]).get(key)
    told = {} if detail is None else {name: getattr(detail, name) for name in COLUMNS}
    if stored is not None:
        told["result"] = stored.value
    return {name: value for name, value in told.items() if value is not None}


def _agrees(one: Seen, detail: ObservationDetail) -> bool:
    """Whether what is kept is what is sent again; a plain number agrees with anything but another result."""
    if not one.beside:
        return detail.result is None
    return all(getattr(detail, name) == one.beside.get(name) for name in COLUMNS)


def _write(observations: Sequence[Seen], positions: Sequence[int]) -> Refused:
    """Keep what is beside the store; who comes at the same moment with something else is refused."""
    wanted = {observations[n].id: observations[n] for n in reversed(positions)}
    there = details(wanted)
    try:
        with transaction.atomic():
            there |= _insert([one for key, one in wanted.items() if key not in there])
    except IntegrityError:
        # Somebody else was between the look and the insert: what he wrote is there now.
        there = details(wanted)
        with transaction.atomic():
            there |= _insert([one for key, one in wanted.items() if key not in there])
    return {n: "conflict" for n in positions if not _agrees(observations[n], there[observations[n].id])}


def _insert(observations: Iterable[Seen]) -> dict[ObservationId, ObservationDetail]:
    rows = {
        one.id: ObservationDetail(series_id=one.series, time=one.time, **one.beside) for one in observations
    }
    ObservationDetail.objects.bulk_create(rows.values(), batch_size=PART)
    return rows


_listeners: list[Callable[[list[ObservationId]], None]] = []


def listen(heard: Callable[[list[ObservationId]], None]) -> None:
    """Have every observation told that is kept here; called on the thread that kept it."""
    _listeners.append(heard)


def hear(keys: list[ObservationId]) -> None:
    """Tell who listens."""
    for heard in _listeners if keys else ():
        heard(keys)
