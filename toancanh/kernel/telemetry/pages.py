"""The page of a thing, its readings as a workbook and as a table: for staff and for the public."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from datetime import timedelta
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.kernel import catalogue
from toancanh.kernel.people.web import of
from toancanh.kernel.registry import queries as registry
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock, subjects
from toancanh.kernel.runtime.doors import door
from toancanh.kernel.runtime.web import problem
from toancanh.kernel.telemetry import engine, workbooks
from toancanh.kernel.telemetry.api import between, quality, stamp
from toancanh.kernel.telemetry.features import said
from toancanh.kernel.telemetry.models import Series
from toancanh.kernel.telemetry.queries import Measured, measured, thresholds
from toancanh.kernel.telemetry.store import Reading
from toancanh.lib.errors import Refused
from toancanh.web.formats import number

RANGES = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}
SHOWN = 60
"""Newest readings shown in the table under the chart."""
MOST = 100_000
"""Rows of one workbook: what a spreadsheet on an office PC still opens."""
CHUNK = 5_000
"""Readings of a table that are in memory at a time."""
Beside = Callable[[HttpRequest, Thing], SafeString]
Download = Callable[[HttpRequest, str, str], HttpResponseBase]


def explained(view: Download) -> Download:
    """The download, answering 400 as the API does where what was asked for cannot be."""

    @wraps(view)
    def answer(request: HttpRequest, code: str, series: str) -> HttpResponseBase:
        try:
            return view(request, code, series)
        except Refused as fault:
            return problem(request, 400, _("Not accepted"), fault.message, fault.code)

    return answer


@door(right="console.see", data="staff")
def staff(request: HttpRequest, code: str, *, beside: Beside) -> HttpResponse:
    """The page of a thing in the console. ``beside`` says what modules above know of the thing."""
    said = shown(request, code)
    said["beside"] = beside(request, said["thing"])
    said["boxes"] = subjects.boxes(f"thing:{said['thing'].code}", of(request))
    return render(request, "telemetry/thing_staff.html", said)


@door()
def public(request: HttpRequest, code: str) -> HttpResponse:
    """The page of a public thing in the portal."""
    return render(request, "telemetry/thing_public.html", shown(request, code))


def found(request: HttpRequest, code: str) -> Thing:
    """The thing of that code, where the reader may see it."""
    thing = registry.visible(of(request)).filter(code=code).first()
    if thing is None:
        raise Http404(_("There is no such station, or it is not public."))
    return thing


def shown(request: HttpRequest, code: str) -> dict[str, Any]:
    """What the page says: each series with its newest reading, thresholds with their sources, newest rows."""
    thing = found(request, code)
    asked = request.GET.get("range", "day")
    span = asked if asked in RANGES else "day"
    series = [panel(one, RANGES[span]) for one in measured([thing])]
    kind = catalogue.thing_type(thing.kind)
    return {
        "thing": thing,
        "kind": said(kind.title) if kind else thing.kind,
        "icon": kind.icon if kind else "map-pin",
        "series": series,
        "range": span,
        "live_url": "/live",
    }


def panel(one: Measured, span: timedelta) -> dict[str, Any]:
    """One series of the page."""
    end = clock.to_us(one.at) + 5 * 60 * 1_000_000
    newest = clock.to_us(one.at - span)
    totals = {}
    if one.declared.adds_up:
        for hours in (1, 3, 24):
            # A reading bears the end of its period: one at the start of the span is of the time before.
            start, until = clock.to_us(one.at - timedelta(hours=hours)) + 1, clock.to_us(one.at) + 1
            total = engine.store().sums([one.series.pk], start, until).get(one.series.pk)
            totals[hours] = total.sum if total else None
    recent = one.reading.time - SHOWN * one.series.period_s * 1_000_000 if one.reading else end
    rows = engine.store().range(one.series.pk, max(0, recent), end, limit=SHOWN * 4)
    return {
        "now": one,
        "title": said(one.declared.title),
        "sentence": one.sentence(get_language() or "vi"),
        "limits": one.limits,
        "limits_json": json.dumps([asdict(limit) for limit in one.limits], ensure_ascii=False),
        "thresholds": thresholds(one.series),
        "totals": totals,
        "bars": one.declared.adds_up,
        "rows": [(r.time, r.value, quality(r.quality)) for r in reversed(rows[-SHOWN:])],
        "from": clock.from_us(newest).isoformat(timespec="seconds").replace("+00:00", "Z"),
    }


def asked_for(request: HttpRequest, code: str, name: str) -> tuple[Thing, Series, int, int]:
    """The series and span that a download asks for; the last day unless told."""
    thing = found(request, code)
    series = Series.objects.filter(thing=thing, name=name, is_active=True).first()
    if series is None:
        raise Http404(_("There is no such series."))
    return thing, series, *between(request.GET.get("from", ""), request.GET.get("to", ""), clock.now())


@door()
@explained
def workbook(request: HttpRequest, code: str, series: str) -> HttpResponse:
    """Readings as .xlsx, times as people in Việt Nam read them; refused where a sheet cannot hold them."""
    thing, one, start, end = asked_for(request, code, series)
    rows = engine.store().range(one.pk, start, end, limit=MOST + 1)
    if len(rows) > MOST:
        text = _("A workbook holds %(most)s readings at most. Choose a shorter span, or take the CSV table.")
        raise Refused(text % {"most": number(MOST, 0, get_language() or "vi")}, "too_many")
    body = workbooks.write(thing, one, rows, get_language() or "vi")
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return HttpResponse(body, content_type=kind, headers=_attached(code, series, "xlsx"))


@door()
@explained
def table(request: HttpRequest, code: str, series: str) -> StreamingHttpResponse:
    """Every reading of the span as CSV in UTC, for programs."""
    _thing, one, start, end = asked_for(request, code, series)
    lines = _csv(one, start, end, engine.store().range(one.pk, start, end, limit=CHUNK))
    return StreamingHttpResponse(
        lines, content_type="text/csv; charset=utf-8", headers=_attached(code, series, "csv")
    )


def _csv(series: Series, start: int, end: int, rows: list[Reading]) -> Iterator[str]:
    """The head and ``rows``, then all that follows them, a chunk at a time."""
    head: list[list[object]] = [["time", f"value ({series.unit})", "quality"]]
    yield _lines(head)
    while rows:
        yield _lines([stamp(row.time), row.value, quality(row.quality)] for row in rows)
        rows = engine.store().range(series.pk, start, end, limit=CHUNK, after=rows[-1].time)


def _lines(rows: Iterable[list[object]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def _attached(code: str, series: str, kind: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{code}-{series}.{kind}"'}
