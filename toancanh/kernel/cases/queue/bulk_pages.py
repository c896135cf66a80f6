"""Several cases at once: choose a step, see what it would do to each, do it, take it back."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.kernel.cases import asking, assigning
from toancanh.kernel.cases.queue import bulk
from toancanh.kernel.cases.queue.bulk import Picked
from toancanh.kernel.declare import Actor
from toancanh.kernel.declare_cases import CaseField
from toancanh.kernel.people.models import Person
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.lib.errors import NotAllowed, Refused

SIGHT = "console.see"
FORM = ("GET", "HEAD", "POST")
PERSON = "person"
NOBODY = "-"


@door(right=SIGHT, data="staff", methods=FORM, max_body=SMALL)
def page(request: HttpRequest) -> HttpResponse:
    """Everything is posted, since what was chosen is no address: who comes by one goes to the list."""
    actor = of(request)
    if request.method != "POST":
        return HttpResponseRedirect("/console/work/")
    back = request.POST.get("back", "")
    back = back if back.startswith("?") else ""
    try:
        if token := request.POST.get("undo", ""):
            return _shown(request, back, done=bulk.undo(token, by=actor), is_undone=True)
        return _step(request, actor, back)
    except (Refused, NotAllowed) as fault:
        return _shown(request, back, status=422, fault=fault.message)


def _step(request: HttpRequest, actor: Actor, back: str) -> HttpResponse:
    picked = bulk.pick(request.POST.getlist("case"), actor)
    if not picked:
        raise Refused(_("Choose some work in the list first."), "nothing")
    moves, may_assign = bulk.shared(picked, actor), bulk.may_assign(picked, actor)
    said: dict[str, Any] = {"picked": [(bulk.mark(one), one.case) for one in picked], "moves": moves}
    said |= {"may_assign": may_assign, "assign": bulk.ASSIGN}
    what = request.POST.get("what", "")
    if not what:
        return _shown(request, back, **said)
    move = next((one for one in moves if one.name == what), None)
    if move is None and not (what == bulk.ASSIGN and may_assign):
        raise Refused(_("Not all of the chosen work offers this step to you."), "no_move")
    fields = list(move.asks) if move else [_person(picked, actor)]
    fields = [one for one in fields if one.kind != "files"]
    said |= {"what": what, "title": bulk.title(move), "move": move}
    said |= {"undoing": bulk.undoing(move, picked, actor)}
    if request.POST.get("do") == "1":
        form = asking.filled(fields, request.POST)
        if not form.has_faults:
            person = _named(form.said, picked, actor) if move is None else None
            done = bulk.do(picked, move, form.said, person, by=actor)
            return _shown(request, back, title=bulk.title(move), done=done)
    else:
        form = asking.empty(fields)
    rows = bulk.foreseen(picked, move, actor)
    said |= {"form": form, "rows": rows, "count": sum(not row.is_refused for row in rows)}
    return _shown(request, back, status=422 if form.has_faults else 200, **said)


def _person(picked: list[Picked], actor: Actor) -> CaseField:
    people = [(str(one.pk), one.full_name) for one in assigning.colleagues(picked[0].case, actor)]
    choices = [*people, (NOBODY, _("Nobody: take the name off"))]
    return asking.asked(PERSON, _("Who does it"), "choice", required=True, choices=choices)


def _named(said: dict[str, Any], picked: list[Picked], actor: Actor) -> Person | None:
    chosen = str(said[PERSON])
    return None if chosen == NOBODY else assigning.colleagues(picked[0].case, actor).get(pk=int(chosen))


def _shown(request: HttpRequest, back: str, *, status: int = 200, **said: object) -> HttpResponse:
    return render(request, "cases/queue/bulk.html", {"back": back, **said}, status=status)
