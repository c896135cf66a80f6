"""Observations as devices write them: a number, ``{"time","value","seq"?}``, or a list of these."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from toancanh.kernel.telemetry.door import BAD_OFFSET
from toancanh.kernel.telemetry.intake import Malformed

SHOWN = 2000
"""Bytes kept of what could not be read."""
MILLISECONDS_FROM = 1e11
"""As seconds this is the year 5138, as milliseconds 1973: no device can mean the other one."""
MOST = 1e14
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Observation(msgspec.Struct, gc=False):
    """One row, as the ingest takes it."""

    thing: str
    series: str
    time: datetime
    value: float
    correction: bool = False
    seq: int | None = None


class _Item(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One row as it is written down; `time` in RFC 3339, or seconds or milliseconds since 1970."""

    time: Annotated[datetime, msgspec.Meta(tz=True)] | int | float
    value: float
    correction: bool = False
    seq: Annotated[int, msgspec.Meta(ge=0, lt=2**53)] | None = None


class Arrivals:
    """Times of bare numbers: now, and never the same twice, so that no two of them collide."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._last = 0

    def __call__(self) -> datetime:
        self._last = max(self._now(), self._last + 1)
        return _EPOCH + timedelta(microseconds=self._last)


_anything = msgspec.json.Decoder(float | _Item | list[_Item]).decode
_item = msgspec.json.Decoder(_Item).decode
_pieces = msgspec.json.Decoder(list[msgspec.Raw]).decode


def decode(
    thing: str, series: str, payload: bytes, arrived: Callable[[], datetime]
) -> tuple[list[Observation], list[Malformed]]:
    """The rows of a message, and what of it could not be read; `arrived` is the time of a bare number."""
    try:
        found = _anything(payload)
        if isinstance(found, float):
            return [Observation(thing, series, arrived(), found)], []
        if BAD_OFFSET.search(payload):
            raise ValueError(_OFFSET)
        if isinstance(found, _Item):
            return [_observation(thing, series, found)], []
        return [_observation(thing, series, item) for item in found], []
    except (ValueError, RecursionError) as error:
        return _piece_by_piece(thing, series, payload, error)


_OFFSET = "Invalid RFC3339 encoded datetime"


def _piece_by_piece(
    thing: str, series: str, payload: bytes, error: Exception
) -> tuple[list[Observation], list[Malformed]]:
    """One bad row must not take the other rows of its list with it."""
    try:
        pieces = _pieces(payload)
    except (ValueError, RecursionError):
        return [], [_malformed(thing, series, payload, error)]
    rows: list[Observation] = []
    malformed: list[Malformed] = []
    for piece in pieces:
        raw = bytes(piece)
        try:
            if BAD_OFFSET.search(raw):
                raise ValueError(_OFFSET)
            rows.append(_observation(thing, series, _item(raw)))
        except (ValueError, RecursionError) as fault:
            malformed.append(_malformed(thing, series, raw, fault))
    return rows, malformed


def _observation(thing: str, series: str, item: _Item) -> Observation:
    time = item.time
    if not isinstance(time, datetime):
        time = _since_1970(time)
    return Observation(thing, series, time, item.value, item.correction, item.seq)


def _since_1970(time: float) -> datetime:
    """Cheap devices count seconds or milliseconds; which of them is plain from the size of the number."""
    if not 0 <= time < MOST:
        raise ValueError("a time as a number is seconds or milliseconds since 1970")
    if time >= MILLISECONDS_FROM:
        return _EPOCH + timedelta(milliseconds=time)
    return _EPOCH + timedelta(seconds=time)


def _malformed(thing: str, series: str, raw: bytes, fault: Exception) -> Malformed:
    return Malformed(thing, series, raw[:SHOWN], str(fault)[:300])
