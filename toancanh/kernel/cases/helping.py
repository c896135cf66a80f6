"""Organisations that help: asked for, in turn or beside each other, and done with their part."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext as _

from toancanh.kernel.cases import access, steps
from toancanh.kernel.cases.models import Case, Event, Step, StepRole, StepState
from toancanh.kernel.cases.reasons import written
from toancanh.kernel.cases.writing import Writing, writing
from toancanh.kernel.declare import Actor
from toancanh.kernel.people.models import Organisation
from toancanh.lib.errors import NotAllowed, Refused

ASKING = frozenset(("desk", "giver", "lead"))
LONGEST_RESULT = 2000
LAST_TURN = 9


def ask(
    case: Case,
    helpers: Collection[Organisation],
    task: str,
    *,
    by: Actor,
    turn: int = 1,
    seen: int | None = None,
) -> Event:
    """Ask organisations to do a part; a later ``turn`` begins when those before it are done."""
    with writing(case, by=by, seen=seen) as on:
        _check_open(on)
        if not access.roles(on.case, on.said, by) & ASKING:
            raise NotAllowed(_("The organisation in charge, the desk or who gave the work asks for help."))
        if not 1 <= turn <= LAST_TURN:
            raise Refused(_("A turn is a number from 1 to 9."), "bad_turn")
        said = written(task, code="no_task")
        made = steps.ask_help(on, helpers, task=said, turn=turn)
        if not made:
            raise Refused(_("These organisations have the work already."), "known")
        names = [one.organisation.name for one in made]
        return on.tell("helpers_asked", {"organisations": names, "task": said, "turn": turn})


def report(step: Step, result: str, *, by: Actor, seen: int | None = None) -> Event:
    """Say that an organisation's part is done, and what came of it; whose turn it is then begins."""
    case = Case.objects.get(pk=step.case_id)
    with writing(case, by=by, seen=seen) as on:
        row = on.case.steps.select_related("organisation").get(pk=step.pk)
        if not _is_of(row, on, by):
            raise NotAllowed(_("%(name)s itself reports its part.") % {"name": row.organisation.name})
        if not row.is_open or row.role != StepRole.HELP:
            raise Refused(_("This part is over already."), "over")
        if row.state == StepState.WAITING:
            raise Refused(_("Its turn has not come: who is before it has not finished."), "not_yet")
        said = written(result, LONGEST_RESULT, code="no_result")
        steps.finish_part(on, row, said)
        waits = on.case.steps.filter(is_open=True, role=StepRole.HELP).count()
        content = {"organisation": row.organisation.name, "result": said, "waiting": waits}
        return on.tell("part_reported", content)


def _is_of(step: Step, on: Writing, by: Actor) -> bool:
    own = by.organisation_path
    below = bool(own) and step.organisation_path.startswith(own)
    return by.everywhere or (below and bool(by.paths(on.said.rights.handle)))


def _check_open(on: Writing) -> None:
    if not on.case.is_open:
        raise Refused(_("It has ended: nobody works on it any more."), "ended")
