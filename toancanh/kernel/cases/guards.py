"""Whether something may be done now: a closed list of predicates, and comparisons of what was said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from toancanh.kernel.cases import attached
from toancanh.kernel.cases.models import Case, StepRole
from toancanh.kernel.cases.saying import named
from toancanh.kernel.cases.times import calendar_of
from toancanh.kernel.declare_cases import CaseType, Guard
from toancanh.kernel.files.models import File, Kind, State
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import Refused

Facts = Mapping[str, Any]


def check(guard: Guard | None, case: Case, said: CaseType, facts: Facts) -> None:
    """Raise Refused with the guard's own sentence, or that of the part that fails."""
    if guard is not None and not holds(guard, case, said, facts):
        told = _told(guard, case, said, facts)
        raise Refused(told or _("This cannot be done as things stand now."), "guarded")


def check_unsaid(guard: Guard | None, case: Case, said: CaseType) -> None:
    """The same before a move's fields are said: what compares them is left open, the rest must hold."""
    if guard is None:
        return
    if guard.op == "all":
        for part in guard.parts:
            check_unsaid(part, case, said)
    elif all(one.op != "is" for one in _within(guard)):
        check(guard, case, said, {})


def _within(guard: Guard) -> Iterator[Guard]:
    yield guard
    for part in guard.parts:
        yield from _within(part)


def holds(guard: Guard, case: Case, said: CaseType, facts: Facts) -> bool:
    """Whether the guard lets it pass."""
    if guard.op == "all":
        return all(holds(part, case, said, facts) for part in guard.parts)
    if guard.op == "any":
        return any(holds(part, case, said, facts) for part in guard.parts)
    if guard.op == "not":
        return not any(holds(part, case, said, facts) for part in guard.parts)
    if guard.op == "named":
        return PREDICATES[guard.name](case, said)
    return _compares(facts.get(guard.name), guard)


def _compares(found: object, guard: Guard) -> bool:
    is_empty = found is None or found in ("", [], {})
    if guard.compare == "empty":
        return is_empty
    if guard.compare == "filled":
        return not is_empty
    if guard.compare in ("eq", "ne"):
        return (found == guard.value) is (guard.compare == "eq")
    known: str | float | None = guard.value
    if isinstance(found, str) and isinstance(known, str) and found:
        return _stand(found > known, found == known, guard.compare)
    if isinstance(found, int | float) and isinstance(known, int | float):
        return _stand(found > known, found == known, guard.compare)
    return False


def _stand(is_greater: bool, is_equal: bool, compare: str) -> bool:
    if compare in ("lt", "le"):
        return not is_greater and (not is_equal or compare == "le")
    return is_greater or (is_equal and compare == "ge")


def _told(guard: Guard, case: Case, said: CaseType, facts: Facts) -> str:
    for part in guard.parts if guard.op == "all" else ():
        if not holds(part, case, said, facts) and (told := _told(part, case, said, facts)):
            return told
    if guard.otherwise is None:
        return ""
    return named(guard.otherwise)


def _has_lead(case: Case, _said: CaseType) -> bool:
    return case.organisation_id is not None


def _steps_done(case: Case, _said: CaseType) -> bool:
    return not case.steps.filter(is_open=True, role=StepRole.HELP).exists()


def _parts_ended(case: Case, _said: CaseType) -> bool:
    return not case.parts.filter(is_open=True).exists()


def _may_reopen(case: Case, said: CaseType) -> bool:
    if case.closed_at is None or said.reopen_days == 0:
        return False
    until = calendar_of(case.unit_path).time.due_days(case.closed_at, said.reopen_days)
    return clock.now() <= until


def _is_rated(case: Case, _said: CaseType) -> bool:
    return case.rating is not None


def _has_no_followers(case: Case, _said: CaseType) -> bool:
    return case.followers == 0


def _photos_seen(case: Case, said: CaseType) -> bool:
    asked = [one.name for move in said.moves for one in move.asks if one.kind == "files" and one.is_public]
    keys = {key for name in asked for key in case.facts.get(name, ())}
    waits = (State.WAITING, State.READY)
    rows = File.objects.filter(pk__in=keys, kind=Kind.IMAGE, state__in=waits) if keys else ()
    return all(attached.is_looked_at(file) for file in rows)


PREDICATES: dict[str, Callable[[Case, CaseType], bool]] = {
    "has_lead": _has_lead,
    "steps_done": _steps_done,
    "parts_ended": _parts_ended,
    "may_reopen": _may_reopen,
    "is_rated": _is_rated,
    "has_no_followers": _has_no_followers,
    "photos_seen": _photos_seen,
}
