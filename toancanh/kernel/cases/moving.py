"""Moving a case along an edge of its graph: the only code that changes a state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from toancanh.kernel.cases import access, clocks, guards, joining, keeping, saying, steps, types
from toancanh.kernel.cases.models import Case, Event
from toancanh.kernel.cases.writing import Writing, writing
from toancanh.kernel.declare import Actor
from toancanh.kernel.declare_cases import ENDED, CaseMove, CaseType, Phase, Role, Term
from toancanh.lib.errors import NotAllowed, NotFound, Refused

CORRECT = "cases.correct"
"""The right to put a case into another state than its graph leads to."""

CHARGED: tuple[Phase, ...] = ("accepted", "working", "waiting_other", "decided", "delivered")
"""Phases in which an organisation is in charge: without one nobody could move the case on."""


@dataclass(frozen=True)
class Choice:
    """A move that somebody may make now, and why it would be refused: empty where it would not."""

    move: CaseMove
    obstacle: str


def choices(case: Case, said: CaseType, to: Actor) -> list[Choice]:
    """What the actor may do next, in the order of the type."""
    if case.destroyed_at is not None:
        return []
    own = access.roles(case, said, to)
    found = []
    for move in said.moves:
        if case.state in move.sources and own & set(move.who):
            try:
                if move.asks:
                    guards.check_unsaid(move.guard, case, said)
                else:
                    guards.check(move.guard, case, said, case.facts)
            except Refused as fault:
                found.append(Choice(move, fault.message))
            else:
                found.append(Choice(move, ""))
    return found


def move(
    case: Case,
    name: str,
    said: Mapping[str, Any] | None = None,
    *,
    by: Actor,
    seen: int | None = None,
    terms: Mapping[str, Term] | None = None,
) -> Event:
    """Do the move of that name; ``said`` fills what it asks. Returns the event.

    Raises Conflict where the case changed since ``seen``, NotAllowed, and Refused with what is missing.
    """
    with writing(case, by=by, seen=seen, beside=_beside(case, name, said or {}, by)) as on:
        edge = _edge(on, name)
        facts = saying.clean(edge.asks, said or {})
        guards.check(edge.guard, on.case, on.said, {**on.case.facts, **facts})
        before = on.case.state
        merged = _merge(on, edge, facts)
        _work(on, edge, facts)
        _enter(on, edge.target, edge)
        on.case.facts = {**on.case.facts, **facts}
        reason = str(facts.get("reason", ""))
        told = clocks.follow(on, terms, reason)
        content = {"move": name, "from": before, "to": edge.target, "said": facts, "clocks": told, **merged}
        return on.tell("moved", content, is_public=edge.is_public)


def _edge(on: Writing, name: str) -> CaseMove:
    edge = on.said.move(name)
    if edge is None:
        raise Refused(_("There is no such step for this kind of work."), "no_move")
    if on.case.state not in edge.sources:
        text = _("It stands at “%(state)s”: this step is not possible from there.")
        raise Refused(text % {"state": saying.named(on.said.state(on.case.state).title)}, "wrong_state")
    if not access.roles(on.case, on.said, on.by) & set(edge.who):
        raise NotAllowed(_("Your post does not do this step; %(who)s does.") % {"who": who(edge.who)})
    return edge


def who(roles: Sequence[Role]) -> str:
    """Roles in words."""
    names = {
        "desk": _("the reception desk"),
        "lead": _("the organisation in charge"),
        "helper": _("an organisation that helps"),
        "giver": _("who gave the work"),
        "party": _("who sent it"),
        "program": _("the program by itself"),
    }
    return ", ".join(names[role] for role in roles)


def _beside(case: Case, name: str, said: Mapping[str, Any], by: Actor) -> int | None:
    """The case into which the move would merge it; None where it does not, or into none that there is."""
    version = types.by_key(case.version_id)
    edge = version.move(name)
    if edge is None or version.state(edge.target).phase != joining.MERGED:
        return None
    try:
        return joining.goal(str(said.get("into", "")), by).pk
    except NotFound:
        return None


def _merge(on: Writing, edge: CaseMove, facts: dict[str, Any]) -> dict[str, object]:
    """Where the move ends in another case: let that one take it in."""
    if on.said.state(edge.target).phase != joining.MERGED:
        return {}
    absorbed = joining.absorb(on, str(facts.get("into", "")))
    facts["into"] = absorbed["into"]
    return {"merged": absorbed}


def _work(on: Writing, edge: CaseMove, facts: Mapping[str, Any]) -> None:
    """What the move does to the organisations that have the work."""
    if edge.is_reopening:
        _begin_round(on)
    for field in edge.asks if edge.step == "assign" else ():
        if field.kind == "organisation" and field.name in facts:
            steps.put_in_charge(on, steps.organisation(facts[field.name]))
        elif field.kind == "organisations":
            steps.ask_help(on, [steps.organisation(code) for code in facts.get(field.name, ())])
    if edge.step == "return":
        steps.send_back(on)
    elif edge.step == "done":
        steps.finish(on, str(facts.get("answer", "")))


def _begin_round(on: Writing) -> None:
    """What had ended stays as it was booked: what runs from now on is a round of its own, not rated yet."""
    on.case.round += 1
    on.case.rating = None
    on.case.closed_at = None


def _enter(on: Writing, target: str, edge: CaseMove | None) -> None:
    state, was_open = on.said.state(target), on.case.is_open
    on.case.state, on.case.phase = target, state.phase
    on.case.is_open = state.phase not in ENDED
    if not on.case.is_open:
        on.case.closed_at = on.now
        steps.end_all(on)
    elif state.phase == "received":
        steps.leave_to_desk(on)
    elif state.phase in ("accepted", "working") and (edge is None or edge.step == ""):
        steps.begin_again(on)
    if was_open is not on.case.is_open:
        keeping.follow(on)


def correct(case: Case, target: str, reason: str, *, by: Actor, seen: int | None = None) -> Event:
    """Put a case into another state because a person erred; clocks follow, and the story says it.

    Merging cannot be corrected into or out of being: who followed has gone to the other case.
    """
    with writing(case, by=by, seen=seen) as on:
        if not by.may(CORRECT, on.case.unit_path):
            raise NotAllowed(
                _("States are corrected by who arranges work here; your administrator can grant it.")
            )
        if target not in {state.name for state in on.said.states} or target == on.case.state:
            raise Refused(_("Choose another state of this kind of work."), "no_state")
        phase = on.said.state(target).phase
        if joining.MERGED in (phase, on.case.phase):
            raise Refused(_("Cases are merged by the step itself, and stay merged."), "merged")
        if phase in CHARGED and on.case.organisation is None:
            raise Refused(_("Nobody is in charge of it: pass it on to an organisation instead."), "no_lead")
        if not reason.strip() or len(reason) > 500:
            raise Refused(_("Say in at most 500 characters why it is corrected."), "no_reason")
        before = on.case.state
        if not on.case.is_open and phase not in ENDED:
            _begin_round(on)
        _enter(on, target, None)
        told = clocks.follow(on, None, reason)
        content = {"from": before, "to": target, "reason": reason.strip(), "clocks": told}
        return on.tell("corrected", content)
