"""The doors by which a browser is switched on: its service worker, the public key, whom it tells."""

from __future__ import annotations

import msgspec
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from toancanh.kernel.contacts.officers import devices
from toancanh.kernel.notify import setups
from toancanh.kernel.people.models import Person
from toancanh.kernel.people.shifts.queries import SIGHT
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.lib.errors import NotAllowed, Refused
from toancanh.web import built

FORM = ("GET", "HEAD", "POST")


@door()
def worker(request: HttpRequest) -> HttpResponse:
    """The script that shows pushes of the console; its place says for which pages it is."""
    path = built.MANIFEST.parent / built.asset_file("console-sw.js")
    answer = HttpResponse(path.read_bytes(), content_type="text/javascript; charset=utf-8")
    answer["Cache-Control"] = "no-cache"
    return answer


class Keys(msgspec.Struct):
    """Of a subscription, as browsers give them."""

    p256dh: str
    auth: str


class Wish(msgspec.Struct):
    """What a browser says: its address alone, with its keys to be told, or to be told no more."""

    endpoint: str
    keys: Keys | None = None
    replaces: str = ""
    is_off: bool = False


# The browser's service worker, which has no form to take a token from, says it too when it is renewed.
@csrf_exempt
@door(right=SIGHT, data="staff", methods=FORM, max_body=SMALL)
def push(request: HttpRequest) -> HttpResponse:
    """The public key of pushes; or whom this browser tells, to tell whoever is signed in, to tell nobody."""
    assert isinstance(request.user, Person)  # the door lets nobody else in
    if request.method != "POST":
        setups.ensure("webpush")
        return _said({"key": setups.public_key()})
    if request.headers.get("Sec-Fetch-Site") != "same-origin":
        raise NotAllowed(_("Switch this on on the page “How I am told”, in a browser of today."))
    try:
        wish = msgspec.json.decode(request.body, type=Wish)
    except msgspec.DecodeError as fault:
        told = _("The browser sent no subscription: %(fault)s") % {"fault": fault}
        raise Refused(told, "bad_json") from fault
    actor, device = of(request), devices.of_browser(wish.endpoint)
    if wish.is_off:
        if device is not None and device.person_id == request.user.pk:
            devices.switch_off(device, by=actor)
        return _said({"state": "off"})
    if wish.keys is None:
        if device is None:
            return _said({"state": "off"})
        return _said({"state": "on" if device.person_id == request.user.pk else "other"})
    browser = devices.Browser(wish.endpoint, wish.keys.p256dh, wish.keys.auth)
    name = devices.named(request.headers.get("User-Agent", "")[:500])
    made = devices.switch_on(request.user, browser, by=actor, name=name, replaces=wish.replaces)
    return _said({"state": "on", "device": made.pk})


def _said(found: dict[str, object]) -> JsonResponse:
    answer = JsonResponse(found)
    answer["Cache-Control"] = "no-store"
    return answer
