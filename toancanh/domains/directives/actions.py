"""Giving an order: the one action behind every button *Giao việc*, also of the parts that are handed on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.domains.directives.deadlines import Deadline
from toancanh.domains.directives.kind import KIND
from toancanh.domains.directives.wishes import GIVE
from toancanh.kernel.cases import access, opening, types
from toancanh.kernel.cases.models import Case, LinkKind
from toancanh.kernel.cases.opening import Said
from toancanh.kernel.cases.writing import writing
from toancanh.kernel.declare import Actor
from toancanh.kernel.people.models import Organisation
from toancanh.kernel.runtime import clock, ids, subjects
from toancanh.kernel.territory.models import Unit
from toancanh.lib.errors import NotAllowed, Refused

CLOCK = "due"
MOST_PARTS = 10
PRIORITIES = (0, 1, 2)


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is ordered, of whom, by when."""

    key: str
    """Made with the form: sent twice it is one order."""
    title: str
    words: str
    unit: Unit
    lead: Organisation
    deadline: Deadline
    helpers: Sequence[Organisation] = ()
    evidence: str = ""
    """Wanted with the result."""
    priority: int = 0
    about: str = ""
    """Name of a subject (`runtime.subjects`)."""
    whole: Case | None = None
    """The order of which this is a part; its organisation in charge hands it on."""
    is_sample: bool = False


@transaction.atomic
def give(order: Order, *, by: Actor) -> Case:
    """Open the order; who has to do it hears of it. Raises NotAllowed, and Refused for what cannot be."""
    known = given(order.key, by)
    if known is not None:
        return known
    if not order.words.strip():
        raise Refused(_("Write what is to be done."), "no_words")
    if order.priority not in PRIORITIES:
        raise Refused(_("Choose how urgent it is."), "bad_priority")
    giver = _check(order, by)
    said = Said(
        title=order.title,
        words=order.words,
        unit=order.unit,
        facts={"evidence_wanted": order.evidence},
        priority=order.priority,
        key=_key(order.key, by),
        parent=order.whole,
        links=_links(order, by),
        organisation=order.lead,
        helpers=order.helpers,
        giver=giver,
        terms={CLOCK: order.deadline.term},
        level=order.whole.level if order.whole else None,
        is_sample=order.is_sample,
    )
    made = opening.open(KIND, said, by=by, is_asked=True)
    if order.whole is not None:
        with writing(order.whole, by=by) as on:
            on.tell("split", {"codes": [made.code]})
    return made


def given(key: str, by: Actor) -> Case | None:
    """What the actor gave under that key."""
    return Case.objects.filter(key=_key(key, by)).first()


def _key(key: str, by: Actor) -> str:
    """Keys are of who made them: nobody comes upon another one's order by his."""
    return ids.digest(f"{by.key} {key}")


def may_hand_on(case: Case, by: Actor) -> bool:
    """Whether the actor's organisation may hand parts of this order on. At most one query."""
    if case.kind != KIND or case.parent_id is not None or case.state not in ("given", "working"):
        return False
    return "lead" in access.roles(case, types.by_key(case.version_id), by)


def _check(order: Order, by: Actor) -> Organisation | None:
    """Whether the actor may; of a part the organisation that hands it on."""
    whole = order.whole
    if whole is None:
        if not by.paths(GIVE):
            text = _("Leaders give work to organisations; your administrator can grant it.")
            raise NotAllowed(text)
        return None
    # Locked, so that two of one moment do not pass the bound together.
    whole = Case.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=whole.pk)
    if not may_hand_on(whole, by):
        text = _("The organisation in charge hands parts on, while it works on the whole.")
        raise NotAllowed(text)
    if whole.parts.count() >= MOST_PARTS:
        raise Refused(_("A case has at most 10 parts."), "too_many")
    if whole.due_at is not None and clock.now() < whole.due_at < order.deadline.due:
        raise Refused(_("A part is due no later than the whole."), "too_late")
    return whole.organisation


def _links(order: Order, by: Actor) -> list[tuple[str, Case | str]]:
    found: list[tuple[str, Case | str]] = []
    if order.whole is not None:
        found.append((LinkKind.SPLIT_FROM, order.whole))
    if order.about:
        if subjects.find(order.about, by) is None:
            raise Refused(_("What it is about is gone, or your post does not reach it."), "no_subject")
        kind, _colon, rest = order.about.partition(":")
        about: Any = access.case(rest, by) if kind == "case" else order.about
        found.append((LinkKind.ABOUT, about))
    return found
