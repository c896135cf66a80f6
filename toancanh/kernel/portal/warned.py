"""Routes of the public's warnings: the pages where no file stands yet, and subscribing by push."""

from __future__ import annotations

import msgspec
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from toancanh.kernel.declare import ANYONE
from toancanh.kernel.notify import setups, subscriptions
from toancanh.kernel.portal import bulletins
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.kernel.warnings.texts import Language
from toancanh.lib.errors import NotAllowed, NotFound, Refused
from toancanh.web import built


@door()
def now(request: HttpRequest, language: Language) -> HttpResponse:
    """What is to be heeded now."""
    return _html(bulletins.listing(language), language)


@door()
def past(request: HttpRequest, language: Language) -> HttpResponse:
    """What is over."""
    return _html(bulletins.past(language), language)


@door()
def message(request: HttpRequest, number: str, language: Language) -> HttpResponse:
    """One message; of an exercise the public learns nothing, not even that there is one."""
    return _html(bulletins.message(number, language), language)


@door()
def feed(request: HttpRequest, name: str, language: Language) -> HttpResponse:
    """RSS or Atom."""
    if name not in bulletins.FEEDS:
        raise NotFound(_("There is no such feed."))
    return HttpResponse(bulletins.feed(name, language), content_type="application/xml; charset=utf-8")


@door()
def now_json(request: HttpRequest) -> HttpResponse:
    """What is to be heeded now, for scripts."""
    return HttpResponse(bulletins.now_json(), content_type="application/json")


@door()
def places_json(request: HttpRequest) -> HttpResponse:
    """Outlines of the communes."""
    return HttpResponse(bulletins.places_json(), content_type="application/json")


@door()
def manifest(request: HttpRequest) -> HttpResponse:
    """The portal as an app."""
    return HttpResponse(bulletins.manifest(), content_type="application/manifest+json")


@door()
def service_worker(request: HttpRequest) -> HttpResponse:
    """The script that receives pushes and keeps the last warnings: its place must be the root."""
    answer = HttpResponse(worker(), content_type="text/javascript; charset=utf-8")
    answer["Cache-Control"] = "no-cache"
    return answer


def worker() -> bytes:
    """As it was built."""
    return (built.MANIFEST.parent / built.asset_file("sw.js")).read_bytes()


def _html(text: str, language: Language) -> HttpResponse:
    answer = HttpResponse(text)
    answer["Content-Language"] = language
    answer["Cache-Control"] = "public, max-age=10"
    return answer


# --- subscribing


class Keys(msgspec.Struct):
    """Of a subscription, as browsers give them."""

    p256dh: str
    auth: str


class Wish(msgspec.Struct):
    """What a browser asks for; without units it wants nothing any more."""

    endpoint: str
    keys: Keys | None = None
    units: list[str] | None = None
    language: str = "vi"
    ask: bool = False
    """Only tell what this browser asked for before."""


# No account and no cookie is asked: whoever holds the endpoint, a secret of the browser, is the browser.
@csrf_exempt
@door(methods=("GET", "HEAD", "POST"), max_body=SMALL)
def subscription(request: HttpRequest) -> HttpResponse:
    """The public key of pushes; or subscribe, change, ask, leave."""
    if request.method != "POST":
        setups.ensure("webpush")
        return _said({"key": setups.public_key()})
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise NotAllowed(_("Subscribe on the page of the warnings."))
    try:
        wish = msgspec.json.decode(request.body, type=Wish)
    except msgspec.DecodeError as fault:
        raise Refused(
            _("The browser sent no subscription: %(fault)s") % {"fault": fault}, "bad_json"
        ) from fault
    if wish.ask:
        return _said({"units": subscriptions.wanted(wish.endpoint)})
    if not wish.units:
        return _said({"was_subscribed": subscriptions.unsubscribe(wish.endpoint, by=ANYONE)})
    if wish.keys is None:
        subscriptions.change(wish.endpoint, wish.units, wish.language, by=ANYONE)
    else:
        subscriptions.subscribe(
            wish.endpoint,
            wish.keys.p256dh,
            wish.keys.auth,
            wish.units,
            wish.language,
            by=ANYONE,
            caller=request.META["REMOTE_ADDR"],
        )
    return _said({"units": sorted(wish.units)})


def _said(found: dict[str, object]) -> JsonResponse:
    answer = JsonResponse(found)
    answer["Cache-Control"] = "no-store"
    return answer
