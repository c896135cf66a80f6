"""Reports and what happened to them as the specification's fields, made of what is published alone."""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import datetime

from django.db.models import Max
from django.utils.translation import gettext as _

from toancanh.domains.reports import story
from toancanh.domains.reports.looking import State
from toancanh.domains.reports.open311 import replying
from toancanh.domains.reports.open311.answers import Fact
from toancanh.domains.reports.public import seeing, telling
from toancanh.domains.reports.public.telling import Told
from toancanh.kernel.cases import types
from toancanh.kernel.cases.joining import MERGED
from toancanh.kernel.cases.models import Case, Event
from toancanh.kernel.cases.saying import named
from toancanh.kernel.files import links
from toancanh.kernel.files.models import Variant
from toancanh.kernel.runtime import clock

LONGEST = 4_000
"""Characters of a text by the specification."""


def many(cases: Sequence[Case], base: str) -> list[Fact]:
    """Published reports; two queries beside those of `telling.many`, whatever their number."""
    into = _into(cases)
    return [_row(told, case, into, base) for told, case in zip(telling.many(cases), cases, strict=True)]


def _into(cases: Sequence[Case]) -> dict[int, str]:
    """Codes of the published reports into which some of them were merged."""
    merged = [case.pk for case in cases if case.phase == MERGED]
    if not merged:
        return {}
    moves = Event.objects.filter(case__in=merged, kind="moved", content__has_key="merged").order_by("number")
    codes = {event.case_id: str(event.content["merged"]["into"]) for event in moves}
    shown = set(seeing.published().filter(code__in=codes.values()).values_list("code", flat=True))
    return {case: code for case, code in codes.items() if code in shown}


def _row(told: Told, case: Case, into: dict[int, str], base: str) -> Fact:
    photo = told.photos[0] if told.photos else None
    return {
        "service_request_id": told.code,
        "status": _status(told.is_open),
        "status_notes": _cut(_notes(told, case, into.get(case.pk, ""))),
        "service_name": told.category_title,
        "service_code": told.category,
        "description": _cut(told.words or told.title),
        "agency_responsible": told.organisation or None,
        "service_notice": None,
        "requested_datetime": moment(told.opened_at),
        "updated_datetime": moment(told.changed_at),
        "expected_datetime": moment(told.due_at) if told.due_at else None,
        "address": told.unit,
        "address_id": told.unit_code,
        "zipcode": None,
        "lat": told.place[1] if told.place else None,
        "long": told.place[0] if told.place else None,
        "media_url": base + links.url(photo, Variant.PUBLIC) if photo is not None else None,
    }


def _notes(told: Told, case: Case, into: str) -> str:
    """The answer or refusal as it was published, else where it stands."""
    if told.stand == "answered" and told.answers:
        return told.answers[0].words
    if into:
        return _("Dealt with under %(code)s.") % {"code": into}
    return told.refusal or story.state(case)


def unpublished(state: State) -> Fact:
    """A report that is not published: what its code tells anybody, and no more."""
    return {
        "service_request_id": state.code,
        "status": _status(state.is_open),
        "status_notes": _("Dealt with under %(code)s.") % {"code": state.into} if state.into else state.state,
        "service_name": None,
        "service_code": None,
        "description": None,
        "agency_responsible": None,
        "service_notice": _("Its words and place are told once reception has published them."),
        "requested_datetime": None,
        "updated_datetime": moment(state.since),
        "expected_datetime": None,
        "address": None,
        "address_id": None,
        "zipcode": None,
        "lat": None,
        "long": None,
        "media_url": None,
    }


def brought(cases: Sequence[Case]) -> list[Fact]:
    """Reports that are not published, for the program that brought them. One query."""
    rows = Event.objects.filter(case__in=cases, is_public=True).values("case").annotate(newest=Max("at"))
    newest = {row["case"]: row["newest"] for row in rows}
    return [
        unpublished(
            State(
                code=case.code,
                state=story.state(case),
                since=newest.get(case.pk, case.opened_at),
                is_open=case.is_open,
                into="",
            )
        )
        for case in cases
    ]


def updates(events: Sequence[Event], own: Container[int] = ()) -> list[Fact]:
    """What happened, as updates; the words are those that were published with it.

    ``own``: cases of which the sender asks, who reads as well what reception asks him.
    """
    answers = _answers(events)
    return [_update(event, answers, is_own=event.case_id in own) for event in events]


def _update(event: Event, answers: dict[int, str], *, is_own: bool) -> Fact:
    version = types.by_key(event.case.version_id)
    name = str(event.content.get("move", ""))
    move = version.move(name)
    said = event.content.get("said", {})
    asks = move.asks if move else ()
    public = [asked.name for asked in asks if asked.is_public and (is_own or asked.name != "question")]
    words = [str(said[one]) for one in public if isinstance(said.get(one), str) and said[one]]
    if name == "publish" and event.pk in answers:
        words = [answers[event.pk]]
    target = str(event.content.get("to", ""))
    ended = next((state.outside for state in version.states if state.name == target), "") == "closed"
    return {
        "update_id": replying.numbered(event.case.code, event.number),
        "service_request_id": event.case.code,
        "status": _status(not ended),
        "updated_datetime": moment(event.at),
        "description": _cut("\n".join([named(move.title) if move else "", *words]).strip()),
        "media_url": None,
    }


def _answers(events: Sequence[Event]) -> dict[int, str]:
    """Words that each publication has published: those of the answer before it. One query."""
    published = [event for event in events if event.content.get("move") == "publish"]
    cases = {event.case_id for event in published}
    rows = Event.objects.filter(case__in=cases, kind="moved", content__move="answer").order_by("number")
    by_case: dict[int, list[Event]] = {}
    for row in rows if cases else ():
        by_case.setdefault(row.case_id, []).append(row)
    found: dict[int, str] = {}
    for event in published:
        before = [row for row in by_case.get(event.case_id, ()) if row.number < event.number]
        if before:
            found[event.pk] = str(before[-1].content.get("said", {}).get("answer", ""))
    return found


def _status(is_open: bool) -> str:
    return "open" if is_open else "closed"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def moment(at: datetime) -> str:
    """To the second, with the offset of here."""
    return at.astimezone(clock.VIETNAM).isoformat(timespec="seconds")
