"""Pages of alerts: the column and the bell that stay live, the list, and one alert with its story."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.kernel import catalogue
from toancanh.kernel.alerts import actions, queries, words
from toancanh.kernel.alerts.escalation import queries as escalation
from toancanh.kernel.alerts.handover import queries as handover
from toancanh.kernel.alerts.maintenance import queries as maintenance
from toancanh.kernel.alerts.models import Alert, AlertState
from toancanh.kernel.alerts.queries import SIGHT, Wish
from toancanh.kernel.declare import Actor
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime import clock, subjects
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.kernel.telemetry import features
from toancanh.kernel.telemetry.queries import measured
from toancanh.lib.errors import NotFound, Refused
from toancanh.web.filters import Choice

FORM = ("GET", "HEAD", "POST")
AFTERWARDS = timedelta(hours=3)
"""How much of the time after its end the chart of an old alert shows."""


@door(right=SIGHT, data="staff")
def column(request: HttpRequest) -> HttpResponse:
    """What rings now, as part of *Toàn cảnh*; asked for again with every change."""
    return render(request, "alerts/column.html", {"ringing": ringing(of(request))})


@door(right=SIGHT, data="staff")
def bell(request: HttpRequest) -> HttpResponse:
    """The bell of the top bar, asked for again with every change."""
    return render(request, "web/components/bell.html", {"bell": queries.bell(of(request))})


def ringing(actor: Actor) -> dict[str, Any]:
    """The column's content."""
    waiting = handover.wanted(actor)
    return {"rows": queries.column(actor), "bell": queries.bell(actor), "handovers": waiting}


@door(right=SIGHT, data="staff")
def listing(request: HttpRequest) -> HttpResponse:
    """Every alert, filtered by the address."""
    actor, wish = of(request), Wish.of(request.GET)
    said = {
        "wish": wish,
        "page": queries.page(actor, wish),
        "filters": filters(wish),
        "kept": [("thing", wish.thing)],
        "tab": "alerts",
    }
    return render(request, "alerts/list.html", said)


def filters(wish: Wish) -> list[Choice]:
    """What the list can be narrowed to."""
    every = ("", _("All"))
    rules = [(key, features.said(rule.title)) for key, rule in catalogue.alert_rules().items()]
    worse = [(str(n), _("%(word)s and worse") % {"word": words.severity(n)}) for n in (1, 2, 3)]
    periods = [("day", _("Day")), ("week", _("Week")), ("month", _("Month"))]
    states = [(one, words.state(one)) for one in ("open", "acknowledged", "closed")]
    return [
        Choice("state", _("State"), [("live", _("Standing now")), *states, ("all", _("All"))], wish.state),
        Choice("key", _("Rule"), [every, *rules], wish.key),
        Choice("severity", _("Severity"), [every, *worse], str(wish.severity or "")),
        Choice("period", _("Period"), [every, *periods], wish.period),
    ]


@door(right=SIGHT, data="staff", methods=FORM, max_body=SMALL)
def alert(request: HttpRequest, number: int, *, locality: Callable[[], dict[str, Any]]) -> HttpResponse:
    """One alert: its story, chart, place, and what can be done. ``locality`` says which place is served."""
    actor = of(request)
    try:
        found = queries.one(number, actor)
    except NotFound:
        raise Http404(_("There is no such alert, or it is not in your unit.")) from None
    typed, fault = "", ""
    if request.method == "POST":
        try:
            return done(request, found, actor)
        except Refused as refused:
            fault, typed = refused.message, request.POST.get("text", "")
            found = queries.one(number, actor)
    status = 422 if fault else 200
    code = actor.unit_code or locality()["code"]
    said = {**shown(found, actor, fault, typed), "boundaries": f"/boundaries/{code}.json" if code else ""}
    return render(request, "alerts/alert.html", said, status=status)


def done(request: HttpRequest, found: Alert, actor: Actor) -> HttpResponse:
    """What a button asks for, then the page again, or back to where the button stood."""
    do, text = request.POST.get("do"), request.POST.get("text", "")
    if do == "acknowledge":
        actions.acknowledge(found, by=actor)
    elif do == "close":
        actions.close(found, text, by=actor)
    elif do == "note":
        actions.note(found, text, by=actor)
    else:
        raise Refused(_("Choose what is to be done."), "bad_request")
    messages.success(request, _("Written into the story."))
    return HttpResponseRedirect("/console/" if request.POST.get("back") == "overview" else request.path)


def shown(found: Alert, actor: Actor, fault: str, typed: str) -> dict[str, Any]:
    """What the page says."""
    thing = found.thing
    now = clock.now()
    series = next((one for one in measured([thing], now) if one.series.name == found.series), None)
    ended = found.over_at or found.closed_at
    is_past = ended is not None and now - ended > AFTERWARDS
    return {
        "alert": found,
        "story": list(found.story.select_related("person")),
        "panel": series,
        "series_title": features.said(series.declared.title) if series else "",
        "limits_json": json.dumps(_lines(found, series), ensure_ascii=False),
        "until": (ended + AFTERWARDS).isoformat() if is_past and ended else "",
        "window": maintenance.of([thing], now).get(thing.pk),
        "ladder": escalation.ladder(found),
        "answering": queries.answering(thing),
        "boxes": subjects.boxes(f"alert:{found.pk}", actor),
        "may_answer": actor.may(actions.RIGHT, thing.unit.path),
        "is_live": found.state != AlertState.CLOSED,
        "fault": fault,
        "typed": typed,
        "layers_json": features.layers_json(public_only=False),
        "live_url": "/live",
        "tab": "alerts",
    }


def _lines(found: Alert, series: Any) -> list[dict[str, object]]:  # noqa: ANN401 - Measured or nothing
    """The lines of the chart: the station's levels, and the one that rang where it is a level of value."""
    lines = json.loads(features.limits_json(series)) if series else []
    if found.of == "value" and found.limit is not None and not found.line:
        lines.append({"name": _("Line"), "value": found.limit, "verified": True})
    return lines
