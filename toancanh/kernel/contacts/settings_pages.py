"""*Quy tắc*: when a commune counts as having received, and how long ended contacts are kept."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.kernel.contacts import settings
from toancanh.kernel.contacts.actions import RIGHT, SEE
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.kernel.territory.queries import today
from toancanh.lib.errors import NotAllowed, Refused
from toancanh.web import formats


@door(right=SEE, data="staff", methods=("GET", "HEAD", "POST"), max_body=SMALL)
def rules(request: HttpRequest) -> HttpResponse:
    """The rule that holds, its history, and a form for the next."""
    by, now = of(request), settings.on()
    typed = {
        "counts": now.counts,
        "keep_days": str(now.keep_days),
        "valid_from": f"{today():%d/%m/%Y}",
        "reason": "",
    }
    status = 200
    if request.method == "POST":
        typed = {name: request.POST.get(name, "").strip()[:400] for name in typed}
        try:
            days = (
                int(typed["keep_days"]) if typed["keep_days"].isdigit() and len(typed["keep_days"]) < 6 else 0
            )
            settings.set_from(_day(typed["valid_from"]), typed["counts"], days, typed["reason"], by=by)
            messages.success(request, _("It was written down."))
            return HttpResponseRedirect(request.path)
        except NotAllowed:
            raise
        except Refused as fault:
            messages.error(request, fault.message)
            status = 422
    said = {
        "now": now,
        "typed": typed,
        "history": settings.history(),
        "choices": list(settings.sentences().items()),
        "least": settings.FEWEST,
        "most": settings.MOST,
        "may": by.may(RIGHT),
        "tab": "rules",
    }
    return render(request, "contacts/rules.html", said, status=status)


def _day(text: str) -> date:
    found = formats.read_day(text)
    if found is None:
        raise Refused(_("Say from which day on it holds, as 31/12/2026."), "bad_day")
    return found
