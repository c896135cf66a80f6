"""Who has the work: organisations in charge and those that help, in turn or beside each other."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from toancanh.kernel.cases.models import Step, StepRole, StepState
from toancanh.kernel.cases.writing import Writing
from toancanh.kernel.people.models import Organisation
from toancanh.lib.errors import Refused

LONGEST_LINE = 10
"""Organisations that follow each other when one after the other ceased."""
MOST = 30
"""Organisations beside each other in one case."""


def organisation(code: str) -> Organisation:
    """The organisation of that code, or the one that follows it where it has ceased."""
    found = Organisation.objects.select_related("successor").filter(code=code).first()
    for _step in range(LONGEST_LINE):
        if found is None or found.ceased_at is None or found.successor is None:
            break
        found = found.successor
    if found is None or found.ceased_at is not None:
        raise Refused(_("No organisation bears the code %(code)s.") % {"code": code[:40]}, "no_organisation")
    return found


def put_in_charge(
    on: Writing, lead: Organisation, *, task: str = "", ended: str = StepState.CANCELLED
) -> Step:
    """Give the work to an organisation; whoever had it before has it no longer."""
    case = on.case
    _end(case.steps.filter(is_open=True, role=StepRole.LEAD), on.now, ended)
    case.organisation, case.organisation_path, case.person = lead, lead.path, None
    return _add(on, lead, StepRole.LEAD, task)


def ask_help(on: Writing, helpers: Collection[Organisation], *, task: str = "", turn: int = 1) -> list[Step]:
    """Ask organisations to help (phối hợp); who helps already is not asked twice."""
    known = set(
        on.case.steps.filter(is_open=True, role=StepRole.HELP).values_list("organisation_id", flat=True)
    )
    fresh = [one for one in helpers if one.pk not in known and one.pk != on.case.organisation_id]
    if len(known) + len(fresh) > MOST:
        raise Refused(_("At most 30 organisations work on one case."), "too_many")
    return [_add(on, one, StepRole.HELP, task, turn) for one in fresh]


def _add(on: Writing, whom: Organisation, role: str, task: str, turn: int = 1) -> Step:
    begins = turn == 1 or not on.case.steps.filter(is_open=True, role=role, turn__lt=turn).exists()
    return Step.objects.create(
        case=on.case,
        organisation=whom,
        organisation_path=whom.path,
        role=role,
        turn=turn,
        round=on.case.round,
        state=StepState.WORKING if begins else StepState.WAITING,
        task=task[:500],
        assigned_at=on.now,
        begun_at=on.now if begins else None,
    )


def give(on: Writing, giver: Organisation) -> Step:
    """An organisation handed this part of its own work on: its people judge what comes of it."""
    return _add(on, giver, StepRole.GIVE, "")


def send_back(on: Writing) -> None:
    """The organisation in charge says that it is not its work: nobody is in charge until the desk decides."""
    _end(on.case.steps.filter(is_open=True, role=StepRole.LEAD), on.now, StepState.RETURNED)
    on.case.organisation, on.case.organisation_path, on.case.person = None, "", None


def leave_to_desk(on: Writing) -> None:
    """It lies at the desk: nobody is in charge until that decides."""
    _end(on.case.steps.filter(is_open=True, role=StepRole.LEAD), on.now, StepState.CANCELLED)
    on.case.organisation, on.case.organisation_path, on.case.person = None, "", None


def finish(on: Writing, result: str = "") -> None:
    """The part of the organisation in charge is done; it stays in charge of the case."""
    _end(on.case.steps.filter(is_open=True, role=StepRole.LEAD), on.now, StepState.DONE, result)


def begin_again(on: Writing) -> None:
    """Let the organisation in charge work on what came back to it."""
    if (
        on.case.organisation is not None
        and not on.case.steps.filter(is_open=True, role=StepRole.LEAD).exists()
    ):
        _add(on, on.case.organisation, StepRole.LEAD, "")


def end_all(on: Writing) -> None:
    """The case is over: nobody has a part in it any more. Who handed it on still sees what came of it."""
    _end(on.case.steps.filter(is_open=True, role=StepRole.LEAD), on.now, StepState.DONE)
    _end(on.case.steps.filter(is_open=True).exclude(role=StepRole.GIVE), on.now, StepState.CANCELLED)


def finish_part(on: Writing, step: Step, result: str) -> None:
    """An organisation that helps is done; those whose turn comes now begin."""
    _end([step], on.now, StepState.DONE, result)
    waiting = on.case.steps.filter(is_open=True, state=StepState.WAITING).order_by("turn")
    turn = waiting.values_list("turn", flat=True).first()
    if turn is not None and not on.case.steps.filter(is_open=True, role=step.role, turn__lt=turn).exists():
        waiting.filter(turn=turn).update(state=StepState.WORKING, begun_at=on.now)


def _end(rows: Iterable[Step], now: datetime, state: str, result: str = "") -> None:
    for row in rows:
        row.state, row.is_open, row.ended_at, row.result = state, False, now, result[:2000]
        row.save(update_fields=["state", "is_open", "ended_at", "result"])
