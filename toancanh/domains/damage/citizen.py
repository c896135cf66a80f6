"""The form behind a commune's secret link: for whoever holds it, without an account, on any phone."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from toancanh.domains.damage import access, actions, figures
from toancanh.domains.damage.forms import filled, kept, refused
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.kernel.runtime.rates import limited
from toancanh.lib.errors import NotFound, Refused

FORM = ("GET", "HEAD", "POST")


# The secret in the address is what lets in: no other site knows it, and browsers inside chat programs keep no
# cookies from which a forged form could profit.
@csrf_exempt
@door(methods=FORM, max_body=SMALL)
@limited(a_minute=60, burst=60)
def form(request: HttpRequest, secret: str) -> HttpResponse:
    """Say what has happened in the commune of the link."""
    ask = access.by_link(secret)
    said, status, made = filled(request, ask), 200, None
    wants_json = request.headers.get("Accept") == "application/json"
    if request.method == "POST":
        try:
            given = figures.said(request.POST)
            facts = (ask, given, request.POST.get("key", ""), request.POST.get("name", ""))
            made = actions.answer_by_link(*facts, is_sure=bool(request.POST.get("sure")))
        except NotFound:
            raise
        except Refused as fault:
            said, status = refused(said, fault), 422
    response: HttpResponse
    if wants_json and made is not None:
        response = kept(made)
    elif wants_json and request.method == "POST":
        response = JsonResponse({"fault": said["fault"], "questions": said["questions"]}, status=status)
    else:
        shown = {**said, "made": made, "may_answer": ask.of.closed_at is None, "action": request.path}
        response = render(request, "damage/link.html", shown, status=status)
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response
