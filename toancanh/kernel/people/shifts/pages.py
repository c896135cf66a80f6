"""Pages of the roster: a week of it, one post with what repeats, one shift with its stand-in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.people.shifts import actions, queries, weeks
from toancanh.kernel.people.shifts.actions import RIGHT
from toancanh.kernel.people.shifts.forms import PostForm, RepeatForm, ShiftForm, StandInForm, organisations
from toancanh.kernel.people.shifts.models import DutyPost, Pattern, Shift
from toancanh.kernel.people.shifts.queries import SIGHT
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.kernel.territory.queries import today
from toancanh.lib.errors import NotFound, Refused

FORM = ("GET", "HEAD", "POST")
HOME = "/console/duty/"


@door(right=SIGHT, data="staff")
def roster(request: HttpRequest) -> HttpResponse:
    """Who is on duty now, and a week of the roster (``?week=`` any day of it)."""
    actor, now = of(request), clock.now()
    duties = queries.visible(actor)
    on_duty = {duty.pk: (duty, list[Shift]()) for duty in duties}
    for shift in queries.on_duty(now, duties):
        on_duty[shift.duty_id][1].append(shift)
    said = {
        "week": weeks.week(duties, weeks.monday_of(request.GET.get("week", ""))),
        "today": today(),
        "now": list(on_duty.values()),
        "gaps": queries.gaps(duties, now, now + queries.AHEAD),
        "may": {duty.pk for duty in duties if may_arrange(duty, actor)},
        "may_found": bool(organisations(actor)) if actor.paths(RIGHT) else False,
        "weekdays": WEEKDAYS_ABBR,
        "tab": "roster",
    }
    return render(request, "people/shifts/roster.html", said)


def may_arrange(duty: DutyPost, actor: Actor) -> bool:
    """Whether the actor writes the roster of the post."""
    return actor.may(RIGHT, queries.path_of(duty))


def found(number: int, actor: Actor) -> DutyPost:
    """The post, or no such page."""
    try:
        return queries.one(number, actor)
    except NotFound:
        raise Http404(_("There is no such post of duty, or it is not in your unit.")) from None


def kept(request: HttpRequest, form: Form, do: Callable[[dict[str, Any]], object], told: str) -> bool:
    """Whether the form was good and the action done; what is wrong stands in the form."""
    if not form.is_valid():
        return False
    try:
        do(form.cleaned_data)
    except Refused as fault:
        form.add_error(None, fault.message)
        return False
    messages.success(request, told)
    return True


@door(right=RIGHT, data="staff", methods=FORM, max_body=SMALL)
def new_post(request: HttpRequest) -> HttpResponse:
    """Put a post on the roster."""
    actor = of(request)
    form = PostForm(actor, request.POST if request.method == "POST" else None)
    made: list[DutyPost] = []

    def make(given: dict[str, Any]) -> None:
        around = given["is_round_the_clock"]
        facts = (given["organisation"], given["title"], given["level"])
        made.append(actions.create_post(*facts, by=actor, round_the_clock=around))

    if request.method == "POST" and kept(request, form, make, _("The post is on the roster.")):
        return HttpResponseRedirect(f"{HOME}posts/{made[0].pk}/")
    said = {"form": form, "tab": "roster"}
    return render(request, "people/shifts/new_post.html", said, status=422 if form.errors else 200)


@door(right=SIGHT, data="staff", methods=FORM, max_body=SMALL)
def post(request: HttpRequest, number: int) -> HttpResponse:
    """One post: what repeats every week, its name and level."""
    actor = of(request)
    duty = found(number, actor)
    do = request.POST.get("do", "")
    repeat = RepeatForm(duty, request.POST if do == "repeat" else None, {"first": today()})
    form = PostForm(actor, request.POST if do == "change" else None, duty)

    def add(given: dict[str, Any]) -> None:
        time = (given["weekdays"], given["start"], given["end"], given["first"] or today())
        actions.repeat(duty, given["person"], *time, by=actor)

    def change(given: dict[str, Any]) -> None:
        around = given["is_round_the_clock"]
        actions.change_post(duty, given["title"], given["level"], by=actor, round_the_clock=around)

    fault = ""
    if do == "repeat" and kept(request, repeat, add, _("Kept; the shifts are on the roster.")):
        return HttpResponseRedirect(request.path)
    if do == "change" and kept(request, form, change, _("The post is kept.")):
        return HttpResponseRedirect(request.path)
    if do in ("stop", "close"):
        try:
            return ended(request, duty, actor)
        except Refused as refused:
            fault = refused.message
    rows = duty.patterns.exclude(valid_to__lte=today()).select_related("person")
    said = {
        "duty": duty,
        "patterns": [(one, WEEKDAYS[one.weekday], span(one)) for one in rows],
        "repeat": repeat,
        "form": form,
        "fault": fault,
        "may": may_arrange(duty, actor),
        "tab": "roster",
    }
    wrong = fault or repeat.errors or form.errors
    return render(request, "people/shifts/post.html", said, status=422 if wrong else 200)


def ended(request: HttpRequest, duty: DutyPost, actor: Actor) -> HttpResponse:
    """Stop what repeats, or close the post."""
    if request.POST.get("do") == "close":
        around = duty.is_round_the_clock
        facts = (duty, duty.title, duty.level)
        actions.change_post(*facts, by=actor, round_the_clock=around, is_active=False)
        messages.success(request, _("The post is closed; its past stays in the handover book."))
        return HttpResponseRedirect(HOME)
    number = request.POST.get("pattern", "")
    pattern = Pattern.objects.filter(duty=duty, pk=int(number) if number.isdecimal() else 0).first()
    if pattern is None:
        raise Refused(_("This repeats no more."), "gone")
    actions.stop_repeating(pattern, today(), by=actor)
    messages.success(request, _("From now on it repeats no more."))
    return HttpResponseRedirect(request.path)


def span(pattern: Pattern) -> str:
    """22:00–06:00."""
    end = (pattern.start + pattern.length) % (24 * 60)
    return f"{pattern.start // 60:02}:{pattern.start % 60:02}–{end // 60:02}:{end % 60:02}"


@door(right=RIGHT, data="staff", methods=FORM, max_body=SMALL)
def new_shift(request: HttpRequest, number: int) -> HttpResponse:
    """Write one shift by hand; ``?from=`` and ``?to=`` fill a gap in."""
    actor = of(request)
    duty = found(number, actor)
    initial = {"starts": request.GET.get("from", "")[:20], "ends": request.GET.get("to", "")[:20]}
    form = ShiftForm(duty, request.POST if request.method == "POST" else None, initial)

    def make(given: dict[str, Any]) -> None:
        times = (given["person"], given["starts"], given["ends"])
        actions.add_shift(duty, *times, by=actor, reason=given["reason"])

    if request.method == "POST" and kept(request, form, make, _("The shift is on the roster.")):
        day = form.cleaned_data["starts"].astimezone(clock.VIETNAM).date()
        return HttpResponseRedirect(f"{HOME}?week={day.isoformat()}")
    said = {"form": form, "duty": duty, "tab": "roster"}
    return render(request, "people/shifts/new_shift.html", said, status=422 if form.errors else 200)


@door(right=SIGHT, data="staff", methods=FORM, max_body=SMALL)
def shift(request: HttpRequest, number: int) -> HttpResponse:
    """One shift: a stand-in takes it over, or it does not take place."""
    actor = of(request)
    rows = Shift.objects.select_related("duty__organisation__unit", "person", "stands_in_for")
    one = rows.filter(pk=number).first()
    if one is None:
        raise Http404(_("There is no such shift."))
    duty = found(one.duty_id, actor)
    do = request.POST.get("do", "")
    form = StandInForm(duty, request.POST if do == "stand_in" else None)
    fault, back = "", f"{HOME}?week={one.starts.astimezone(clock.VIETNAM).date().isoformat()}"

    def swap(given: dict[str, Any]) -> None:
        actions.stand_in(one, given["person"], by=actor, reason=given["reason"])

    if do == "stand_in" and kept(request, form, swap, _("The stand-in is on the roster.")):
        return HttpResponseRedirect(back)
    if do == "cancel":
        try:
            actions.cancel(one, by=actor, reason=request.POST.get("why", ""))
            messages.success(request, _("The shift is off the roster."))
            return HttpResponseRedirect(back)
        except Refused as refused:
            fault = refused.message
    is_over = one.cancelled_at is not None or one.ends <= clock.now()
    said = {
        "shift": one,
        "duty": duty,
        "form": form,
        "fault": fault,
        "typed": request.POST.get("why", ""),
        "back": back,
        "may": may_arrange(duty, actor) and not is_over,
        "tab": "roster",
    }
    return render(request, "people/shifts/shift.html", said, status=422 if fault or form.errors else 200)
