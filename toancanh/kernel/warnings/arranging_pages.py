"""Pages of what is decided beforehand: standing orders, words to begin with, times and who may approve."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.kernel import catalogue
from toancanh.kernel.declare import Actor
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.kernel.telemetry.features import named, said
from toancanh.kernel.warnings import filling, orders, policies
from toancanh.kernel.warnings.forms import OrderForm, TemplateForm, TermsForm
from toancanh.kernel.warnings.keeping import ORDER
from toancanh.kernel.warnings.models import Policy, StandingOrder, Template
from toancanh.kernel.warnings.orders import Case
from toancanh.kernel.warnings.pages import Locality, chosen_order
from toancanh.kernel.warnings.policies import ARRANGE, Terms
from toancanh.kernel.warnings.queries import SIGHT, choosable
from toancanh.lib.errors import Refused

FORM = ("GET", "HEAD", "POST")
MOST = 200
"""Decisions of a page; a locality has a handful."""


@door(right=SIGHT, data="staff", methods=FORM, max_body=SMALL)
def standing(request: HttpRequest) -> HttpResponse:
    """Decisions in force and those that ended."""
    actor, now, fault = of(request), clock.now(), ""
    if request.method == "POST":
        try:
            order = chosen_order(request.POST.get("order", ""))
            orders.end(order, request.POST.get("reason", ""), by=actor)
            messages.success(request, _("The decision is ended; nobody issues under it any more."))
            return HttpResponseRedirect(request.path)
        except Refused as refused:
            fault = refused.message
    rows = StandingOrder.objects.prefetch_related("units").select_related("made_by", "ended_by")
    shown = {
        "rows": [_told(row, now, actor) for row in rows.order_by("-valid_from", "-pk")[:MOST]],
        "may_decide": bool(actor.paths(ORDER)),
        "fault": fault,
        "tab": "orders",
    }
    return render(request, "warnings/orders.html", shown, status=422 if fault else 200)


def _told(row: StandingOrder, now: datetime, actor: Actor) -> dict[str, Any]:
    units = list(row.units.all())
    is_over = row.valid_to is not None and row.valid_to <= now
    return {
        "order": row,
        "units": [named(unit) for unit in units],
        "is_over": is_over,
        "may_end": not is_over and all(actor.may(ORDER, unit.path) for unit in units),
    }


@door(right=SIGHT, data="staff", methods=FORM, max_body=SMALL)
def new_order(request: HttpRequest, *, locality: Locality) -> HttpResponse:
    """Enter a decision; who may order nothing is led back to those in force."""
    actor = of(request)
    if not actor.paths(ORDER):
        messages.warning(request, _("Decisions are entered by whoever may order warnings."))
        return HttpResponseRedirect("/console/warnings/orders/")
    units = choosable(actor, ORDER, locality=locality()["path"])
    form = OrderForm([unit.code for unit in units], request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        case = Case(
            number=given["number"],
            issuer=given["issuer"],
            decided_on=given["decided_on"].date(),
            event=given["template"].rpartition(".")[0],
            rule=given["rule"],
            max_level=given["max_level"],
            template=given["template"],
            units=given["units"],
            valid_from=given["valid_from"],
            valid_to=given["valid_to"],
            note=given["note"],
        )
        try:
            orders.decide(case, by=actor)
        except Refused as refused:
            form.add_error(None, refused.message)
        else:
            messages.success(request, _("The decision is in force from the moment that it says."))
            return HttpResponseRedirect("/console/warnings/orders/")
    chosen = form["units"].value() or []
    rows = [{"unit": unit, "name": named(unit), "is_chosen": unit.code in chosen} for unit in units]
    shown = {"form": form, "rows": rows, "tab": "orders"}
    return render(request, "warnings/order_form.html", shown, status=422 if form.errors else 200)


@door(right=SIGHT, data="staff")
def templates(request: HttpRequest) -> HttpResponse:
    """The words in force."""
    versions = filling.in_force(clock.now())
    rows = [{"key": key, "version": versions.get(key)} for key in catalogue.warning_templates()]
    return render(request, "warnings/templates.html", {"rows": rows, "tab": "templates"})


@door(right=SIGHT, data="staff", methods=FORM, max_body=SMALL)
def template(request: HttpRequest, key: str) -> HttpResponse:
    """One set of words: as it holds, its versions, and the form of who may change it."""
    declared, actor = filling.declared(key), of(request)
    version = filling.in_force(clock.now()).get(key)
    if declared is None or version is None:
        raise Http404(_("There are no such words."))
    begin = {"lasts_h": version.lasts_h, "level": version.level or "", "basis": version.basis}
    is_drop = request.POST.get("do") == "drop"
    form = TemplateForm(
        version.words, request.POST if request.method == "POST" and not is_drop else None, begin
    )
    fault = ""
    try:
        if request.method == "POST" and is_drop:
            filling.drop_template(key, request.POST.get("reason", ""), by=actor)
            messages.success(request, _("The default words hold again."))
            return HttpResponseRedirect(request.path)
        if request.method == "POST" and form.is_valid():
            given = form.cleaned_data
            filling.set_template(
                key, form.words, given["lasts_h"], given["level"], given["basis"], given["reason"], by=actor
            )
            messages.success(request, _("These words hold from now on."))
            return HttpResponseRedirect(request.path)
    except Refused as refused:
        fault = refused.message
    shown = {
        "key": key,
        "title": said(declared.title),
        "form": form,
        "version": version,
        "fault": fault,
        "names": [f"{{{name}}}" for name in filling.BLANKS],
        "history": Template.objects.filter(key=key).order_by("-valid_from", "-pk")[:50],
        "may": actor.may(ARRANGE),
        "tab": "templates",
    }
    return render(request, "warnings/template.html", shown, status=422 if fault or form.errors else 200)


@door(right=SIGHT, data="staff", methods=FORM, max_body=SMALL)
def terms(request: HttpRequest) -> HttpResponse:
    """When is reminded and reported upwards, and whether authors approve their own."""
    actor, held = of(request), policies.current(clock.now())
    begin = {
        "may_approve_own": held.may_approve_own,
        "remind": round(held.remind_after.total_seconds() / 60),
        "escalate": round(held.escalate_after.total_seconds() / 60),
        "notice": round(held.expiry_notice.total_seconds() / 60),
    }
    form = TermsForm(request.POST if request.method == "POST" else None, begin)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        wanted = Terms(
            may_approve_own=given["may_approve_own"],
            remind_after=timedelta(minutes=given["remind"]),
            escalate_after=timedelta(minutes=given["escalate"]),
            expiry_notice=timedelta(minutes=given["notice"]),
        )
        try:
            policies.decide(wanted, given["reason"], by=actor)
        except Refused as refused:
            form.add_error(None, refused.message)
        else:
            messages.success(request, _("This holds from now on."))
            return HttpResponseRedirect(request.path)
    shown = {
        "form": form,
        "begin": begin,
        "history": Policy.objects.order_by("-valid_from", "-pk")[:50],
        "may": actor.may(ARRANGE),
        "tab": "terms",
    }
    return render(request, "warnings/terms.html", shown, status=422 if form.errors else 200)
