"""One step for several cases at once: what it would do to each, doing it, and taking it back.

Every case is a transaction of its own, against what its officer saw: one that somebody changed meanwhile,
or that refuses, stays as it is and says why, and the others are done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.utils.translation import gettext as _

from toancanh.kernel.cases import access, assigning, moving, types, words
from toancanh.kernel.cases.models import Case, Event
from toancanh.kernel.cases.moving import CORRECT
from toancanh.kernel.cases.saying import named
from toancanh.kernel.declare import Actor
from toancanh.kernel.declare_cases import ENDED, CaseMove
from toancanh.kernel.people.models import Person
from toancanh.lib.errors import NotAllowed, Refused

MOST = 100
"""Cases at once."""
ASSIGN = "assign"
UNDO_S = 600
"""Seconds within which a step can be taken back."""
SALT = "cases.bulk"


@dataclass(frozen=True)
class Picked:
    """A case that was chosen, and the number of the event that its officer saw last."""

    case: Case
    seen: int


@dataclass(frozen=True)
class Told:
    """What becomes, or became, of one case."""

    case: Case
    text: str
    is_refused: bool = False


@dataclass(frozen=True)
class Done:
    """One result per case, and what takes those that were done back; empty where nothing can be."""

    rows: list[Told]
    token: str

    @property
    def count(self) -> int:
        """How many were done."""
        return sum(not row.is_refused for row in self.rows)


def pick(marks: Sequence[str], to: Actor) -> list[Picked]:
    """The chosen cases, each named by key and event number; what one may not see is left out."""
    wanted: dict[int, int] = {}
    for mark in marks[:MOST]:
        key, _dash, seen = mark.partition("-")
        if key.isascii() and key.isdigit() and seen.isascii() and seen.isdigit() and len(mark) < 30:
            wanted[int(key)] = int(seen)
    rows = access.visible(to).filter(pk__in=wanted).select_related("unit", "organisation", "person")
    found = {row.pk: row for row in rows}
    return [Picked(found[key], seen) for key, seen in wanted.items() if key in found]


def mark(picked: Picked) -> str:
    """How a form names it."""
    return f"{picked.case.pk}-{picked.seen}"


def shared(picked: Sequence[Picked], to: Actor) -> list[CaseMove]:
    """The steps that all of them offer to the actor; of cases of several kinds none."""
    if not picked or len({one.case.kind for one in picked}) > 1:
        return []
    offered = []
    for one in picked:
        said = types.by_key(one.case.version_id)
        offered.append({choice.move.name: choice.move for choice in moving.choices(one.case, said, to)})
    names = set(offered[0]).intersection(*offered[1:])
    # Files are of one case alone, and a merge names another one for each.
    return [move for name, move in offered[0].items() if name in names and not _is_single(move)]


def _is_single(move: CaseMove) -> bool:
    return any(field.kind == "files" and field.is_required for field in move.asks) or move.target == "merged"


def may_assign(picked: Sequence[Picked], to: Actor) -> bool:
    """Whether the actor's organisation is in charge of all of them."""
    return bool(picked) and all(
        "lead" in access.roles(one.case, types.by_key(one.case.version_id), to) for one in picked
    )


def foreseen(picked: Sequence[Picked], move: CaseMove | None, to: Actor) -> list[Told]:
    """What the step would do to each: nothing is written. Without a move a person is named."""
    return [_foreseen(one, move, to) for one in picked]


def _foreseen(one: Picked, move: CaseMove | None, to: Actor) -> Told:
    case, said = one.case, types.by_key(one.case.version_id)
    if case.number != one.seen:
        return Told(case, _("Changed by somebody since you chose it: look at it first."), True)
    if move is None:
        if not case.is_open:
            return Told(case, _("It has ended: nobody works on it any more."), True)
        name = case.person.full_name if case.person else _("nobody")
        return Told(case, _("Done until now by %(name)s.") % {"name": name})
    choice = next((c for c in moving.choices(case, said, to) if c.move.name == move.name), None)
    if choice is None:
        return Told(case, _("This step is not possible for it."), True)
    if choice.obstacle:
        return Told(case, choice.obstacle, True)
    states = {"from": words.state(said, case.state), "to": words.state(said, choice.move.target)}
    return Told(case, _("“%(from)s” becomes “%(to)s”.") % states)


def undoing(move: CaseMove | None, picked: Sequence[Picked], to: Actor) -> str:
    """Why the step cannot be taken back; empty where it can."""
    if move is None:
        return ""
    said = types.by_key(picked[0].case.version_id)
    if move.messages:
        return _("It cannot be taken back: people are told at once.")
    if move.step or move.is_reopening:
        return _("It cannot be taken back: organisations get or lose the work by it.")
    if said.state(move.target).phase in ENDED:
        return _("It cannot be taken back: the work ends by it. It can be reopened.")
    if not all(to.may(CORRECT, one.case.unit_path) for one in picked):
        return _("You cannot take it back: that needs the right to correct states.")
    return ""


def do(
    picked: Sequence[Picked],
    move: CaseMove | None,
    said: Mapping[str, Any],
    person: Person | None,
    *,
    by: Actor,
) -> Done:
    """Do the step to each; one result per case."""
    rows, back = [], []
    can_undo = not undoing(move, picked, by)
    for one in picked:
        before = one.case.state if move else one.case.person_id
        try:
            event = _one(one, move, said, person, by)
        except (Refused, NotAllowed) as fault:
            rows.append(Told(one.case, fault.message, True))
        else:
            rows.append(Told(one.case, words.sentence(types.by_key(one.case.version_id), event)))
            back.append((one.case.pk, event.number, before))
    told = {"by": by.key, "move": move.name if move else "", "rows": back}
    return Done(rows, signing.dumps(told, salt=SALT) if back and can_undo else "")


def _one(
    one: Picked, move: CaseMove | None, said: Mapping[str, Any], person: Person | None, by: Actor
) -> Event:
    if move is None:
        return assigning.assign(one.case, person, by=by, seen=one.seen)
    return moving.move(one.case, move.name, said, by=by, seen=one.seen)


def undo(token: str, *, by: Actor) -> Done:
    """Take a step back within ten minutes, where nothing happened since: an entry in each story."""
    try:
        told = signing.loads(token, salt=SALT, max_age=UNDO_S)
    except signing.BadSignature as fault:
        text = _("It can no longer be taken back: more than ten minutes have gone by.")
        raise Refused(text, "too_late") from fault
    if told["by"] != by.key:
        raise NotAllowed(_("Only who did it takes it back."))
    rows = []
    cases = access.visible(by).in_bulk([key for key, _seen, _before in told["rows"]])
    for key, seen, before in told["rows"]:
        case = cases.get(key)
        if case is None:
            continue
        try:
            if told["move"]:
                moving.correct(case, before, _("Taken back at once by who did it"), by=by, seen=seen)
            else:
                person = Person.objects.filter(pk=before).first() if before else None
                assigning.assign(case, person, by=by, seen=seen)
        except (Refused, NotAllowed) as fault:
            rows.append(Told(case, fault.message, True))
        else:
            rows.append(Told(case, _("As it was before.")))
    return Done(rows, "")


def title(move: CaseMove | None) -> str:
    """What a button says."""
    return named(move.title) if move else _("Give to a person")
