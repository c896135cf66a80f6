"""Taking reports in: the rules give priority and terms, and what they said is kept beside the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from toancanh.domains.reports import categories
from toancanh.domains.reports.routing import listing
from toancanh.domains.reports.routing.matching import About, Decision, IsWorking, decide
from toancanh.domains.reports.routing.models import Routed
from toancanh.kernel.cases import opening
from toancanh.kernel.cases.models import Case, Event
from toancanh.kernel.cases.opening import Said
from toancanh.kernel.declare import Actor
from toancanh.kernel.declare_cases import Term
from toancanh.kernel.people.models import Organisation
from toancanh.kernel.runtime import clock
from toancanh.lib.fold import fold

KIND = "reports.report"


@transaction.atomic
def open_report(said: Said, *, by: Actor, is_asked: bool = False) -> Case:
    """Open a report with the priority and the terms of the rule that fits it, else the terms of its category.

    Who is to get it is kept beside it and preselected for the desk; see `opening.open` for the rest.
    """
    now = clock.now()
    about = About(said.unit.path, said.category, said.channel, now, fold(f"{said.title} {said.words}"))
    found = decide(about, listing.in_force(now))
    terms = categories.terms(said.category)
    if found.line is not None:
        said = replace(said, priority=max(said.priority, found.line.rule.priority))
        terms |= found.line.terms
    said = replace(said, terms={**terms, **said.terms})
    row = opening.open(KIND, said, by=by, is_asked=is_asked)
    keep(row, 1, found, row.opened_at)
    return row


def keep(case: Case, number: int, found: Decision, at: datetime, given: Organisation | None = None) -> Routed:
    """Keep what the rules said at an event; what is kept already stays."""
    row, _is_new = Routed.objects.get_or_create(
        case=case,
        number=number,
        defaults={
            "at": at,
            "rule": found.line.rule if found.line else None,
            "organisation": found.organisation,
            "why": list(found.why),
            "given": given,
        },
    )
    return row


def judged(case: Case, at: datetime) -> Decision:
    """What the rules in force say of a report as it stands."""
    return decide(About.of(case), listing.in_force(at), IsWorking())


def terms_of(case: Case) -> dict[str, Term]:
    """Terms of a report as it stands: of the rule that fits it, else of its category."""
    found = judged(case, case.opened_at)
    return categories.terms(case.category) | (found.line.terms if found.line else {})


def opened(payload: Mapping[str, Any]) -> None:
    """A case was opened: by `open_report`, or by a way that asked no rule; both are kept alike."""
    if payload["kind"] == KIND:
        case = Case.objects.filter(pk=payload["case"]).first()
        if case is not None and not Routed.objects.filter(case=case, number=1).exists():
            keep(case, 1, judged(case, case.opened_at), case.opened_at)


@transaction.atomic
def moved(payload: Mapping[str, Any]) -> None:
    """A case was moved: who got it is kept with what the rules say, and who sent it back."""
    if payload["kind"] != KIND:
        return
    events = Event.objects.filter(case=payload["case"], number=payload["number"])
    event = events.select_related("case").first()
    if event is None:
        return
    if event.content.get("move") == "accept":
        passed_on(event)
    elif event.content.get("move") == "send_back":
        last = Routed.objects.filter(case=event.case_id, number__lt=event.number, given__isnull=False)
        row = last.order_by("-number").first()
        if row is not None and row.returned_at is None:
            row.returned_at = event.at
            row.return_reason = str(event.content["said"].get("reason", ""))
            row.save(update_fields=["returned_at", "return_reason"])


def passed_on(event: Event) -> Routed:
    """Keep who got a report by that event, beside what the rules in force at its time say."""
    given = Organisation.objects.filter(code=event.content["said"].get("organisation", "")).first()
    return keep(event.case, event.number, judged(event.case, event.at), event.at, listing.standing(given))
