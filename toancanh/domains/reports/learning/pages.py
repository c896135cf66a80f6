"""How right the proposals are on later reports, and how precise they must be to act alone."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.domains.reports.learning import bayes, proposing
from toancanh.domains.reports.learning.models import Learned, Target, Trust
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.lib.errors import NotAllowed, Refused

HOME = "/console/reports/learning/"
HISTORY = 50


@door(right=proposing.RIGHT, data="staff", methods=("GET", "HEAD", "POST"), max_body=SMALL)
def page(request: HttpRequest) -> HttpResponse:
    """Each training with its figures; the precision that is asked for, with its history."""
    fault = ""
    if request.method == "POST":
        try:
            precision = _share(request.POST.get("precision", ""))
            proposing.set_trust(precision, by=of(request), reason=request.POST.get("reason", ""))
            messages.success(request, _("Kept: it holds from now on."))
            return HttpResponseRedirect(HOME)
        except NotAllowed:
            raise
        except Refused as refused:
            fault = refused.message
    titles = {Target.CATEGORY: _("Category"), Target.ORGANISATION: _("Organisation")}
    rows = Learned.objects.defer("content", "trials").order_by("-pk")[:HISTORY]
    said, least = proposing.trust(), proposing.alone_from()
    shown: dict[str, Any] = {
        "rows": [_line(row, titles[Target(row.target)]) for row in rows],
        "trust": said,
        "alone_from": None if least is None else 100 * least,
        "history": [
            (row, None if row.precision is None else 100 * row.precision)
            for row in Trust.objects.order_by("-pk")[:HISTORY]
        ],
        "fault": fault,
        "typed": request.POST,
        "tab": "learning",
    }
    return render(request, "reports/learning/page.html", shown, status=422 if fault else 200)


def _line(row: Learned, title: str) -> dict[str, Any]:
    whole = row.tried or 1
    return {
        "row": row,
        "title": title,
        "right": 100 * row.right / whole,
        "among": 100 * row.among / whole,
        "least": 100 * bayes.least(row.right, row.tried),
    }


def _share(typed: str) -> float | None:
    text = typed.strip().rstrip("%").replace(",", ".")
    if not text:
        return None
    try:
        return float(text) / 100
    except ValueError as fault:
        raise Refused(_("Write a share in percent, as 95."), "bad_precision") from fault
