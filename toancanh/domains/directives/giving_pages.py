"""*Giao việc*: a form, a look at who will get it and by when, and the order is given."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.domains.directives import actions, giving_forms, wishes
from toancanh.domains.directives.actions import Order
from toancanh.domains.directives.giving_forms import Frame
from toancanh.domains.directives.pages import HOME, SIGHT
from toancanh.kernel.cases import access, countdown, words
from toancanh.kernel.cases.models import Case
from toancanh.kernel.declare import Actor
from toancanh.kernel.people.models import Grant, Organisation
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime import subjects
from toancanh.kernel.runtime.doors import door
from toancanh.kernel.runtime.subjects import Subject
from toancanh.kernel.territory import queries as territory
from toancanh.lib.errors import NotAllowed, NotFound, Refused

MOST_BODY = 128 * 1024
LONGEST_KEY = 64
PROPOSED = 160
"""Characters of a subject's words with which the title begins."""
Locality = Callable[[], dict[str, Any]]


@door(right=SIGHT, data="staff", methods=("GET", "HEAD", "POST"), max_body=MOST_BODY)
def new(request: HttpRequest, *, locality: Locality) -> HttpResponse:
    """Give an order: about something, as a part of another order, or about nothing."""
    actor = of(request)
    asked = request.POST if request.method == "POST" else request.GET
    whole, subject = _whole(asked.get("part_of", ""), actor), None
    if whole is None and not actor.paths(wishes.GIVE):
        raise NotAllowed(_("Leaders give work to organisations; your administrator can grant it."))
    if about := asked.get("about", ""):
        subject = subjects.find(about, actor)
        if subject is None:
            raise NotFound(_("What it is about is gone, or your post does not reach it."))
    frame = Frame(
        key=asked.get("key", "")[:LONGEST_KEY] or secrets.token_urlsafe(16),
        unit=_unit(whole, subject, actor, str(locality()["code"])),
        about=subject.key if subject else "",
        whole=whole,
    )
    shown: dict[str, Any] = {"frame": frame, "subject": subject, "whole": whole}
    if request.method != "POST":
        return _render(request, shown | {"form": giving_forms.empty(_proposed(subject, whole))})
    return _posted(request, frame, shown)


def _posted(request: HttpRequest, frame: Frame, shown: dict[str, Any]) -> HttpResponse:
    form = giving_forms.filled(request.POST)
    do = request.POST.get("do", "")
    if do == "change":
        # Back from the look at it: everything typed stands in the form.
        for row in form.rows:
            row.fault = ""
        return _render(request, shown | {"form": form})
    order = giving_forms.order(form, frame)
    if order is None:
        return _render(request, shown | {"form": form}, status=422)
    if do != "give":
        return _render(request, shown | {"form": form} | _foreseen(order))
    try:
        made = actions.give(order, by=of(request))
    except NotAllowed:
        raise
    except Refused as fault:
        return _render(request, shown | {"form": form, "fault": fault.message}, status=422)
    told = _("%(code)s is given to %(organisation)s.")
    messages.success(request, told % {"code": made.code, "organisation": made.organisation})
    return HttpResponseRedirect(HOME if frame.whole is None else f"/console/work/{frame.whole.code}/")


def _render(request: HttpRequest, shown: dict[str, Any], status: int = 200) -> HttpResponse:
    name = "directives/preview.html" if "order" in shown else "directives/new.html"
    return render(request, name, {"tab": "list", **shown}, status=status)


def _whole(code: str, actor: Actor) -> Case | None:
    if not code:
        return None
    found = access.case(code[:24], actor)
    if not actions.may_hand_on(found, actor):
        text = _("The organisation in charge hands parts on, while it works on the whole.")
        raise NotAllowed(text)
    return found


def _unit(whole: Case | None, subject: Subject | None, actor: Actor, locality: str) -> Any:  # noqa: ANN401
    """Where the work lies: where what it is about lies, else what the giver's post stands over."""
    if whole is not None:
        return whole.unit
    codes = (subject.unit_code if subject else "", actor.unit_code, locality)
    found = next((unit for code in codes if code and (unit := territory.unit(code))), None)
    if found is None:
        raise Refused(_("No locality is loaded yet: load its pack first."), "no_unit")
    return found


def _proposed(subject: Subject | None, whole: Case | None) -> dict[str, Any]:
    """With what the form begins."""
    if subject is None:
        return {"priority": str(whole.priority)} if whole else {}
    return {"title": subject.words[:PROPOSED]}


@dataclass(frozen=True)
class Reached:
    """An organisation that will get the order, and its people who hear of it."""

    organisation: Organisation
    role: str
    people: list[str]


def _foreseen(order: Order) -> dict[str, Any]:
    """What the look before giving says. One query."""
    return {
        "order": order,
        "reached": reached(order),
        "priority": words.priority(order.priority),
        "span": countdown.span(order.deadline.minutes, order.deadline.day),
    }


def reached(order: Order) -> list[Reached]:
    """Who will get it, the organisation in charge first. One query."""
    whom = [order.lead, *order.helpers]
    today = territory.today()
    held = Q(post__valid_to=None) | Q(post__valid_to__gt=today)
    grants = Grant.objects.filter(
        held,
        right=wishes.HANDLE,
        post__organisation__in=whom,
        post__valid_from__lte=today,
        post__person__is_active=True,
    )
    people: dict[int, list[str]] = {}
    for grant in grants.select_related("post__person").order_by("post__person__full_name"):
        names = people.setdefault(grant.post.organisation_id, [])
        name = f"{grant.post.person.full_name}, {grant.post.title}"
        if name not in names:
            names.append(name)
    roles = [_("in charge"), *([_("helping")] * len(order.helpers))]
    return [Reached(one, role, people.get(one.pk, [])) for one, role in zip(whom, roles, strict=True)]
