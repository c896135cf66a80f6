"""Tells people what a move means for them: parties by their link, staff by what they chose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import translation
from django.utils.text import Truncator

from toancanh.kernel.cases import parties, types
from toancanh.kernel.cases.models import Case, Event, Party, PartyRole, StepRole
from toancanh.kernel.contacts.officers import queries as officers
from toancanh.kernel.declare import Title, program
from toancanh.kernel.declare_cases import CaseMessage, CaseType
from toancanh.kernel.notify import actions as notify
from toancanh.kernel.notify import registry
from toancanh.kernel.notify.messages import Message, Recipient, Urgency
from toancanh.kernel.notify.models import Delivery, State
from toancanh.kernel.people import access
from toancanh.kernel.people.models import Person
from toancanh.kernel.runtime import clock

BY = program("cases")
PARTY = "cases.party"
"""Kind of every message to people outside."""
USEFUL = timedelta(days=14)
LATER = CaseMessage(
    "reporter",
    Title("{code}: hạn trả lời chuyển sang {due}", "{code}: to be answered by {due}"),
    Title(
        "Lịch làm việc đã thay đổi nên hạn trả lời “{title}” chuyển sang {due}.",
        "The working calendar has changed: “{title}” is now to be answered by {due}.",
    ),
)
GRANTED = CaseMessage(
    "reporter",
    Title("{code}: hạn trả lời chuyển sang {due}", "{code}: to be answered by {due}"),
    Title(
        "Đơn vị xử lý cần thêm thời gian nên hạn trả lời “{title}” chuyển sang {due}.",
        "More time was granted for “{title}”: it is now to be answered by {due}.",
    ),
)
LONGEST = 600
"""Characters of what somebody typed: the rest is behind the link."""


def moved(payload: Mapping[str, Any]) -> None:
    """Reaction to ``cases.moved``: each message of the move once, however often the event comes."""
    event = Event.objects.select_related("case__organisation", "case__unit").get(
        case=payload["case"], number=payload["number"]
    )
    said = types.by_key(event.case.version_id)
    edge = said.move(str(event.content.get("move", "")))
    told: set[tuple[str, str]] = set()
    # Who sent a report may follow it as well, by another one that was merged into it: his sending counts.
    for message in sorted(edge.messages, key=lambda one: one.to == "followers") if edge is not None else ():
        send(event, said, message, told)


def due_moved(payload: Mapping[str, Any]) -> None:
    """Reaction to ``cases.due_moved``: parties of cases that now end later hear it, once for each change."""
    for pk in payload["later"]:
        event = (
            Event.objects.filter(case=pk, kind="due_moved")
            .select_related("case__organisation")
            .latest("number")
        )
        send(event, types.by_key(event.case.version_id), LATER)


def extension_settled(payload: Mapping[str, Any]) -> None:
    """Reaction to ``cases.extension_settled``: who sent it hears a date that moved."""
    event = Event.objects.select_related("case__organisation").get(
        case=payload["case"], number=payload["number"]
    )
    if event.content["granted"]:
        send(event, types.by_key(event.case.version_id), GRANTED)


def send(
    event: Event, said: CaseType, message: CaseMessage, known: set[tuple[str, str]] | None = None
) -> None:
    """Put one message of an event into the outbox for those it is for.

    ``known``: channels and addresses of parties who were told of the event already; those told now are added.
    """
    case, is_party = event.case, message.to in ("reporter", "followers")
    told = _gone_along(event, said, message.to)
    if told is None:
        told = _RECIPIENTS[message.to](case, said)
    people = [one for one in told if one.channel in registry.channels()]
    if is_party and known is not None:
        people = [one for one in people if (one.channel, one.address) not in known]
        known.update((one.channel, one.address) for one in people)
    if not people:
        return
    vi, en = filled(event, said, "vi"), filled(event, said, "en")
    notify.send(
        Message(
            key=f"cases.event:{case.pk}:{event.number}:{message.to}",
            kind=PARTY if is_party else officers.KIND,
            subject=f"cases.case:{case.pk}",
            title=Title(_fill(message.subject.vi, vi), _fill(message.subject.en, en)),
            body=Title(_fill(message.body.vi, vi), _fill(message.body.en, en)),
            link="" if is_party else f"/console/work/{case.code}/",
            urgency=Urgency.NORMAL,
            expires=event.at + USEFUL,
            unit_path=case.unit_path,
        ),
        people,
        by=BY,
    )


def _gone_along(event: Event, said: CaseType, to: str) -> list[Recipient] | None:
    """Parties of a case that was merged: they are the other case's by now. None where it is no merging."""
    merged = event.content.get("merged")
    if merged is None or to not in ("reporter", "followers"):
        return None
    role = PartyRole.REPORTER if to == "reporter" else PartyRole.FOLLOWER
    return parties.reached(Party.objects.filter(pk__in=merged["parties"][role]), said.link)


def tidy() -> int:
    """Take numbers, names and links out of copies that are not sent any more; returns how many."""
    over = Delivery.objects.filter(notice__kind=PARTY, notice__expires_at__lt=clock.now())
    done = over.exclude(address="", name="", link="").exclude(state=State.WAITING)
    keys = list(done.values_list("pk", flat=True)[:2000])
    return Delivery.objects.filter(pk__in=keys).update(address="", name="", link="")


def filled(event: Event, said: CaseType, language: str) -> dict[str, str]:
    """What stands for the names in braces, as things were when the event happened."""
    case, facts = event.case, event.content.get("said", {})
    with translation.override(language):
        due = _due(event, said)
        state = said.state(str(event.content.get("to", case.state)))
        return {
            "code": case.code,
            "title": case.title,
            "state": state.title.en if language == "en" else state.title.vi,
            "kind": said.title.en if language == "en" else said.title.vi,
            "organisation": case.organisation.name if case.organisation else "",
            "due": due.astimezone(clock.VIETNAM).strftime("%d/%m/%Y %H:%M") if due else "–",
            "reason": Truncator(str(facts.get("reason", ""))).chars(LONGEST),
            "answer": Truncator(str(facts.get("answer", ""))).chars(LONGEST),
        }


def _due(event: Event, said: CaseType) -> datetime | None:
    """By when it is to be answered: as the event says of the main clock, else as that stands now."""
    main = next((one.name for one in said.clocks if one.is_main), "")
    for told in reversed(event.content.get("clocks", ())):
        if told["clock"] == main:
            return datetime.fromisoformat(told["due"]) if told["due"] else None
    row = event.case.clocks.filter(is_main=True, stopped_at=None).order_by("-round").first()
    return row.due_at if row is not None else None


def _fill(text: str, said: Mapping[str, str]) -> str:
    """Names in braces filled; what people typed is not looked at again, so that its braces stay braces."""
    return text.format_map(said)


def _staff(people: Sequence[Person]) -> list[Recipient]:
    return officers.recipients(people)


def _of_paths(paths: Sequence[str], right: str) -> list[Recipient]:
    """Whoever works in one of these organisations itself, and may handle such work."""
    found = []
    for post in access.posts():
        if post.organisation.path in paths and post.grants.filter(right=right).exists():
            found.append(post.person)
    return _staff(found)


def _lead(case: Case, said: CaseType) -> list[Recipient]:
    return _of_paths([case.organisation_path], said.rights.handle) if case.organisation_path else []


def _helpers(case: Case, said: CaseType) -> list[Recipient]:
    rows = case.steps.filter(role=StepRole.HELP, round=case.round).values_list("organisation_path", flat=True)
    return _of_paths(list(rows), said.rights.handle)


def _desk(case: Case, said: CaseType) -> list[Recipient]:
    near = access.holders(said.rights.desk, [case.unit_path])
    nearest = max(near.values(), default=0)
    return _staff([person for person, length in near.items() if length == nearest])


def _giver(case: Case, said: CaseType) -> list[Recipient]:
    return _staff([case.opened_by]) if case.opened_by is not None else []


def _reporter(case: Case, said: CaseType) -> list[Recipient]:
    return parties.recipients(case, PartyRole.REPORTER, said.link)


def _followers(case: Case, said: CaseType) -> list[Recipient]:
    return parties.recipients(case, PartyRole.FOLLOWER, said.link)


_RECIPIENTS: Mapping[str, Callable[[Case, CaseType], list[Recipient]]] = {
    "reporter": _reporter,
    "followers": _followers,
    "lead": _lead,
    "helpers": _helpers,
    "desk": _desk,
    "giver": _giver,
}
