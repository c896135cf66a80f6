"""Pages of the handover book: its list, handing over, one entry that is taken over and noted under."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.kernel.alerts.actions import RIGHT
from toancanh.kernel.alerts.handover import actions, freezing, queries
from toancanh.kernel.alerts.handover.models import Handover
from toancanh.kernel.declare import Actor
from toancanh.kernel.people import access, signin
from toancanh.kernel.people.models import Person
from toancanh.kernel.people.shifts import queries as shifts
from toancanh.kernel.people.shifts.models import DutyPost
from toancanh.kernel.people.shifts.queries import SIGHT, path_of
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.lib.errors import NotFound, Refused

FORM = ("GET", "HEAD", "POST")
HOME = "/console/duty/book/"


@door(right=SIGHT, data="staff")
def book(request: HttpRequest) -> HttpResponse:
    """Entries, newest first; what waits, and changes of shift at which nobody took over."""
    actor, now = of(request), clock.now()
    duties = shifts.visible(actor)
    said = {
        "page": queries.page(actor, request.GET.get("before", "")),
        "missing": queries.missing(duties, now),
        "duties": [duty for duty in duties if actor.may(RIGHT, path_of(duty))],
        "tab": "book",
    }
    return render(request, "alerts/handover/book.html", said)


@door(right=RIGHT, data="staff", methods=FORM, max_body=SMALL)
def new(request: HttpRequest, number: int) -> HttpResponse:
    """Hand a post over: what is open is shown first, then signed."""
    actor = of(request)
    duty = found_duty(number, actor)
    brief, fault = request.POST.get("brief", ""), ""
    if request.method == "POST":
        try:
            made = actions.hand_over(duty, brief, by=actor)
        except Refused as refused:
            fault = refused.message
        else:
            messages.success(request, _("Signed. Now whoever takes over signs."))
            return HttpResponseRedirect(f"{HOME}{made.pk}/")
    said = {
        "duty": duty,
        "open": shown(freezing.freeze(duty, clock.now())),
        "next": queries.next_one(duty),
        "brief": brief,
        "fault": fault,
        "tab": "book",
    }
    return render(request, "alerts/handover/new.html", said, status=422 if fault else 200)


def found_duty(number: int, actor: Actor) -> DutyPost:
    """The post, or no such page."""
    try:
        return shifts.one(number, actor)
    except NotFound:
        raise Http404(_("There is no such post of duty, or it is not in your unit.")) from None


def shown(frozen: dict[str, Any]) -> dict[str, Any]:
    """What was open, with moments as moments."""

    def read(rows: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
        return [{**row, **{name: datetime.fromisoformat(row[name]) for name in names}} for row in rows]

    return {
        "alerts": read(frozen["alerts"], "opened_at"),
        "more": frozen["count"] - len(frozen["alerts"]),
        "maintenance": read(frozen["maintenance"], "starts", "ends"),
    }


@door(right=SIGHT, data="staff", methods=FORM, max_body=SMALL)
def one(request: HttpRequest, number: int) -> HttpResponse:
    """One entry: taken over by one's own session, or with a password at this screen; noted under."""
    actor = of(request)
    try:
        row = queries.one(number, actor)
    except NotFound:
        raise Http404(_("There is no such entry, or it is not in your unit.")) from None
    fault = ""
    if request.method == "POST":
        try:
            done(request, row, actor)
        except Refused as refused:
            fault, row = refused.message, queries.one(number, actor)
        else:
            return HttpResponseRedirect(request.path)
    may = actor.may(RIGHT, path_of(row.duty))
    said = {
        "row": row,
        "open": shown(row.frozen),
        "additions": list(row.additions.select_related("person")),
        "is_intact": queries.is_intact(row),
        "waits": row.taken_at is None,
        "is_mine": actor.key == f"person:{row.outgoing_id}",
        "may": may,
        "people": [one for one in shifts.candidates(path_of(row.duty)) if one.pk != row.outgoing_id],
        "next": queries.next_one(row.duty),
        "fault": fault,
        "typed": {name: request.POST.get(name, "") for name in ("remark", "text", "who")},
        "tab": "book",
    }
    return render(request, "alerts/handover/one.html", said, status=422 if fault else 200)


def done(request: HttpRequest, row: Handover, actor: Actor) -> None:
    """What a button of an entry asks for."""
    do, remark = request.POST.get("do"), request.POST.get("remark", "")
    if do == "take":
        actions.take_over(row, remark, by=actor)
        messages.success(request, _("You have taken over."))
    elif do == "take_here":
        somebody = signed(request, row)
        actions.take_over(row, remark, by=access.actor(somebody), is_by_password=True)
        messages.success(request, _("%(name)s has taken over.") % {"name": somebody})
    elif do == "note":
        actions.add(row, request.POST.get("text", ""), by=actor)
        messages.success(request, _("The note stands under the entry."))
    else:
        raise Refused(_("Choose what is to be done."), "bad_request")


def signed(request: HttpRequest, row: Handover) -> Person:
    """Who has typed his password at the other's screen; wrong ones count as at signing in."""
    who = request.POST.get("who", "")
    people = shifts.candidates(path_of(row.duty))
    chosen = next((one for one in people if str(one.pk) == who), None)
    if chosen is None:
        raise Refused(_("Choose who takes over."), "who")
    if not signin.confirmed(request, chosen, request.POST.get("password", "")):
        raise Refused(_("The password is not right."), "password")
    return chosen
