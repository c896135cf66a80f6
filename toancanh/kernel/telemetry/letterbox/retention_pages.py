"""*Thời hạn lưu*: how long refused readings are kept, what was set before, and setting it anew."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.kernel.people.web import of
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.kernel.telemetry.letterbox import retention
from toancanh.lib.errors import NotAllowed, NotFound, Refused
from toancanh.web import formats

HOME = "/console/letters/keeping/"


@door(right=retention.RIGHT, data="staff", methods=("GET", "HEAD", "POST"), max_body=SMALL)
def keeping(request: HttpRequest) -> HttpResponse:
    """The rule that holds, its history, and a form for the next; a shorter time is asked for twice."""
    by, now = of(request), retention.current()
    typed: dict[str, Any] = {
        "days": str(now.days),
        "most": str(now.most),
        "valid_from": f"{retention.today():%d/%m/%Y}",
        "reason": "",
    }
    status, doomed = 200, 0
    if request.method == "POST":
        typed = {name: request.POST.get(name, "").strip()[:400] for name in typed}
        try:
            if request.POST.get("do") == "withdraw":
                retention.withdraw(_number(request.POST.get("number", "")), by=by)
                messages.success(request, _("It was taken back; what held before goes on."))
                return HttpResponseRedirect(HOME)
            days, most = _number(typed["days"]), _number(typed["most"])
            is_less = 0 < days < now.days or 0 < most < now.most
            if is_less and not request.POST.get("sure"):
                doomed = retention.doomed(days, most)
            if not doomed:
                made = retention.keep(days, most, _day(typed["valid_from"]), typed["reason"], by=by)
                told = _("From %(day)s on refused readings are kept for %(days)s days.")
                messages.success(request, told % {"day": f"{made.valid_from:%d/%m/%Y}", "days": made.days})
                return HttpResponseRedirect(HOME)
        except (NotAllowed, NotFound):
            raise
        except Refused as fault:
            messages.error(request, fault.message)
            status = 422
    said = {"rules": retention.history(), "now": now, "typed": typed, "doomed": doomed, "tab": "letters"}
    said |= {"may": by.may(retention.RIGHT), "least": retention.FEWEST_DAYS, "longest": retention.MOST_DAYS}
    said |= {"fewest": retention.FEWEST, "most": retention.MOST}
    return render(request, "telemetry/letters/keeping.html", said, status=status)


def _number(text: str) -> int:
    """A whole number, as typed with or without separators; 0 where it is none."""
    plain = text.replace(".", "").replace(" ", "").replace("\N{NO-BREAK SPACE}", "")
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 10 else 0


def _day(text: str) -> date:
    found = formats.read_day(text)
    if found is None:
        raise Refused(_("Say from which day on it holds, as 31/12/2026."), "bad_day")
    return found
