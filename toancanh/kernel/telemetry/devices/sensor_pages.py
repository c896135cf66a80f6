"""Adding a sensor: choose its kind, describe it on one page, get the card that connects it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import get_language, ngettext

from toancanh.kernel import catalogue
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.kernel.telemetry.devices import onboarding, once
from toancanh.kernel.telemetry.devices.pages import FORM, url
from toancanh.kernel.telemetry.devices.sensor_form import MOST_ROWS, SensorForm, fresh, periods
from toancanh.kernel.telemetry.features import named, said
from toancanh.kernel.telemetry.letterbox import waiting
from toancanh.kernel.territory.queries import in_force
from toancanh.lib.errors import Refused

Locality = Callable[[], dict[str, Any]]
FIELDS = {"taken": "code", "bad_code": "code", "bad_place": "lat", "no_unit": "lat", "bad_thing": "name"}
"""Beside which field a refusal of the actions stands."""
MOST_UNITS = 500


@door(right="telemetry.arrange", data="staff", methods=FORM, max_body=SMALL)
def new_sensor(request: HttpRequest, locality: Locality) -> HttpResponse:
    """Kinds to choose from; the form of the one that was chosen; a POST takes the sensor in.

    What is known already stands in the address: ``code``, ``name``, ``gateway``, ``series`` (by commas).
    """
    key = request.GET.get("kind", "")
    kind = catalogue.thing_type(key)
    if kind is None:
        return render(request, "telemetry/devices/kinds.html", {"kinds": kinds(), "tab": "devices"})
    if request.method != "POST":
        asked = {name: request.GET.get(name, "")[:150] for name in ("name", "code", "gateway")}
        asked["unit"] = of(request).unit_code or locality()["code"]
        series = [name[:60] for name in request.GET.get("series", "").split(",") if name][:MOST_ROWS]
        rows = fresh(kind, series)
        form = SensorForm(key, kind, initial={**asked, "rows": rows})
        return drawn(request, form, locality, adopting=bool(series))
    form = SensorForm(key, kind, request.POST)
    if form.is_valid() and (response := taken_in(request, form)) is not None:
        return response
    return drawn(request, form, locality, status=422)


def taken_in(request: HttpRequest, form: SensorForm) -> HttpResponse | None:
    """Lead on to the card; None where a rule refuses, which the form then says."""
    actor, gateway = of(request), form.cleaned_data["gateway"]
    try:
        made = onboarding.take_in(form.sensor, by=actor, gateway=gateway)
    except Refused as fault:
        form.add_error(FIELDS.get(fault.code), fault.message)
        return None
    code = form.sensor.code
    waited = waiting.let_in(code, by=actor).kept
    if waited:
        text = ngettext(
            "%(n)s reading that waited is taken in.", "%(n)s readings that waited are taken in.", waited
        )
        messages.success(request, text % {"n": waited})
    response = HttpResponseRedirect(f"{url(gateway or code)}?thing={code}")
    if made is not None:
        once.show(response, code, made.secret, by=actor)
    return response


def drawn(
    request: HttpRequest, form: SensorForm, locality: Locality, status: int = 200, **more: object
) -> HttpResponse:
    """The form as a page."""
    place = locality()
    units = in_force().filter(path__startswith=place["path"]).order_by("tier", "name")[:MOST_UNITS]
    shown = {
        "form": form,
        "kind_title": said(form.declared.title),
        "icon": form.declared.icon,
        "periods": periods(form.rows),
        "gateways": onboarding.gateways(),
        "units": [(unit.code, named(unit)) for unit in units] if place["path"] else [],
        "presets": [
            (said_of(one), json.dumps(asdict(one), ensure_ascii=False)) for one in onboarding.PRESETS
        ],
        "tab": "devices",
        **more,
    }
    return render(request, "telemetry/devices/sensor.html", shown, status=status)


def said_of(one: onboarding.Quantity) -> str:
    """A preset's title in the reader's language."""
    return one.title_en if get_language() == "en" else one.title


def kinds() -> list[tuple[str, str, str, bool]]:
    """Key, title, icon of each kind, and whether it is open; open ones last."""
    found = [(key, said(kind.title), kind.icon, kind.open) for key, kind in catalogue.thing_types().items()]
    return sorted(found, key=lambda kind: kind[3])
