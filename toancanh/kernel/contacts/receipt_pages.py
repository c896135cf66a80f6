"""*Ai đã nhận*: how far a notice has come in each commune, who is to be called, the page of a link."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import etag

from toancanh.kernel.contacts import board, receipts, workbook
from toancanh.kernel.contacts.actions import CALL, SEE
from toancanh.kernel.contacts.models import Notice, Told
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.kernel.territory.models import Unit
from toancanh.lib.errors import NotAllowed, NotFound, Refused

FORM = ("GET", "HEAD", "POST")
HOME = "/console/contacts/receipts/"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@door(right=SEE, data="staff")
def listing(request: HttpRequest) -> HttpResponse:
    """What was told, newest first, each with its counts."""
    before = request.GET.get("before", "")
    first = int(before) if before.isascii() and before.isdigit() and len(before) < 16 else 0
    rows = board.newest(of(request), first)
    more = len(rows) > board.LENGTH
    said = {
        "boards": rows[: board.LENGTH],
        "next_url": f"?before={rows[board.LENGTH - 1].notice.pk}" if more else "",
        "first_url": HOME if first else "",
        "tab": "receipts",
    }
    return render(request, "contacts/receipts.html", said)


@door(right=SEE, data="staff")
def notice(request: HttpRequest, number: int) -> HttpResponse:
    """One notice with every commune; on the wall without anything else."""
    actor = of(request)
    found = board.find(number, actor)
    said = {"board": board.board(found, actor), "tab": "receipts", "wall": request.GET.get("wall") == "1"}
    return render(request, "contacts/notice.html", said)


def _version(request: HttpRequest, subject: str) -> str:
    """What the counts of `part` follow from, for whoever asks, in two small queries."""
    actor = of(request)
    seen = (actor.key, sorted(actor.paths(SEE)), get_language(), board.version(subject), clock.now().minute)
    return f'"{hashlib.sha256(repr(seen).encode()).hexdigest()[:32]}"'


@door(right=SEE, data="staff")
@etag(_version)
def part(request: HttpRequest, subject: str) -> HttpResponse:
    """The counts as part of another page, such as a warning's; asked for again with every change.

    Of receipts that gateways and browsers send no page is told: it asks every few seconds, and is answered
    that nothing changed without anything being counted.
    """
    actor = of(request)
    found = board.of_subject(subject, actor)
    made = board.board(found, actor) if found is not None else None
    return render(request, "contacts/part.html", {"board": made, "subject": subject})


@door(right=SEE, data="staff")
def sheet(request: HttpRequest, number: int) -> HttpResponse:
    """Communes and people with how far each has come, without numbers, for the report."""
    actor = of(request)
    made = board.board(board.find(number, actor), actor)
    people = [(line.unit, board.people(made.notice, line.unit)) for line in made.lines]
    headers = {"Content-Disposition": f'attachment; filename="da-nhan-{number}.xlsx"'}
    return HttpResponse(workbook.receipts(made, people), content_type=SHEET, headers=headers)


@door(right=SEE, data="staff", methods=FORM, max_body=SMALL)
def commune(request: HttpRequest, number: int, code: str) -> HttpResponse:
    """Who was told in a commune; numbers of those to be called, one at a time, each look written down."""
    actor = of(request)
    found = board.find(number, actor)
    unit = _meant(found, code)
    if unit is None or not actor.may(SEE, unit.path):
        raise NotFound(_("There is no such notice, or it is not meant for your unit."))
    said: dict[str, Any] = {"opened": 0, "reachable": [], "note": "", "again": 0}
    status = 200
    if request.method == "POST":
        told = Told.objects.filter(notice=found, unit=unit, pk=_number(request.POST.get("told", ""))).first()
        if told is None:
            raise NotFound(_("There is no such contact."))
        try:
            if request.POST.get("do") != "call":
                outcome = request.POST.get("do", "")
                receipts.called(told, outcome, request.POST.get("note", ""), by=actor)
                messages.success(request, _("It was written down."))
                return HttpResponseRedirect(f"{request.path}#told-{told.pk}")
            anyway = bool(request.POST.get("anyway"))
            said["reachable"] = receipts.take_up(told, by=actor, anyway=anyway)
            said["opened"] = told.pk
        except NotAllowed:
            raise
        except Refused as fault:
            messages.error(request, fault.message)
            said |= {"note": request.POST.get("note", ""), "again": told.pk * (fault.code == "calling")}
            status = 422
    said |= {
        "unit_url": f"/console/contacts/units/{unit.code}/",
        "notice": found,
        "unit": unit,
        "people": board.people(found, unit),
        "may_call": actor.may(CALL, unit.path),
        "tab": "receipts",
    }
    return render(request, "contacts/commune.html", said, status=status)


def _meant(found: Notice, code: str) -> Unit | None:
    """A commune of the notice; of two that bore the code the newer one."""
    return found.units.filter(code=code).order_by("-valid_from").first()


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


@csrf_exempt  # the secret is the proof, and browsers inside of chat programs keep no cookies
@door(methods=FORM, max_body=SMALL)
def confirm(request: HttpRequest, secret: str) -> HttpResponse:
    """The page behind the link in a message: one button, no account. Looking at it confirms nothing."""
    try:
        told = receipts.by_link(secret)
    except NotFound as fault:
        raise Http404(fault.message) from None
    language = get_language() if request.COOKIES.get("toancanh_language") else told.contact.language
    with override(language):
        if request.method == "POST":
            receipts.confirm(told)
            return HttpResponseRedirect(request.path)
        said = {
            "told": told,
            "title": told.notice.title_en if language == "en" else told.notice.title,
            "text": told.notice.text_en if language == "en" else told.notice.text,
            "is_late": receipts.is_late(told),
        }
        response = render(request, "contacts/confirm.html", said)
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response
