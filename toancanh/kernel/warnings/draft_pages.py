"""The page on which a message is written: new from an alert or blank, or a draft that is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.kernel import catalogue
from toancanh.kernel.alerts import queries as alerts
from toancanh.kernel.alerts.models import Alert
from toancanh.kernel.declare import Actor
from toancanh.kernel.notify import queries as notify
from toancanh.kernel.notify import setups
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.doors import door
from toancanh.kernel.telemetry.features import named
from toancanh.kernel.territory.models import Unit
from toancanh.kernel.warnings import actions, filling, forms, queries, words
from toancanh.kernel.warnings import content as contents
from toancanh.kernel.warnings.content import CHANNELS, Content
from toancanh.kernel.warnings.forms import ContentForm
from toancanh.kernel.warnings.keeping import DRAFT, Conflict
from toancanh.kernel.warnings.levels import scale
from toancanh.kernel.warnings.models import UNFINISHED, Warning
from toancanh.kernel.warnings.pages import Locality, sought
from toancanh.lib.errors import NotAllowed, NotFound, Refused

FORM = ("GET", "HEAD", "POST")
LARGE = 256 * 1024


@dataclass(frozen=True)
class Begin:
    """What a new message begins with, as the address says it."""

    content: Content
    alert: Alert | None
    is_exercise: bool

    @classmethod
    def of(cls, asked: Mapping[str, str], actor: Actor) -> Begin:
        """From the address; an alert that the actor may not see is none."""
        now, alert = clock.now(), sought_alert(asked.get("alert", ""), actor)
        key = asked.get("template", "")
        if key not in catalogue.warning_templates():
            key = filling.proposed(alert) if alert is not None else ""
        if key:
            content = filling.from_template(key, now, alert)
        else:
            content = filling.blank(next(iter(catalogue.warning_events()), ""))
        return cls(content, alert, asked.get("exercise") == "1")


def sought_alert(text: str, actor: Actor) -> Alert | None:
    """The alert of that number, where the actor may see it."""
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        return None
    try:
        return alerts.one(int(text), actor)
    except NotFound:
        return None


@door(right=DRAFT, data="staff", methods=FORM, max_body=LARGE)
def new(request: HttpRequest, *, locality: Locality) -> HttpResponse:
    """Begin a message; nothing is kept before it is saved."""
    actor = of(request)
    begin, units = Begin.of(request.GET, actor), queries.choosable(actor, locality=locality()["path"])
    codes = [unit.code for unit in units]
    if request.method == "POST":
        form = ContentForm(codes, request.POST)
        is_exercise = request.POST.get("exercise") == "1"
        if form.is_valid():
            try:
                made = actions.draft(form.content, by=actor, origin=begin.alert, is_exercise=is_exercise)
            except Refused as refused:
                form.add_error(None, refused.message)
            else:
                return saved(request, made, actor)
    else:
        form, is_exercise = ContentForm(codes, initial=forms.initial(begin.content)), begin.is_exercise
    said = {
        "templates": [
            (key, f"{words.event(key.rpartition('.')[0])}: {words.template(key)}")
            for key, one in catalogue.warning_templates().items()
            if one.kind == "alert"
        ],
        "alert": begin.alert,
        "is_exercise": is_exercise,
        "chosen_template": begin.content.template,
    }
    return _render(request, form, units, locality, said)


@door(right=DRAFT, data="staff", methods=FORM, max_body=LARGE)
def edit(request: HttpRequest, number: int, *, locality: Locality) -> HttpResponse:
    """Change a draft; who saves an older version sees what changed meanwhile beside what he typed."""
    actor = of(request)
    found = sought(number, actor)
    if found.state not in UNFINISHED or not queries.may_write(found, actor):
        return HttpResponseRedirect(f"/console/warnings/{found.pk}/")
    units = queries.choosable(actor, locality=locality()["path"])
    codes = {unit.code for unit in units} | {place.unit.code for place in found.places.all()}
    fixed = found.event if found.previous_id else ""
    theirs: dict[str, str] = {}
    if request.method == "POST":
        form = ContentForm(sorted(codes), request.POST, fixed_event=fixed)
        if form.is_valid():
            try:
                row = actions.edit(found, form.cleaned_data["version"] or 0, form.content, by=actor)
            except Conflict as refused:
                found = sought(number, actor)
                theirs = differences(request.POST, found)
                form.add_error(None, refused.message)
            except Refused as refused:
                form.add_error(None, refused.message)
            else:
                return saved(request, row, actor)
    else:
        form = ContentForm(sorted(codes), initial=forms.initial(contents.of(found)), fixed_event=fixed)
    said = {"warning": found, "theirs": theirs, "alert": found.origin, "is_exercise": found.is_exercise}
    return _render(request, form, units, locality, said)


def saved(request: HttpRequest, row: Warning, actor: Actor) -> HttpResponse:
    """The message's page, or submitted at once where that was the button."""
    messages.success(request, _("The draft is kept."))
    if request.POST.get("then") == "submit":
        try:
            actions.submit(row, row.version, by=actor)
        except NotAllowed:
            raise
        except Refused as refused:
            messages.warning(request, refused.message)
    return HttpResponseRedirect(f"/console/warnings/{row.pk}/")


def differences(typed: Mapping[str, str], found: Warning) -> dict[str, str]:
    """The fields in which the message differs from what was typed, with what stands there now."""
    now = forms.initial(contents.of(found))
    names = [name for name in now if name not in ("units", "channels", "area", "template")]
    pairs = ((name, str(now[name] if now[name] is not None else "")) for name in names)
    return {
        name: text for name, text in pairs if " ".join(typed.get(name, "").split()) != " ".join(text.split())
    }


def _render(
    request: HttpRequest, form: ContentForm, units: list[Unit], locality: Locality, said: dict[str, Any]
) -> HttpResponse:
    actor = of(request)
    code = actor.unit_code or locality()["code"]
    warning = said.get("warning")
    chosen = form["units"].value() or []
    known = {unit.code for unit in units}
    more = [place.unit for place in warning.places.all() if place.unit.code not in known] if warning else []
    shown = {
        "form": form,
        "rows": [
            {"unit": unit, "name": named(unit), "is_chosen": unit.code in chosen} for unit in (*units, *more)
        ],
        "levels": scale(clock.now().astimezone(clock.VIETNAM).date()).levels,
        "chosen_level": str(form["level"].value() or ""),
        "channels": [(name, name in (form["channels"].value() or [])) for name in CHANNELS],
        "disconnected": notify.disconnected(CHANNELS),
        "may_connect": actor.may(setups.RIGHT),
        "version": warning.version if warning else 0,
        "boundaries": f"/boundaries/{code}.json" if code else "",
        "tab": "warnings",
        **said,
    }
    return render(request, "warnings/form.html", shown, status=422 if form.errors else 200)
