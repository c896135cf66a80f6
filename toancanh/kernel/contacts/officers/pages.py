"""*Cách báo cho tôi*: how one is told oneself, and how those are whose duty one arranges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.kernel.contacts.models import Channel
from toancanh.kernel.contacts.officers import actions, devices, queries
from toancanh.kernel.contacts.officers.actions import Said
from toancanh.kernel.contacts.officers.models import Reach
from toancanh.kernel.declare import Actor
from toancanh.kernel.notify import registry
from toancanh.kernel.people.models import Person
from toancanh.kernel.people.shifts.actions import RIGHT
from toancanh.kernel.people.shifts.queries import SIGHT
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime import secrets
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.lib import phones
from toancanh.lib.errors import NotAllowed, Refused

HOME = "/console/duty/reach/"
FORM = ("GET", "HEAD", "POST")


@door(right=SIGHT, data="staff", methods=FORM, max_body=SMALL)
def mine(request: HttpRequest) -> HttpResponse:
    """How whoever is signed in is told."""
    assert isinstance(request.user, Person)  # the door lets nobody else in
    return _page(request, request.user)


@door(right=RIGHT, data="staff", methods=FORM, max_body=SMALL)
def one(request: HttpRequest, number: int) -> HttpResponse:
    """How somebody is told whose duty the actor arranges."""
    person = Person.objects.filter(pk=number, is_active=True).first()
    if person is None or not queries.may(person, of(request)):
        raise Http404(_("There is no such person, or his duty is arranged by somebody else."))
    return _page(request, person)


@door(right=RIGHT, data="staff")
def people(request: HttpRequest) -> HttpResponse:
    """Everybody whose duty the actor arranges, and by what each is reached."""
    said = {"rows": queries.arranged(of(request)), "tab": "reach"}
    return render(request, "contacts/officers/people.html", said)


def _device(request: HttpRequest, person: Person, actor: Actor) -> HttpResponse:
    """Try one of somebody's browsers, or tell nobody there any more."""
    number = request.POST.get("device", "")
    found = person.devices.filter(pk=number[:18]).first() if number.isascii() and number.isdigit() else None
    if found is None:
        raise Refused(_("Nobody is told in this browser any more."), "no_device")
    if request.POST.get("do") == "try_device":
        count = devices.trial(found, by=actor)
        messages.success(request, _("A trial is on its way (%(count)s messages).") % {"count": count})
    else:
        devices.switch_off(found, by=actor)
        messages.success(request, _("Switched off: nobody is told in this browser any more."))
    return HttpResponseRedirect(request.path)


def _page(request: HttpRequest, person: Person) -> HttpResponse:
    actor = of(request)
    fault, status = "", 200
    if request.method == "POST":
        said = Said(
            phone=request.POST.get("phone", "")[:40],
            email=request.POST.get("email", "")[:200],
            zalo=request.POST.get("zalo", "")[:40],
            channels=tuple(request.POST.getlist("channels")),
            language=request.POST.get("language", "vi"),
        )
        try:
            if request.POST.get("do") in ("try_device", "drop_device"):
                return _device(request, person, actor)
            if request.POST.get("do") == "trial":
                count = actions.trial(person, by=actor)
                messages.success(request, _("A trial is on its way (%(count)s messages).") % {"count": count})
            else:
                actions.set_reach(person, said, by=actor)
                messages.success(request, _("Kept; it holds from the next message on."))
            return HttpResponseRedirect(request.path)
        except NotAllowed:
            raise
        except Refused as refused:
            fault, status = refused.message, 422
    else:
        try:
            said = _said(person, actions.read(person, by=actor))
        except secrets.Locked as locked:
            said, fault = Said(), locked.message
    shown = {"typed": said, "fault": fault, "who": person, "is_mine": actor.key == f"person:{person.pk}"}
    shown |= {"devices": queries.devices(person), "is_push_on": queries.WEBPUSH in queries.set_up()}
    shown |= {"ways": _ways(said), "may_arrange": bool(actor.paths(RIGHT)), "tab": "reach"}
    return render(request, "contacts/officers/reach.html", shown, status=status)


def _said(person: Person, addresses: Mapping[str, str]) -> Said:
    row = Reach.objects.filter(person=person).first()
    phone, zalo = addresses.get(Channel.PHONE, ""), addresses.get(Channel.ZALO, "")
    return Said(
        phone=phones.shown(phone) if phone else "",
        email=addresses.get(Channel.EMAIL, ""),
        zalo=zalo,
        channels=tuple(row.channels) if row is not None else ("email",) if person.email else (),
        language=row.language if row is not None else "vi",
    )


def _ways(said: Said) -> list[dict[str, Any]]:
    """Boxes of the form: every channel that reaches single persons, and whether it is turned on here."""
    known, on = registry.channels(), queries.set_up()
    return [
        {"name": name, "title": known[name].title, "chosen": name in said.channels, "is_on": name in on}
        for name in queries.ways()
    ]
