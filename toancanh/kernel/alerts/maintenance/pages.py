"""Pages of maintenance: all windows, setting one in a few touches, and one that is made longer or ended."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from toancanh.kernel.alerts.actions import RIGHT
from toancanh.kernel.alerts.maintenance import actions, queries
from toancanh.kernel.alerts.maintenance.forms import EndForm, WindowForm
from toancanh.kernel.alerts.maintenance.models import Maintenance
from toancanh.kernel.alerts.maintenance.queries import SIGHT
from toancanh.kernel.declare import Actor
from toancanh.kernel.people.web import of
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.kernel.territory.models import Unit
from toancanh.lib.errors import NotFound, Refused

FORM = ("GET", "HEAD", "POST")
HOME = "/console/alerts/maintenance/"
BACK = ("/console/alerts/", "/console/things/")
"""Pages from which a window is set, and to which one comes back."""


@door(right=SIGHT, data="staff")
def listing(request: HttpRequest) -> HttpResponse:
    """Every window, the latest first."""
    actor, now = of(request), clock.now()
    page = queries.page(actor, request.GET.get("after", ""))
    said = {
        "rows": [(row, row.state(now)) for row in page.rows],
        "page": page,
        "may": bool(actor.paths(RIGHT)),
        "tab": "maintenance",
    }
    return render(request, "alerts/maintenance/list.html", said)


@door(right=RIGHT, data="staff", methods=FORM, max_body=SMALL)
def new(request: HttpRequest) -> HttpResponse:
    """Set a window; ``?thing=`` and ``?kind=`` fill it in, ``?back=`` says where the button stood."""
    actor = of(request)
    if request.method == "POST":
        form = WindowForm(actor, request.POST)
        if form.is_valid():
            try:
                made = begun(form, actor)
            except Refused as fault:
                form.add_error(None, fault.message)
            else:
                messages.success(request, _("Kept: nothing of it rings until it ends."))
                back = request.GET.get("back", "")
                return HttpResponseRedirect(back if back.startswith(BACK) else f"{HOME}{made.pk}/")
    else:
        kind = request.GET.get("kind", "")[:60]
        initial = {"everything": int(bool(kind)), "kind": kind, "span": "60"}
        form = WindowForm(actor, initial={**initial, "things": request.GET.get("thing", "")[:80]})
    said = {"form": form, "tab": "maintenance"}
    return render(request, "alerts/maintenance/new.html", said, status=422 if form.errors else 200)


def begun(form: WindowForm, by: Actor) -> Maintenance:
    """Keep what was typed."""
    given = form.cleaned_data
    is_kind = given["everything"]
    return actions.begin(
        [] if is_kind else given["things"],
        kind=given["kind"] if is_kind else "",
        unit=root(by) if is_kind else None,
        starts=given["starts"],
        ends=form.end(form.start),
        reason=given["reason"],
        by=by,
    )


def root(by: Actor) -> Unit | None:
    """The unit in which a kind is muted: the widest that the post answers for; None: everywhere."""
    paths = by.paths(RIGHT)
    widest = min(paths, key=len, default="")
    return Unit.objects.get(path=widest) if widest else None


@door(right=SIGHT, data="staff", methods=FORM, max_body=SMALL)
def one(request: HttpRequest, number: int) -> HttpResponse:
    """One window: who set it and why; made longer or shorter, or ended."""
    actor = of(request)
    try:
        found = queries.one(number, actor)
    except NotFound:
        raise Http404(_("There is no such maintenance, or it is not in your unit.")) from None
    form = EndForm(request.POST if request.method == "POST" else None, initial={"span": "60"})
    if request.method == "POST":
        try:
            if request.POST.get("do") == "end":
                actions.end(found, by=actor)
                messages.success(request, _("Ended: everything of it rings again."))
                return HttpResponseRedirect(request.path)
            if form.is_valid():
                actions.change(found, form.end(max(found.starts, clock.now())), by=actor)
                messages.success(request, _("The new end is kept."))
                return HttpResponseRedirect(request.path)
        except Refused as fault:
            form.add_error(None, fault.message)
    said = {**facts(found, actor), "form": form, "tab": "maintenance"}
    return render(request, "alerts/maintenance/one.html", said, status=422 if form.errors else 200)


def facts(found: Maintenance, actor: Actor) -> dict[str, Any]:
    """What the page says of the window."""
    things = list(found.things.all())
    state = found.state(clock.now())
    try:
        actions.check(things, found.kind, found.unit, actor)
        may = state != "over"
    except Refused:
        may = False
    return {"window": found, "things": things, "state": state, "may": may}


def beside(request: HttpRequest, thing: Thing) -> SafeString:
    """What a station's page says of its maintenance: what holds or comes, and a button to set one."""
    actor, now = of(request), clock.now()
    rows = [(row, row.state(now)) for row in queries.upcoming(thing, now)]
    said = {"rows": rows, "thing": thing, "may": actor.may(RIGHT, thing.unit.path)}
    return render_to_string("alerts/maintenance/beside.html", said, request)
