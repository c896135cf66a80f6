"""*Tin đã gửi*: the list of messages, one with its copies, the channels, and the set-up of one."""

from __future__ import annotations

import secrets as randomness
from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor, Title
from toancanh.kernel.notify import actions, forms, lists, queries, registry, setups
from toancanh.kernel.notify.lists import Wish
from toancanh.kernel.notify.messages import Message, Recipient, Urgency
from toancanh.kernel.notify.models import Delivery, Notice, Setup, Subscription
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime import clock, secrets
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.lib.errors import NotAllowed, NotFound, Refused

HOME = "/console/messages/"
CHANNELS = f"{HOME}channels/"
FORM = ("GET", "HEAD", "POST")
TEST = "notify.test"
TRIED = timedelta(minutes=15)


@door(right=lists.SIGHT, data="staff")
def listing(request: HttpRequest) -> HttpResponse:
    """Every message, the newest first, and how far each has come."""
    before = request.GET.get("before", "")
    rows, more = lists.notices(before)
    shown = {
        "rows": rows,
        "next_url": more,
        "first_url": HOME if before else "",
        "tab": "messages",
        "arranges": of(request).may(setups.RIGHT),
    }
    return render(request, "notify/list.html", shown)


@door(right=lists.SIGHT, data="staff", methods=FORM, max_body=SMALL)
def one(request: HttpRequest, number: int) -> HttpResponse:
    """One message: what it says, how far it has come, and whom it reached."""
    actor = of(request)
    try:
        notice = lists.notice(number)
    except NotFound as fault:
        raise Http404(fault.message) from None
    if request.method == "POST":
        setups.check(actor)
        count = actions.cancel(notice.key, by=actor, because=_("by hand"))
        messages.success(request, _("%(count)s copies that waited were taken back.") % {"count": count})
        return HttpResponseRedirect(request.path)
    wish = Wish.of(request.GET)
    sees = lists.may_see_recipients(actor, notice)
    rows, more = lists.deliveries(notice, wish) if sees else ([], "")
    progress = queries.progress(notice.key)
    shown = {
        "notice": notice,
        "progress": progress,
        "channels": lists.by_channel(progress),
        "sees": sees,
        "rows": rows,
        "wish": wish,
        "states": lists.STATES.items(),
        "ways": [(name, channel.title) for name, channel in registry.channels().items()],
        "next_url": more,
        "first_url": f"{HOME}{notice.pk}/{wish.query()}" if wish.after else "",
        "may_cancel": actor.may(setups.RIGHT) and notice.cancelled_at is None and progress.total.waiting,
        "arranges": actor.may(setups.RIGHT),
        "tab": "messages",
    }
    return render(request, "notify/message.html", shown)


@door(right=setups.RIGHT, data="staff")
def channels(request: HttpRequest) -> HttpResponse:
    """Every channel and how it does."""
    setups.check(of(request))
    shown = {"channels": forms.everything(clock.now()), "tab": "channels", "arranges": True}
    return render(request, "notify/channels.html", shown)


@door(right=setups.RIGHT, data="staff", methods=FORM, max_body=SMALL)
def channel(request: HttpRequest, name: str) -> HttpResponse:
    """The set-up of one channel."""
    actor = of(request)
    setups.check(actor)
    if name not in registry.channels():
        raise Http404(_("There is no channel named %(name)s.") % {"name": name})
    if request.method != "POST":
        return _form(request, name)
    try:
        if request.POST.get("do") == "test":
            notice = test(name, request.POST.get("address", ""), by=actor)
            messages.success(request, _("A message was sent; see below what becomes of it."))
            return HttpResponseRedirect(f"{HOME}{notice.pk}/")
        setups.change(name, request.POST, is_on=request.POST.get("is_on") == "1", by=actor)
    except NotAllowed:
        raise
    except Refused as fault:
        messages.error(request, fault.message)
        return _form(request, name, status=422)
    messages.success(request, _("The channel was set up."))
    return HttpResponseRedirect(request.path)


def _form(request: HttpRequest, name: str, status: int = 200) -> HttpResponse:
    way = registry.channel(name)
    setup = Setup.objects.filter(channel=name).first()
    typed = request.POST if request.method == "POST" and request.POST.get("do") != "test" else None
    shown = {
        "one": forms.shown(way, setup, clock.now()),
        "fields": forms.fields(way, setup, typed),
        "is_on": typed.get("is_on") == "1" if typed is not None else setup is None or setup.is_on,
        "hook": _hook(name, setup),
        "replies": registry.channel(name).replies is not None,
        "can_test": setup is not None and setup.is_on and name not in ("webpush", "siren"),
        "address": request.POST.get("address", ""),
        "subscribers": Subscription.objects.count() if name == "webpush" else None,
        "public_key": setups.public_key() if name == "webpush" else "",
        "last": Delivery.objects.filter(channel=name).select_related("notice").order_by("-pk").first(),
        "tab": "channels",
        "arranges": True,
    }
    return render(request, "notify/channel.html", shown, status=status)


def _hook(name: str, setup: Setup | None) -> str:
    """Where the peer tells receipts; empty where the channel has none or is not set up."""
    if registry.channel(name).receipts is None or setup is None:
        return ""
    try:
        secret = setups.values(setup).get("hook_secret", "")
    except secrets.Locked:
        return ""
    base = settings.PUBLIC_URL or "https://…"
    return f"{base}/hooks/messages/{name}" + (f"/{secret}" if secret else "")


def test(name: str, address: str, *, by: Actor) -> Notice:
    """A message to oneself, to see that a channel works."""
    setups.check(by)
    way = registry.channel(name)
    kept = way.address(address)
    key = f"{TEST}:{randomness.token_hex(8)}"
    message = Message(
        key=key,
        kind=TEST,
        subject=key,
        title=Title("Tin thử kênh", "Trial of a channel"),
        body=Title(
            "Trung tâm điều hành gửi thử; không cần làm gì.",
            "A trial of the operations centre; nothing is to be done.",
        ),
        expires=clock.now() + TRIED,
        urgency=Urgency.NORMAL,
    )
    return actions.send(message, [Recipient(by.key[:100], name, kept, "vi", by.name[:150])], by=by).notice
