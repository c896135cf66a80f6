"""What reception does with a report: passes it on, says no, asks back, grades it, publishes its text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.domains.reports import naming
from toancanh.domains.reports.public import finding
from toancanh.domains.reports.routing import taking
from toancanh.domains.reports.triage.models import Report
from toancanh.kernel.cases import access, moving, reterming
from toancanh.kernel.cases.models import Case, Event
from toancanh.kernel.cases.reasons import written
from toancanh.kernel.cases.writing import Writing, writing
from toancanh.kernel.declare import Actor
from toancanh.lib.errors import NotAllowed, NotFound, Refused

LONGEST_TITLE, LONGEST_WORDS = 200, 10_000
AXIS = "publication"
GRADED = "đánh giá khi tiếp nhận"
"""Why urgency or category was changed at the desk, as the story keeps it."""


@transaction.atomic
def accept(
    case: Case,
    organisation: str,
    *,
    by: Actor,
    helpers: Sequence[str] = (),
    category: str = "",
    note: str = "",
    seen: int | None = None,
) -> Event:
    """Pass a report on, under another category where one is given; who got it is kept beside the rules."""
    with writing(case, by=by, seen=seen) as on:
        _check_desk(on)
        _set(on, {"category": category} if category else {})
    said: dict[str, Any] = {"organisation": organisation, "helpers": list(helpers), "note": note}
    event = moving.move(case, "accept", said, by=by)
    taking.passed_on(event)
    return event


def refuse(case: Case, reason: str, *, by: Actor, seen: int | None = None) -> Event:
    """End a report without acceptance, with a reason that everybody may read."""
    return moving.move(case, "refuse", {"reason": reason}, by=by, seen=seen)


def ask(case: Case, question: str, *, by: Actor, seen: int | None = None) -> Event:
    """Ask the sender something; the term stands still until he answers."""
    return moving.move(case, "ask", {"question": question}, by=by, seen=seen)


def merge(case: Case, into: str, *, by: Actor, seen: int | None = None) -> Event:
    """Merge a report into an earlier one: its sender follows that, and its code is answered for ever."""
    try:
        return moving.move(case, "merge", {"into": into}, by=by, seen=seen)
    except NotFound as fault:
        # The other one is not found; the one on the screen stands.
        raise Refused(fault.message, "no_case") from fault


def grade(case: Case, priority: int, *, by: Actor, seen: int | None = None) -> None:
    """Say how urgent a report is. The other way round undoes it."""
    if not 0 <= priority <= 2:
        raise Refused(_("Choose the urgency from what is offered."), "bad_priority")
    with writing(case, by=by, seen=seen) as on:
        _check_desk(on)
        _set(on, {"priority": priority})


def _set(on: Writing, to: Mapping[str, Any]) -> None:
    """Write what differs, as an event that shows both."""
    if to.get("category") and to["category"] not in naming.categories():
        raise Refused(_("There is no such category."), "no_category")
    changed = {name: [getattr(on.case, name), value] for name, value in to.items()}
    changed = {name: pair for name, pair in changed.items() if pair[0] != pair[1]}
    for name, (_before, after) in changed.items():
        setattr(on.case, name, after)
    if changed:
        told = reterming.category_changed(on) if "category" in changed else []
        more = {"clocks": told} if told else {}
        on.tell("changed", {"changed": changed, "reason": GRADED, **more})


@transaction.atomic
def publish_text(
    case: Case, title: str, words: str, *, by: Actor, is_published: bool, seen: int | None = None
) -> Report:
    """Keep the text for the public, which a person has read for what is private, and publish or hide it.

    The words of the sender stay as they came.
    """
    if not title.strip() or len(title.strip()) > LONGEST_TITLE:
        raise Refused(_("The public text needs a title of at most 200 characters."), "bad_title")
    title = written(title, LONGEST_TITLE, code="bad_title")
    words = written(words, LONGEST_WORDS, code="too_long") if words.strip() else ""
    with writing(case, by=by, seen=seen) as on:
        _check_desk(on)
        before = on.case.axes.get(AXIS, "hidden")
        after = "published" if is_published else ("withheld" if before == "published" else before)
        known = Report.objects.filter(case=on.case).first()
        is_new_text = known is None or (known.public_title, known.public_words) != (title, words)
        made, _is_new = Report.objects.update_or_create(
            case=on.case,
            defaults={
                "public_title": title,
                "public_words": words,
                "folded": finding.folded(on.case.code, title, words),
                "checked_at": on.now,
                "checked_by": by.key,
            },
        )
        if before != after:
            on.case.axes = {**on.case.axes, AXIS: after}
            on.case.is_published = is_published
        finding.keep(made)
        if before != after or is_new_text:
            on.tell("axis", {"axis": AXIS, "from": before, "to": after})
    return made


def _check_desk(on: Writing) -> None:
    if "desk" not in access.roles(on.case, on.said, on.by):
        raise NotAllowed(_("This is done by the reception desk."))
