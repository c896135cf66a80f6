"""From when to when the observations of datastreams are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce

from toancanh.kernel.exchange.sensorthings.entities import Entity
from toancanh.kernel.exchange.sensorthings.literals import Period
from toancanh.kernel.exchange.sensorthings.models import Datastream, ObservationDetail
from toancanh.kernel.exchange.sensorthings.planning import OLDEST
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.store import Wanted


def measure(entity: Entity, rows: Sequence[Any]) -> None:
    """Fill in ``phenomenon_time`` and ``result_time`` of datastreams; nothing for other entities."""
    if entity.model is not Datastream or not rows:
        return
    ids = [row.pk for row in rows]
    first = engine.store().each(Wanted(ids), OLDEST, limit=1)
    last = engine.store().latest(ids)
    details = {row["pk"]: row for row in _details(ids)}
    for row in rows:
        told = details[row.pk]
        began = [told["first"], *(reading.time for reading in first.get(row.pk, ()))]
        ended = [told["last"], last[row.pk].time if row.pk in last else None]
        row.phenomenon_time = _period(began, ended)
        row.result_time = _period([told["produced_first"]], [told["produced_last"]])


def _details(ids: Sequence[int]) -> Any:  # noqa: ANN401 - rows as dictionaries
    """Each is found at the end of an index, however many there are."""
    own = ObservationDetail.objects.filter(series=OuterRef("pk")).order_by()
    produced = own.filter(result_time__isnull=False)
    end = own.order_by("-time").annotate(end=Coalesce("phenomenon_end", F("time")))
    return Datastream.objects.filter(pk__in=ids).values(
        "pk",
        first=Subquery(own.order_by("time").values("time")[:1]),
        last=Subquery(end.values("end")[:1]),
        produced_first=Subquery(produced.order_by("result_time").values("result_time")[:1]),
        produced_last=Subquery(produced.order_by("-result_time").values("result_time")[:1]),
    )


def _period(began: Sequence[int | None], ended: Sequence[int | None]) -> Period | None:
    starts, ends = [at for at in began if at is not None], [at for at in ended if at is not None]
    if not starts or not ends:
        return None
    return Period(clock.from_us(min(starts)), clock.from_us(max(ends)))
