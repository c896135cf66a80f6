"""*Công khai những gì*: the locality's decision with its history, for who arranges work."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.domains.reports.public import disclosing
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.lib.errors import NotAllowed, Refused

SEE = "cases.desk"


@door(right=SEE, data="staff", methods=("GET", "HEAD", "POST"), max_body=SMALL)
def page(request: HttpRequest) -> HttpResponse:
    """What holds, its history, and a form for the next."""
    by, now = of(request), disclosing.now()
    chosen, reason, status = "1" if now.figures else "0", "", 200
    if request.method == "POST":
        chosen, reason = request.POST.get("figures", ""), request.POST.get("reason", "")
        try:
            if chosen not in ("0", "1"):
                raise Refused(_("Choose one of what is offered."), "bad_choice")
            disclosing.change(chosen == "1", reason, by=by)
        except NotAllowed:
            raise
        except Refused as fault:
            messages.error(request, fault.message)
            status = 422
        else:
            messages.success(request, _("It was written down."))
            return HttpResponseRedirect(request.path)
    shown = {
        "now": disclosing.sentence(now.figures),
        "is_public": now.figures,
        "choices": [("0", disclosing.sentence(False)), ("1", disclosing.sentence(True))],
        "chosen": chosen,
        "reason": reason,
        "history": [(row, disclosing.sentence(row.figures)) for row in disclosing.history()],
        "tab": "disclosure",
        "may": by.may(disclosing.RIGHT),
    }
    return render(request, "reports/disclosure.html", shown, status=status)
