"""CreateObservations: many observations as tables, one for each datastream; every row is judged alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from django.utils.translation import gettext as _

from toancanh.kernel.exchange.sensorthings import bodies, ids, observing
from toancanh.kernel.exchange.sensorthings.answers import Answer
from toancanh.kernel.exchange.sensorthings.bodies import Id, Json, ObservationBody, Value
from toancanh.kernel.exchange.sensorthings.keeping import Keeper
from toancanh.kernel.exchange.sensorthings.making import find
from toancanh.kernel.exchange.sensorthings.models import FeatureOfInterest
from toancanh.kernel.exchange.sensorthings.observing import Seen, Unread
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import Refused

PATH: Final = "CreateObservations"
MAX_ROWS: Final = 50_000
PROPERTIES: Final = frozenset(
    {"result", "phenomenonTime", "resultTime", "resultQuality", "validTime", "parameters"}
)
FEATURE: Final = frozenset({"FeatureOfInterest/id", "FeatureOfInterest/@iot.id"})
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
"""Some clients write numbers in quotes; in a table of numbers it is plain what they mean."""


class Group(msgspec.Struct, forbid_unknown_fields=True):
    """The table of one datastream."""

    Datastream: Json
    components: list[str]
    dataArray: list[Any]
    count: int | None = msgspec.field(name="dataArray@iot.count", default=None)


def create(keeper: Keeper, base: str, told: Value) -> Answer:
    """Keep what can be kept; the answer has a link for each row, or what is wrong with it."""
    try:
        groups = msgspec.convert(told, list[Group])
    except msgspec.ValidationError as fault:
        raise Refused(f"{PATH}: {fault}", "bad_body") from fault
    if sum(len(group.dataArray) for group in groups) > MAX_ROWS:
        text = _("Send at most %(most)s observations at a time.") % {"most": MAX_ROWS}
        raise Refused(text, "too_large")
    rows = list(_Rows(groups))
    good = [row for row in rows if isinstance(row, Seen)]
    keeper.put_aside([row for row in rows if isinstance(row, Unread)])
    refused = keeper.keep(good)
    faults = {id(good[position]): observing.TEXTS[code]() for position, code in refused.items()}
    return Answer(201, [_line(row, faults, base) for row in rows])


def _line(row: Seen | Unread, faults: Mapping[int, str], base: str) -> str:
    if isinstance(row, Unread):
        return f"error: {row.fault}"
    if id(row) in faults:
        return f"error: {faults[id(row)]}"
    return f"{base}/{ids.address('Observation', row.id)}"


class _Rows:
    """The rows of all tables as observations, or as what could not be read."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self._groups = groups
        self._now = clock.now_us()
        self._features: dict[Id, int | None] = {}

    def __iter__(self) -> Iterator[Seen | Unread]:
        numeric = self._numeric()
        for group in self._groups:
            series = _series(group)
            read = self._reader(group.components, numeric.get(series or 0, False))
            for row in group.dataArray:
                if series is None:
                    yield Unread(0, msgspec.json.encode(row), observing.TEXTS["unknown_series"]())
                    continue
                try:
                    yield read(series, row)
                except Refused as refused:
                    yield Unread(series, msgspec.json.encode(row), refused.message)

    def _numeric(self) -> dict[int, bool]:
        wanted = [Seen(series, 0, 0.0) for series in map(_series, self._groups) if series is not None]
        return {key: one.is_numeric for key, one in observing.known(wanted).items()}

    def _reader(self, components: Sequence[str], is_numeric: bool) -> Callable[[int, Value], Seen]:
        """How a row of these components is read; raises Refused for components that no row could have."""
        unknown = [name for name in components if name not in PROPERTIES | FEATURE]
        if unknown or "result" not in components or len(set(components)) != len(components):
            text = _("components name result and others of %(names)s, each once.")
            names = ", ".join(sorted(PROPERTIES | FEATURE))
            raise Refused(text % {"names": names}, "bad_body")

        def read(series: int, row: Value) -> Seen:
            if not isinstance(row, list) or len(row) != len(components):
                text = _("A row has as many values as there are components.")
                raise Refused(text, "bad_body")
            told = {name: value for name, value in zip(components, row, strict=True) if value is not None}
            feature = None
            for name in FEATURE & told.keys():
                feature = self._feature(told.pop(name))
            said = told.get("result")
            if is_numeric and isinstance(said, str) and _NUMBER.fullmatch(said):
                told["result"] = float(said)
            body = bodies.own("Observation", told)
            assert isinstance(body, ObservationBody)
            # Rows that leave out their time are not of the same moment.
            self._now += 1
            return observing.seen(series, body, self._now, feature)

        return read

    def _feature(self, told: Value) -> int:
        key = bodies.link({"@iot.id": told}) or 0
        if key not in self._features:
            found = find(FeatureOfInterest, key)
            self._features[key] = found.pk if found else None
        number = self._features[key]
        if number is None:
            raise Refused(_("There is no feature of interest %(id)s.") % {"id": told}, "bad_link")
        return number


def _series(group: Group) -> int | None:
    key = bodies.link(group.Datastream)
    return ids.number(key) if key is not None else None
