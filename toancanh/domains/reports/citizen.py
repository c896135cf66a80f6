"""The public's form: a page that works without a script and without an account, and its small questions."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from toancanh.domains.reports import (
    actions,
    admission,
    categories,
    elsewhere,
    flooding,
    looking,
    phones,
    places,
    proposing,
    sending,
    similar,
    story,
)
from toancanh.domains.reports.actions import PhotosMissing, Sent
from toancanh.domains.reports.elsewhere import LedElsewhere
from toancanh.domains.reports.flooding import Flooding, Sender
from toancanh.domains.reports.models import Elsewhere, Who
from toancanh.domains.reports.places import Unplaced
from toancanh.kernel.exchange.queries import locality
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.kernel.runtime.rates import limited
from toancanh.lib.errors import NotAllowed, Refused

FORM = ("GET", "HEAD", "POST")
SAID = ("words", "category", "lon", "lat", "address", "unit", "phone", "key", "proof")
LONG = 3 * SMALL
"""Ten thousand letters as a browser packs them."""
PHOTO = 12 * 1024 * 1024


# No account and no cookie lets anybody in here, and the page lies on phones without a network: others are
# stopped by where the browser says that a request comes from (`_check_origin`).
@csrf_exempt
@door(methods=FORM, max_body=LONG)
def new(request: HttpRequest) -> HttpResponse:
    """The form; and what phones send of it, as JSON."""
    if request.method == "POST":
        return _take(request)
    return _page(request, {"key": str(uuid.uuid4())})


@csrf_exempt
@door(methods=("POST",), max_body=PHOTO, served_as="photos")
def send(request: HttpRequest) -> HttpResponse:
    """The form of a browser without a script, with its photo."""
    return _take(request)


@csrf_exempt
@door(methods=("POST",), max_body=PHOTO, served_as="photos")
def photo(request: HttpRequest) -> HttpResponse:
    """One photo of a report that follows."""
    _check_origin(request)
    file = request.FILES.get("photo")
    if file is None:
        raise Refused(_("No photo came; send it again."), "no_photo")
    actions.photo(file.read(), file.name or "", request.POST.get("key", ""))
    return _told({"kept": True})


@csrf_exempt
@door(methods=("POST",), max_body=LONG)
@limited(a_minute=120, burst=240)
def hints(request: HttpRequest) -> HttpResponse:
    """What a form that is being filled wants to know: whose place it is, what it is about, who said it."""
    _check_origin(request)
    words = sending.clean(request.POST.get("words", ""))[: sending.LONGEST_WORDS]
    category = request.POST.get("category", "")[:60]
    found: dict[str, Any] = {"unit": "", "outside": "", "near": []}
    # Of what looks like something else not even a hint is worked out.
    is_ours = elsewhere.recognise(words) is None
    found["proposed"] = [one.code for one in proposing.propose(words)] if is_ours else []
    lon, lat = sending.degree(request.POST.get("lon", "")), sending.degree(request.POST.get("lat", ""))
    if lon is not None and lat is not None:
        try:
            found["unit"] = places.named(places.at(lon, lat))
        except Refused as fault:
            found["outside"] = fault.message
        else:
            rows = similar.near(category, words, lon, lat) if is_ours else []
            found["near"] = [story.near(one) for one in rows]
    return _told(found)


@csrf_exempt
@door(methods=("POST",), max_body=SMALL)
@limited(a_minute=30, burst=60)
def follow(request: HttpRequest) -> HttpResponse:
    """Follow somebody else's report instead of sending one's own."""
    _check_origin(request)
    said = request.POST
    language = get_language() or "vi"
    proof = said.get("proof", "")
    made = actions.follow(said.get("code", "")[:24], said.get("key", ""), proof=proof, language=language)
    # By a code, which anybody may try, nobody learns a word that the sender wrote.
    return _kept(request, made, story.category(made.case))


@csrf_exempt
@door(methods=("POST",), max_body=SMALL)
@limited(a_minute=20, burst=20)
def phone(request: HttpRequest) -> HttpResponse:
    """Ask for a code by text message, or show that it came."""
    _check_origin(request)
    number, code = request.POST.get("phone", ""), request.POST.get("code", "")
    if code:
        return _told({"proof": phones.show(number, code)})
    sender = _sender(request)
    phones.ask(number, device=sender.device or f"at {sender.address}", address=sender.address)
    return _told({"sent": True})


def _take(request: HttpRequest) -> HttpResponse:
    _check_origin(request)
    is_program = "application/json" in request.headers.get("Accept", "")
    try:
        made = _sent(request)
    except Refused as fault:
        return _no(fault) if is_program else _again(request, fault)
    return _kept(request, made, made.case.title)


def _sent(request: HttpRequest) -> Sent:
    """Keep what the request brings; a photo of a browser without a script comes along."""
    keys = [key for key in request.POST.getlist("photos") if key][: sending.MOST_PHOTOS + 1]
    form = sending.read(request.POST.dict(), keys, get_language() or "vi")
    known = actions.sent(actions.digest_of(form.key))
    if known is not None:
        return known
    flooding.check(_sender(request), form.key)
    for number, file in enumerate(request.FILES.getlist("photo")[: sending.MOST_PHOTOS]):
        own = f"{form.key[:60]}-{number}"
        actions.photo(file.read(), file.name or "", own)
        keys.append(own)
    form = sending.read(request.POST.dict(), list(dict.fromkeys(keys)), get_language() or "vi")
    made = actions.send(form, by=of(request), proof=request.POST.get("proof", ""))
    flooding.count(_sender(request))
    return made


def _kept(request: HttpRequest, made: Sent, title: str) -> HttpResponse:
    link = looking.link(made.secret)
    if "application/json" not in request.headers.get("Accept", ""):
        return HttpResponseRedirect(f"{link}?new=1")
    return _told({"code": made.case.code, "title": title, "link": link})


def _no(fault: Refused) -> HttpResponse:
    """Why not, for the script: it keeps what was typed and knows what to do next."""
    said: dict[str, Any] = {"code": fault.code, "detail": fault.message}
    status = 403 if isinstance(fault, NotAllowed) else 422
    if isinstance(fault, PhotosMissing):
        said["keys"] = fault.keys
    if isinstance(fault, Unplaced):
        said["units"] = [{"code": unit.code, "name": places.named(unit)} for unit in fault.units]
    if isinstance(fault, LedElsewhere):
        said |= {"kind": fault.found.kind, "certain": fault.found.is_certain}
        said["detail"] = f"{fault.message} {elsewhere.guidance(fault.found.kind)}"
    if isinstance(fault, Flooding):
        status = 429
        said |= {"puzzle": fault.puzzle, "bits": fault.bits, "wait": fault.wait}
    answer = _told(said, status)
    if isinstance(fault, Flooding):
        answer["Retry-After"] = str(fault.wait)
    return answer


def _again(request: HttpRequest, fault: Refused) -> HttpResponse:
    """The form once more with all that was typed and what is wrong."""
    shown: dict[str, Any] = {name: request.POST.get(name, "")[: sending.LONGEST_WORDS] for name in SAID}
    shown |= {"fault": fault.message, "fault_code": fault.code, "meant": bool(request.POST.get("meant"))}
    shown["key"] = shown["key"] if sending.KEY.fullmatch(shown["key"]) else str(uuid.uuid4())
    if isinstance(fault, LedElsewhere):
        shown |= {"led": fault.found, "guidance": elsewhere.guidance(fault.found.kind)}
    if isinstance(fault, Unplaced):
        shown["meant_units"] = [(unit.code, places.named(unit)) for unit in fault.units]
    status = 429 if isinstance(fault, Flooding) else 403 if isinstance(fault, NotAllowed) else 422
    return _page(request, shown, status)


def _page(request: HttpRequest, said: dict[str, Any], status: int = 200) -> HttpResponse:
    now = admission.now()
    is_known = of(request).key.startswith("person:")
    shown: dict[str, Any] = {
        "groups": categories.groups(),
        "units": places.choosable(),
        "admission": now,
        "must_sign_in": now.who == Who.ACCOUNT and not is_known,
        "needs_code": now.who == Who.PHONE and not is_known,
        "can_text": now.who != Who.ACCOUNT and admission.can_text(),
        "most_photos": sending.MOST_PHOTOS,
        "most_words": sending.LONGEST_WORDS,
        "guidance_json": json.dumps(_guidance(), ensure_ascii=False),
        "keywords_json": json.dumps(_keywords(), ensure_ascii=False),
        "markers_json": json.dumps(elsewhere.told(), ensure_ascii=False),
        "boundaries": f"/boundaries/{locality()['code']}.json" if locality()["code"] else "",
        **said,
    }
    answer = render(request, "reports/new.html", shown, status=status)
    answer["Cache-Control"] = "private, no-cache"
    if not _sender(request).device:
        answer.set_cookie(
            flooding.COOKIE,
            flooding.token(),
            max_age=flooding.YEAR,
            httponly=True,
            secure=request.is_secure(),
            samesite="Lax",
        )
    return answer


def _guidance() -> dict[str, list[str]]:
    return {kind.value: [elsewhere.title(kind), elsewhere.guidance(kind)] for kind in Elsewhere}


def _keywords() -> dict[str, list[str]]:
    return {code: row.keywords for code, row in categories.choosable().items() if row.keywords}


def _sender(request: HttpRequest) -> Sender:
    return Sender(
        device=flooding.device(request.COOKIES.get(flooding.COOKIE, "")),
        is_fresh=flooding.is_fresh(request.COOKIES.get(flooding.COOKIE, "")),
        address=request.META.get("REMOTE_ADDR", ""),
        solution=request.POST.get("solution", "")[:500],
    )


def _check_origin(request: HttpRequest) -> None:
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise NotAllowed(_("Send your report on the page of this locality."))


def _told(said: dict[str, Any], status: int = 200) -> JsonResponse:
    answer = JsonResponse(said, status=status, json_dumps_params={"ensure_ascii": False})
    answer["Cache-Control"] = "no-store"
    return answer
