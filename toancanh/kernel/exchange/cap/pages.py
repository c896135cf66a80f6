"""*Bản tin nhận được*: what other centres have sent, one message with its map, a file taken in by hand."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.kernel.exchange import taking
from toancanh.kernel.exchange.cap import drafting, intake, queries, words
from toancanh.kernel.exchange.cap.models import Received
from toancanh.kernel.exchange.cap.queries import Wish
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.lib.cap.tree import MAX_BYTES
from toancanh.lib.errors import NotAllowed, Refused

HOME = "/console/received/"
Locality = Callable[[], dict[str, Any]]


@door(right=intake.RIGHT, data="staff")
def listing(request: HttpRequest) -> HttpResponse:
    """What came, filtered by the address."""
    wish = Wish.of(request.GET)
    severities = [(rank, words.SEVERITY[words.RANKED[rank]]) for rank in (4, 3, 2)]
    shown = {"wish": wish, "page": queries.page(wish), "severities": severities}
    shown["may_arrange"] = bool(of(request).paths(taking.RIGHT))
    return render(request, "exchange/cap/list.html", shown)


@door(right=intake.RIGHT, data="staff", methods=("POST",), max_body=MAX_BYTES + 64 * 1024, served_as="upload")
def upload(request: HttpRequest) -> HttpResponse:
    """Take in a file that somebody was sent."""
    sent = request.FILES.get("file")
    try:
        if not isinstance(sent, UploadedFile):
            raise Refused(_("Choose a file first."), "no_file")
        taken = intake.upload(sent.read(), sent.name or "cap.xml", by=of(request))
    except NotAllowed:
        raise
    except Refused as fault:
        messages.error(request, fault.message)
        return HttpResponseRedirect(HOME)
    every = [*taken.new, *taken.known, *taken.unread]
    if taken.unread:
        messages.warning(request, _("It could not be understood whole; what came is kept."))
    elif not taken.new:
        messages.info(request, _("This message is here already."))
    else:
        messages.success(request, _("Taken in. Nobody is told of it before you draft a warning."))
    if len(every) == 1:
        return HttpResponseRedirect(f"{HOME}{every[0].pk}/")
    return HttpResponseRedirect(f"{HOME}?state=all")


@door(right=intake.RIGHT, data="staff", methods=("GET", "HEAD", "POST"), max_body=SMALL)
def one(request: HttpRequest, number: int, *, locality: Locality) -> HttpResponse:
    """One message: what it says in each language, where, what is odd about it, what it is connected with."""
    row = queries.one(number)
    if request.method == "POST":
        return _drafted(request, row)
    alert = intake.alert_of(row)
    code = of(request).unit_code or locality()["code"]
    has_area = bool(queries.areas(row)["features"])
    shown = {
        "row": row,
        "alert": alert,
        "severity": queries.severity(row),
        "tags": queries.tags(row, clock.now()),
        "blocks": queries.blocks(alert) if alert else [],
        "remarks": [(one["kind"], words.remark(one)) for one in row.remarks],
        "msg_type": words.MSG_TYPE.get(row.msg_type, ""),
        "may_draft": alert is not None and bool(of(request).paths(drafting.RIGHT)),
        "related": queries.related(row),
        "boundaries": f"/boundaries/{code}.json" if code else "",
        "areas_url": f"{HOME}{row.pk}/areas.json" if has_area else "",
        "fit_areas": True,
        "layers_json": "[]",
    }
    return render(request, "exchange/cap/message.html", shown)


def _drafted(request: HttpRequest, row: Received) -> HttpResponse:
    """On to the draft that was begun from it."""
    try:
        made = drafting.draft(row, by=of(request))
    except NotAllowed:
        raise
    except Refused as fault:
        messages.error(request, fault.message)
        return HttpResponseRedirect(f"{HOME}{row.pk}/")
    messages.success(request, _("Drafted, with the message quoted. Write what people here are to know."))
    return HttpResponseRedirect(f"/console/warnings/{made.pk}/edit/")


@door(right=intake.RIGHT, data="staff")
def areas(request: HttpRequest, number: int) -> HttpResponse:
    """Its areas for the map."""
    return JsonResponse(queries.areas(queries.one(number)), content_type="application/geo+json")


@door(right=intake.RIGHT, data="staff")
def original(request: HttpRequest, number: int) -> HttpResponse:
    """What came, as it came: never shown by the browser, only kept as a file."""
    row = queries.one(number)
    response = HttpResponse(zlib.decompress(bytes(row.original)), content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="received-{row.pk}.xml"'
    response["Content-Security-Policy"] = "sandbox"
    return response
