"""The page on which cases whose time is over are reviewed, and the records of what was destroyed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.kernel.cases import retention, words
from toancanh.kernel.cases.case_pages import FORM, number
from toancanh.kernel.cases.models import Disposal, Nomination
from toancanh.kernel.declare import Actor
from toancanh.kernel.people.access import person_key
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime.doors import door
from toancanh.lib.errors import NotAllowed, Refused

HOME = "/console/work/retention/"
MOST_BODY = 64 * 1024
PAGE = 100
RECORDS = 50
BASIS = "Luật Lưu trữ số 33/2024/QH15; hết thời hạn lưu trữ của loại việc"
"""Begun with in the form: the locality writes its own decision in its place."""


@door(right=retention.RIGHT, data="staff", methods=FORM, max_body=MOST_BODY)
def page(request: HttpRequest) -> HttpResponse:
    """What waits for review, lists that others review, records, and what is under hold."""
    actor, fault = of(request), ""
    if request.method == "POST":
        try:
            return _done(request, actor)
        except (NotAllowed, Refused) as refused:
            fault = refused.message
    after = number(request.GET.get("after", "0"))
    rows = list(_rows(actor, after)[: PAGE + 1])
    records = list(retention.disposals(actor)[:RECORDS])
    shown = {
        "fault": fault,
        "chosen": request.POST.getlist("code"),
        "basis": request.POST.get("basis", BASIS),
        "days": request.POST.get("days", ""),
        "reason": request.POST.get("reason", ""),
        "rows": [(row.case, words.kind(row.case.kind), row.at) for row in rows[:PAGE]],
        "more": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "after": after,
        "waiting": [row for row in records if row.is_approved is None],
        "records": [row for row in records if row.is_approved is not None],
        "held": list(retention.held(actor)[:PAGE]),
    }
    return render(request, "cases/retention/page.html", shown, status=422 if fault else 200)


def _rows(actor: Actor, after: int) -> Any:  # noqa: ANN401 - rows with their cases
    return retention.nominated(actor).filter(pk__gt=after).select_related("case__unit")


def _done(request: HttpRequest, actor: Actor) -> HttpResponse:
    said = request.POST
    codes = said.getlist("code")[: retention.MOST + 1]
    if said.get("do") == "propose":
        made = retention.propose(codes, said.get("basis", ""), by=actor)
        messages.success(request, _("%(code)s waits for review by somebody else.") % {"code": made.code})
        return HttpResponseRedirect(f"{HOME}{made.code}/")
    if said.get("do") == "keep":
        rows = list(retention.nominated(actor).filter(case__code__in=codes).select_related("case"))
        if not rows:
            raise Refused(_("Choose 1 to 500 cases."), "bad_count")
        for row in rows:
            retention.keep(row.case, number(said.get("days", "")), said.get("reason", ""), by=actor)
        messages.success(request, _("They are kept longer."))
        return HttpResponseRedirect(HOME)
    raise Refused(_("Choose what is to be done."), "bad_request")


@door(right=retention.RIGHT, data="staff", methods=FORM, max_body=MOST_BODY)
def record(request: HttpRequest, code: str) -> HttpResponse:
    """One list: what is on it, who proposed and who reviewed it, and what became of it."""
    actor, fault = of(request), ""
    found = retention.disposals(actor).filter(code=code.upper()).first()
    if found is None:
        raise Http404(_("There is no such record, or your post does not reach it."))
    if request.method == "POST":
        try:
            is_approved = request.POST.get("do") == "approve"
            retention.settle(found, is_approved, request.POST.get("words", ""), by=actor)
        except (NotAllowed, Refused) as refused:
            fault = refused.message
        else:
            told = _("It is destroyed within minutes.") if is_approved else _("They wait for review again.")
            messages.success(request, told)
            return HttpResponseRedirect(f"{HOME}{found.code}/")
    shown = {
        "record": found,
        "fault": fault,
        "words": request.POST.get("words", ""),
        "items": _items(found),
        "may_settle": found.is_approved is None and person_key(actor) not in (None, found.proposed_by_id),
    }
    return render(request, "cases/retention/record.html", shown, status=422 if fault else 200)


def _items(found: Disposal) -> list[tuple[Nomination, str]]:
    rows = found.items.select_related("case__unit").order_by("case")
    return [(row, words.kind(row.case.kind)) for row in rows]
