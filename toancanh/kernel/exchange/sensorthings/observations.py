"""Observations: readings of the store with what `ObservationDetail` adds, filtered, sorted, in pages."""

from __future__ import annotations

import heapq
import itertools
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from toancanh.kernel.exchange.sensorthings import evaluation, paths, planning
from toancanh.kernel.exchange.sensorthings.access import Sight
from toancanh.kernel.exchange.sensorthings.conditions import Conditions
from toancanh.kernel.exchange.sensorthings.entities import ENTITIES
from toancanh.kernel.exchange.sensorthings.expressions import Expression, Malformed, Path
from toancanh.kernel.exchange.sensorthings.expressions import paths as every_path
from toancanh.kernel.exchange.sensorthings.ids import ObservationId
from toancanh.kernel.exchange.sensorthings.models import (
    Datastream,
    FeatureOfInterest,
    HistoricalLocation,
    ObservationDetail,
)
from toancanh.kernel.exchange.sensorthings.observed import Observation, details_of, rank_of
from toancanh.kernel.exchange.sensorthings.options import Options
from toancanh.kernel.exchange.sensorthings.planning import NEWEST, OLDEST, Plan, Scope
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.store import Order, Reading

BATCH = 2_000
MOST_ROWS = 100_000
"""Observations that one request may look at row by row."""


@dataclass
class Found:
    """A page of observations."""

    rows: list[Observation]
    count: int | None = None
    more: dict[str, str] | None = None
    """The options under which the next page begins; None where there is none."""


class Observations:
    """Finds observations for one caller; remembers datastreams and features that it came upon."""

    def __init__(self, sight: Sight, conditions: Conditions) -> None:
        self._sight = sight
        self._conditions = conditions
        self._streams: dict[int, Datastream] = {}
        self._kinds: dict[int, tuple[str, int]] = {}
        """Observation type and thing of each datastream."""
        self._features: dict[int, FeatureOfInterest] = {}
        self._stays: dict[int, list[tuple[int, int]]] = {}
        self._seen = 0

    def page(self, scope: Scope, options: Options) -> Found:
        """The page that the options ask for."""
        plan = planning.plan(scope, options.filter, self._conditions)
        count = self._count(plan) if options.count else None
        order = planning.pushed(options.order)
        if options.token:
            continued = planning.after(plan, order or (), options.token)
            if continued is None:
                raise Malformed(_("$skiptoken is none that was given out for this order."))
            plan = continued
        limit, skip = options.limit, options.skip
        if plan.is_settled and order is not None:
            rows = self._dress(plan, engine.store().select(plan.wanted, order, limit=limit + 1, skip=skip))
        else:
            rows = list(itertools.islice(self._sorted(plan, options), skip, skip + limit + 1))
        more = None
        if len(rows) > limit > 0:
            is_key = order is not None and len(order) == 1 and order[0][0] == "time"
            more = {"$skiptoken": rows[limit - 1].key} if is_key else {"$skip": str(skip + limit)}
        return Found(rows[:limit], count, more)

    def each(self, streams: Sequence[int], options: Options, most: int) -> dict[int, Found]:
        """A page of at most ``most`` for every datastream by itself."""
        scope = Scope(Datastream.objects.filter(pk__in=streams))
        plan = planning.plan(scope, options.filter, self._conditions)
        order = planning.pushed(options.order)
        limit, skip = min(options.limit, most), options.skip
        found: dict[int, list[Observation]] = {}
        counts: dict[int, int] = {}
        if plan.is_settled and order is not None:
            readings = engine.store().each(plan.wanted, order, limit=limit + 1, skip=skip)
            for row in self._dress(plan, [reading for rows in readings.values() for reading in rows]):
                found.setdefault(row.series, []).append(row)
            counts = engine.store().counts(plan.wanted) if options.count else {}
        else:
            for row in self._sorted(plan, options):
                found.setdefault(row.series, []).append(row)
            counts = {series: len(rows) for series, rows in found.items()}
            found = {series: rows[skip : skip + limit + 1] for series, rows in found.items()}
        return {
            series: Found(
                rows[:limit],
                counts.get(series, 0) if options.count else None,
                {"$skip": str(skip + limit)} if len(rows) > limit else None,
            )
            for series in streams
            for rows in [found.get(series, [])]
        }

    def each_feature(self, features: Sequence[int], options: Options, most: int) -> dict[int, Found]:
        """The same for features.

        Those whose datastreams know no other feature are answered together, the others one by one.
        """
        of_stream: dict[int, set[int]] = {}
        stays = HistoricalLocation.objects.filter(feature__isnull=False, thing__series__isnull=False)
        for series, feature in (
            *stays.filter(thing__series__in=self._seen_of(features)).values_list("thing__series", "feature"),
            *ObservationDetail.objects.filter(series__in=self._seen_of(features), feature__isnull=False)
            .values_list("series", "feature")
            .distinct(),
        ):
            of_stream.setdefault(series, set()).add(feature)
        shared = {feature for known in of_stream.values() if len(known) > 1 for feature in known}
        plain = {series: next(iter(known)) for series, known in of_stream.items() if not known & shared}
        together = self._together(plain, [one for one in features if one not in shared], options, most)
        streams = self._sight.rows(ENTITIES["Datastream"])
        cut = replace(options, top=min(options.limit, most))
        apart = {one: self.page(Scope(streams, feature=one), cut) for one in features if one in shared}
        return {**together, **apart}

    def _seen_of(self, features: Sequence[int]) -> Any:  # noqa: ANN401 - a query within a query
        """Visible datastreams that have observations of the features."""
        streams = self._sight.rows(ENTITIES["Datastream"]).order_by()
        return streams.filter(planning.of_features(features)).values("pk")

    def _together(
        self, of_stream: dict[int, int], features: Sequence[int], options: Options, most: int
    ) -> dict[int, Found]:
        limit, skip = min(options.limit, most), options.skip
        whole = replace(options, top=limit + skip + 1, skip=0)
        pages = self.each(list(of_stream), whole, limit + skip + 1)
        rows: dict[int, list[Observation]] = {feature: [] for feature in features}
        counts = dict.fromkeys(features, 0)
        for series, page in pages.items():
            if of_stream[series] in rows:
                rows[of_stream[series]] += page.rows
                counts[of_stream[series]] += page.count or 0
        return {
            feature: Found(
                of[skip : skip + limit],
                counts[feature] if options.count else None,
                {"$skip": str(skip + limit)} if len(of) > skip + limit else None,
            )
            for feature, found in rows.items()
            for of in [self._arranged(found, options)]
        }

    def one(self, scope: Scope) -> Observation | None:
        """The one observation that the scope names by its key."""
        found = self.page(scope, Options(top=1)).rows
        return found[0] if found else None

    def measured(self, expression: Expression) -> list[int]:
        """Series that have an observation of which the expression is true."""
        scope = Scope(self._sight.rows(ENTITIES["Datastream"]))
        plan = planning.plan(scope, expression, self._conditions)
        if plan.everywhere is not None:
            text = _("Through a link, observations can be compared by phenomenonTime, result and id alone.")
            raise Malformed(text)
        found = set(engine.store().counts(plan.wanted))
        if plan.has_texts:
            found |= {row.series for row in self._texts(plan, NEWEST) if self._is_meant(plan, row)}
        return sorted(found)

    def features(self, rows: Sequence[Observation]) -> dict[int, FeatureOfInterest]:
        """The features that these are of, by id; each row then knows its own."""
        self._place(rows)
        wanted = {row.feature for row in rows if row.feature is not None} - self._features.keys()
        if wanted:
            self._features |= self._sight.rows(ENTITIES["FeatureOfInterest"]).in_bulk(wanted)
        return self._features

    def _typed(self, rows: Sequence[Observation]) -> dict[int, tuple[str, int]]:
        """Let each row know its type; type and thing of their datastreams."""
        wanted = {row.series for row in rows} - self._kinds.keys()
        if wanted:
            found = Datastream.objects.filter(pk__in=wanted)
            for key, name, thing in found.values_list("pk", "observation_type", "series__thing"):
                self._kinds[key] = name, thing
        for row in rows:
            row.type = self._kinds[row.series][0]
        return self._kinds

    # --- what the plan leaves to be done

    def _count(self, plan: Plan) -> int:
        if plan.is_settled:
            return sum(engine.store().counts(plan.wanted).values())
        return sum(1 for _row in self._meant(plan, NEWEST))

    def _sorted(self, plan: Plan, options: Options) -> Iterator[Observation]:
        """All that are meant, in the order asked for."""
        order = planning.pushed(options.order)
        if order is not None and (order in (NEWEST, OLDEST) or not plan.has_texts):
            return self._meant(plan, order)
        return iter(self._arranged(list(self._meant(plan, NEWEST)), options))

    def _arranged(self, rows: list[Observation], options: Options) -> list[Observation]:
        """Sorted one by one; newest first unless told, equals by time and datastream."""
        rows.sort(key=_by(NEWEST))
        for key, descending in reversed(options.order):
            resolve = self._resolver(rows, [key])
            rows.sort(
                key=lambda row, key=key: rank_of(evaluation.evaluate(key, resolve(row))),  # type: ignore[misc]
                reverse=descending,
            )
        return rows

    def _meant(self, plan: Plan, order: Order) -> Iterator[Observation]:
        """Rows in the store's order, those left out of which the filter is not true."""
        readings: Iterator[Observation] = itertools.chain.from_iterable(self._batches(plan, order))
        if plan.has_texts:
            readings = heapq.merge(readings, self._texts(plan, order), key=_by(order))
        while batch := list(itertools.islice(readings, BATCH)):
            self._seen += len(batch)
            if self._seen > MOST_ROWS:
                text = _("This would look at more than %(most)s observations; narrow it by phenomenonTime.")
                raise Malformed(text % {"most": MOST_ROWS})
            yield from self._true(plan, batch)

    def _batches(self, plan: Plan, order: Order) -> Iterator[list[Observation]]:
        """Readings of the store, as many at a time as are worth a question."""
        wanted, skip, size = plan.wanted, 0, 200
        while True:
            readings = engine.store().select(wanted, order, limit=size, skip=skip)
            yield self._dress(plan, readings)
            if len(readings) < size:
                return
            if order[0][0] == "time" and len(order) == 1:
                continued = planning.after(replace(plan, wanted=wanted), order, _key(readings[-1]))
                assert continued is not None
                wanted = continued.wanted
            else:
                skip += len(readings)
            size = BATCH

    def _true(self, plan: Plan, rows: list[Observation]) -> list[Observation]:
        if plan.feature is not None:
            self._place(rows)
            rows = [row for row in rows if row.feature == plan.feature]
        asked = [part for part in (plan.everywhere, plan.in_detail) if part is not None]
        if not asked or not rows:
            return rows
        resolve = self._resolver(rows, asked)
        return [row for row in rows if self._is_true(plan, row, resolve(row))]

    def _is_meant(self, plan: Plan, row: Observation) -> bool:
        return bool(self._true(plan, [row]))

    @staticmethod
    def _is_true(plan: Plan, row: Observation, resolve: evaluation.Resolve) -> bool:
        is_detailed = row.detail is not None and plan.in_detail is not None
        if is_detailed and not evaluation.holds(plan.in_detail, resolve):  # type: ignore[arg-type]
            return False
        return plan.everywhere is None or evaluation.holds(plan.everywhere, resolve)

    def _resolver(
        self, rows: Sequence[Observation], asked: Sequence[Expression]
    ) -> Callable[[Observation], evaluation.Resolve]:
        """Reads properties of rows, and of what they link to, which is loaded for all of them at once."""
        named = {path.names[0] for part in asked for path in every_path(part)}
        if "FeatureOfInterest" in named:
            self.features(rows)
        if "Datastream" in named:
            stream = ENTITIES["Datastream"]
            behind = [
                Path(p.names[1:]) for part in asked for p in every_path(part) if p.names[0] == "Datastream"
            ]
            related = {name for path in behind for name in paths.related(stream, path)}
            wanted = {row.series for row in rows}
            if not wanted <= self._streams.keys():
                self._streams = Datastream.objects.select_related(*sorted(related)).in_bulk(wanted)
        return lambda row: lambda path: self._value(row, path)

    def _value(self, row: Observation, path: Path) -> Any:  # noqa: ANN401 - any value
        name, *rest = path.names
        if name == "Datastream":
            return paths.of_row(ENTITIES[name], self._streams[row.series], Path(tuple(rest)))
        if name == "FeatureOfInterest":
            found = self._features.get(row.feature) if row.feature is not None else None
            return None if found is None else paths.of_row(ENTITIES[name], found, Path(tuple(rest)))
        return paths.member(row.told(name), tuple(rest))

    # --- what readings have besides

    def _dress(self, plan: Plan, readings: Sequence[Reading]) -> list[Observation]:
        rows = [Observation(*reading) for reading in readings]
        if plan.has_details:
            details = details_of([(row.series, row.time) for row in rows])
            for row in rows:
                row.detail = details.get((row.series, row.time))
        self._typed(rows)
        return rows

    def _texts(self, plan: Plan, order: Order) -> Iterator[Observation]:
        """Results that are no numbers, in an order by time."""
        wanted, descending = plan.wanted, order[0][1]
        found = ObservationDetail.objects.filter(
            series__in=wanted.series, time__gte=wanted.start, time__lt=wanted.end, result__isnull=False
        )
        if wanted.after is not None:
            found = found.exclude(Q(time=wanted.after[0], series__lte=wanted.after[1]))
        for detail in found.order_by("-time" if descending else "time", "series").iterator(chunk_size=500):
            row = Observation(detail.series_id, detail.time, None, 0, detail)
            self._typed([row])
            yield row

    def _place(self, rows: Sequence[Observation]) -> None:
        """Let each row know its feature: its own, or that of where its thing was."""
        kinds = self._typed(rows)
        things = {kinds[row.series][1] for row in rows} - self._stays.keys()
        if things:
            stays = HistoricalLocation.objects.filter(thing__in=things, feature__isnull=False)
            self._stays |= {thing: [] for thing in things}
            for thing, at, feature in stays.order_by("time", "pk").values_list("thing", "time", "feature"):
                self._stays[thing].append((clock.to_us(at), feature))
        for row in rows:
            own = row.detail.feature_id if row.detail else None
            row.feature = own if own is not None else self._there(kinds[row.series][1], row.time)

    def _there(self, thing: int, moment: int) -> int | None:
        stays = self._stays[thing]
        at = bisect_right(stays, moment, key=lambda stay: stay[0])
        return stays[max(0, at - 1)][1] if stays else None


def _key(reading: Reading) -> str:
    return str(ObservationId(reading.series, reading.time))


def _by(order: Order) -> Callable[[Observation], tuple[int, int]]:
    sign = -1 if order[0][1] else 1
    return lambda row: (sign * row.time, row.series)
