"""Urging (đôn đốc): a leader's word that something should move, with a log of its own."""

from __future__ import annotations

from django.utils.translation import gettext as _

from toancanh.kernel.cases import access
from toancanh.kernel.cases.models import Case, Event, Step, Urging
from toancanh.kernel.cases.reasons import written
from toancanh.kernel.cases.writing import writing
from toancanh.kernel.declare import Actor
from toancanh.kernel.declare_cases import CaseType
from toancanh.kernel.people.access import person_key
from toancanh.lib.errors import NotAllowed, Refused

URGE = "cases.urge"
"""The right to urge organisations over what lies in a unit."""


def may(case: Case, said: CaseType, by: Actor, roles: frozenset[str]) -> bool:
    """Whether the actor may urge in this case."""
    return by.may(URGE, case.unit_path) or "giver" in roles


def urge(case: Case, words: str, *, by: Actor, step: Step | None = None, seen: int | None = None) -> Event:
    """Urge the organisation in charge, or that of a part."""
    with writing(case, by=by, seen=seen) as on:
        if not may(on.case, on.said, by, access.roles(on.case, on.said, by)):
            raise NotAllowed(_("Leaders urge, and who gave the work; your administrator can grant it."))
        if not on.case.is_open:
            raise Refused(_("It has ended: nobody works on it any more."), "ended")
        if step is not None and (step.case_id != on.case.pk or not step.is_open):
            raise Refused(_("This part is over already."), "over")
        whom = step.organisation if step is not None else on.case.organisation
        said = written(words, code="no_words")
        Urging.objects.create(case=on.case, at=on.now, person_id=person_key(by), words=said, step=step)
        return on.tell("urged", {"words": said, "organisation": whom.name if whom else ""})


def unread(case: Case, by: Actor, roles: frozenset[str]) -> list[Urging]:
    """Urgings that wait for whom they are about: the organisation in charge, or that of the part."""
    rows = case.urgings.filter(seen_at=None).select_related("person", "step").order_by("pk")
    return [one for one in rows if _is_about(one, by, roles)]


def read(case: Case, *, by: Actor) -> Event:
    """Say that the urgings were read; who urged sees it."""
    with writing(case, by=by) as on:
        rows = unread(on.case, by, access.roles(on.case, on.said, by))
        if not rows:
            raise Refused(_("No urging waits for you here."), "nothing")
        Urging.objects.filter(pk__in=[one.pk for one in rows]).update(seen_at=on.now)
        return on.tell("urging_read", {"count": len(rows)})


def _is_about(one: Urging, by: Actor, roles: frozenset[str]) -> bool:
    if one.step is None:
        return "lead" in roles
    own, works = by.organisation_path, bool(roles & {"lead", "helper"})
    return by.everywhere or (works and bool(own) and one.step.organisation_path.startswith(own))
