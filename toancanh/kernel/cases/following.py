"""Work follows an organisation that has ceased to the one that stands in its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toancanh.kernel.cases.models import Case, Step
from toancanh.kernel.cases.steps import organisation
from toancanh.kernel.cases.writing import writing
from toancanh.kernel.declare import program
from toancanh.kernel.people.models import Organisation

BY = program("lineage")
BATCH = 200


def organisation_ceased(payload: Mapping[str, Any]) -> None:
    """Reaction to ``people.organisation_ceased``: its open cases and parts go to its successor, each told."""
    follow(Organisation.objects.get(pk=payload["organisation"]))


def follow(gone: Organisation) -> int:
    """Returns how many cases moved. Called again it goes on with what is left."""
    heir, moved = organisation(gone.code), 0
    while part := _held(gone):
        for case in part:
            _hand_over(case, gone, heir)
            moved += 1
    return moved


def _held(gone: Organisation) -> list[Case]:
    own = Case.objects.filter(is_open=True, organisation=gone)
    helping = Case.objects.filter(is_open=True, steps__organisation=gone, steps__is_open=True)
    return list((own | helping).distinct().order_by("pk")[:BATCH])


def _hand_over(case: Case, gone: Organisation, heir: Organisation) -> None:
    with writing(case, by=BY) as on:
        if on.case.organisation_id == gone.pk:
            on.case.organisation, on.case.organisation_path, on.case.person = heir, heir.path, None
        # The part goes on as it stood: what is late in it arose where it arose before.
        Step.objects.filter(case=on.case, organisation=gone, is_open=True).update(
            organisation=heir, organisation_path=heir.path, person=None
        )
        on.tell("followed", {"from": gone.name, "to": heir.name, "code": heir.code}, is_public=True)
