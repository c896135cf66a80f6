"""Splitting a case into parts that go their own way; it cannot end before they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from toancanh.kernel.cases import access, moving, opening, reterming, types
from toancanh.kernel.cases.models import Case, Clock, Event, LinkKind
from toancanh.kernel.cases.opening import Said
from toancanh.kernel.cases.writing import Writing, writing
from toancanh.kernel.declare import Actor, program
from toancanh.kernel.declare_cases import ENDED, CaseField
from toancanh.kernel.people.models import Organisation
from toancanh.lib.errors import NotAllowed, Refused

MOST = 10
BY = program("cases")


@dataclass(frozen=True, kw_only=True)
class Part:
    """What a part is about, and who is to do it where that is known already."""

    title: str
    words: str = ""
    organisation: Organisation | None = None


def split(case: Case, parts: Sequence[Part], *, by: Actor, seen: int | None = None) -> list[Case]:
    """Open a case of the same kind for each part. Who sent the whole hears of the whole alone."""
    with writing(case, by=by, seen=seen) as on:
        if not access.roles(on.case, on.said, by) & {"desk", "giver"}:
            raise NotAllowed(_("The desk or who gave the work splits it."))
        if not on.case.is_open:
            raise Refused(_("It has ended: nobody works on it any more."), "ended")
        if on.case.parent_id is not None:
            raise Refused(_("A part is not split again: split the whole."), "is_part")
        if not parts or on.case.parts.count() + len(parts) > MOST:
            raise Refused(_("A case has at most 10 parts."), "too_many")
        made = [_opened(on, part) for part in parts]
        whole = reterming.main_of(on.case)
        if whole is not None:
            for one in made:
                _hand_down(one, whole, by)
        on.tell("split", {"codes": [one.code for one in made]})
        return made


def _opened(on: Writing, part: Part) -> Case:
    case = on.case
    edge = next((one for one in on.said.moves if one.step == "assign" and on.said.start in one.sources), None)
    # Where a kind has a move that passes it on, the part takes it; else it begins with who is in charge.
    begins_with = part.organisation if edge is None else None
    said = Said(
        title=part.title,
        words=part.words or case.words,
        unit=case.unit,
        facts=_fields(on),
        lon=case.lon,
        lat=case.lat,
        address=case.address,
        category=case.category,
        channel=case.channel,
        priority=case.priority,
        level=case.level,
        parent=case,
        links=[(LinkKind.SPLIT_FROM, case)],
        organisation=begins_with,
        is_sample=case.is_sample,
    )
    made = opening.open(case.kind, said, by=on.by, is_asked=True)
    if edge is not None and part.organisation is not None:
        moving.move(made, edge.name, _assigned(edge.asks, part.organisation), by=on.by)
    return made


def _hand_down(part: Case, whole: Clock, by: Actor) -> None:
    """Who waits for the whole waits no longer because it was split."""
    with writing(part, by=by) as on:
        told = reterming.handed_down(on, whole)
        if told:
            on.tell("retermed", {"clocks": told})


def _fields(on: Writing) -> dict[str, Any]:
    names = {one.name for one in on.said.fields}
    return {name: value for name, value in on.case.facts.items() if name in names}


def _assigned(asks: Sequence[CaseField], lead: Organisation) -> dict[str, str]:
    return {one.name: lead.code for one in asks if one.kind == "organisation"}


def part_moved(payload: Mapping[str, Any]) -> None:
    """Reaction to ``cases.moved``: the whole says that a part has ended. Once, however often it comes."""
    event = Event.objects.select_related("case__parent").get(case=payload["case"], number=payload["number"])
    part, whole = event.case, event.case.parent
    target = types.by_key(part.version_id).state(str(event.content["to"]))
    if whole is None or target.phase not in ENDED:
        return
    with writing(whole, by=BY) as on:
        told = {"code": part.code, "number": event.number}
        known = on.case.story.filter(kind="part_ended").values_list("content", flat=True)
        if any(told.items() <= content.items() for content in known):
            return
        left = on.case.parts.filter(is_open=True).count()
        on.tell("part_ended", {**told, "state": target.name, "left": left})
