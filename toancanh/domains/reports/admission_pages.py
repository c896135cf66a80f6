"""*Ai được gửi phản ánh*: the locality's rule with its history, for who arranges work."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.domains.reports import admission
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.lib.errors import NotAllowed, Refused

SEE = "cases.desk"


@door(right=SEE, data="staff", methods=("GET", "HEAD", "POST"), max_body=SMALL)
def page(request: HttpRequest) -> HttpResponse:
    """What holds, its history, and a form for the next."""
    by, now = of(request), admission.now()
    typed = {"who": now.who, "office": now.office, "reason": ""}
    status = 200
    if request.method == "POST":
        typed = {name: request.POST.get(name, "") for name in typed}
        try:
            admission.change(typed["who"], typed["office"], typed["reason"], by=by)
        except NotAllowed:
            raise
        except Refused as fault:
            messages.error(request, fault.message)
            status = 422
        else:
            messages.success(request, _("It was written down."))
            return HttpResponseRedirect(request.path)
    sentences = admission.sentences()
    shown = {
        "now": sentences[now.who],
        "office": now.office,
        "typed": typed,
        "choices": list(sentences.items()),
        "history": [(row, sentences[row.who]) for row in admission.history()],
        "tab": "admission",
        "may": by.may(admission.RIGHT),
    }
    return render(request, "reports/admission.html", shown, status=status)
