"""What the maps and tiles show of water and rain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.domains.flood import bulletin
from toancanh.kernel.declare import Actor, Figure, Tone
from toancanh.kernel.registry import queries as registry
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import board, engine
from toancanh.kernel.telemetry.features import feature, level_verified, named, placed
from toancanh.kernel.telemetry.queries import Measured, measured

GAUGE = "flood.gauge"
RAIN = "flood.rain_station"
RAIN_TONES: Mapping[str, Tone] = {"heavy": "watch", "very_heavy": "bad"}


def stations(kind: str, to: Actor, at: datetime) -> list[Measured]:
    """Every station of a kind that the actor may see on a map, with its newest reading."""
    return placed(measured(list(registry.visible(to).filter(kind=kind).order_by("code")), at))


def own(kind: str, to: Actor, at: datetime) -> list[Measured]:
    """The stations of a kind that the actor answers for."""
    return board.own(to, at, kind)


def gauge_features(to: Actor, at: datetime) -> Iterable[Mapping[str, Any]]:
    """Water gauges for the map."""
    return [feature(found) for found in stations(GAUGE, to, at)]


def rain_features(to: Actor, at: datetime) -> Iterable[Mapping[str, Any]]:
    """Rain stations for the map, with what fell in the last hour and the last day."""
    found = stations(RAIN, to, at)
    hour, day = sums(found, at, timedelta(hours=1)), sums(found, at, timedelta(hours=24))
    features = []
    for one in found:
        fallen = day.get(one.series.pk)
        kind = bulletin.rain_class(fallen).key if fallen is not None else "none"
        features.append(feature(one, sum_1h=hour.get(one.series.pk), sum_24h=fallen, rain_class=kind))
    return features


def sums(found: list[Measured], at: datetime, span: timedelta) -> dict[int, float]:
    """What fell at each station in the span up to ``at`` (mm); stations that reported nothing are left out.

    A reading bears the end of its period: the one at ``at`` counts, the one at the span's start does not.
    """
    start, end = clock.to_us(at - span) + 1, clock.to_us(at) + 1
    totals = engine.store().sums([one.series.pk for one in found], start, end)
    return {series: round(total.sum, 1) for series, total in totals.items()}


def highest(to: Actor, at: datetime) -> Figure:
    """The gauge that stands highest against its alarm levels."""
    found = [one for one in own(GAUGE, to, at) if one.rank >= 0 and not one.is_silent]
    if not found:
        return Figure(text="—", note=_("no gauge reports"))
    top = min(found, key=lambda one: one.urgency)
    tone: Tone = "bad" if top.rank >= 2 else "watch" if top.rank == 1 else "good"
    text, _comma, against = top.sentence(get_language() or "vi").partition(", ")
    doubt = "" if level_verified(top) else _("level not verified")
    note = f"{named(top.thing)}: {against}"
    return Figure(text=text, note=note, doubt=doubt, tone=tone, at=top.time)


def wettest(to: Actor, at: datetime) -> Figure:
    """The rain station with the most rain of the last 24 hours."""
    found = own(RAIN, to, at)
    fallen = sums(found, at, timedelta(hours=24))
    if not fallen:
        return Figure(text="—", note=_("no rain station reports"))
    top = max(fallen, key=lambda key: fallen[key])
    one = next(one for one in found if one.series.pk == top)
    language = get_language() or "vi"
    kind = bulletin.rain_class(fallen[top])
    tone = RAIN_TONES.get(kind.key, "plain")
    text = f"{bulletin.figure(fallen[top], language, 1)} mm"
    note = f"{named(one.thing.unit)}: {getattr(kind.title, language, kind.title.vi)}"
    return Figure(text=text, note=note, tone=tone, at=one.time)


def silent(to: Actor, at: datetime) -> Figure:
    """How many stations have gone silent."""
    found = [*own(GAUGE, to, at), *own(RAIN, to, at)]
    quiet = [one for one in found if one.is_silent]
    names = ", ".join(named(one.thing) for one in quiet[:2])
    tone: Tone = "watch" if quiet else "good"
    return Figure(text=f"{len(quiet)}/{len(found)}", note=names, tone=tone, at=at)
