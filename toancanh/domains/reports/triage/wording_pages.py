"""*Câu có sẵn*: the ready words of reception, for who arranges work; the desk reads them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.domains.reports.triage import answers, wording
from toancanh.domains.reports.triage.models import Use
from toancanh.kernel.declare import Actor
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.lib.errors import NotAllowed, Refused

SEE = "cases.desk"
TYPED = ("do", "number", "use", "title", "words")


@door(right=SEE, data="staff", methods=("GET", "HEAD", "POST"), max_body=SMALL)
def page(request: HttpRequest) -> HttpResponse:
    """Every text in force by its use, each a form of its own; what was typed stays where it does not do."""
    by = of(request)
    typed: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        typed = {name: request.POST.get(name, "") for name in TYPED}
        try:
            _do(typed, by)
        except NotAllowed:
            raise
        except Refused as fault:
            messages.error(request, fault.message)
            status = 422
        else:
            messages.success(request, _("It was written down."))
            return HttpResponseRedirect(request.path)
    titles = {Use.REFUSE: _("For reports that are not accepted"), Use.ASK: _("For questions to the sender")}
    shown: dict[str, Any] = {
        "lists": [(use, title, list(answers.ready(use))) for use, title in titles.items()],
        "typed": typed,
        "may": by.may(wording.RIGHT),
        "longest_title": wording.LONGEST_TITLE,
        "longest": wording.LONGEST_WORDS,
        "tab": "words",
    }
    return render(request, "reports/triage/words.html", shown, status=status)


def _do(typed: dict[str, str], by: Actor) -> None:
    wanted, number = typed["do"], typed["number"]
    if wanted == "add":
        wording.add(typed["use"], typed["title"], typed["words"], by=by)
    elif wanted == "change":
        wording.change(number, typed["title"], typed["words"], by=by)
    elif wanted == "end":
        wording.end(number, by=by)
    elif wanted == "up":
        wording.up(number, by=by)
    else:
        raise Refused(_("Choose what is to be done."), "bad_request")
