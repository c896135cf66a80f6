"""The page on which faces and plates of a photo are covered by hand, by pointer or by keyboard."""

from __future__ import annotations

from typing import Any

import msgspec
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.kernel.cases import case_pages, covering
from toancanh.kernel.files import links
from toancanh.kernel.files.messages import Box
from toancanh.kernel.files.models import OPEN, Variant
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime.doors import door
from toancanh.lib.errors import NotFound, Refused

MOST = 64 * 1024
DESK = "/console/reports/triage/"


@door(right=case_pages.SIGHT, data="staff", methods=case_pages.FORM, max_body=MOST)
def page(request: HttpRequest, code: str, file: int) -> HttpResponse:
    """A photo with what of it is covered."""
    on = case_pages.sought(code, of(request))
    try:
        photo = covering.photo(on.case, file)
    except NotFound as fault:
        raise Http404(fault.message) from None
    at_desk = request.GET.get("from") == "desk"
    back = f"{DESK}?case={on.case.code}" if at_desk else case_pages.address(on)
    shown: dict[str, Any] = {"fault": "", "boxes": msgspec.json.encode(photo.boxes).decode()}
    if request.method == "POST":
        try:
            told = _done(request, on, photo)
        except Refused as refused:
            shown |= {"fault": refused.message, "boxes": request.POST.get("boxes", "[]")}
        else:
            messages.success(request, told)
            return HttpResponseRedirect(back)
    shown |= {
        "case": on.case,
        "photo": photo,
        "back": back,
        "may": covering.may(on.case, on.by) and photo.is_ready,
        "full": links.url(photo, Variant.FULL) if photo.is_ready else "",
        "public": links.url(photo, Variant.PUBLIC_SMALL) if photo.is_ready and photo.boxes else "",
        "is_open": photo.level == OPEN,
    }
    return render(request, "cases/cover.html", shown, status=422 if shown["fault"] else 200)


def _done(request: HttpRequest, on: Any, photo: Any) -> str:  # noqa: ANN401 - Doing and File
    do = request.POST.get("do", "")
    if do == "cover":
        covering.cover(on.case, photo, _boxes(request.POST.get("boxes", "")), by=on.by)
        return _("The public sees this photo with those parts covered.")
    if do == "open":
        covering.uncover(on.case, photo, by=on.by, is_open=True)
        return _("The public sees this photo as it is.")
    if do == "hide":
        covering.uncover(on.case, photo, by=on.by, is_open=False)
        return _("The public does not see this photo.")
    raise Refused(_("Choose what is to be done."), "bad_request")


def _boxes(text: str) -> list[Box]:
    try:
        return msgspec.json.decode(text, type=list[Box])
    except msgspec.DecodeError:
        raise Refused(_("The boxes did not arrive whole; draw them once more."), "bad_box") from None
