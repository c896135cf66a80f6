"""A report as anybody may read it: what reception has published, and where the work stands.

Every page, map, file and interface for the public is made of `Told`, so that what is private has no way out:
nothing here reads the sender's words, address, parties or the names of files and of people.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.utils.translation import gettext as _

from toancanh.domains.reports import categories, places
from toancanh.domains.reports.kind import REPORT
from toancanh.domains.reports.public import seeing
from toancanh.domains.reports.triage.models import Report
from toancanh.kernel.cases.models import Case, Clock, Event
from toancanh.kernel.files import queries as files
from toancanh.kernel.files.models import File

Stand = Literal["received", "asked", "assigned", "working", "answered", "refused", "merged"]
STANDS: dict[str, Stand] = {
    "received": "received",
    "asked": "asked",
    "returned": "received",
    "assigned": "assigned",
    "working": "working",
    "waiting": "working",
    "answered": "working",
    "closed": "answered",
    "refused": "refused",
    "merged": "merged",
}
"""Where a report stands for the public, by its state: what is between offices is work like any other."""
MAIN = next(one.name for one in REPORT.clocks if one.is_main)
Kept = Literal["", "on_time", "extended", "late"]


@dataclass(frozen=True)
class Answer:
    """What an organisation answered, once that was published."""

    at: datetime
    organisation: str
    words: str
    before: list[File] = field(default_factory=list)
    after: list[File] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Told:
    """One published report."""

    pk: int
    code: str
    title: str
    words: str
    category: str
    """Code."""
    category_title: str
    unit_code: str
    unit: str
    place: tuple[float, float] | None
    stand: Stand
    stand_title: str
    is_open: bool
    organisation_code: str
    organisation: str
    opened_at: datetime
    changed_at: datetime
    """When something of it changed last that the public may know."""
    due_at: datetime | None
    """Until when it is to be answered; None where that stands still or is over."""
    answered_at: datetime | None
    kept: Kept
    """How the term was kept by the answer; empty where there is none yet."""
    answers: list[Answer]
    """The newest first."""
    refusal: str
    rating: int | None
    photos: list[File]
    """Of the sender, of which a version for the public is there; links: `links.url(file, Variant.PUBLIC)`."""
    followers: int
    is_sample: bool


def stands() -> dict[Stand, str]:
    """Every stand with its name, in their order."""
    return {
        "received": _("Received"),
        "asked": _("Waiting for the sender"),
        "assigned": _("Passed on"),
        "working": _("Being dealt with"),
        "answered": _("Answered"),
        "refused": _("Not accepted"),
        "merged": _("Merged into another"),
    }


def one(case: Case) -> Told:
    """A published report as it is told."""
    return many([case])[0]


def many(cases: Sequence[Case]) -> list[Told]:
    """The same of many, with unit and organisation read already. As many queries for one as for fifty."""
    keys = [case.pk for case in cases]
    texts = Report.objects.in_bulk(keys, field_name="case_id")
    clocks = {(row.case_id, row.round): row for row in Clock.objects.filter(case__in=keys, name=MAIN)}
    events = _by_case(Event.objects.filter(case__in=keys, kind__in=SHOWN).order_by("number"))
    pictures = files.of_many([f"case:{key}" for key in keys])
    named, known = stands(), {code: categories.title(row) for code, row in categories.in_force().items()}
    return [
        _told(
            case,
            texts[case.pk],
            clocks.get((case.pk, case.round)),
            events.get(case.pk, []),
            pictures.get(f"case:{case.pk}", []),
            named,
            known,
        )
        for case in cases
    ]


SHOWN = ("opened", "moved", "followed", "extension_settled", "due_moved")
"""Kinds of events of which something may be told."""


def _by_case(found: Iterable[Event]) -> dict[int, list[Event]]:
    made: dict[int, list[Event]] = {}
    for event in found:
        made.setdefault(event.case_id, []).append(event)
    return made


def _told(
    case: Case,
    text: Report,
    clock: Clock | None,
    events: list[Event],
    pictures: list[File],
    named: dict[Stand, str],
    known: dict[str, str],
) -> Told:
    public = {str(file.pk): file for file in pictures if file.is_image and files.is_public(file)}
    answers = _answers(events, public)
    stand = STANDS.get(case.state, "received")
    changed = [event.at for event in events if event.is_public]
    # What is published later than it happened is news to the public then.
    changed += [text.checked_at] if text.checked_at else []
    is_answered = case.state == "closed"
    return Told(
        pk=case.pk,
        code=case.code,
        title=text.public_title,
        words=text.public_words,
        category=case.category,
        category_title=known.get(case.category, case.category),
        unit_code=case.unit.code,
        unit=places.named(case.unit),
        place=seeing.place(case),
        stand=stand,
        stand_title=named[stand],
        is_open=case.is_open,
        organisation_code=case.organisation.code if case.organisation else "",
        organisation=case.organisation.name if case.organisation else "",
        opened_at=case.opened_at,
        changed_at=max(changed, default=case.opened_at),
        due_at=clock.due_at if clock is not None and clock.stopped_at is None else None,
        answered_at=case.closed_at if is_answered else None,
        kept=_kept(clock) if is_answered else "",
        answers=answers,
        refusal=_refusal(events) if case.state == "refused" else "",
        rating=case.rating,
        photos=_chosen(public, case.facts.get("pictures")),
        followers=case.followers,
        is_sample=case.is_sample,
    )


def _answers(events: list[Event], public: dict[str, File]) -> list[Answer]:
    """Of every round what was approved: an answer that waits for approval is nobody's business yet."""
    found: list[Answer] = []
    last: Event | None = None
    for event in events:
        move = event.content.get("move")
        if move == "answer":
            last = event
        elif move == "publish" and last is not None:
            said = last.content.get("said", {})
            before, after = (_chosen(public, said.get(name)) for name in ("before", "after"))
            found.append(Answer(event.at, last.organisation, str(said.get("answer", "")), before, after))
    return found[::-1]


def _refusal(events: list[Event]) -> str:
    for event in reversed(events):
        if event.content.get("move") == "refuse" and event.is_public:
            return str(event.content.get("said", {}).get("reason", ""))
    return ""


def _chosen(public: dict[str, File], keys: Any) -> list[File]:  # noqa: ANN401 - whatever JSON holds
    return [public[key] for key in keys if key in public] if isinstance(keys, list) else []


def _kept(clock: Clock | None) -> Kept:
    """By the same lateness as the figures."""
    if clock is None or clock.lateness is None:
        return ""
    if clock.lateness:
        return "late"
    return "extended" if clock.first_lateness else "on_time"
