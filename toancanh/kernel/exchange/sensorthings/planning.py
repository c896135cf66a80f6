"""What of an observation's filter the store can answer by itself, and what must be looked at row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from math import inf, nextafter
from typing import Any

from django.db.models import Max, Min, Q, QuerySet

from toancanh.kernel.exchange.sensorthings import ids as keys
from toancanh.kernel.exchange.sensorthings.conditions import FLIPPED, Conditions
from toancanh.kernel.exchange.sensorthings.entities import ENTITIES, IDS
from toancanh.kernel.exchange.sensorthings.expressions import (
    COMPARISONS,
    Call,
    Expression,
    Literal,
    Path,
    paths,
)
from toancanh.kernel.exchange.sensorthings.models import Datastream, HistoricalLocation, ObservationDetail
from toancanh.kernel.exchange.sensorthings.observed import TRUTH
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.store import FOREVER, Order, Wanted

NEWEST: Order = (("time", True),)
OLDEST: Order = (("time", False),)
_OWN = {"phenomenonTime": "time", "result": "value"}


@dataclass(frozen=True)
class Scope:
    """Which observations an address means: of these datastreams, of one feature, or one alone."""

    streams: QuerySet[Datastream]
    feature: int | None = None
    key: tuple[int, int] | None = None


@dataclass(frozen=True)
class Plan:
    """``wanted`` holds every reading of which the filter may be true."""

    wanted: Wanted
    everywhere: Expression | None
    """Must be looked at for each row."""
    in_detail: Expression | None
    """Is settled by ``wanted``, but for rows that have more than time and number."""
    feature: int | None
    has_details: bool
    has_texts: bool
    """Results that are no numbers, which the store does not hold."""

    @property
    def is_settled(self) -> bool:
        """The store alone knows which rows are meant."""
        looked = self.everywhere is not None or self.feature is not None
        return not looked and not self.has_texts and not (self.has_details and self.in_detail is not None)


@dataclass
class _Bounds:
    start: int = 0
    end: int = FOREVER
    low: float = -inf
    high: float = inf
    result_start: int | None = None
    result_end: int | None = None
    series: set[int] | None = None

    def at(self, name: str, moment: int) -> None:
        if name in ("eq", "ge", "gt"):
            self.start = max(self.start, moment + (name == "gt"))
        if name in ("eq", "le", "lt"):
            self.end = min(self.end, moment + (name != "lt"))

    def of(self, name: str, value: float) -> None:
        if name in ("eq", "ge", "gt"):
            self.low = max(self.low, nextafter(value, inf) if name == "gt" else value)
        if name in ("eq", "le", "lt"):
            self.high = min(self.high, nextafter(value, -inf) if name == "lt" else value)

    def produced(self, name: str, moment: int) -> None:
        if name in ("eq", "ge", "gt"):
            self.result_start = max(self.result_start or 0, moment)
        if name in ("eq", "le", "lt"):
            self.result_end = min(FOREVER if self.result_end is None else self.result_end, moment)


@dataclass
class _Sorted:
    """The parts of a filter that must all be true, by who answers them."""

    streams: list[Expression] = field(default_factory=list)
    settled: list[Expression] = field(default_factory=list)
    left: list[Expression] = field(default_factory=list)
    bounds: _Bounds = field(default_factory=_Bounds)


def plan(scope: Scope, condition: Expression | None, conditions: Conditions) -> Plan:
    """How to find the observations of the scope of which the condition is true."""
    parts = _Sorted()
    for part in _conjuncts(condition):
        _sort(part, parts)
    streams = scope.streams
    if parts.streams:
        joined = parts.streams[0] if len(parts.streams) == 1 else Call("and", tuple(parts.streams))
        streams = streams.filter(conditions.of(ENTITIES["Datastream"], joined))
    if scope.feature is not None:
        streams = streams.filter(of_features([scope.feature]))
    bounds = parts.bounds
    if scope.key is not None:
        bounds.series = {scope.key[0]} & (bounds.series if bounds.series is not None else {scope.key[0]})
        bounds.at("eq", scope.key[1])
    if bounds.series is not None:
        streams = streams.filter(pk__in=bounds.series)
    if bounds.low > -inf or bounds.high < inf:
        _unsettle(parts, streams)
    ids = list(streams.order_by().values_list("pk", flat=True))
    details = ObservationDetail.objects.filter(series__in=streams.order_by().values("pk"))
    has_details = bool(ids) and details.exists()
    has_texts = has_details and details.filter(result__isnull=False).exists()
    feature = scope.feature
    if bounds.result_start is not None or bounds.result_end is not None:
        _produced(bounds, details)
    if feature is not None:
        feature = _named(bounds, details, feature, ids)
    wanted = Wanted(ids, bounds.start, bounds.end, bounds.low, bounds.high)
    return Plan(wanted, _joined(parts.left), _joined(parts.settled), feature, has_details, has_texts)


def _conjuncts(condition: Expression | None) -> tuple[Expression, ...]:
    if condition is None:
        return ()
    return condition.given if isinstance(condition, Call) and condition.name == "and" else (condition,)


def _joined(parts: list[Expression]) -> Expression | None:
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else Call("and", tuple(parts))


def _sort(part: Expression, into: _Sorted) -> None:
    named = paths(part)
    if named and all(path.names[0] == "Datastream" for path in named):
        into.streams.append(_behind(part))
    elif _settle(part, into.bounds):
        into.settled.append(part)
    else:
        into.left.append(part)


def _behind(part: Expression) -> Expression:
    if isinstance(part, Path):
        return Path(part.names[1:])
    return Call(part.name, tuple(_behind(p) for p in part.given)) if isinstance(part, Call) else part


def _settle(part: Expression, bounds: _Bounds) -> bool:
    """Narrow the bounds by a comparison with a fixed value; False where they do not say all of it."""
    if not isinstance(part, Call) or part.name not in COMPARISONS or part.name == "ne":
        return False
    name, (left, right) = part.name, part.given
    if isinstance(left, Literal) and isinstance(right, Path):
        name, left, right = FLIPPED[name], right, left
    if not (isinstance(left, Path) and isinstance(right, Literal)) or len(left.names) != 1:
        return False
    column, value = left.names[0], right.value
    if column in IDS and name == "eq":
        parts = keys.observation(value) if isinstance(value, str) else None
        bounds.series = {parts[0]} & (bounds.series or {parts[0]}) if parts else set()
        bounds.at("eq", parts[1] if parts else 0)
        return True
    if column == "result" and isinstance(value, int | float) and not isinstance(value, bool):
        bounds.of(name, float(value))
        return True
    moment = _moment(value)
    if moment is not None and column == "phenomenonTime":
        bounds.at(name, moment)
        return True
    if moment is not None and column == "resultTime":
        bounds.produced(name, moment)
    return False


def _moment(value: Any) -> int | None:  # noqa: ANN401 - a literal
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time(), UTC)
    return clock.to_us(value) if isinstance(value, datetime) else None


def _unsettle(parts: _Sorted, streams: QuerySet[Datastream]) -> None:
    """The store's 1 is told as true where a datastream says so, and true is no number."""
    if streams.filter(observation_type=TRUTH).exists():
        parts.left.extend(part for part in parts.settled if any(p.names == ("result",) for p in paths(part)))


def of_features(features: Sequence[int]) -> Q:
    """Datastreams with observations of the features: by where their things were, or because some say so."""
    stays = HistoricalLocation.objects.filter(feature__in=features)
    named = ObservationDetail.objects.filter(feature__in=features)
    return Q(series__thing__in=stays.values("thing")) | Q(series__in=named.values("series"))


def _produced(bounds: _Bounds, details: QuerySet[ObservationDetail]) -> None:
    """A time of result is told of rows with details alone, so theirs bound the search."""
    found = details.filter(result_time__gte=bounds.result_start or 0)
    if bounds.result_end is not None:
        found = found.filter(result_time__lte=bounds.result_end)
    _narrow(bounds, found)


def _named(bounds: _Bounds, details: QuerySet[ObservationDetail], feature: int, ids: list[int]) -> int | None:
    """None where every reading is of the feature; else the feature, which each must be asked for."""
    stays = HistoricalLocation.objects.filter(thing__series__in=ids, feature__isnull=False)
    features = set(stays.values_list("feature", flat=True).distinct())
    if feature not in features:
        _narrow(bounds, details.filter(feature=feature))
    elif features == {feature} and not details.filter(feature__isnull=False).exists():
        return None
    return feature


def _narrow(bounds: _Bounds, details: QuerySet[ObservationDetail]) -> None:
    span = details.aggregate(first=Min("time"), last=Max("time"))
    bounds.start = max(bounds.start, span["first"] if span["first"] is not None else FOREVER)
    bounds.end = min(bounds.end, span["last"] + 1 if span["last"] is not None else 0)


def pushed(order: tuple[tuple[Expression, bool], ...]) -> Order | None:
    """The order in the store's own columns; newest first unless told; None where it has no such columns."""
    if not order:
        return NEWEST
    found: list[tuple[Any, bool]] = []
    for key, descending in order:
        if not isinstance(key, Path):
            return None
        if key.names[-1] in IDS and key.names[:-1] in ((), ("Datastream",)):
            found.append(("series", descending))
            if len(key.names) == 1:
                found.append(("time", descending))
        elif len(key.names) == 1 and key.names[0] in _OWN:
            found.append((_OWN[key.names[0]], descending))
        else:
            return None
    columns = [column for column, _ in found]
    return tuple(key for at, key in enumerate(found) if key[0] not in columns[:at])


def after(plan: Plan, order: Order, token: str) -> Plan | None:
    """The plan from behind the row with that id on; None where the token is none of this order."""
    parts = keys.observation(token)
    if parts is None or len(order) != 1 or order[0][0] != "time":
        return None
    series, moment = parts
    wanted = replace(plan.wanted, after=(moment, series))
    if order[0][1]:
        wanted = replace(wanted, end=min(wanted.end, moment + 1))
    else:
        wanted = replace(wanted, start=max(wanted.start, moment))
    return replace(plan, wanted=wanted)
