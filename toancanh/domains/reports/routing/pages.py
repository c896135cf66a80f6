"""The rules in their order, one rule with its dry run, and where a typed example would go."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.domains.reports import naming
from toancanh.domains.reports.routing import arranging, listing, trying, words
from toancanh.domains.reports.routing.forms import ExampleForm, RuleForm, typed
from toancanh.domains.reports.routing.matching import About, trace
from toancanh.domains.reports.routing.models import Rule
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.lib.errors import NotAllowed, NotFound, Refused
from toancanh.lib.fold import fold

HOME = "/console/reports/routing/"
FORM = ("GET", "HEAD", "POST")
HISTORY = 50


@door(right=arranging.RIGHT, data="staff", methods=FORM, max_body=SMALL)
def rules(request: HttpRequest) -> HttpResponse:
    """The rules as they are asked, how often each decided, and a typed example."""
    if request.method == "POST":
        return _placed(request)
    now, used, named = clock.now(), trying.used(), naming.categories()
    rows = list(listing.ordered(listing.holding(now)))
    planned = Rule.objects.filter(valid_from__gt=now).exclude(valid_to__lte=now)
    planned = planned.select_related("organisation").order_by("valid_from")[:HISTORY]
    lines = [_line(rule, used, named) for rule in rows]
    for n, line in enumerate(lines):
        line["above"] = rows[n - 1].pk if n else None
        # Behind the next one is before the one after it; 0: last.
        line["below"] = (rows[n + 2].pk if n + 2 < len(rows) else 0) if n + 1 < len(rows) else None
    shown: dict[str, Any] = {"lines": lines, "planned": planned, "days": trying.SPAN.days, "tab": "routing"}
    example = ExampleForm(request.GET if "words" in request.GET else None)
    if example.is_bound and example.is_valid():
        said = example.cleaned_data
        about = About(
            example.place.path, said["category"], said["channel"], example.moment or now, fold(said["words"])
        )
        asked = trace(about, listing.prepared(rows))
        shown["trace"] = [
            (
                line,
                [(words.condition(name, line.rule, named), fits) for name, fits in answers],
                all(fits for _name, fits in answers),
            )
            for line, answers in asked
        ]
        shown["found"] = next((line for line, _told, fits in shown["trace"] if fits), None)
    return render(request, "reports/routing/list.html", shown | {"example": example})


def _line(rule: Rule, used: dict[int, trying.Used], named: dict[str, str]) -> dict[str, Any]:
    return {
        "rule": rule,
        "conditions": words.conditions(rule, named),
        "terms": words.terms(rule),
        "urgency": words.priorities()[rule.priority] if rule.priority else "",
        "organisation": listing.standing(rule.organisation),
        "used": used.get(rule.line, trying.Used()),
    }


def _placed(request: HttpRequest) -> HttpResponse:
    """Move a line of the list."""
    try:
        rule = _rule(request.POST.get("rule", ""))
        before = request.POST.get("before", "0")
        target = None if before == "0" else _rule(before)
        arranging.place(rule, target, by=of(request))
        messages.success(request, _("The order is kept; reports from now on are asked in it."))
    except (NotAllowed, NotFound):
        raise
    except Refused as fault:
        messages.error(request, fault.message)
    return HttpResponseRedirect(HOME)


@door(right=arranging.RIGHT, data="staff", methods=FORM, max_body=SMALL)
def new(request: HttpRequest) -> HttpResponse:
    """Add a rule behind all others."""
    return _edited(request, None)


@door(right=arranging.RIGHT, data="staff", methods=FORM, max_body=SMALL)
def one(request: HttpRequest, number: int) -> HttpResponse:
    """Change or end a rule; its versions."""
    return _edited(request, _rule(str(number)))


def _edited(request: HttpRequest, rule: Rule | None) -> HttpResponse:
    actor, trial = of(request), None
    form = RuleForm(None, initial=typed(rule) if rule else {"priority": 0})
    if request.method == "POST":
        do = request.POST.get("do", "")
        form = RuleForm(request.POST, initial=form.initial)
        try:
            if do == "end" and rule is not None:
                arranging.end_rule(rule, by=actor, reason=request.POST.get("reason", ""))
                messages.success(request, _("The rule is ended; what it routed stays as it was."))
                return HttpResponseRedirect(HOME)
            if form.is_valid():
                draft = form.draft()
                arranging.check(draft)
                if do == "save":
                    said = form.cleaned_data
                    arranging.set_rule(
                        draft,
                        by=actor,
                        reason=said["reason"],
                        basis=said["basis"],
                        before=rule,
                        valid_from=said["valid_from"],
                    )
                    messages.success(request, _("The rule is kept; it holds from the moment that you said."))
                    return HttpResponseRedirect(HOME)
                last = Rule.objects.order_by("-position").first()
                position = rule.position if rule else (last.position + 1 if last else 1)
                row = arranging.unsaved(draft, position=position, line=rule.line if rule else 0)
                trial = trying.dry_run(trying.changed(rule, row), actor)
        except NotAllowed:
            raise
        except Refused as fault:
            form.add_error(None, fault.message)
    shown: dict[str, Any] = {"form": form, "rule": rule, "trial": trial, "tab": "routing"}
    shown["days"] = trying.SPAN.days
    if rule is not None:
        named = naming.categories()
        rows = Rule.objects.filter(line=rule.line).select_related("unit", "organisation__successor")
        shown["history"] = [_line(row, {}, named) for row in rows.order_by("-valid_from", "-pk")[:HISTORY]]
        shown["is_standing"] = rule.valid_to is None or rule.valid_to > clock.now()
    return render(request, "reports/routing/rule.html", shown, status=422 if form.errors else 200)


def _rule(number: str) -> Rule:
    found = None
    if number.isascii() and number.isdigit() and len(number) < 16:
        rows = Rule.objects.select_related("unit", "organisation__successor")
        found = rows.filter(pk=int(number)).first()
    if found is None:
        raise NotFound(_("There is no such rule."))
    return found
