"""The screen of reception: the next report large, what to do with it by one key each."""

from __future__ import annotations

import json
import math
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.domains.reports import naming
from toancanh.domains.reports.learning import proposing
from toancanh.domains.reports.learning.models import Target
from toancanh.domains.reports.routing import matching, taking
from toancanh.domains.reports.routing import words as rule_words
from toancanh.domains.reports.routing.forms import organisations
from toancanh.domains.reports.triage import actions, answers, masking
from toancanh.domains.reports.triage import waiting as desk
from toancanh.domains.reports.triage.models import Report, Use
from toancanh.kernel.cases import access, attached
from toancanh.kernel.cases.case_pages import number
from toancanh.kernel.cases.models import Case
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.doors import door
from toancanh.lib.errors import NotFound, Refused

HOME = "/console/reports/triage/"
MOST_SKIPPED = 100
WORDS = ("note", "reason", "question", "public_title", "public_words")
"""Fields into which the desk types."""
MOST_BODY = 256 * 1024
"""10,000 letters of Vietnamese as a form sends them."""
RING = 24
"""Corners of the circle that shows a place."""
RING_M = 60.0


@door(right=desk.DESK, data="staff", methods=("GET", "HEAD", "POST"), max_body=MOST_BODY)
def page(request: HttpRequest) -> HttpResponse:
    """The next report that waits; what was decided leads to the one after it."""
    skipped = _numbers(request.GET.get("skip", ""))
    fault, status = "", 200
    if request.method == "POST":
        try:
            return _decided(request, skipped)
        except NotFound:
            raise
        except Refused as refused:
            fault, status = refused.message, 409 if refused.code == "conflict" else 422
    actor = of(request)
    queue = desk.waiting(actor)
    code = _code(request.POST.get("case") or request.GET.get("case", ""))
    rows = queue.select_related("unit", "organisation")
    case = rows.filter(code=code).first() if code else rows.exclude(pk__in=skipped).first()
    if case is None and status != 200:
        # Somebody else was quicker: the next one, with what happened said above it.
        case = rows.exclude(pk__in=skipped).first()
    shown: dict[str, Any] = {
        "case": case,
        "waiting": queue.count(),
        "skipped": skipped,
        "skip": ",".join(map(str, skipped)),
        "back": ",".join(map(str, skipped[:-1])),
        "fault": fault,
        "typed": {},
        "tab": "triage",
    }
    typed = request.POST if fault else QueryDict()
    if case is not None:
        # What was typed of one report never stands in the fields of another.
        own = typed if typed.get("case") == case.code else QueryDict()
        shown |= _about(case, actor) | _kept(own)
    if case is None or typed.get("case") != case.code:
        shown |= {"lost": _lost(typed), "lost_of": typed.get("case", "")}
    return render(request, "reports/triage/page.html", shown, status=status)


def _code(text: str) -> str:
    """A code that a page carried, without what no code holds."""
    return "".join(sign for sign in text[:24] if sign.isascii() and sign.isprintable())


def _numbers(text: str) -> list[int]:
    found = [int(one) for one in text.split(",") if one.isascii() and one.isdigit() and len(one) < 16]
    return found[-MOST_SKIPPED:]


def _kept(typed: QueryDict) -> dict[str, Any]:
    """What a fault must not take from the form: it stands in the place of what the rules propose."""
    kept: dict[str, Any] = {"typed": typed}
    if typed.get("do") == "accept":
        kept |= {
            "chosen": typed.get("organisation", ""),
            "helpers": typed.getlist("helpers"),
            "chosen_category": typed.get("category", ""),
        }
    elif typed.get("do") in ("publish", "hide"):
        kept |= {name: typed.get(name, "") for name in ("public_title", "public_words")}
    return kept


def _lost(typed: QueryDict) -> list[str]:
    """Words typed of a report that is no longer here, to be copied by who wrote them."""
    return [text for name in WORDS if (text := str(typed.get(name, ""))).strip()]


def _about(case: Case, actor: Any) -> dict[str, Any]:  # noqa: ANN401 - an Actor
    found = taking.judged(case, clock.now())
    named = naming.categories()
    text = f"{case.title} {case.words}"
    known = dict(organisations())
    learned = proposing.three(Target.ORGANISATION, text)
    chosen = found.organisation.code if found.organisation else (learned[0].code if learned else "")
    helpers = [code for code in (found.line.rule.helpers if found.line else ()) if code in known]
    public = Report.objects.filter(case=case).first()
    private = masking.found(f"{case.title}\n{case.words}")
    kinds = {
        "phone": _("telephone number"),
        "identity": _("identity number"),
        "plate": _("number plate"),
        "email": _("e-mail address"),
    }
    return {
        "why": _why(found, named),
        "rule": found.line.rule if found.line else None,
        "chosen": chosen,
        "helpers": helpers,
        "organisations": list(known.items()),
        "by_words": [(one, known.get(one.code, one.code), round(100 * one.confidence)) for one in learned],
        "categories": list(named.items()),
        "category_by_words": [
            (one, named.get(one.code, one.code), round(100 * one.confidence))
            for one in proposing.three(Target.CATEGORY, text)
        ],
        "category": named.get(case.category, case.category),
        "channel": naming.channels().get(case.channel, case.channel),
        "urgency": rule_words.priorities()[min(case.priority, 2)],
        "priorities": list(rule_words.priorities().items()),
        "near": desk.near(case, actor),
        "photos": [file for file in attached.of(case).values() if file.small],
        "refusals": answers.ready(Use.REFUSE),
        "questions": answers.ready(Use.ASK),
        "public_title": public.public_title if public else masking.masked(case.title),
        "public_words": public.public_words if public else masking.masked(case.words),
        "private": [(kinds[one.kind], one.text) for one in private],
        "is_published": case.axes.get(actions.AXIS) == "published",
        "returned": case.routings.filter(returned_at__isnull=False).order_by("-number").first(),
        "ring": _ring(case),
    }


def _why(found: matching.Decision, named: dict[str, str]) -> list[str]:
    if found.line is None:
        return []
    return [rule_words.condition(name, found.line.rule, named) for name in found.why]


def _ring(case: Case) -> str:
    """A circle around the place, for the map."""
    if case.lon is None or case.lat is None:
        return ""
    tall = RING_M / desk.METRES
    wide = tall / max(0.01, math.cos(math.radians(case.lat)))
    turns = [2 * math.pi * n / RING for n in range(RING + 1)]
    ring = [[case.lon + wide * math.cos(turn), case.lat + tall * math.sin(turn)] for turn in turns]
    return json.dumps({"type": "Polygon", "coordinates": [ring]})


def _decided(request: HttpRequest, skipped: list[int]) -> HttpResponse:
    """Do what a button says; then the next report, or the same one where it still waits."""
    actor, said = of(request), request.POST
    case = access.case(_code(said.get("case", "")), actor)
    seen = number(said["seen"]) if said.get("seen") else None
    do, here = said.get("do", ""), HOME + (f"?skip={','.join(map(str, skipped))}" if skipped else "")
    stays = f"{HOME}?case={case.code}" + (f"&skip={','.join(map(str, skipped))}" if skipped else "")
    if do == "accept":
        organisation = said.get("organisation", "")
        category, note = said.get("category", ""), said.get("note", "")
        actions.accept(
            case,
            organisation,
            by=actor,
            helpers=said.getlist("helpers"),
            category=category,
            note=note,
            seen=seen,
        )
        told = _("%(code)s was passed on to %(organisation)s.")
        messages.success(request, told % {"code": case.code, "organisation": case.organisation})
    elif do == "refuse":
        actions.refuse(case, said.get("reason", ""), by=actor, seen=seen)
        messages.success(
            request, _("%(code)s was not accepted; its sender is told why.") % {"code": case.code}
        )
    elif do == "ask":
        actions.ask(case, said.get("question", ""), by=actor, seen=seen)
        messages.success(request, _("%(code)s: its sender is asked.") % {"code": case.code})
    elif do == "merge":
        event = actions.merge(case, said.get("into", "") or said.get("other", ""), by=actor, seen=seen)
        told = _("%(code)s was merged into %(into)s; its sender follows that one.")
        messages.success(request, told % {"code": case.code, "into": event.content["merged"]["into"]})
    elif do == "grade":
        priority = said.get("priority", "")
        actions.grade(case, int(priority) if priority in ("0", "1", "2") else -1, by=actor, seen=seen)
        return HttpResponseRedirect(stays)
    elif do in ("publish", "hide"):
        title, words = said.get("public_title", ""), said.get("public_words", "")
        actions.publish_text(case, title, words, by=actor, is_published=do == "publish", seen=seen)
        text = (
            _("The public text is published.")
            if do == "publish"
            else _("The public text is kept, not published.")
        )
        messages.success(request, text)
        return HttpResponseRedirect(stays)
    else:
        raise Refused(_("Choose what is to be done."), "nothing")
    return HttpResponseRedirect(here)
