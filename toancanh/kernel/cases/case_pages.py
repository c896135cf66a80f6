"""The page of a case, and the forms by which it is moved along or something else is done about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.kernel.cases import (
    access,
    asking,
    attached,
    deeds,
    linking,
    moving,
    panels,
    parties,
    shown,
    story,
    types,
    urging,
    words,
)
from toancanh.kernel.cases.asking import Form
from toancanh.kernel.cases.doing import Doing
from toancanh.kernel.cases.models import Link
from toancanh.kernel.cases.saying import Unsaid, named
from toancanh.kernel.cases.writing import Conflict
from toancanh.kernel.declare import Actor
from toancanh.kernel.declare_cases import CaseField, CaseMove
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime import clock, subjects
from toancanh.kernel.runtime.doors import door
from toancanh.lib.errors import NotAllowed, NotFound, Refused

SIGHT = "console.see"
"""Whoever may open the console; which cases he sees is for `access` to say."""
FORM = ("GET", "HEAD", "POST")
MOST = 256 * 1024
LIST = "/console/work/"
MOST_PEOPLE = 200
"""Of whom one reading shows the contact data."""
Locality = Callable[[], dict[str, Any]]


def sought(code: str, actor: Actor) -> Doing:
    """The case before the actor; 404 alike where there is none and where his post does not reach it."""
    try:
        found = access.case(code.upper(), actor)
    except NotFound as fault:
        raise Http404(fault.message) from None
    return Doing(found, types.by_key(found.version_id), actor)


def address(on: Doing) -> str:
    """Of the case's page."""
    return f"{LIST}{on.case.code}/"


@door(right=SIGHT, data="staff", methods=FORM, max_body=MOST)
def case(request: HttpRequest, code: str, *, locality: Locality) -> HttpResponse:
    """Its story, clocks, organisations, place, links, and what comes next."""
    on = sought(code, of(request))
    if request.method == "POST":
        try:
            _small(request, on)
        except Refused as fault:
            messages.error(request, fault.message)
        return HttpResponseRedirect(address(on))
    before = number(request.GET["before"]) if "before" in request.GET else None
    return render(request, "cases/case.html", page(on, of(request).unit_code or locality()["code"], before))


def _small(request: HttpRequest, on: Doing) -> None:
    """What a button of the page itself does, without a form."""
    do = request.POST.get("do")
    if do == "read":
        urging.read(on.case, by=on.by)
        messages.success(request, _("Who urged sees that you have read it."))
    elif do == "unlink":
        row = Link.objects.filter(case=on.case, pk=number(request.POST.get("link", ""))).first()
        if row is None:
            raise Refused(_("This link is gone already."), "gone")
        linking.unlink(row, by=on.by)
        messages.success(request, _("Written into the story."))
    else:
        raise Refused(_("Choose what is to be done."), "bad_request")


def page(on: Doing, code: str, before: int | None = None) -> dict[str, Any]:
    """What the page says; of its story what happened before that event."""
    now = clock.now()
    kept = attached.of(on.case)
    told = story.of(on, kept, before=before)
    parent, own_parts = shown.family(on)
    offered = deeds.offered(on)
    return {
        "case": on.case,
        "said": on.said,
        "kind": named(on.said.title),
        "state": words.state(on.said, on.case.state),
        "phase": words.phase(on.case.phase),
        "priority": words.priority(on.case.priority) if on.case.priority else "",
        "choices": moving.choices(on.case, on.said, on.by),
        "next_deeds": [one for one in offered if one.is_next],
        "more_deeds": [one for one in offered if not one.is_next],
        "urgings": urging.unread(on.case, on.by, frozenset(on.roles)),
        "clocks": shown.clocks(on, now),
        "steps": shown.parts(on),
        "facts": shown.facts(on),
        "pictures": shown.pictures(on, kept),
        "covers": on.case.code if "desk" in on.roles else "",
        "links": shown.links(on),
        "parent": parent,
        "parts": own_parts,
        "concerned": shown.concerned(on.case),
        "may_identify": on.by.may(on.said.rights.identity, on.case.unit_path),
        "panels": panels.of(on.case, on.by),
        "boxes": subjects.boxes(f"case:{on.case.code}", on.by),
        "story": told.passages,
        "older": told.older,
        "is_older": before is not None,
        "last_word": shown.last_word(told.passages) if before is None else None,
        "map": shown.map_of(on.case, code),
        "now": now,
    }


@door(right=SIGHT, data="staff", methods=FORM, max_body=MOST)
def people(request: HttpRequest, code: str) -> HttpResponse:
    """Who sent and follows it: shown once, to who says why; each reading is in the journal."""
    on = sought(code, of(request))
    if not on.by.may(on.said.rights.identity, on.case.unit_path):
        raise NotAllowed(_("Who sent it is read by the reception desk alone."))
    whole = parties.standing(on.case.parties.all())
    rows = list(whole.select_related("case").order_by("pk")[:MOST_PEOPLE])
    context: dict[str, Any] = {
        "case": on.case,
        "count": len(rows),
        "contacts": None,
        "reason": "",
        "fault": "",
    }
    if request.method == "POST":
        context["reason"] = request.POST.get("reason", "")
        try:
            with transaction.atomic():
                found = [parties.identity(row, by=on.by, reason=context["reason"]) for row in rows]
            roles = {"reporter": _("sent it"), "follower": _("follows it")}
            context["contacts"] = [(roles[row.role], row, one) for row, one in zip(rows, found, strict=True)]
        except (NotAllowed, Refused) as fault:
            context["fault"] = fault.message
    return render(request, "cases/people.html", context, status=422 if context["fault"] else 200)


@dataclass(frozen=True)
class Step:
    """Something with a form of its own: a move of the graph, or a deed beside it."""

    title: str
    effect: str
    tone: str
    fields: tuple[CaseField, ...]
    do: Callable[[Mapping[str, Any], int], object]
    obstacle: str = ""
    """Why it cannot be done as things stand."""
    given: Mapping[str, Any] = field(default_factory=dict)
    takes_files: bool = False
    """Whether files that come along are kept: of who may do it alone."""


@door(right=SIGHT, data="staff", methods=FORM, max_body=attached.LARGEST, served_as="upload")
def move(request: HttpRequest, code: str, name: str) -> HttpResponse:
    """A move of the graph with what it asks."""
    on = sought(code, of(request))
    edge = on.said.move(name)
    if edge is None:
        raise Http404(_("There is no such step for this kind of work."))
    choice = next((one for one in moving.choices(on.case, on.said, on.by) if one.move.name == name), None)
    lost = _("It stands at “%(state)s”: this step is not possible, or not yours.")
    obstacle = choice.obstacle if choice else lost % {"state": words.state(on.said, on.case.state)}
    step = Step(
        title=named(edge.title),
        effect=named(edge.effect) if edge.effect else "",
        tone=edge.tone,
        fields=edge.asks,
        do=lambda said, seen: _moved(on, edge, said, seen),
        obstacle=obstacle,
        takes_files=choice is not None,
    )
    return _form(request, on, step)


@transaction.atomic
def _moved(on: Doing, edge: CaseMove, said: Mapping[str, Any], seen: int) -> None:
    """The move, with the files that it names."""
    keys = [key for one in edge.asks if one.kind == "files" for key in said.get(one.name, ())]
    # First, so that a file that cannot be named leaves the case as the form has it.
    attached.attach(on.case, keys, on.by)
    moving.move(on.case, edge.name, said, by=on.by, seen=seen)


@door(right=SIGHT, data="staff", methods=FORM, max_body=MOST)
def deed(request: HttpRequest, code: str, name: str) -> HttpResponse:
    """What can be done beside moving it along."""
    on = sought(code, of(request))
    known = next((one for one in deeds.DEEDS if one.name == name), None)
    if known is None:
        raise Http404(_("There is no such step for this kind of work."))
    is_open = known.is_open(on)
    step = Step(
        title=str(known.title),
        effect=str(known.effect),
        tone="plain",
        fields=tuple(known.asks(on)) if is_open or request.method == "POST" else (),
        do=lambda said, seen: known.do(on, said, seen),
        obstacle="" if is_open else _("This cannot be done here now, or your post does not do it."),
        given=known.given(on),
    )
    return _form(request, on, step)


def _form(request: HttpRequest, on: Doing, step: Step) -> HttpResponse:
    if request.method != "POST":
        if step.obstacle and not step.fields:
            messages.error(request, step.obstacle)
            return HttpResponseRedirect(address(on))
        return _shown(request, on, step, asking.empty(step.fields, step.given), step.obstacle)
    data = request.POST.copy()
    # On the disk before the transaction; what a fault keeps back goes with the next sending.
    faults = attached.take(request.FILES, data, step.fields, on.case, on.by) if step.takes_files else {}
    form = asking.filled(step.fields, data)
    for row in form.rows:
        row.fault = faults.get(row.field.name, row.fault)
        if row.field.kind == "files":
            row.options = attached.names(sorted(row.chosen), on.by)
    seen = number(request.POST.get("seen", ""))
    if form.has_faults and (faults or seen == on.case.number):
        return _shown(request, on, step, form, "", status=422)
    try:
        step.do(form.said, seen)
    except Conflict as fault:
        return _shown(request, on, step, form, fault.message, status=409, since=seen)
    except Unsaid as fault:
        told = "" if form.blame(fault) else fault.message
        return _shown(request, on, step, form, told, status=422)
    except Refused as fault:
        return _shown(request, on, step, form, fault.message, status=422)
    messages.success(request, _("Done: %(what)s.") % {"what": step.title})
    # Who sends something back, or away, may see it no longer.
    stays = access.visible(on.by).filter(pk=on.case.pk).exists()
    return HttpResponseRedirect(address(on) if stays else LIST)


def _shown(
    request: HttpRequest,
    on: Doing,
    step: Step,
    form: Form,
    fault: str,
    *,
    status: int = 200,
    since: int | None = None,
) -> HttpResponse:
    passages = story.of(on).passages
    news = [one for one in passages if since is not None and one.event.number > since]
    context = {
        "case": on.case,
        "kind": named(on.said.title),
        "state": words.state(on.said, on.case.state),
        "step": step,
        "form": form,
        "fault": fault,
        "news": news,
        "is_conflict": status == 409,
        "last_word": shown.last_word(passages),
        "clocks": [one for one in shown.clocks(on, clock.now()) if one.row.is_main][:1],
    }
    return render(request, "cases/step.html", context, status=status)


def number(text: str) -> int:
    """A number that a page carried; one that nothing has where it was mangled."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
