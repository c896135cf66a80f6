"""The form of *Giao việc*: what was typed, what is wrong with it, and the order that it makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from toancanh.domains.directives import deadlines
from toancanh.domains.directives.actions import PRIORITIES, Order
from toancanh.domains.directives.deadlines import LONGEST_DAYS, Deadline
from toancanh.kernel.cases import asking, steps, words
from toancanh.kernel.cases.asking import Form, asked
from toancanh.kernel.cases.models import Case
from toancanh.kernel.cases.opening import LONGEST_TITLE
from toancanh.kernel.declare_cases import CaseField
from toancanh.kernel.territory.models import Unit
from toancanh.lib.errors import Refused

LONGEST_WORDS = 5000


@dataclass(frozen=True)
class Frame:
    """What the form stands in, beside what is typed."""

    key: str
    unit: Unit
    about: str = ""
    whole: Case | None = None


def fields() -> list[CaseField]:
    """What is asked, in one column."""
    grades = [(str(n), words.priority(n)) for n in PRIORITIES]
    days = _("From now on, 1 to %(most)s; write these or a day.") % {"most": LONGEST_DAYS}
    return [
        asked("title", _("Work in a few words"), required=True, most=LONGEST_TITLE),
        asked("words", _("What is ordered"), "words", required=True, most=LONGEST_WORDS),
        asked("lead", _("In charge"), "organisation", required=True),
        asked("helpers", _("Helping"), "organisations"),
        asked("days", _("Term in working days"), "number", hint=days, most=LONGEST_DAYS),
        asked(
            "until",
            _("or until the day"),
            "date",
            hint=_("Where a day is written, the number above does not count."),
        ),
        asked("evidence", _("Evidence wanted"), "words", most=1000),
        asked("priority", _("Urgency"), "choice", required=True, choices=grades),
    ]


def empty(given: Mapping[str, Any]) -> Form:
    """The form before anything is typed."""
    return asking.empty(fields(), {"priority": "0", **given})


def filled(data: QueryDict) -> Form:
    """The form as it came back."""
    return asking.filled(fields(), data)


def order(form: Form, frame: Frame) -> Order | None:
    """The order that the form makes; None where something typed cannot be, which then stands beside it."""
    deadline = _deadline(form, frame)
    if form.has_faults or deadline is None:
        return None
    said = form.said
    try:
        lead = steps.organisation(said["lead"])
        helpers = [steps.organisation(code) for code in said.get("helpers", ())]
    except Refused as fault:
        _blame(form, "lead", fault.message)
        return None
    return Order(
        key=frame.key,
        title=said["title"],
        words=said["words"],
        unit=frame.unit,
        lead=lead,
        deadline=deadline,
        helpers=[one for one in helpers if one.pk != lead.pk],
        evidence=said.get("evidence", ""),
        priority=int(said["priority"]),
        about=frame.about,
        whole=frame.whole,
    )


def _deadline(form: Form, frame: Frame) -> Deadline | None:
    if any(row.fault for row in form.rows if row.field.name in ("days", "until")):
        return None
    name = "until" if "until" in form.said else "days"
    try:
        if name == "until":
            return deadlines.of_day(date.fromisoformat(form.said["until"]), frame.unit.path)
        if "days" not in form.said:
            raise Refused(_("Write a number of working days, or a day."), "no_term")
        days = form.said["days"]
        if not isinstance(days, int):
            raise Refused(_("Write whole working days."), "bad_days")
        return deadlines.of_days(days, frame.unit.path)
    except Refused as fault:
        _blame(form, name, fault.message)
        return None


def _blame(form: Form, name: str, message: str) -> None:
    for row in form.rows:
        if row.field.name == name:
            row.fault = message
