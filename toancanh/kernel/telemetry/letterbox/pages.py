"""Pages of the letterbox: refused readings in groups and one by one, and the waiting room."""

from __future__ import annotations

import json
from dataclasses import asdict
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from toancanh.kernel import catalogue
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.kernel.telemetry.devices import onboarding, words
from toancanh.kernel.telemetry.devices.sensor_form import SensorForm, fresh, periods
from toancanh.kernel.telemetry.devices.sensor_pages import said_of
from toancanh.kernel.telemetry.features import named
from toancanh.kernel.telemetry.letterbox import exports, queries, replay, waiting
from toancanh.kernel.telemetry.letterbox.queries import Wish
from toancanh.kernel.telemetry.letterbox.replay import Outcome
from toancanh.kernel.telemetry.letters import keeping
from toancanh.lib.errors import Refused

FORM = ("GET", "HEAD", "POST")
RIGHT = "telemetry.arrange"


@door(right=RIGHT, data="staff")
def letters(request: HttpRequest) -> HttpResponse:
    """Refused readings by reason and source, each with what mends it."""
    wish = Wish.of(request.GET)
    found = queries.groups(of(request), wish)
    shown = [
        {
            "group": group,
            "reason": words.explained(group.code),
            "url": f"rows/{wish.query(code=group.code, source=group.source)}",
        }
        for group in found
    ]
    said = {"wish": wish, "groups": shown, "tab": "letters", "kept": keeping()[0].days}
    return render(request, "telemetry/letters/groups.html", said)


@door(right=RIGHT, data="staff", methods=FORM, max_body=SMALL)
def rows(request: HttpRequest) -> HttpResponse:
    """Refused readings one by one; a POST shows what taking them in would bring, or does it."""
    actor, wish = of(request), Wish.of(request.GET)
    wanted = request.GET.get("as")
    if wanted in exports.FORMS:
        return exports.FORMS[wanted](queries.everything(actor, wish))
    outcome: Outcome | None = None
    if request.method == "POST":
        chosen = queries.letters(actor, wish)
        if request.POST.get("do") == "replay":
            tell(request, replay.replay(chosen, by=actor))
            return HttpResponseRedirect(request.get_full_path())
        outcome = replay.preview(chosen, by=actor)
    said = {
        "wish": wish,
        "page": queries.page(actor, wish),
        "outcome": outcome,
        "still": told(outcome) if outcome else [],
        "reason": words.explained(wish.code) if wish.code else None,
        "tab": "letters",
        "groups_url": "../" + wish.query(code="", source="", thing=""),
        "exports": [(form, wish.query(**{"as": form})) for form in exports.FORMS],
    }
    return render(request, "telemetry/letters/rows.html", said)


@door(right=RIGHT, data="staff")
def room(request: HttpRequest) -> HttpResponse:
    """Who sends under codes and quantities that nobody here knows."""
    actor, put_aside = of(request), request.GET.get("state") == "dismissed"
    said = {
        "found": waiting.room(actor, dismissed=put_aside),
        "put_aside": put_aside,
        "knocks": [] if put_aside else waiting.knocks(actor),
        "tab": "waiting",
    }
    return render(request, "telemetry/letters/room.html", said)


@door(right=RIGHT, data="staff", methods=FORM, max_body=SMALL)
def adopt(request: HttpRequest, code: str) -> HttpResponse:
    """Take in who waits: a new sensor by its form, a known station by the quantities that it lacks."""
    actor = of(request)
    found = waiting.one(code, actor)
    if request.method == "POST" and request.POST.get("do") in ("dismiss", "recall"):
        return put_aside(request, code)
    if found.thing is None:
        kind = onboarding.kind_for(found.series)
        said = {"kind": kind, "code": code, "series": ",".join(found.series), "gateway": found.sources[0]}
        return HttpResponseRedirect(f"/console/sensors/new/?{urlencode(said)}")
    declared = catalogue.thing_type(found.thing.kind)
    if declared is None or not (declared.open or set(found.series) & {one.name for one in declared.series}):
        text = _("%(name)s is of a kind that does not measure this. Set the right name in the device.")
        messages.error(request, text % {"name": named(found.thing)})
        return HttpResponseRedirect("/console/waiting/")
    known = {"name": found.thing.name, "code": code}
    if request.method == "POST":
        form = SensorForm(found.thing.kind, declared, merged(request, known))
        if form.is_valid():
            onboarding.measure(found.thing, form.cleaned_data["quantities"], by=actor)
            tell(request, waiting.let_in(code, by=actor))
            return HttpResponseRedirect(f"/console/things/{code}/")
    else:
        initial = {**known, "rows": [row for row in fresh(declared, found.series) if row.chosen]}
        form = SensorForm(found.thing.kind, declared, initial=initial)
    presets = [(said_of(one), json.dumps(asdict(one), ensure_ascii=False)) for one in onboarding.PRESETS]
    said_of_it = {"one": found, "form": form, "periods": periods(form.rows), "presets": presets}
    status = 422 if form.is_bound else 200
    return render(
        request, "telemetry/letters/quantities.html", {**said_of_it, "tab": "waiting"}, status=status
    )


def put_aside(request: HttpRequest, code: str) -> HttpResponse:
    """Put a code aside with a reason, or let it wait again."""
    if request.POST["do"] == "recall":
        waiting.recall(code, by=of(request))
        return HttpResponseRedirect("/console/waiting/")
    try:
        waiting.dismiss(code, request.POST.get("reason", ""), by=of(request))
    except Refused as fault:
        messages.error(request, fault.message)
    else:
        messages.success(request, _("%(code)s is put aside. What it sends is still kept.") % {"code": code})
    return HttpResponseRedirect("/console/waiting/")


def tell(request: HttpRequest, outcome: Outcome) -> None:
    """Say what taking in has brought."""
    n = outcome.kept
    if n:
        text = ngettext("%(n)s reading is taken in.", "%(n)s readings are taken in.", n) % {"n": n}
        messages.success(request, text)
    for count, why in told(outcome):
        messages.warning(request, _("%(n)s still refused: %(why)s") % {"n": count, "why": why})
    if outcome.has_more:
        text = _("More wait: take in again to go on.")
        messages.info(request, text)


def told(outcome: Outcome) -> list[tuple[int, str]]:
    """How many are still refused and why."""
    gone = _("the token that brought them is no longer in force")
    return [
        (count, gone if code == replay.NO_TOKEN else words.reason(code))
        for code, count in outcome.refused.most_common()
    ]


def merged(request: HttpRequest, known: dict[str, str]) -> QueryDict:
    """What was sent, with what is known of the station already and stands in no field."""
    data = request.POST.copy()
    for name, value in known.items():
        data[name] = value
    return data
