"""Pages of messages: the list, and one with its story and what can be done."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.kernel import catalogue
from toancanh.kernel.contacts import actions as chain
from toancanh.kernel.contacts import board
from toancanh.kernel.contacts import telling as chain_telling
from toancanh.kernel.contacts.board import Board
from toancanh.kernel.contacts.sealing import Keys
from toancanh.kernel.declare import Actor, Title
from toancanh.kernel.notify import queries as notify
from toancanh.kernel.notify import setups
from toancanh.kernel.notify import texts as notify_texts
from toancanh.kernel.notify.channels import sms
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime import clock, subjects
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.kernel.telemetry.features import said
from toancanh.kernel.warnings import (
    actions,
    counting,
    filling,
    orders,
    policies,
    queries,
    reach,
    telling,
    texts,
)
from toancanh.kernel.warnings import content as contents
from toancanh.kernel.warnings.keeping import DRAFT, is_author
from toancanh.kernel.warnings.levels import HIGHEST
from toancanh.kernel.warnings.models import TOLD, UNFINISHED, Kind, StandingOrder, State, Warning
from toancanh.kernel.warnings.queries import SIGHT, Wish
from toancanh.lib.errors import NotFound, Refused
from toancanh.lib.sms import left_out, shortened, size
from toancanh.web.filters import Choice

FORM = ("GET", "HEAD", "POST")
FOLLOWS = (Kind.UPDATE, Kind.CORRECTION, Kind.ALL_CLEAR)
Locality = Callable[[], dict[str, Any]]


@door(right=SIGHT, data="staff")
def listing(request: HttpRequest) -> HttpResponse:
    """Every message, filtered by the address; what waits for the reader's approval stands first."""
    actor, wish = of(request), Wish.of(request.GET)
    shown = {
        "wish": wish,
        "page": queries.page(actor, wish),
        "waiting": queries.waiting(actor),
        "filters": filters(wish),
        "may_write": bool(actor.paths(DRAFT)),
        "now": clock.now(),
        "tab": "warnings",
    }
    return render(request, "warnings/list.html", shown)


def filters(wish: Wish) -> list[Choice]:
    """What the list can be narrowed to."""
    every = ("", _("All"))
    states = [
        ("open", _("In hand and in force")),
        ("waiting", _("Waiting for approval")),
        ("now", _("In force")),
        ("past", _("Past")),
        ("withdrawn", _("Given up")),
        ("all", _("All")),
    ]
    events = [(key, said(one.title)) for key, one in catalogue.warning_events().items()]
    above = [(str(n), _("%(number)s and above") % {"number": n}) for n in range(1, HIGHEST + 1)]
    exercises = [("no", _("without exercises")), ("yes", _("exercises only"))]
    return [
        Choice("state", _("State"), states, wish.state),
        Choice("event", _("What it is about"), [every, *events], wish.event),
        Choice("level", _("Risk level"), [every, *above], str(wish.level or "")),
        Choice("exercise", _("Exercises"), [every, *exercises], wish.exercise),
    ]


@door(right=SIGHT, data="staff", methods=FORM, max_body=SMALL)
def warning(request: HttpRequest, number: int, *, locality: Locality) -> HttpResponse:
    """One message, with everything that may be done about it."""
    actor = of(request)
    found = sought(number, actor)
    fault, note = "", ""
    if request.method == "POST":
        try:
            return done(request, found, actor)
        except Refused as refused:
            fault, note = refused.message, request.POST.get("text", "")
            found = sought(number, actor)
    status = 422 if fault else 200
    code = actor.unit_code or locality()["code"]
    said = shown(found, actor, fault, note, code)
    # An open page asks with the state that it shows: what may be done is another thing once that has moved.
    before = request.GET.get("seen", "")
    said["state_seen"] = before if before in State.values else found.state
    return render(request, "warnings/warning.html", said, status=status)


def sought(number: int, actor: Actor) -> Warning:
    """The message, where the actor may see it."""
    try:
        return queries.one(number, actor)
    except NotFound:
        raise Http404(_("There is no such warning, or it is not in your unit.")) from None


def done(request: HttpRequest, found: Warning, actor: Actor) -> HttpResponse:
    """What a button asks for."""
    do, text = request.POST.get("do", ""), request.POST.get("text", "")
    version = seen(request.POST.get("version", ""))
    if do == "submit":
        actions.submit(found, version, by=actor)
        told = _("Submitted. Who may order it sees it at once.")
    elif do == "approve":
        row = actions.approve(found, version, by=actor)
        told = _("Issued as %(number)s.") % {"number": row.number}
    elif do == "issue":
        row = actions.issue(found, version, chosen_order(request.POST.get("order", "")), by=actor)
        told = _("Issued as %(number)s.") % {"number": row.number}
    elif do == "return":
        actions.send_back(found, version, text, by=actor)
        told = _("Returned to its authors.")
    elif do == "withdraw":
        actions.withdraw(found, version, text, by=actor)
        told = _("Given up. Nobody was told.")
    elif do in FOLLOWS:
        begin = filling.following(found, do, clock.now())
        row = actions.follow(found, do, begin, by=actor)
        return HttpResponseRedirect(f"/console/warnings/{row.pk}/edit/")
    else:
        raise Refused(_("Choose what is to be done."), "bad_request")
    messages.success(request, told)
    return HttpResponseRedirect(request.path)


def seen(text: str) -> int:
    """The version that the page showed; one that nobody has where it was mangled."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def chosen_order(text: str) -> StandingOrder:
    """The decision that was chosen."""
    number = seen(text)
    found = StandingOrder.objects.filter(pk=number).first() if number > 0 else None
    if found is None:
        raise Refused(_("There is no such decision."), "no_order")
    return found


def shown(found: Warning, actor: Actor, fault: str, note: str, code: str) -> dict[str, Any]:
    """What the page says."""
    now = clock.now()
    is_open, may_write = found.state in UNFINISHED, queries.may_write(found, actor)
    may_order = queries.may_order(found, actor)
    is_own = actor.key.startswith("person:") and is_author(found, int(actor.key.partition(":")[2]))
    thread = queries.thread(found)
    is_newest = bool(thread) and thread[-1].pk == found.pk and found.thread.ended_at is None
    next_one = found.thread.messages.filter(state__in=UNFINISHED).first()
    communes = reach.in_units([place.unit for place in found.places.all()])
    counts = counting.recipients(found, communes) if is_open else {}
    bilingual = [texts.of(found, language) for language in texts.LANGUAGES]
    if get_language() == "en":
        bilingual.reverse()
    return {
        "warning": found,
        "texts": bilingual,
        "lacks": contents.lacking(found, now) if is_open else [],
        "level": texts.level(found),
        "story": list(found.story.select_related("person")),
        "thread": thread if len(thread) > 1 else [],
        "next_one": next_one if next_one is not None and next_one.pk != found.pk else None,
        "is_open": is_open,
        "is_told": found.state in TOLD,
        "in_force": found.is_in_force(now),
        "has_lapsed": found.has_lapsed(now),
        "may_write": may_write,
        "may_order": may_order,
        "is_own": is_own and not policies.current(now).may_approve_own,
        "may_approve": may_order and found.state == State.SUBMITTED,
        "may_follow": may_write and is_newest and next_one is None,
        "orders": orders.fitting(found, now) if is_open and may_write else [],
        "ordering": queries.ordering(found) if is_open else [],
        "quotes": texts.quotes(found),
        "lengths": lengths(found),
        "communes": len(communes),
        "channels": [(name, counts.get(name)) for name in found.channels],
        "disconnected": notify.disconnected(found.channels),
        "may_connect": actor.may(setups.RIGHT),
        "boxes": subjects.boxes(f"warning:{found.pk}", actor),
        "told": notify.progress(telling.subject(found)) if found.state in TOLD else None,
        "subject": telling.subject(found),
        "sees_chain": found.state in TOLD and bool(actor.paths(chain.SEE)),
        "board": chain_board(found, actor),
        "area_json": json.dumps(found.area) if found.area else "",
        "unit_codes": ",".join(unit.code for unit in communes),
        "boundaries": f"/boundaries/{code}.json" if code else "",
        "fault": fault,
        "note": note,
        "tab": "warnings",
    }


def chain_board(found: Warning, actor: Actor) -> Board | None:
    """Which communes have confirmed that they received it, as far as the actor may see."""
    notice = board.of_subject(telling.subject(found), actor) if actor.paths(chain.SEE) else None
    return board.board(notice, actor) if notice is not None else None


def lengths(found: Warning) -> list[dict[str, Any]]:
    """How the message arrives on the channels where length costs, in both languages."""
    number = found.number or f"{'DT' if found.is_exercise else 'CB'}-{found.changed_at.year}-0000"
    values = notify.set_up_as("sms")
    link = notify_texts.link(f"/r/{Keys.sample()}/")
    rows = []
    for language in texts.LANGUAGES:
        text = texts.of(found, language)
        if not text.is_translated:
            continue
        title, body = texts.brief(text, number)
        asking = chain_telling.asking(Title(body, body))
        whole = sms.whole(title, asking.en if language == "en" else asking.vi, values)
        arrives = shortened(whole, sms.most(values), link)
        rows.append(
            {
                "language": language,
                "shown": arrives,
                "cut": left_out(whole, arrives),
                "size": size(arrives),
                "whole": size(f"{whole} {link}".strip()),
                "most": sms.most(values),
                "title": title,
                "body": body,
                "seconds": texts.seconds(texts.speech(text)),
            }
        )
    return rows
