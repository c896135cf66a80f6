"""Reading back: things with their newest readings, and a series' past."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema

from toancanh.kernel.people.web import of
from toancanh.kernel.registry import queries as registry
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.api import Problem, moment
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.bucketing import shift
from toancanh.kernel.telemetry.models import Series
from toancanh.kernel.telemetry.queries import Measured, described, measured
from toancanh.kernel.telemetry.store import (
    CORRECTED,
    LOCAL_OFFSET,
    OUT_OF_RANGE,
    SECOND,
    Bucket,
    How,
    Reading,
)
from toancanh.lib.errors import NotFound, Refused

router = Router(tags=["things"])
PAGE = 100
MOST = 100_000
STEP = re.compile(r"([1-9]\d{0,5})(s|m|h|d)\Z")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Location(Schema):
    """WGS 84 degrees."""

    lon: float
    lat: float


class SeriesOut(Schema):
    """What a thing measures; ``period`` is the time in seconds between two readings."""

    name: str
    unit: str
    period: int


class ReadingOut(Schema):
    """One reading. With ``step`` the value is the mean of the step, or its sum where amounts add up."""

    time: str
    value: float
    quality: str
    corrected: bool = False
    min: float | None = None
    max: float | None = None
    count: int | None = None


class ThingOut(Schema):
    """A thing with the newest reading of each of its series."""

    code: str
    kind: str
    name: str
    location: Location
    unit: dict[str, str]
    sample: bool
    series: list[SeriesOut]
    latest: dict[str, ReadingOut]


class Things(Schema):
    """A page of things in the order of their codes; ``next`` is the path of the next page."""

    items: list[ThingOut]
    next: str | None


class Observations(Schema):
    """A page of readings, oldest first."""

    items: list[ReadingOut]
    next: str | None


def stamp(time_us: int) -> str:
    """RFC 3339 in UTC, with as many decimals as the time has."""
    text = clock.from_us(time_us).isoformat()
    return text.replace("+00:00", "Z")


def quality(bits: int) -> str:
    """The word for a reading's quality."""
    return "out_of_range" if bits & OUT_OF_RANGE else "good"


def row(reading: Reading) -> dict[str, Any]:
    """A reading as the API tells it."""
    said = {"time": stamp(reading.time), "value": reading.value, "quality": quality(reading.quality)}
    return {**said, "corrected": True} if reading.quality & CORRECTED else said


def told(thing: Thing, found: list[Measured]) -> dict[str, Any]:
    """A thing as the API tells it."""
    return {
        "code": thing.code,
        "kind": thing.kind,
        "name": thing.name,
        "location": {"lon": thing.lon, "lat": thing.lat},
        "unit": {"code": thing.unit.code, "name": thing.unit.full_name},
        "sample": thing.is_sample,
        "series": [
            {"name": m.series.name, "unit": m.series.unit, "period": m.series.period_s} for m in found
        ],
        "latest": {m.series.name: row(m.reading) for m in found if m.reading},
    }


def answer(content: dict[str, Any]) -> HttpResponse:
    """JSON at the speed of its encoder: a hundred thousand rows are an ordinary answer here."""
    return HttpResponse(msgspec.json.encode(content), content_type="application/json")


@router.get("", response={200: Things, 400: Problem}, summary="Things with their newest readings")
def things(request: HttpRequest, after: str = "", limit: int = PAGE) -> HttpResponse:
    """Public things (with a session: those that the post may see), a page at a time in the order of codes."""
    most = bounded(limit, 1000)
    found = list(registry.visible(of(request)).filter(code__gt=after).order_by("code")[: most + 1])
    page = found[:most]
    by_thing: dict[int, list[Measured]] = {}
    for one in measured(page):
        by_thing.setdefault(one.thing.pk, []).append(one)
    follow = None
    if len(found) > most:
        follow = f"{request.path}?{urlencode({'after': page[-1].code, 'limit': most})}"
    return answer({"items": [told(t, by_thing.get(t.pk, [])) for t in page], "next": follow})


@router.get("/{code}", response={200: ThingOut, 404: Problem}, summary="One thing")
def thing(request: HttpRequest, code: str) -> HttpResponse:
    """One thing with its newest readings."""
    found = visible(request, code)
    return answer(told(found, measured([found])))


@router.get(
    "/{code}/series/{name}/observations",
    response={200: Observations, 400: Problem, 404: Problem},
    summary="A series' readings",
)
def observations(
    request: HttpRequest,
    code: str,
    name: str,
    since: Annotated[str, Query(alias="from")] = "",
    to: str = "",
    step: str = "",
    limit: int = PAGE,
) -> HttpResponse:
    """Readings with from ≤ time < to, oldest first; with ``step`` (60s, 10m, 1h, 1d) one row a step.

    Steps begin where the day does in Việt Nam, so the first may begin before ``from``. Amounts that add up
    (rain) bear the end of their period: their steps hold start < time ≤ end. ``from`` and ``to`` are RFC 3339
    times with offset; the last day up to now unless given.
    """
    most = bounded(limit, MOST)
    found = visible(request, code)
    series = Series.objects.filter(thing=found, name=name, is_active=True).first()
    if series is None:
        raise NotFound(_("%(thing)s measures no %(series)s.") % {"thing": code, "series": name})
    start, end = between(since, to, clock.now() + timedelta(minutes=5))
    said = {"to": stamp(end), "step": step, "limit": most} if step else {"to": stamp(end), "limit": most}
    if step:
        rows, follow = stepped(series, found, start, end, seconds(step) * SECOND, most)
    else:
        raw = engine.store().range(series.pk, start, end, limit=most + 1)
        rows = [row(reading) for reading in raw[:most]]
        follow = raw[most].time if len(raw) > most else None
    path = f"{request.path}?{urlencode({'from': stamp(follow), **said})}" if follow is not None else None
    return answer({"items": rows, "next": path})


def between(since: str, to: str, now: datetime) -> tuple[int, int]:
    """The span asked for in microseconds; the day before ``now`` unless told."""
    until = moment(to, "to") if to else now
    first = moment(since, "from") if since else until - timedelta(days=1)
    return max(0, clock.to_us(first)), clock.to_us(until)


def stepped(
    series: Series, thing: Thing, start: int, end: int, step: int, most: int
) -> tuple[list[dict[str, Any]], int | None]:
    """Rows a step, and where the next page begins."""
    how: How = "sum" if described(thing.kind, series).adds_up else "mean"
    found = gathered(series.pk, start, end, step, how, most + 1)
    rows = [
        {
            "time": stamp(b.time),
            "value": b.value,
            "quality": quality(b.quality),
            "min": b.min,
            "max": b.max,
            "count": b.count,
        }
        for b in found[:most]
    ]
    return rows, found[most].time if len(found) > most else None


def gathered(series: int, start: int, end: int, step: int, how: How, most: int) -> list[Bucket]:
    """At least ``most`` buckets where the span has them; a page never reads all of a long span."""
    store, found, wide, moved = engine.store(), list[Bucket](), most, shift(how)
    while start < end and len(found) < most:
        first = store.range(series, start + moved, end + moved, limit=1)
        if not first:
            break
        # Whole steps, or a bucket would be told twice.
        number = (first[0].time - moved + LOCAL_OFFSET) // step
        stop = min(end, (number + wide) * step - LOCAL_OFFSET)
        part = store.buckets(series, max(start, number * step - LOCAL_OFFSET), stop, step, how)
        found += part
        start = stop
        if len(part) * 4 < wide:
            wide = min(wide * 2, most * 64)
    return found


def visible(request: HttpRequest, code: str) -> Thing:
    """The thing of that code, where the caller may see it."""
    found = registry.visible(of(request)).filter(code=code).first()
    if found is None:
        raise NotFound(_("There is no public thing with the code %(code)s.") % {"code": code})
    return found


def bounded(limit: int, most: int) -> int:
    """The page's length; refuses what is no length."""
    if not 1 <= limit <= most:
        raise Refused(_("limit must lie between 1 and %(most)s.") % {"most": most}, "bad_limit")
    return limit


def seconds(step: str) -> int:
    """A step such as 10m in seconds."""
    found = STEP.match(step)
    if found is None or not 1 <= (length := int(found[1]) * SECONDS[found[2]]) <= 366 * 86_400:
        raise Refused(_("step must be a length such as 60s, 10m, 1h or 1d."), "bad_step")
    return length
