"""Pages about kinds of work: how each goes, its terms, who does what, what is told, how long it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from toancanh.kernel.cases import kind_drawing, types, words
from toancanh.kernel.cases.case_pages import SIGHT
from toancanh.kernel.cases.models import TypeVersion
from toancanh.kernel.cases.moving import who
from toancanh.kernel.cases.saying import named
from toancanh.kernel.declare_cases import CaseClock, CaseMove, CaseType, Term
from toancanh.kernel.runtime.doors import door

LIST = "/console/work/kinds/"


@door(right=SIGHT, data="staff")
def listing(request: HttpRequest) -> HttpResponse:
    """Every kind with the version in force."""
    rows = TypeVersion.objects.filter(valid_to=None).order_by("kind", "-number")
    return render(request, "cases/kinds.html", {"rows": [(row, types.of(row)) for row in rows]})


@door(right=SIGHT, data="staff")
def kind(request: HttpRequest, key: str) -> HttpResponse:
    """One kind in one of its versions: the newest, or ``?version=`` of it."""
    versions = list(TypeVersion.objects.filter(kind=key).order_by("-number"))
    if not versions:
        raise Http404(_("Nothing here is work of the kind %(kind)s.") % {"kind": key[:60]})
    wanted = request.GET.get("version", "")
    version = next((row for row in versions if str(row.number) == wanted), versions[0])
    before = next((row for row in versions if row.number < version.number), None)
    said = types.of(version)
    context = {
        "version": version,
        "versions": versions,
        "before": before,
        "changes": changes(types.of(before), said) if before else [],
        "said": said,
        "drawing": kind_drawing.drawn(said),
        "moves": [_move(said, one) for one in said.moves],
        "clocks": [_clock(said, one) for one in said.clocks],
        "messages_of": [
            (one, message, _receiver(message.to)) for one in said.moves for message in one.messages
        ],
    }
    return render(request, "cases/kind.html", context)


@dataclass(frozen=True)
class ShownMove:
    """A move as a row of the table."""

    move: CaseMove
    sources: str
    target: str
    who: str
    asks: str


def _move(said: CaseType, one: CaseMove) -> ShownMove:
    return ShownMove(
        one,
        ", ".join(words.state(said, name) for name in one.sources),
        words.state(said, one.target),
        who(one.who),
        ", ".join(named(field.title) for field in one.asks),
    )


@dataclass(frozen=True)
class ShownTerm:
    """A clock as a row of the table."""

    clock: CaseClock
    term: str
    begins: str
    runs: str


def _clock(said: CaseType, one: CaseClock) -> ShownTerm:
    begins = {
        "now": _("at once"),
        "next": _("from the next working day"),
        "cutoff": _("on the day itself until the cut-off hour, else from the next working day"),
    }
    runs = ", ".join(words.state(said, name) for name in one.runs)
    return ShownTerm(one, term(one.term), begins[one.term.begin], runs)


def term(said: Term) -> str:
    """5 working days, 8 working hours, 30 minutes by the wall."""
    n = said.amount
    units = {
        "day": ngettext("%(n)s day", "%(n)s days", n),
        "hour": ngettext("%(n)s hour", "%(n)s hours", n),
        "minute": ngettext("%(n)s minute", "%(n)s minutes", n),
    }
    span = units[said.unit] % {"n": n}
    return _("%(span)s of working time") % {"span": span} if said.of == "work" else span


def _receiver(name: str) -> str:
    receivers = {
        "reporter": _("who sent it"),
        "followers": _("who follows it"),
        "lead": _("the organisation in charge"),
        "helpers": _("organisations that help"),
        "desk": _("the reception desk"),
        "giver": _("who gave the work"),
    }
    return receivers.get(name, name)


def changes(before: CaseType, after: CaseType) -> list[str]:
    """What differs between two versions, as sentences."""
    groups: Mapping[str, tuple[Sequence[Any], Sequence[Any]]] = {
        _("State"): (before.states, after.states),
        _("Step"): (before.moves, after.moves),
        _("Term"): (before.clocks, after.clocks),
        _("Field"): (before.fields, after.fields),
        _("Axis"): (before.axes, after.axes),
    }
    found = []
    for what, (old, new) in groups.items():
        was, now = {one.name: one for one in old}, {one.name: one for one in new}
        for name in [*was, *(name for name in now if name not in was)]:
            one = now.get(name) or was[name]
            told = {"what": what, "name": named(one.title)}
            if name not in was:
                found.append(_("%(what)s “%(name)s” is new") % told)
            elif name not in now:
                found.append(_("%(what)s “%(name)s” is gone") % told)
            elif was[name] != now[name]:
                found.append(_("%(what)s “%(name)s” is another") % told)
    if before.retention != after.retention:
        found.append(_("How long it is kept is another"))
    if before.rights != after.rights:
        found.append(_("The rights are others"))
    return found
