"""*Thư mục nhận tệp*: where it is, what waits, by which rules its files are read, what came last."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.kernel.exchange import taking
from toancanh.kernel.exchange.inbox import actions, clearing, queries
from toancanh.kernel.exchange.inbox.models import Watched
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.lib.errors import NotAllowed, NotFound, Refused
from toancanh.web import formats

FORM = ("GET", "HEAD", "POST")
HOME = "/console/imports/folder/"


@door(right=taking.RIGHT, data="staff", methods=FORM, max_body=SMALL)
def folder(request: HttpRequest) -> HttpResponse:
    """The watched folder and its rules; a POST changes a rule or has a waiting file opened."""
    if request.method == "POST":
        try:
            return HttpResponseRedirect(_done(request))
        except (NotAllowed, NotFound):
            raise
        except Refused as fault:
            messages.error(request, fault.message)
            return _shown(request, dict(request.POST.items()), 422)
    return _shown(request)


def _shown(request: HttpRequest, typed: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    by = of(request)
    found, every = queries.folders(), queries.every_rule()
    shown: dict[str, Any] = {
        "folders": [(one, queries.is_silent(one)) for one in found],
        "waiting": queries.waiting(found, every, by),
        "more": sum(one.more for one in found),
        "arrivals": queries.arrivals(by),
        "tab": "folder",
    }
    if request.GET.get("part") == "state":
        return render(request, "exchange/inbox/state.html", shown)
    shown |= {"rules": queries.visible(every, by), "mappings": queries.mappings(), "typed": typed or {}}
    shown |= {"kept": clearing.history(), "days": clearing.days(), "may_keep": by.may(taking.RIGHT)}
    shown |= {"today": f"{clearing.today():%d/%m/%Y}", "least": clearing.LEAST, "most": clearing.MOST}
    return render(request, "exchange/inbox/folder.html", shown, status=status)


def _done(request: HttpRequest) -> str:
    """Do what the person asked for; where to go then."""
    by, post = of(request), request.POST
    wanted, number = post.get("do", ""), _number(post.get("number", ""))
    if wanted == "ask":
        watched = Watched.objects.filter(pk=number).first()
        if watched is None:
            raise NotFound(_("This file does not wait any more."))
        return f"{HOME}samples/{actions.ask(watched, post.get('path', ''), by=by).pk}/"
    if wanted == "set":
        rule = actions.set_rule(
            post.get("folder", ""),
            post.get("pattern", ""),
            post.get("mapping", ""),
            by=by,
            replaces=bool(post.get("replaces")),
        )
        messages.success(request, _("Files of %(folder)s are taken in now.") % {"folder": rule.folder or "/"})
    elif wanted == "keep":
        kept = clearing.keep(
            _number(post.get("days", "")), _day(post.get("from", "")), post.get("reason", ""), by=by
        )
        told = _("From %(day)s on, files that were read are kept for %(days)s days.")
        messages.success(request, told % {"day": f"{kept.valid_from:%d/%m/%Y}", "days": kept.days})
    elif wanted in ("on", "off"):
        rule = actions.switch(number, wanted == "on", by=by)
        told = _("The rule of %(folder)s works.") if rule.is_on else _("The rule of %(folder)s rests.")
        messages.success(request, told % {"folder": rule.folder or "/"})
    elif wanted == "drop":
        rule = actions.drop_rule(number, by=by)
        told = _("The rule of %(folder)s is gone; what was taken in stays.")
        messages.success(request, told % {"folder": rule.folder or "/"})
    return HOME


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _day(text: str) -> date:
    found = formats.read_day(text)
    if found is None:
        raise Refused(_("Say from which day on it holds, as 31/12/2026."), "bad_day")
    return found


@door(right=taking.RIGHT, data="staff")
def sample(request: HttpRequest, number: int) -> HttpResponse:
    """A waiting file is being opened; on to its draft when it is."""
    found = queries.sample(number, of(request))
    if found is None:
        raise NotFound(_("This file does not wait any more."))
    if found.of_id and not request.GET.get("part"):
        return HttpResponseRedirect(f"/console/imports/{found.of_id}/")
    template = "opening" if request.GET.get("part") else "sample"
    return render(request, f"exchange/inbox/{template}.html", {"sample": found, "tab": "folder"})


@door(right=taking.RIGHT, data="staff", methods=FORM, max_body=SMALL)
def settle(request: HttpRequest, number: int) -> HttpResponse:
    """Files of a folder are to be read as this draft is: which, and under what name."""
    by = of(request)
    found = queries.sample_of(number, by)
    if found is None or found.of is None:
        raise NotFound(_("There is no such import."))
    at, _between, _name = found.path.rpartition("/")
    typed = {"folder": at, "pattern": "*", "name": found.of.mapping_name or at.replace("/", " ")}
    status = 200
    if request.method == "POST":
        typed = {name: request.POST.get(name, "") for name in typed}
        try:
            rule = actions.settle(found, typed["folder"], typed["pattern"], typed["name"], by=by)
        except (NotAllowed, NotFound):
            raise
        except Refused as fault:
            messages.error(request, fault.message)
            status = 422
        else:
            told = _("Files of %(folder)s are taken in now.") % {"folder": rule.folder or "/"}
            messages.success(request, told)
            return HttpResponseRedirect(HOME)
    shown = {"one": found.of, "path": found.path, "typed": typed, "tab": "folder"}
    return render(request, "exchange/inbox/settle.html", shown, status=status)
