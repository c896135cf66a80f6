"""Pages of rules: all of them, and one with its versions, its form and its dry run."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.kernel import catalogue
from toancanh.kernel.alerts import composing, conditions, rules, ruling, words
from toancanh.kernel.alerts.composing import Shape
from toancanh.kernel.alerts.maintenance import queries as maintenance
from toancanh.kernel.alerts.models import Rule
from toancanh.kernel.alerts.queries import SIGHT
from toancanh.kernel.alerts.rule_forms import RuleForm
from toancanh.kernel.declare import Actor, Condition
from toancanh.kernel.people.web import of
from toancanh.kernel.registry import queries as registry
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.kernel.telemetry.features import said
from toancanh.lib.errors import Refused

FORM = ("GET", "HEAD", "POST")


@door(right=SIGHT, data="staff")
def listing(request: HttpRequest) -> HttpResponse:
    """Every rule in words, with the stations that have one of their own."""
    versions = rules.in_force(clock.now())
    own: dict[str, int] = {}
    for key, thing in versions:
        own[key] = own.get(key, 0) + (thing is not None)
    rows = []
    for key, declared in catalogue.alert_rules().items():
        version = versions.get((key, None))
        kind = catalogue.thing_type(declared.kind)
        rows.append(
            {
                "key": key,
                "title": said(declared.title),
                "kind": said(kind.title) if kind else declared.kind,
                "version": version,
                "condition": described(version, declared.kind) if version else [],
                "own": own.get(key, 0),
            }
        )
    return render(request, "alerts/rules.html", {"rows": rows, "tab": "rules"})


@door(right=SIGHT, data="staff", methods=FORM, max_body=SMALL)
def rule(request: HttpRequest, key: str) -> HttpResponse:
    """One rule, for all stations or (``?thing=``) for one: versions, form, dry run."""
    declared, actor = catalogue.alert_rules().get(key), of(request)
    if declared is None:
        raise Http404(_("There is no such rule."))
    things = list(registry.own(actor).filter(kind=declared.kind).order_by("code"))
    thing = chosen(things, request.GET.get("thing", ""))
    versions = rules.in_force(clock.now())
    version = (versions.get((key, thing.pk)) if thing else None) or versions.get((key, None))
    condition = (rules.read(version) if version else None) or declared.condition
    initial = {
        "basis": version.basis if version else declared.basis,
        "is_on": version is None or version.is_on,
    }
    may = actor.may(ruling.RIGHT, thing.unit.path if thing else "")
    trials: list[ruling.Trial] | None = None
    form = RuleForm(condition, declared.kind, initial=initial)
    if request.method == "POST":
        do = request.POST.get("do")
        try:
            if do == "drop":
                ruling.drop_rule(key, thing, by=actor, reason=request.POST.get("reason", ""))
                messages.success(request, _("The version above holds again."))
                return HttpResponseRedirect(request.get_full_path())
            ruling.check(thing, actor)
            if do in ("add", "less", "join"):
                form = recomposed(form, declared.kind, request.POST)
            else:
                composed = as_composed(condition, declared.kind, request.POST)
                form = RuleForm(composed, declared.kind, request.POST, initial=initial)
                if form.is_valid() and form.typed is not None:
                    if do == "save":
                        saved(request, form, key, thing, actor)
                        return HttpResponseRedirect(request.get_full_path())
                    trials = tried(form, key, [thing] if thing else things)
        except Refused as refused:
            if not form.is_bound:
                # What was typed stays.
                form = RuleForm(form.condition, declared.kind, request.POST, initial=initial)
            form.add_error(None, refused.message)
    history = Rule.objects.filter(key=key, thing=thing).order_by("-valid_from", "-pk")[:50]
    shown = {
        "key": key,
        "title": said(declared.title),
        "things": things,
        "thing": thing,
        "form": form,
        "may": may,
        "version": version,
        "condition": described(version, declared.kind) if version else [],
        "windows": maintenance.over(things, clock.now()),
        "is_own": version is not None
        and not version.is_declared
        and version.thing_id == (thing.pk if thing else None),
        "history": [(one, described(one, declared.kind)) for one in history],
        "trials": trials,
        "shape": form.shape,
        "looked_at": composing.looked_at(),
        "series_choices": composing.choices(),
        "most": composing.MOST,
        "count": sum(len(trial.episodes) for trial in trials) if trials is not None else 0,
        "days": ruling.SPAN.days,
        "tab": "rules",
    }
    return render(request, "alerts/rule.html", shown, status=422 if form.errors else 200)


def as_composed(condition: Condition, kind: str, said: QueryDict) -> Condition:
    """The parts that the page showed, which may be others than those of the version in force."""
    if not said.get("shape"):
        return condition
    return Shape.read(said.get("shape", ""), said.get("join", ""), kind).filled(condition)


def recomposed(form: RuleForm, kind: str, said: QueryDict) -> RuleForm:
    """The form with a part more or less, and whatever was typed of the others."""
    before = as_composed(form.condition, kind, said)
    shape = Shape.of(before)
    if shape is None:
        raise Refused(_("This rule is put together by the program; it cannot be recomposed here."), "deep")
    if said.get("do") == "add":
        code = said.get("add_thing", "").strip()
        series = said.get("add_series", "")
        shape = shape.with_part(said.get("add_of", ""), f"{code}/{series}" if code else series, kind)
    elif said.get("do") == "less":
        shape = shape.without_last()
    typed = {name: value for name, value in said.items() if name not in ("do", "is_on")}
    return RuleForm(shape.filled(before), kind, initial={**typed, "is_on": bool(said.get("is_on"))})


def chosen(things: list[Thing], code: str) -> Thing | None:
    """The station that the address names; none where it names none."""
    found = next((thing for thing in things if thing.code == code), None)
    if code and found is None:
        raise Http404(_("There is no such station, or it is not public."))
    return found


def saved(request: HttpRequest, form: RuleForm, key: str, thing: Thing | None, actor: Actor) -> None:
    """Keep what was typed."""
    assert form.typed is not None
    given: dict[str, Any] = form.cleaned_data
    ruling.set_rule(
        key,
        thing,
        form.typed,
        by=actor,
        reason=given["reason"],
        basis=given["basis"],
        valid_from=given["valid_from"],
        is_on=given["is_on"],
    )
    messages.success(request, _("The rule is kept; it holds from the moment that you said."))


def tried(form: RuleForm, key: str, things: list[Thing]) -> list[ruling.Trial]:
    """What it would have rung."""
    assert form.typed is not None
    try:
        return ruling.dry_run(key, things, form.typed)
    except conditions.Impossible as fault:
        raise Refused(ruling.explained(fault.code), "impossible") from fault


def described(version: Rule, kind: str) -> list[str]:
    """A version's condition in words."""
    condition = rules.read(version)
    if condition is None:
        return [_("written by another release of the program; this one cannot read it, and it rests")]
    return words.condition(condition, kind)
