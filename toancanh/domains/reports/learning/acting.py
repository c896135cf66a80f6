"""Passing a report on without a person: only where no rule fits and later data proves it precise enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from toancanh.domains.reports.kind import AT_DESK
from toancanh.domains.reports.learning import proposing
from toancanh.domains.reports.learning.models import Target
from toancanh.domains.reports.routing import taking
from toancanh.kernel.cases import moving
from toancanh.kernel.cases.models import Case
from toancanh.kernel.declare import program
from toancanh.lib.errors import Refused

BY = program("report-learning")


def opened(payload: Mapping[str, Any]) -> None:
    """A report came in: what the rules say is kept; where they say nothing, what was learned may act."""
    taking.opened(payload)
    if payload["kind"] != taking.KIND:
        return
    least = proposing.alone_from()
    if least is not None:
        case = Case.objects.filter(pk=payload["case"], state__in=AT_DESK, number=payload["number"]).first()
        if case is not None:
            pass_on(case, least)


@transaction.atomic
def pass_on(case: Case, least: float) -> bool:
    """Pass it on to the organisation that is proposed with at least that confidence, urgent ones never."""
    first = case.routings.filter(number=1).first()
    if case.priority or first is None or first.rule_id is not None:
        return False
    proposals = proposing.three(Target.ORGANISATION, f"{case.title} {case.words}")
    if not proposals or proposals[0].confidence < least:
        return False
    try:
        event = moving.move(case, "accept", {"organisation": proposals[0].code}, by=BY, seen=case.number)
    except Refused:
        # Somebody at the desk was quicker, or the organisation is no more: a person decides.
        return False
    row = taking.passed_on(event)
    row.by_program, row.confidence = True, proposals[0].confidence
    row.save(update_fields=["by_program", "confidence"])
    return True
