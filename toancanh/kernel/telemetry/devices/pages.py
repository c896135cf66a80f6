"""Pages of devices and gateways: the list, the card of each, new tokens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Token
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.kernel.telemetry.commands import command, withdraw
from toancanh.kernel.telemetry.devices import card, commanding, lines, lists, once, reach
from toancanh.kernel.telemetry.devices.forms import Gateway, Limits
from toancanh.lib.errors import NotAllowed, NotFound, Refused

FORM = ("GET", "HEAD", "POST")
LARGE = 4 * SMALL
"""Ten thousand codes of stations in one field."""
PING_FOR = timedelta(minutes=5)
"""How long a device may take to come and answer."""
Do = Callable[[HttpRequest, Token], HttpResponse]


def may_change(actor: Actor) -> bool:
    """Whether the actor makes and ends tokens; one who may not sees them."""
    return actor.may("telemetry.arrange") and actor.may("people.arrange")


def url(name: str) -> str:
    """Address of a device's card."""
    return f"/console/devices/{quote(name, safe='')}/"


@door(right="console.see", data="staff")
def devices(request: HttpRequest) -> HttpResponse:
    """Every token with when it was last heard, how much it sends and what was refused."""
    actor = of(request)
    if request.GET.get("as") == "xlsx":
        return lists.workbook(lists.found(actor, request.GET))
    said = {"page": lists.page(actor, request.GET), "may_change": may_change(actor), "tab": "devices"}
    return render(request, "telemetry/devices/list.html", said)


@door(right="console.see", data="staff", methods=FORM, max_body=LARGE)
def device(request: HttpRequest, name: str) -> HttpResponse:
    """The card of a device or gateway; a POST changes, renews or ends its token.

    Open pages ask for what came lately alone (``?part=came``).
    """
    actor = of(request)
    token = card.token(name, actor)
    if request.method == "POST":
        if not may_change(actor):
            raise NotAllowed(_("Tokens are changed by the administrator of your locality."))
        act = DO.get(request.POST.get("do", ""))
        return act(request, token) if act else HttpResponseRedirect(url(name))
    own = card.things(token, actor)
    if request.GET.get("part") == "came":
        said = {"came": card.came(token, own, actor), "token": token}
        return render(request, "telemetry/devices/came.html", said)
    if request.GET.get("part") == "commands":
        told = commanding.told(own)
        said = {"commands": told, "is_open": commanding.is_open(told), "token": token}
        said["may_change"] = may_change(actor)
        return render(request, "telemetry/devices/told.html", said)
    return shown(request, token, Limits.of(token))


def shown(request: HttpRequest, token: Token, form: Limits, status: int = 200) -> HttpResponse:
    """The card as a page."""
    actor = of(request)
    secret = once.shown(request, token.name, to=actor)
    said = facts(request, token, secret, actor)
    said |= {"form": form, "may_change": may_change(actor), "tab": "devices"}
    return render(request, "telemetry/devices/card.html", said, status=status)


def facts(request: HttpRequest, token: Token, secret: str, actor: Actor) -> dict[str, Any]:
    """What the card says."""
    own, found = card.things(token, actor), reach.of(request)
    came = card.came(token, own, actor)
    # Of a token for every station one stands as the example, the one asked for where the reader may see it.
    measuring = came.readings if token.things is not None else card.example(own)
    asked = [one for one in measuring if one.thing.code == request.GET.get("thing")]
    sender = card.sender(token, secret, found, asked or measuring)
    here = request.build_absolute_uri(url(token.name))
    told = commanding.told(own)
    return {
        "token": token,
        "device": came.device,
        "things": own,
        "came": came,
        "reach": found,
        "secret": secret,
        "settings": lines.settings(sender),
        "examples": lines.examples(sender),
        "qr": lines.for_phone(sender) if secret else here,
        "gaps": card.gaps(own),
        "commands": told,
        "is_open": commanding.is_open(told),
        "periods": [(key, words) for key, (_for, words) in commanding.PERIODS.items()],
        "live_url": "/live",
    }


def narrow(request: HttpRequest, token: Token) -> HttpResponse:
    """Say anew what it may write, how fast, until when."""
    form = Limits(request.POST)
    if not form.is_valid():
        return shown(request, token, form, status=422)
    people.narrow_token(token.name, by=of(request), **form.limits)
    messages.success(request, _("Saved. The device is judged by it from its next message on."))
    return HttpResponseRedirect(url(token.name))


def renew(request: HttpRequest, token: Token) -> HttpResponse:
    """A new secret; the old one is refused from now on."""
    made = people.renew_token(token.name, by=of(request))
    response = HttpResponseRedirect(url(token.name))
    once.show(response, token.name, made.secret, by=of(request))
    return response


def revoke(request: HttpRequest, token: Token) -> HttpResponse:
    """End the token."""
    people.revoke_token(token.name, by=of(request))
    text = _("Revoked. %(name)s is refused from its next message on; what it has sent stays.")
    messages.success(request, text % {"name": token.name})
    response = HttpResponseRedirect(url(token.name))
    once.hide(response, token.name)
    return response


def noted(request: HttpRequest, token: Token) -> HttpResponse:
    """The secret was noted down: show it no more."""
    response = HttpResponseRedirect(url(token.name))
    once.hide(response, token.name)
    return response


def ping(request: HttpRequest, token: Token) -> HttpResponse:
    """Ask one of its things to say that it is there; a device that cannot simply stays silent."""
    actor = of(request)
    thing = next((one for one in card.things(token, actor) if one.code == request.POST.get("thing")), None)
    if thing is None or token.things is None:
        raise NotFound(_("There is no such station, or it is not public."))
    command(thing, "ping", {}, by=actor, expires=clock.now() + PING_FOR)
    messages.success(request, _("Sent. The answer appears below when the device gives one."))
    return HttpResponseRedirect(url(token.name))


def tell(request: HttpRequest, token: Token) -> HttpResponse:
    """Send one of its things a command: once to see what will be sent, once more to send it."""
    actor = of(request)
    try:
        wanted = commanding.wish(request, card.things(token, actor) if token.things is not None else [])
        if not request.POST.get("sure"):
            said = {"token": token, "wish": wanted, "tab": "devices"}
            return render(request, "telemetry/devices/confirm_command.html", said)
        commanding.give(wanted, by=actor)
    except (NotAllowed, NotFound):
        raise
    except Refused as fault:
        messages.error(request, fault.message)
        return shown(request, token, Limits.of(token), status=422)
    messages.success(request, _("Sent. The answer appears below when the device gives one."))
    return HttpResponseRedirect(f"{url(token.name)}#commands")


def take_back(request: HttpRequest, token: Token) -> HttpResponse:
    """Withdraw a command that the device has not got yet."""
    actor = of(request)
    key = request.POST.get("key", "")
    if not any(one.command.key == key for one in commanding.told(card.things(token, actor))):
        raise NotFound(_("There is no such command."))
    try:
        withdraw(key, by=actor)
        messages.success(request, _("Withdrawn; if it was just on its way, it may still arrive."))
    except (NotAllowed, NotFound):
        raise
    except Refused as fault:
        messages.error(request, fault.message)
    return HttpResponseRedirect(f"{url(token.name)}#commands")


DO: dict[str, Do] = {
    "narrow": narrow,
    "renew": renew,
    "revoke": revoke,
    "noted": noted,
    "ping": ping,
    "tell": tell,
    "take_back": take_back,
}


@door(right="telemetry.arrange", data="staff", methods=FORM, max_body=LARGE)
def new_gateway(request: HttpRequest) -> HttpResponse:
    """A token for a gateway, or for stations that are registered already."""
    actor = of(request)
    form = Gateway(request.POST or None, initial={"name": request.GET.get("name", "")[:100]})
    if request.method == "POST" and form.is_valid():
        try:
            made = people.create_token(form.cleaned_data["name"], by=actor, **form.limits)
        except Refused as fault:
            form.add_error("name", fault.message)
        else:
            response = HttpResponseRedirect(url(made.token.name))
            once.show(response, made.token.name, made.secret, by=actor)
            return response
    status = 422 if form.is_bound else 200
    said = {"form": form, "tab": "devices", "today": clock.now()}
    return render(request, "telemetry/devices/gateway.html", said, status=status)
