"""*Báo cáo nhanh thiệt hại* for officers: the list, a count as it comes in, one commune, files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from toancanh.domains.damage import access, actions, figures, files, queries
from toancanh.domains.damage.forms import filled, kept, refused
from toancanh.domains.damage.models import Count
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.kernel.warnings import queries as warnings
from toancanh.kernel.warnings.models import TOLD, Warning
from toancanh.lib.errors import NotAllowed, NotFound, Refused

HOME = "/console/damage/"
FORM = ("GET", "HEAD", "POST")
DUE = (30, 60, 120, 180, 360, 720)
"""Minutes that are offered; an hour unless somebody says otherwise."""
Locality = Callable[[], dict[str, Any]]


@door(right=access.SEE, data="staff")
def listing(request: HttpRequest) -> HttpResponse:
    """Every count of which the officer sees some commune, and what he himself is asked for."""
    actor = of(request)
    before = request.GET.get("before", "")
    rows, more = queries.page(actor, before)
    shown: dict[str, Any] = {"rows": rows, "next_url": more, "first_url": HOME if before else ""}
    # Whoever asks may answer for a commune that cannot, and is still not the one who is asked.
    may_ask = bool(actor.paths(access.OPEN))
    shown |= {"asked": [] if may_ask else queries.open_asks(actor), "may_ask": may_ask}
    return render(request, "damage/list.html", shown)


@door(right=access.OPEN, data="staff", methods=FORM, max_body=SMALL)
def new(request: HttpRequest) -> HttpResponse:
    """Ask communes: those of a warning, or chosen ones."""
    actor = of(request)
    warning = _warning(request)
    units = warnings.choosable(actor)
    communes = [unit for unit in units if unit.tier == "commune"]
    chosen = set(request.POST.getlist("units"))
    if request.method == "POST":
        minutes = request.POST.get("due", "")
        try:
            due = timedelta(minutes=int(minutes) if minutes in map(str, DUE) else 0)
            is_exercise, title = bool(request.POST.get("exercise")), request.POST.get("title", "")
            made = actions.ask(title, chosen, due, by=actor, warning=warning, is_exercise=is_exercise)
        except NotAllowed:
            raise
        except Refused as fault:
            messages.error(request, fault.message)
        else:
            messages.success(request, _("Asked. Send each commune its link, or let it sign in."))
            return HttpResponseRedirect(f"{HOME}{made.pk}/")
    elif warning is not None:
        paths = [place.unit.path for place in warning.places.select_related("unit")]
        chosen = {unit.code for unit in communes if unit.path.startswith(tuple(paths))}
    title = request.POST.get("title") or (warning.headline_vi if warning else "")
    shown = {"units": communes, "chosen": chosen, "title": title, "warning": warning, "dues": _dues()}
    shown["due"] = request.POST.get("due", "60")
    return render(request, "damage/new.html", shown, status=422 if request.method == "POST" else 200)


def _dues() -> list[tuple[str, str]]:
    words = [
        _("%(count)s minutes") % {"count": n}
        if n < 60
        else ngettext("%(count)s hour", "%(count)s hours", n // 60) % {"count": n // 60}
        for n in DUE
    ]
    return list(zip(map(str, DUE), words, strict=True))


def _warning(request: HttpRequest) -> Warning | None:
    number = request.POST.get("warning") or request.GET.get("warning", "")
    if not (number.isascii() and number.isdigit() and len(number) < 16):
        return None
    return warnings.visible(of(request)).filter(pk=int(number), state__in=TOLD).first()


@door(right=access.SEE, data="staff", methods=FORM, max_body=SMALL)
def one(request: HttpRequest, number: int, *, locality: Locality) -> HttpResponse:
    """A count as it comes in: totals, map, each commune, who is to be called."""
    actor = of(request)
    count = access.count(number, actor)
    if request.method == "POST":
        return _done(request, count)
    board = queries.board(count, actor)
    code = actor.unit_code or locality()["code"]
    shown = {
        "count": count,
        "board": board,
        "titles": [figures.TITLES[name] for name in figures.NAMES],
        "tiles": list(zip([figures.TITLES[name] for name in figures.NAMES], board.totals, strict=True)),
        "may_close": bool(actor.paths(access.OPEN)) and count.closed_at is None,
        "boundaries": f"/boundaries/{code}.json" if code else "",
        "areas_url": f"{HOME}{count.pk}/areas.json",
        "areas_every": 10,
        "layers_json": "[]",
    }
    return render(request, "damage/count.html", shown)


def _done(request: HttpRequest, count: Count) -> HttpResponse:
    here = HttpResponseRedirect(f"{HOME}{count.pk}/")
    try:
        if request.POST.get("do") == "close":
            actions.close(count, by=of(request))
            messages.success(request, _("Closed: no more figures are taken."))
        elif request.POST.get("do") == "renew":
            ask = access.ask(count.pk, request.POST.get("unit", "")[:10], of(request))
            actions.renew(ask, by=of(request))
            messages.success(request, _("The link is new; the old one opens nothing any more."))
            return HttpResponseRedirect(f"{HOME}{count.pk}/{ask.unit.code}/")
    except (NotAllowed, NotFound):
        raise
    except Refused as fault:
        messages.error(request, fault.message)
    return here


@door(right=access.SEE, data="staff")
def areas(request: HttpRequest, number: int) -> HttpResponse:
    """The communes that have answered, for the map."""
    board = queries.board(access.count(number, of(request)), of(request))
    return JsonResponse(queries.areas(board), content_type="application/geo+json")


@door(right=access.SEE, data="staff", methods=FORM, max_body=SMALL)
def commune(request: HttpRequest, number: int, code: str) -> HttpResponse:
    """One commune: its form, its link, every revision of what it said."""
    actor = of(request)
    ask = access.ask(number, code, actor)
    said, status = filled(request, ask), 200
    if request.method == "POST":
        try:
            given = figures.said(request.POST)
            key, is_sure = request.POST.get("key", ""), bool(request.POST.get("sure"))
            made = actions.answer(ask, given, key, by=actor, is_sure=is_sure)
        except NotAllowed:
            raise
        except Refused as fault:
            said, status = refused(said, fault), 422
        else:
            if request.headers.get("Accept") == "application/json":
                return kept(made)
            messages.success(request, _("Kept: report %(number)s.") % {"number": made.number})
            return HttpResponseRedirect(f"{HOME}{number}/")
        if request.headers.get("Accept") == "application/json":
            return JsonResponse({"fault": said["fault"], "questions": said["questions"]}, status=status)
    secret = actions.link(ask)
    is_ours = actor.may(access.ANSWER, ask.unit.path)
    said |= {"may_answer": is_ours and ask.of.closed_at is None, "history": queries.history(ask)}
    said["link"] = request.build_absolute_uri(secret) if secret and is_ours else ""
    return render(request, "damage/commune.html", {**said, "action": request.path}, status=status)


@door(right=access.SEE, data="staff")
def workbook(request: HttpRequest, number: int) -> HttpResponse:
    """The count as .xlsx."""
    board = queries.board(access.count(number, of(request)), of(request))
    return _file(files.workbook(board), files.XLSX, f"thiet-hai-{number}.xlsx")


@door(right=access.SEE, data="staff")
def document(request: HttpRequest, number: int, *, locality: Locality) -> HttpResponse:
    """The count as PDF for the province."""
    board = queries.board(access.count(number, of(request)), of(request))
    office = {"place": locality()["name"], "organisation": of(request).organisation}
    return _file(files.document(board, office, get_language() or "vi"), files.PDF, f"thiet-hai-{number}.pdf")


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
