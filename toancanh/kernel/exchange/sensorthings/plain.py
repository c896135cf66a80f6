"""The plain case of a body: numbers with their times. Anything else is left to who takes his time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Struct

Time = Annotated[datetime, msgspec.Meta(tz=True)]


class Link(Struct, forbid_unknown_fields=True):
    """To a datastream, by its number."""

    id: int = msgspec.field(name="@iot.id")


class Plain(Struct, forbid_unknown_fields=True):
    """An observation of which nothing is told but its number, its time and its datastream."""

    result: float
    phenomenonTime: Time | None = None
    resultTime: None = None
    Datastream: Link | None = None


class Group(Struct, forbid_unknown_fields=True):
    """The data array of one datastream."""

    Datastream: Link
    components: list[str]
    dataArray: msgspec.Raw
    count: int | None = msgspec.field(name="dataArray@iot.count", default=None)


class Numbers(NamedTuple):
    """Times and numbers of one datastream; without a time it is now."""

    series: int
    rows: Sequence[tuple[datetime | None, float]]


_one = msgspec.json.Decoder(Plain).decode
_groups = msgspec.json.Decoder(list[Group]).decode
_timed = msgspec.json.Decoder(list[tuple[Time, float]]).decode
_turned = msgspec.json.Decoder(list[tuple[float, Time]]).decode
_bare = msgspec.json.Decoder(list[tuple[float]]).decode
ROWS: dict[tuple[str, ...], Callable[[msgspec.Raw], Sequence[tuple[datetime | None, float]]]] = {
    ("phenomenonTime", "result"): _timed,
    ("result", "phenomenonTime"): lambda raw: [(time, value) for value, time in _turned(raw)],
    ("result",): lambda raw: [(None, value) for (value,) in _bare(raw)],
}
"""How rows are read, by their components."""


def one(body: bytes, series: int | None) -> Numbers | None:
    """The plain observation of a body, posted to a datastream's own set or naming it; None for any other."""
    try:
        told = _one(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if (told.Datastream is None) == (series is None):
        return None
    named = told.Datastream.id if told.Datastream is not None else series
    assert named is not None
    return Numbers(named, [(told.phenomenonTime, told.result)])


def arrays(body: bytes, most: int) -> list[Numbers] | None:
    """The data arrays of a body where each row is plain; None for any other, and for too many rows."""
    try:
        found = list(_arrays(_groups(body)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError):
        return None
    return found if sum(len(numbers.rows) for numbers in found) <= most else None


def _arrays(groups: list[Group]) -> Iterator[Numbers]:
    for group in groups:
        yield Numbers(group.Datastream.id, ROWS[tuple(group.components)](group.dataArray))


class Row(Struct, gc=False):
    """One row as the ingest takes it."""

    thing: str
    series: str
    time: datetime
    value: float
    correction: bool = False
    seq: Any = None
