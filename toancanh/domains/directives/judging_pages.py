"""What waits for who gave an order, on one small page: the result to accept or return, more time to grant.

From the list it is two touches: the button of the row opens this page, its large button decides.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.domains.directives import results
from toancanh.domains.directives.kind import KIND
from toancanh.domains.directives.pages import HOME, SIGHT
from toancanh.kernel.cases import case_pages, extending, moving, reckoning, shown, times, words
from toancanh.kernel.cases.doing import Doing
from toancanh.kernel.cases.models import Clock
from toancanh.kernel.cases.reckoning import Running
from toancanh.kernel.cases.writing import Conflict
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.lib.errors import NotAllowed, NotFound, Refused


@door(right=SIGHT, data="staff", methods=("GET", "HEAD", "POST"), max_body=SMALL)
def page(request: HttpRequest, code: str) -> HttpResponse:
    """The result with what was ordered, and the decision."""
    on = case_pages.sought(code, of(request))
    if on.case.kind != KIND:
        raise NotFound(_("This is no directive."))
    if "giver" not in on.roles:
        raise NotAllowed(_("Who gave the work judges its result."))
    fault, status = "", 200
    if request.method == "POST":
        try:
            messages.success(request, _decided(request, on))
            return HttpResponseRedirect(HOME)
        except NotAllowed:
            raise
        except Conflict as refused:
            fault, status = refused.message, 409
        except Refused as refused:
            fault, status = refused.message, 422
        on = case_pages.sought(code, of(request))
    elif on.case.state != "reported" and not on.waits_for_time:
        messages.info(request, _("%(code)s does not wait for you any more.") % {"code": on.case.code})
        return HttpResponseRedirect(case_pages.address(on))
    return render(request, "directives/judge.html", _shown(request, on, fault), status=status)


def _decided(request: HttpRequest, on: Doing) -> str:
    """Do what the button says; returns what is told of it."""
    do, seen = request.POST.get("do", ""), case_pages.number(request.POST.get("seen", ""))
    told = {"code": on.case.code}
    if do == "accept":
        moving.move(on.case, "accept", {"note": request.POST.get("note", "")}, by=on.by, seen=seen)
        return _("%(code)s is accepted.") % told
    if do == "return":
        moving.move(on.case, "return", {"reason": request.POST.get("reason", "")}, by=on.by, seen=seen)
        return _("%(code)s is returned: they go on with it.") % told
    if do in ("grant", "refuse"):
        answer = request.POST.get("answer", "").strip() or (_("Granted.") if do == "grant" else "")
        extending.settle(on.case, do == "grant", answer, by=on.by, seen=seen)
        return (_("%(code)s has more time.") if do == "grant" else _("%(code)s keeps its term.")) % told
    raise Refused(_("Choose what is to be done."), "nothing")


def _due(row: Clock) -> datetime | None:
    """When it was due as the result came in: while that waits, the term stands still and has no end."""
    pauses = tuple((one.since, one.until) for one in row.pauses.all() if one.until is not None)
    running = Running(row.begins_at, row.term + row.extended, pauses)
    return reckoning.due(times.time_of(row.calendar), running)


def _shown(request: HttpRequest, on: Doing, fault: str) -> dict[str, Any]:
    clocks = shown.clocks(on, clock.now())
    main = next((one for one in clocks if one.row.is_main and one.row.round == on.case.round), None)
    asked = [pair for pair in main.extensions if pair[0].settled_at is None] if main else []
    return {
        "case": on.case,
        "state": words.state(on.said, on.case.state),
        "is_reported": on.case.state == "reported",
        "results": results.of(on.case),
        "wanted": on.case.facts.get("evidence_wanted", ""),
        "main": main,
        "due": _due(main.row) if main else None,
        "asked": asked[0] if asked else None,
        "fault": fault,
        "typed": request.POST,
    }
