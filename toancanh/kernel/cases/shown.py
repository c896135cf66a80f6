"""What the page of a case says: clocks, organisations, facts and links in words, with constant queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.kernel.cases import access, attached, countdown, linking, parties, story, words
from toancanh.kernel.cases.attached import Attached
from toancanh.kernel.cases.countdown import Countdown
from toancanh.kernel.cases.doing import Doing
from toancanh.kernel.cases.models import Case, Clock, Extension, Link, Party, Pause, Step, StepRole
from toancanh.kernel.cases.saying import named
from toancanh.kernel.cases.story import Line
from toancanh.kernel.runtime import subjects
from toancanh.kernel.telemetry.features import named as place_named
from toancanh.web import formats


@dataclass(frozen=True)
class ShownClock:
    """A clock with its words."""

    row: Clock
    title: str
    term: str
    basis: str
    count: Countdown
    pauses: list[Pause]
    extensions: list[tuple[Extension, str]]
    """With how long each is."""


def clocks(on: Doing, now: datetime) -> list[ShownClock]:
    """Those of the newest round, then those before it. No query beyond those of `Doing`."""
    declared = {one.name: one for one in on.said.clocks}
    found = []
    for row in on.clocks:
        day = countdown.day_minutes(row.calendar, row.started_at, on.times)
        said = declared.get(row.name)
        found.append(
            ShownClock(
                row=row,
                title=named(said.title) if said else row.name,
                term=countdown.span(row.term, day),
                # A moment that an earlier system had promised rests on no decision of this one.
                basis=said.term.basis if said and (row.calendar or said.term.of == "wall") else "",
                count=countdown.of(row, now, on.times),
                pauses=sorted(row.pauses.all(), key=lambda one: one.since),
                extensions=[(one, countdown.span(one.minutes, day)) for one in row.extensions.all()],
            )
        )
    return found


@dataclass(frozen=True)
class ShownPart:
    """An organisation's part with its words."""

    step: Step
    role: str
    state: str
    late: str


def parts(on: Doing) -> list[ShownPart]:
    """Who has and had the work, those who work now first. No query beyond those of `Doing`."""
    main = next((row for row in on.clocks if row.is_main), None)
    day = countdown.day_minutes(main.calendar, main.started_at, on.times) if main else countdown.WALL_DAY
    rows = [
        ShownPart(
            step,
            words.step_role(step.role),
            words.step_state(step.state) if step.role != StepRole.GIVE else "",
            countdown.span(step.lateness, day) if step.lateness else "",
        )
        for step in on.steps
    ]
    return sorted(rows, key=lambda one: not one.step.is_open)


def facts(on: Doing) -> list[Line]:
    """What is said of the case beside its story."""
    case, said = on.case, on.said
    language = get_language() or "vi"
    found = [
        Line(_("Kind of work"), named(said.title)),
        Line(_("State"), words.state(said, case.state)),
        Line(_("Priority"), words.priority(case.priority)),
        Line(_("Unit"), place_named(case.unit)),
        Line(_("Address"), case.address),
        Line(_("Category"), words.category(case.category)),
        Line(_("Channel"), words.channels().get(case.channel, case.channel)),
        Line(_("Opened"), formats.moment(case.opened_at, language)),
        Line(_("Opened by"), case.opened_by.full_name if case.opened_by else ""),
        Line(_("Ended at"), formats.moment(case.closed_at, language) if case.closed_at else ""),
        Line(_("Round"), str(case.round) if case.round > 1 else ""),
        Line(_("Done by"), case.person.full_name if case.person else ""),
        Line(_("Followers"), str(case.followers) if case.followers else ""),
        Line(_("Rating"), _rating(case.rating)),
        Line(_("Confidentiality"), words.level(case.level)),
        Line(_("Legal hold"), case.hold),
    ]
    found += [Line(one.title, one.text) for one in story.fields(said.fields, case.facts, {})]
    for axis in said.axes:
        states = {name: named(title) for name, title in axis.states}
        found.append(Line(named(axis.title), states.get(case.axes.get(axis.name, ""), "")))
    return [line for line in found if line.text]


def pictures(on: Doing, kept: Mapping[str, Attached]) -> list[Attached]:
    """What came with it from the beginning."""
    fields = [one.name for one in on.said.fields if one.kind == "files"]
    return [file for name in fields for file in attached.chosen(kept, on.case.facts.get(name))]


def _rating(value: int | None) -> str:
    words_of = {3: _("satisfied"), 2: _("accepted it"), 1: _("not satisfied")}
    return words_of.get(value or 0, "")


@dataclass(frozen=True)
class ShownLink:
    """How it stands to another case or to something else."""

    how: str
    code: str
    title: str
    subject: str
    row: Link | None
    """Where it can be taken away."""
    url: str = ""
    """Of the page of something that is no case, where the reader may see it."""


def links(on: Doing) -> list[ShownLink]:
    """Links from and to the case, as far as the actor sees the other end. Three queries."""
    case = on.case
    rows = list(Link.objects.filter(Q(case=case) | Q(to=case)).select_related("case", "to").order_by("pk"))
    others = {row.to_id if row.case_id == case.pk else row.case_id for row in rows} - {None}
    family = Q(pk=case.parent_id) | Q(parent=case)
    seen = {one.pk: one for one in _reached(on, Q(pk__in=others) | family)}
    found = []
    for row in rows:
        is_outward = row.case_id == case.pk
        other = row.to if is_outward else row.case
        if other is None:
            thing = subjects.find(row.subject, on.by)
            what = f"{thing.kind}: {thing.title}" if thing else row.subject
            found.append(ShownLink(words.link(row.kind), "", "", what, None, thing.url if thing else ""))
        elif other.pk in seen:
            how = words.link(row.kind, is_outward)
            own = row if is_outward and row.kind in linking.BY_HAND else None
            found.append(ShownLink(how, other.code, other.title, "", own))
    return found


def family(on: Doing) -> tuple[Case | None, list[Case]]:
    """The case that this is a part of, and its own parts, as far as the actor sees them. One query."""
    rows = list(_reached(on, Q(pk=on.case.parent_id) | Q(parent=on.case)))
    parent = next((row for row in rows if row.pk == on.case.parent_id), None)
    return parent, [row for row in rows if row.parent_id == on.case.pk]


def _reached(on: Doing, which: Q) -> QuerySet[Case]:
    rows = access.visible(on.by).filter(which)
    return rows.select_related("organisation").order_by("pk")


@dataclass(frozen=True)
class Concerned:
    """How many outside it concerns."""

    reporters: int
    followers: int


def concerned(case: Case) -> Concerned:
    """Counted without a look at who they are. One query."""
    roles = list(parties.standing(Party.objects.filter(case=case)).values_list("role", flat=True))
    return Concerned(roles.count("reporter"), roles.count("follower"))


def last_word(passages: Sequence[story.Passage]) -> story.Passage | None:
    """The newest entry in which somebody said something about the work itself."""
    return next((one for one in passages if one.event.kind == "moved" and one.lines), None)


def map_of(case: Case, code: str) -> dict[str, Any]:
    """Attributes of the small map; empty without a place."""
    if case.lon is None or case.lat is None or not code:
        return {}
    return {"boundaries": f"/boundaries/{code}.json", "mark": f"{case.lon},{case.lat}"}
