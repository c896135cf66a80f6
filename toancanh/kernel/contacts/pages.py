"""*Danh bạ*: communes and how complete they are, the people of one, one contact and what is done to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.kernel.contacts import actions, forms, queries, workbook
from toancanh.kernel.contacts.actions import RIGHT, SEE
from toancanh.kernel.contacts.forms import Typed
from toancanh.kernel.contacts.models import Contact, Kind, Neighbourhood
from toancanh.kernel.contacts.sealing import in_clear
from toancanh.kernel.declare import Actor
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.kernel.territory import queries as territory
from toancanh.kernel.territory.models import Unit
from toancanh.lib.errors import NotAllowed, NotFound, Refused

FORM = ("GET", "HEAD", "POST")
HOME = "/console/contacts/"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Locality = Callable[[], dict[str, Any]]


class Row(NamedTuple):
    """A village or neighbourhood and who answers for it."""

    place: Neighbourhood
    people: list[Contact]


@door(right=SEE, data="staff")
def listing(request: HttpRequest, *, locality: Locality) -> HttpResponse:
    """Communes by name with what is missing, or the people that a search finds."""
    actor, path = of(request), locality().get("path", "")
    wanted = request.GET.get("q", "").strip()[:100]
    rows = queries.communes(actor, path)
    only = request.GET.get("only") == "missing"
    said = {
        "q": wanted,
        "found": queries.search(wanted, actor, path) if wanted else [],
        "rows": [row for row in rows if not (only and row.is_complete)],
        "only": only,
        "tiles": _tiles(rows),
        "has_any": any(row.places or row.heads or row.officials for row in rows),
        "may_arrange": bool(actor.paths(RIGHT)),
        "tab": "contacts",
    }
    return render(request, "contacts/list.html", said)


def _tiles(rows: list[queries.Commune]) -> list[dict[str, Any]]:
    places, reached = sum(row.places for row in rows), sum(row.reached for row in rows)
    whole = sum(row.is_complete for row in rows)
    return [
        {"key": "communes", "title": _("Communes complete"), "value": whole, "unit": f"/ {len(rows)}",
         "icon": "building-community", "url": f"{HOME}?only=missing",
         "tone": "" if whole == len(rows) else "warning"},
        {"key": "places", "title": _("Places with a head who can be told"), "value": reached,
         "unit": f"/ {places}", "icon": "home", "tone": "" if reached == places else "warning"},
        {"key": "heads", "title": _("Heads"), "value": sum(row.heads for row in rows), "icon": "user"},
        {"key": "officials", "title": _("Officials"), "value": sum(row.officials for row in rows),
         "icon": "user-circle"},
    ]  # fmt: skip


@door(right=SEE, data="staff", methods=FORM, max_body=SMALL)
def unit(request: HttpRequest, code: str) -> HttpResponse:
    """The people of a commune: officials, then each place with its heads, the missing ones named."""
    actor = of(request)
    found = queries.commune(code, actor)
    if request.method == "POST":
        try:
            _arrange_place(request.POST, found, actor)
        except (NotAllowed, NotFound):
            raise
        except Refused as fault:
            messages.error(request, fault.message)
        return HttpResponseRedirect(request.path)
    people = queries.people_of(found)
    of_place: dict[int | None, list[Contact]] = {}
    for one in people:
        of_place.setdefault(one.neighbourhood_id, []).append(one)
    places = queries.places_of(found)
    rows = [Row(place, of_place.get(place.pk, [])) for place in places]
    said = {
        "unit": found,
        "officials": [one for one in people if one.kind == Kind.OFFICIAL],
        "rows": rows,
        "missing": sum(not any(one.addresses.all() for one in row.people) for row in rows),
        "ended": queries.people_of(found, ended=True) if request.GET.get("ended") else None,
        "may_arrange": actor.may(RIGHT, found.path),
        "tab": "contacts",
    }
    return render(request, "contacts/unit.html", said)


def _arrange_place(post: QueryDict, found: Unit, actor: Actor) -> None:
    if post.get("do") == "close":
        known = {str(one.pk): one for one in queries.places_of(found)}
        place = known.get(post.get("place", ""))
        if place is None:
            raise NotFound(_("There is no such village or neighbourhood."))
        actions.close(place, post.get("basis", ""), by=actor)
    else:
        actions.found(found, post.get("name", ""), by=actor, basis=post.get("basis", ""))


@door(right=RIGHT, data="staff", methods=FORM, max_body=SMALL)
def new(request: HttpRequest, code: str) -> HttpResponse:
    """Take somebody into the chain."""
    actor = of(request)
    found = queries.commune(code, actor)
    actions.check(actor, found)
    kind = request.GET.get("kind", Kind.HEAD)
    place = request.GET.get("place", "")
    typed = Typed(kind=kind if kind in Kind.values else Kind.HEAD, place=place[:20])
    if request.method == "POST":
        typed = Typed.of(request.POST)
        try:
            with transaction.atomic():
                made = actions.add(typed.facts(found, by=actor), by=actor)
        except NotAllowed:
            raise
        except Refused as fault:
            said = {**forms.shown(typed, found), "fault": fault.message, "tab": "contacts"}
            return render(request, "contacts/edit.html", said, status=422)
        messages.success(request, _("%(name)s is in the list now.") % {"name": made.name})
        return HttpResponseRedirect(f"{HOME}units/{found.code}/")
    return render(request, "contacts/edit.html", {**forms.shown(typed, found), "tab": "contacts"})


@door(right=SEE, data="staff", methods=FORM, max_body=SMALL)
def contact(request: HttpRequest, number: int) -> HttpResponse:
    """One contact; numbers are shown when they are asked for, which is written down."""
    actor = of(request)
    found = queries.one(number, actor)
    reachable = None
    if request.method == "POST":
        try:
            if request.POST.get("do") == "read":
                reachable = _read(found, actor)
            else:
                _done(request.POST, found, actor)
                messages.success(request, _("It was written down."))
                return HttpResponseRedirect(request.path)
        except (NotAllowed, NotFound):
            raise
        except Refused as fault:
            messages.error(request, fault.message)
            return HttpResponseRedirect(request.path)
    said = {
        "contact": found,
        "reachable": reachable,
        "ground": dict(forms.grounds())[found.ground],
        "may_read": actor.may(actions.CALL, found.unit.path),
        "may_arrange": actor.may(RIGHT, found.unit.path),
        "tab": "contacts",
    }
    return render(request, "contacts/contact.html", said)


def _read(found: Contact, actor: Actor) -> list[Any]:
    if not actor.may(actions.CALL, found.unit.path):
        raise NotAllowed(
            _("Your post may not read numbers here. The administrator of your locality can grant it.")
        )
    actions.looked_at([found.pk], f"contact:{found.pk}", by=actor)
    return in_clear(found.addresses.all())


def _done(post: QueryDict, found: Contact, actor: Actor) -> None:
    if post.get("do") == "end":
        actions.end(found, post.get("reason", ""), by=actor)
    elif post.get("do") == "erase":
        actions.erase(found, post.get("reason", ""), by=actor)
    else:
        raise Refused(_("Choose what is to be done."), "bad_request")


@door(right=RIGHT, data="staff", methods=FORM, max_body=SMALL)
def edit(request: HttpRequest, number: int) -> HttpResponse:
    """Change a contact; the form shows the numbers, which is written down."""
    actor = of(request)
    found = queries.one(number, actor)
    actions.check(actor, found.unit)
    where = _commune_now(found, actor)
    said: dict[str, Any] = {"contact": found, "seen": found.changes, "tab": "contacts"}
    if request.method == "POST":
        typed = Typed.of(request.POST)
        seen = request.POST.get("seen", "")
        said["seen"] = seen
        try:
            with transaction.atomic():
                number_seen = int(seen) if seen.isdigit() and len(seen) < 9 else -1
                actions.change(found, typed.facts(where, by=actor), by=actor, seen=number_seen)
        except NotAllowed:
            raise
        except Refused as fault:
            said |= {**forms.shown(typed, where), "fault": fault.message}
            return render(request, "contacts/edit.html", said, status=422)
        messages.success(request, _("It was written down."))
        return HttpResponseRedirect(f"{HOME}{found.pk}/")
    actions.looked_at([found.pk], f"contact:{found.pk}", by=actor)
    typed = Typed.shown(found, in_clear(found.addresses.all()))
    return render(request, "contacts/edit.html", said | forms.shown(typed, where))


def _commune_now(found: Contact, actor: Actor) -> Unit:
    """Where the contact is listed today: its commune, or what that became."""
    heirs = territory.heirs([found.unit_id])[found.unit_id]
    if not heirs or found.unit_id in heirs:
        return found.unit
    return queries.commune(Unit.objects.get(pk=heirs[0]).code, actor)


@door(right=RIGHT, data="staff", methods=("POST",), max_body=SMALL)
def export(request: HttpRequest, *, locality: Locality) -> HttpResponse:
    """All contacts that the actor arranges, numbers in clear; written down with every one of them."""
    actor, path = of(request), locality().get("path", "")
    code = request.POST.get("unit", "")
    rows = queries.people_of(queries.commune(code, actor)) if code else queries.everyone(actor, path)
    rows = [one for one in rows if actor.may(RIGHT, one.unit.path)]
    actions.looked_at([one.pk for one in rows], "contacts.export", by=actor)
    name = f"danh-ba-{code or 'tat-ca'}-{clock.now().astimezone(clock.VIETNAM):%Y%m%d}.xlsx"
    return _file(workbook.export(rows), name)


@door(right=RIGHT, data="staff")
def template(request: HttpRequest, *, locality: Locality) -> HttpResponse:
    """The empty list to be filled in, with the names of communes and places as they are kept."""
    actor, path = of(request), locality().get("path", "")
    rows = queries.named_places(actor, path)
    return _file(workbook.template(rows), "danh-ba-mau.xlsx")


def _file(body: bytes, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(body, content_type=SHEET, headers=headers)
