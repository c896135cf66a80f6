"""The page behind a party's secret link: where the report stands, and what its sender may do now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from toancanh.domains.reports import actions, looking, sending, story
from toancanh.domains.reports.actions import PhotosKept
from toancanh.domains.reports.public import seeing
from toancanh.kernel.cases import moving, parties, types
from toancanh.kernel.cases.case_pages import number
from toancanh.kernel.cases.models import Case, Party, PartyRole
from toancanh.kernel.runtime.doors import door
from toancanh.kernel.runtime.web import problem
from toancanh.lib.errors import NotAllowed, NotFound, Refused

FORM = ("GET", "HEAD", "POST")
MOST = 256 * 1024
PHOTOS = 20 * 1024 * 1024
RATINGS = (3, 2, 1)


@csrf_exempt
@door(methods=("POST",), max_body=PHOTOS, served_as="photos")
def reply(request: HttpRequest, secret: str) -> HttpResponse:
    """An answer to what the desk asks, with photos."""
    return page(request, secret)


# The secret in the address is what lets in; browsers inside chat programs keep no cookies.
@csrf_exempt
@door(methods=FORM, max_body=MOST)
def page(request: HttpRequest, secret: str) -> HttpResponse:
    """A report for who sent or follows it."""
    try:
        party = parties.by_link(secret)
    except NotFound as fault:
        wait = looking.missed.take(request.META.get("REMOTE_ADDR", ""))
        if not wait:
            raise
        answer = problem(request, 429, _("Too often"), fault.message, "too_often")
        answer["Retry-After"] = str(int(wait) + 1)
        return answer
    said: dict[str, Any] = {"fault": "", "typed": {}}
    status = 200
    if request.method == "POST":
        try:
            done = _do(request, party, secret)
        except Refused as fault:
            said, status = {"fault": fault.message, "typed": request.POST}, 422
            if isinstance(fault, PhotosKept):
                said["kept_photos"] = [(str(one.pk), one.name) for one in fault.photos]
            if request.POST.get("do") == "rate":
                said["rated"] = _value(request)
            party.case.refresh_from_db()
        else:
            return _private(HttpResponseRedirect(done))
    shown = {**_shown(request, party, secret), **said}
    return _private(render(request, "reports/status.html", shown, status=status))


def _private(answer: HttpResponse) -> HttpResponse:
    answer["Cache-Control"] = "private, no-store"
    answer["Referrer-Policy"] = "no-referrer"
    answer["X-Robots-Tag"] = "noindex"
    return answer


def _shown(request: HttpRequest, party: Party, secret: str) -> dict[str, Any]:
    import segno  # only this page draws a code

    case = party.case
    link = f"{settings.PUBLIC_URL.rstrip('/')}{looking.link(secret)}" if settings.PUBLIC_URL else ""
    link = link or request.build_absolute_uri(looking.link(secret))
    is_reporter = party.role == PartyRole.REPORTER
    rating = case.ratings.filter(party=party, round=case.round).first()
    before = number(request.GET["before"]) if "before" in request.GET else None
    steps, older = story.steps(case, is_reporter=is_reporter, before=before)
    return {
        "case": case,
        "home": looking.link(secret),
        "party": party,
        "is_reporter": is_reporter,
        "is_new": request.GET.get("new") == "1",
        "link": link,
        "qr": segno.make(link, error="m").svg_data_uri(scale=5, border=3, dark="#000", light="#fff"),
        "qr_png": segno.make(link, error="m").png_data_uri(scale=8, border=4),
        "state": story.state(case),
        "category": story.category(case),
        "due": story.due(case),
        "steps": steps,
        "older": older,
        "is_older": before is not None,
        "answers": story.answers(case),
        "photos": story.photos(case) if is_reporter else [],
        "question": story.question(case) if is_reporter else "",
        "into": looking.into(case),
        "root": _root(),
        "public_url": f"{_root()}{case.code}/" if seeing.published().filter(pk=case.pk).exists() else "",
        "may": may(case, party),
        "rating": rating,
        "rated": rating.value if rating else 0,
        "ratings": [(value, named) for value, named in rated().items() if value in RATINGS],
        "seen": case.number,
        "refused": story.refusal(case),
    }


def may(case: Case, party: Party) -> dict[str, str]:
    """Moves that the party may make now; with each why it would be refused, empty where it would not."""
    if party.role != PartyRole.REPORTER:
        return {}
    version = types.by_key(case.version_id)
    found = {one.move.name: one.obstacle for one in moving.choices(case, version, parties.actor(party))}
    return found | ({"rate": ""} if case.phase == "closed" else {})


def rated() -> dict[int, str]:
    """Ratings in words."""
    return {3: _("Satisfied"), 2: _("Acceptable"), 1: _("Not satisfied")}


def _do(request: HttpRequest, party: Party, secret: str) -> str:
    """Do what was asked; where to go then."""
    named = request.POST.get("do", "")
    found = DONE.get(named)
    if found is None:
        raise Refused(_("There is no such step for this kind of work."), "no_move")
    found(request, party)
    return _root() if named == "leave" else f"{looking.link(secret)}#now"


def _root() -> str:
    """Where published reports stand in the reader's language."""
    return "/en/reports/" if get_language() == "en" else "/reports/"


def _seen(request: HttpRequest) -> int | None:
    typed = request.POST.get("seen", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else None


def _reply(request: HttpRequest, party: Party) -> None:
    came = request.FILES.getlist("photo")[: sending.MOST_PHOTOS + 1]
    uploads = [(one.read(), one.name or "") for one in came]
    words = request.POST.get("reply", "")[: sending.LONGEST_WORDS]
    actions.reply(party, words, uploads, request.POST.getlist("photos"), seen=_seen(request))


def _withdraw(request: HttpRequest, party: Party) -> None:
    if not request.POST.get("sure"):
        raise Refused(_("Tick that you are sure."), "not_sure")
    actions.act(party, "withdraw", {}, seen=_seen(request))


def _reopen(request: HttpRequest, party: Party) -> None:
    actions.act(party, "reopen", {"reason": request.POST.get("reason", "")}, seen=_seen(request))


def _rate(request: HttpRequest, party: Party) -> None:
    actions.rate(party, _value(request), request.POST.get("words", ""))


def _value(request: HttpRequest) -> int:
    typed = request.POST.get("value", "")
    return int(typed) if typed in ("1", "2", "3") else 0


def _leave(request: HttpRequest, party: Party) -> None:
    if party.role != PartyRole.FOLLOWER:
        raise NotAllowed(_("Who sent a report cannot leave it, but can withdraw it."))
    parties.leave(party, by=parties.actor(party))


DONE: dict[str, Callable[[HttpRequest, Party], None]] = {
    "reply": _reply,
    "withdraw": _withdraw,
    "reopen": _reopen,
    "rate": _rate,
    "leave": _leave,
}
