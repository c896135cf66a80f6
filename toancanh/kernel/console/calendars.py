"""Pages of working time: a year at a glance with its reasons, a term to try, and what the table is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.kernel.console import years
from toancanh.kernel.console.calendar_forms import SWAP, CalendarForm, DaysForm, TrialForm, WeekForm
from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange import queries as exchange
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.kernel.territory.calendars import actions, counting, queries, seeds, words
from toancanh.kernel.territory.calendars.actions import RIGHT
from toancanh.kernel.territory.calendars.models import WorkCalendar
from toancanh.kernel.territory.models import Unit
from toancanh.kernel.territory.queries import today
from toancanh.lib.errors import NotFound, Refused
from toancanh.lib.worktime.calendar import Begin
from toancanh.lib.worktime.hours import NAMES

SIGHT = "console.see"
FORM = ("GET", "HEAD", "POST")
HOME = "/console/calendar/"
YEARS = range(2000, 2101)


@door(right=SIGHT, data="staff", methods=FORM, max_body=SMALL)
def year(request: HttpRequest, code: str = "") -> HttpResponse:
    """A year (``?year=``) of a calendar, of the locality's unless named; ``?at=&days=`` tries a term."""
    actor = of(request)
    if not code and not queries.everyone().exists():
        return render(request, "console/calendar_none.html", {"may": actor.may(RIGHT, here())})
    row = found(code)
    number, day = asked(request.GET.get("year", "")), today()
    fault = ""
    if request.method == "POST":
        try:
            seeds.enter_expected(number, by=actor)
            messages.success(request, _("The expected holidays are in the table, marked as not verified."))
            return HttpResponseRedirect(f"{HOME}{row.code}/?year={number}")
        except Refused as refused:
            fault = refused.message
    trial = TrialForm(request.GET if "at" in request.GET else None, initial={"begin": Begin.NOW})
    said: dict[str, Any] = {
        **frame(row, actor),
        "year": years.year(row, number),
        "weekdays": NAMES["en" if words.is_english() else "vi"],
        "today": day,
        "before": number - 1 if number - 1 in YEARS else None,
        "after": number + 1 if number + 1 in YEARS else None,
        "decisions": years.decisions(list(row.weeks.all()), day, get_language() or "vi"),
        "is_unknown": bool(queries.unknown_years(row, day.replace(number, 1, 1), day.replace(number, 1, 1))),
        "trial": trial,
        "fault": fault,
    }
    if trial.is_bound and trial.is_valid():
        try:
            given = trial.cleaned_data
            said["counted"] = counting.count(row, given["at"], given["days"], Begin(given["begin"]))
            said["term"] = given["days"]
        except Refused as refused:
            trial.add_error(None, refused.message)
    wrong = fault or trial.errors
    return render(request, "console/calendar.html", said, status=422 if wrong else 200)


def here() -> str:
    """The path of the locality; empty before one is loaded."""
    home = exchange.home()
    return home.unit.path if home and home.unit else ""


def found(code: str) -> WorkCalendar:
    """The calendar of that code; without one that of the locality."""
    try:
        return queries.one(code) if code else queries.nearest(here())
    except NotFound as fault:
        raise Http404(fault.message) from None


def asked(typed: str) -> int:
    """The year that an address asks for; this one where it asks for none."""
    is_year = typed.isascii() and typed.isdigit() and len(typed) == 4 and int(typed) in YEARS
    return int(typed) if is_year else today().year


def frame(row: WorkCalendar, actor: Actor) -> dict[str, Any]:
    """What every page about a calendar says."""
    return {
        "calendar": row,
        "title": words.titled(row),
        "calendars": [(one, words.titled(one)) for one in queries.everyone()],
        "may": actor.may(RIGHT, row.unit.path if row.unit else ""),
        "may_share": actor.may(RIGHT),
        "may_found": actor.may(RIGHT, here()),
    }


def kept(request: HttpRequest, form: Form, do: Callable[[], object], told: str) -> bool:
    """Whether the form was good and the action done; what is wrong stands in the form."""
    if not form.is_valid():
        return False
    try:
        do()
    except Refused as fault:
        form.add_error(None, fault.message)
        return False
    messages.success(request, told)
    return True


@door(right=RIGHT, data="staff", methods=FORM, max_body=SMALL)
def days(request: HttpRequest, code: str) -> HttpResponse:
    """Enter what days are; ``?first=``, ``?last=`` and ``?kind=`` fill it in."""
    actor, row = of(request), found(code)
    may_share = actor.may(RIGHT) and row.keeps_holidays
    initial = {
        name: request.GET.get(name, "")[:20] for name in ("kind", "first", "last") if name in request.GET
    }
    if request.GET.get("shared") == "1":
        initial["is_shared"] = "1"
    form = DaysForm(may_share, request.POST if request.method == "POST" else None, initial)

    def enter() -> None:
        given, wanted = form.cleaned_data, form.days
        of_whom = None if given.get("is_shared") else row
        if given["kind"] == SWAP:
            actions.swap(of_whom, wanted.first, given["worked"], form.basis, by=actor)
        else:
            actions.enter(of_whom, wanted, form.basis, by=actor)

    if request.method == "POST" and kept(request, form, enter, _("The days are in the table.")):
        return HttpResponseRedirect(f"{HOME}{row.code}/?year={form.days.first.year}")
    said = {**frame(row, actor), "form": form}
    return render(request, "console/calendar_days.html", said, status=422 if form.errors else 200)


@door(right=RIGHT, data="staff", methods=FORM, max_body=SMALL)
def week(request: HttpRequest, code: str) -> HttpResponse:
    """Let other hours hold from a day on."""
    actor, row = of(request), found(code)
    form = WeekForm(request.POST if request.method == "POST" else None, row.weeks.last())

    def set_week() -> None:
        given = form.cleaned_data
        actions.set_week(
            row, given["valid_from"], form.seasons, form.basis, by=actor, cut_off=given["cut_off"]
        )

    if request.method == "POST" and kept(request, form, set_week, _("The hours are in the table.")):
        return HttpResponseRedirect(f"{HOME}{row.code}/?year={form.cleaned_data['valid_from'].year}")
    said = {**frame(row, actor), "form": form}
    return render(request, "console/calendar_week.html", said, status=422 if form.errors else 200)


@door(right=RIGHT, data="staff", methods=FORM, max_body=SMALL)
def new(request: HttpRequest) -> HttpResponse:
    """Make a calendar of the locality, with its hours."""
    actor = of(request)
    form = CalendarForm(request.POST if request.method == "POST" else None)

    def make() -> None:
        given = form.cleaned_data
        unit = Unit.objects.filter(path=here()).first()
        actions.found_with_hours(
            given["code"],
            given["name"],
            given["valid_from"],
            form.seasons,
            form.basis,
            by=actor,
            unit=unit,
            keeps_holidays=given["keeps_holidays"],
            cut_off=given["cut_off"],
        )

    if request.method == "POST" and kept(request, form, make, _("The calendar is made.")):
        return HttpResponseRedirect(f"{HOME}{form.cleaned_data['code']}/")
    return render(request, "console/calendar_new.html", {"form": form}, status=422 if form.errors else 200)
