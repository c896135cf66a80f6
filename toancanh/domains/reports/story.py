"""A report's way in plain words, for who sent or follows it: steps, who has it, until when, the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from toancanh.domains.reports import categories
from toancanh.domains.reports.similar import Near
from toancanh.kernel.cases import types
from toancanh.kernel.cases.models import Case, Clock, Event
from toancanh.kernel.cases.saying import named
from toancanh.kernel.files import links
from toancanh.kernel.files import queries as files
from toancanh.kernel.files.models import File, State, Variant

MOST = 200
"""Steps at a time."""


@dataclass(frozen=True)
class Photo:
    """A photo as a page shows it."""

    small: str
    full: str
    is_waiting: bool = False


@dataclass(frozen=True)
class Step:
    """Something that happened."""

    at: datetime
    what: str
    who: str = ""
    words: str = ""
    tone: str = "plain"
    photos: list[Photo] = field(default_factory=list)
    """Of the sender's own answer, for himself."""


@dataclass(frozen=True)
class Answer:
    """What the organisation in charge has answered, once that was published."""

    at: datetime
    organisation: str
    words: str
    before: list[Photo] = field(default_factory=list)
    after: list[Photo] = field(default_factory=list)


@dataclass(frozen=True)
class Due:
    """Until when it is to be answered."""

    at: datetime | None
    stands_still: bool = False
    was_extended: bool = False


def state(case: Case) -> str:
    """Where it stands, as one says it to a citizen."""
    who = case.organisation.name if case.organisation else _("the organisation in charge")
    told_so = {
        "received": _("Received. The reception desk looks at it and passes it on."),
        "asked": _("The reception desk asks you something; the term stands still until you answer."),
        "returned": _("The reception desk chooses who deals with it."),
        "assigned": _("Passed on to %(who)s."),
        "working": _("%(who)s is dealing with it."),
        "waiting": _("%(who)s waits for somebody else before it can go on."),
        "answered": _("%(who)s is done; the answer is checked before it is published."),
        "closed": _("Answered."),
        "refused": _("Not accepted."),
        "merged": _("Dealt with together with another report about the same thing."),
        "withdrawn": _("Withdrawn by its sender."),
    }
    if case.state in told_so:
        return told_so[case.state] % {"who": who}
    return named(types.by_key(case.version_id).state(case.state).title)


def steps(case: Case, *, is_reporter: bool, before: int | None = None) -> tuple[list[Step], int | None]:
    """What parties may know, the oldest first; of others' words followers read none.

    The newest of it, or of what happened before that event; and before which there is more, if there is.
    """
    version = types.by_key(case.version_id)
    found: list[Step] = []
    rows = case.story.filter(is_public=True).order_by("-number")
    events = list(rows[: MOST + 1] if before is None else rows.filter(number__lt=before)[: MOST + 1])
    older = events[MOST - 1].number if len(events) > MOST else None
    kept = {str(one.pk): one for one in files.of(f"case:{case.pk}")} if is_reporter else {}
    for event in events[:MOST][::-1]:
        if event.kind == "opened":
            found.append(Step(event.at, _("Received"), words=""))
        elif event.kind == "moved":
            move = version.move(str(event.content.get("move", "")))
            if move is not None:
                public = [asked.name for asked in move.asks if asked.is_public]
                own = [*public, "reply"] if is_reporter else [name for name in public if name != "question"]
                words = _words(event, own)
                sent = event.content.get("said", {}).get("photos") if is_reporter else None
                pictures = _chosen(kept, sent)
                found.append(
                    Step(event.at, named(move.title), event.organisation, words, move.tone, pictures)
                )
        elif event.kind == "followed":
            who = str(event.content.get("to", ""))
            found.append(Step(event.at, _("Passed on to another organisation"), who))
        elif event.kind in ("extension_settled", "due_moved"):
            found.append(Step(event.at, _("The term was moved"), event.organisation))
    return found, older


def _words(event: Event, names: Sequence[str]) -> str:
    said = event.content.get("said", {})
    return "\n".join(str(said[name]) for name in names if isinstance(said.get(name), str) and said[name])


def answers(case: Case) -> list[Answer]:
    """What was answered and published, the newest first: of every round one."""
    rows = case.story.filter(kind="moved", content__move__in=("answer", "publish")).order_by("number")
    pictures = {str(one.pk): one for one in files.of(f"case:{case.pk}")}
    found: list[Answer] = []
    last: Event | None = None
    for event in rows:
        if event.content["move"] == "answer":
            last = event
        elif last is not None:
            said: Mapping[str, Any] = last.content.get("said", {})
            before, after = (_seen(pictures, said.get(name)) for name in ("before", "after"))
            found.append(Answer(event.at, last.organisation, str(said.get("answer", "")), before, after))
    return found[::-1]


def _chosen(pictures: Mapping[str, File], keys: object) -> list[Photo]:
    keys = keys if isinstance(keys, list) else []
    return [photo(pictures[key]) for key in keys if key in pictures]


def _seen(pictures: Mapping[str, File], keys: object) -> list[Photo]:
    """Of others' photos only what the desk has looked at, and of that what it left to be seen."""
    found = [pictures[key] for key in keys if key in pictures] if isinstance(keys, list) else []
    return [
        Photo(links.url(one, Variant.PUBLIC_SMALL), links.url(one, Variant.PUBLIC))
        for one in found
        if files.is_public(one)
    ]


def photos(case: Case) -> list[Photo]:
    """What the sender has sent along."""
    pictures = {str(one.pk): one for one in files.of(f"case:{case.pk}")}
    return _chosen(pictures, case.facts.get("pictures"))


def photo(file: File) -> Photo:
    """Links to it; while it is still being checked there is none."""
    if not file.is_ready:
        return Photo("", "", is_waiting=file.state == State.WAITING)
    return Photo(links.url(file, Variant.SMALL), links.url(file, Variant.FULL))


def due(case: Case) -> Due | None:
    """The date by the law's clock; None where nothing runs any more."""
    row = Clock.objects.filter(case=case, is_main=True, round=case.round).order_by("run").last()
    if row is None or row.stopped_at is not None:
        return None
    return Due(row.due_at, row.paused_at is not None, row.extended > 0)


def question(case: Case) -> str:
    """What the desk wants to know now; empty where it asks nothing."""
    return str(case.facts.get("question", "")) if case.state == "asked" else ""


def refusal(case: Case) -> str:
    """Why it was not accepted, as that was published; empty where it stands elsewhere.

    By the event itself: the facts of a case hold the newest reason of any step, those of staff among them.
    """
    if case.state != "refused":
        return ""
    told = case.story.filter(kind="moved", is_public=True, content__move="refuse").order_by("-number").first()
    return str(told.content.get("said", {}).get("reason", "")) if told is not None else ""


def category(case: Case) -> str:
    """What it is about, in the reader's language."""
    row = categories.in_force().get(case.category)
    return categories.title(row) if row is not None else case.category


def near(one: Near) -> dict[str, Any]:
    """A report that may be the same, as a stranger may see it: nothing that its sender wrote."""
    return {
        "code": one.case.code,
        "category": category(one.case),
        "metres": one.metres,
        "state": state(one.case),
        "opened": one.case.opened_at.isoformat(),
        "followers": one.case.followers + 1,
    }
