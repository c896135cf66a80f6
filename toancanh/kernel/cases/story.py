"""The story of a case as people read it: who, when, in which post, what was said, what it did to clocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.kernel.cases import attached, countdown, words
from toancanh.kernel.cases.attached import Attached
from toancanh.kernel.cases.doing import Doing
from toancanh.kernel.cases.models import Event
from toancanh.kernel.cases.saying import named
from toancanh.kernel.declare_cases import CaseField, CaseType
from toancanh.kernel.people.models import Organisation
from toancanh.web import formats

ICONS = {
    "opened": "plus",
    "moved": "arrow-right",
    "corrected": "tool",
    "extension_asked": "hourglass",
    "extension_settled": "hourglass",
    "assigned": "user-check",
    "helpers_asked": "users-group",
    "part_reported": "check",
    "part_ended": "check",
    "urged": "speakerphone",
    "urging_read": "eye",
    "noted": "notebook",
    "photo_seen": "eye",
    "changed": "pencil",
    "held": "lock",
    "released": "key",
    "nominated": "archive",
    "kept": "archive",
    "destroyed": "ban",
    "due_moved": "calendar",
    "followed": "building-community",
    "brought_in": "upload",
}
MOST = 200
"""Events at a time."""
Names = Mapping[str, str]
Key = tuple[str, int, int]
"""Clock, round, and how often it began in that."""


@dataclass(frozen=True)
class Line:
    """Something that was said: what it is called and its text."""

    title: str
    text: str


@dataclass(frozen=True)
class Passage:
    """One event in words."""

    event: Event
    who: str
    what: str
    icon: str
    tone: str
    way: str
    """From which state to which; empty where none changed."""
    lines: tuple[Line, ...]
    clocks: tuple[str, ...]
    files: tuple[Attached, ...]


@dataclass(frozen=True)
class Told:
    """A part of the story, the newest first."""

    passages: list[Passage]
    older: int | None
    """Before which event there is more; None where this is the beginning."""


def of(on: Doing, kept: Mapping[str, Attached] | None = None, *, before: int | None = None) -> Told:
    """The newest of what happened, or of what happened before that event; ``kept`` are files shown with it.

    Two queries, one more where there is something older.
    """
    rows = on.case.story.select_related("person").order_by("-number")
    if before is not None:
        rows = rows.filter(number__lt=before)
    events = list(rows[: MOST + 1])
    has_more, events = len(events) > MOST, events[:MOST][::-1]
    codes = {code for event in events for code in _codes(on.said, event)}
    names = dict(Organisation.objects.filter(code__in=codes).values_list("code", "name")) if codes else {}
    days = {
        (row.name, row.round, row.run): countdown.day_minutes(row.calendar, row.started_at, on.times)
        for row in on.clocks
    }
    due = _due_before(on, events[0].number) if has_more else {}
    told = [
        _passage(on.said, event, names, _moves(on.said, event.content, days, due), kept or {})
        for event in events
    ]
    return Told(told[::-1], events[0].number if has_more else None)


def _due_before(on: Doing, number: int) -> dict[Key, str | None]:
    """When clocks were due at that event, so that it can be said from when to when they moved."""
    rows = on.case.story.filter(number__lt=number, content__has_key="clocks").order_by("-number")
    found: dict[Key, str | None] = {}
    for content in rows.values_list("content", flat=True)[:MOST]:
        for one in content["clocks"]:
            if one.get("due") is not None:
                found.setdefault(_key(one), one["due"])
    return found


def _key(one: Mapping[str, Any]) -> Key:
    return str(one["clock"]), int(one["round"]), int(one.get("run", 1))


def _passage(
    said: CaseType, event: Event, names: Names, clocks: tuple[str, ...], kept: Mapping[str, Attached]
) -> Passage:
    content = event.content
    move = said.move(str(content.get("move", ""))) if event.kind == "moved" else None
    way = ""
    if event.kind == "moved" and content.get("from") != content.get("to"):
        way = f"{words.state(said, content['from'])} → {words.state(said, content['to'])}"
    given = content.get("said", {})
    asks = move.asks if move else said.fields if event.kind == "opened" else ()
    return Passage(
        event=event,
        who=words.who(event),
        what=words.sentence(said, event),
        icon=ICONS.get(event.kind, "circle-dashed"),
        tone=move.tone if move else "watch" if event.kind == "urged" else "plain",
        way=way,
        lines=(*fields(asks, given, names), *_more(content)),
        clocks=clocks,
        files=tuple(
            file for one in asks if one.kind == "files" for file in attached.chosen(kept, given.get(one.name))
        ),
    )


def _codes(said: CaseType, event: Event) -> Iterable[str]:
    """Organisations that an event names by their codes."""
    move = said.move(str(event.content.get("move", "")))
    for one in move.asks if move else ():
        value = event.content.get("said", {}).get(one.name)
        if one.kind == "organisation" and value:
            yield value
        elif one.kind == "organisations":
            yield from value or ()


def fields(asks: Iterable[CaseField], given: Mapping[str, Any], names: Names) -> Iterable[Line]:
    """What was said of fields, files left out."""
    for one in asks:
        value = given.get(one.name)
        if value not in (None, "", []) and one.kind != "files":
            yield Line(named(one.title), shown(one, value, names))


def shown(field: CaseField, value: Any, names: Names) -> str:  # noqa: ANN401 - whatever JSON holds
    """A value of a field as people write it."""
    if field.kind == "organisation":
        return names.get(value, str(value))
    if field.kind == "organisations":
        return ", ".join(names.get(code, code) for code in value)
    if field.kind == "choice":
        return next((named(title) for key, title in field.choices if key == value), str(value))
    if field.kind == "yes":
        return _("Yes") if value else _("No")
    if field.kind == "number":
        return formats.number(value, None, get_language() or "vi")
    if field.kind == "date":
        return f"{datetime.fromisoformat(value):%d/%m/%Y}"
    return str(value)


def _more(content: Mapping[str, Any]) -> Iterable[Line]:
    """What events beside moves keep."""
    titles = {
        "organisation": _("Organisation"),
        "organisations": _("Organisations"),
        "task": _("Task"),
        "words": "",
        "result": _("Result"),
        "reason": _("Reason"),
        "answer": _("Answer"),
        "title": _("Title"),
    }
    for key, title in titles.items():
        value = content.get(key)
        if value:
            yield Line(title, ", ".join(value) if isinstance(value, list) else str(value))
    if source := content.get("brought"):
        yield Line(_("Taken over from"), _when_assumed(source) if content.get("assumed") else source)
    for key, (before, after) in content.get("changed", {}).items():
        yield Line(_field(key), f"{_value(key, before)} → {_value(key, after)}")


def _when_assumed(source: str) -> str:
    return _("%(source)s, which does not say when: the nearest time known") % {"source": source}


def _field(key: str) -> str:
    fields = {
        "title": _("Title"),
        "unit": _("Unit"),
        "address": _("Address"),
        "place": _("Place"),
        "category": _("Category"),
        "priority": _("Priority"),
        "level": _("Confidentiality"),
    }
    return fields.get(key, key)


def _value(key: str, value: Any) -> str:  # noqa: ANN401
    if key == "priority":
        return words.priority(value)
    if key == "category" and value:
        return words.category(str(value))
    return words.level(value) if key == "level" else str(value) or "—"


def _moves(
    said: CaseType,
    content: Mapping[str, Any],
    days: Mapping[Key, int],
    due: dict[Key, str | None],
) -> tuple[str, ...]:
    """What an event did to clocks, as sentences; ``due`` remembers where each stood before."""
    found = []
    titles = {one.name: named(one.title) for one in said.clocks}
    for one in content.get("clocks", ()):
        key = _key(one)
        day = days.get(key, countdown.WALL_DAY)
        found.append(_clock(titles.get(key[0], key[0]), one, due.get(key), day))
        if one.get("due") is not None:
            due[key] = one["due"]
    return tuple(text for text in found if text)


def _clock(title: str, one: Mapping[str, Any], before: str | None, day: int) -> str:
    what, now = one["what"], one.get("due")
    told = {"clock": title, "due": _moment(now), "before": _moment(before)}
    if what == "started":
        term = countdown.span(int(one["minutes"]), day)
        return _("%(clock)s: %(term)s, due %(due)s") % {**told, "term": term}
    if what == "paused":
        return _("%(clock)s: stands still from now on") % told
    if what == "ended":
        late = int(one.get("lateness") or 0)
        if late:
            return _("%(clock)s: ended late by %(span)s") % {**told, "span": countdown.span(late, day)}
        return _("%(clock)s: ended on time") % told
    if before is None or before == now or now is None:
        return _("%(clock)s: goes on, due %(due)s") % told if what == "resumed" else ""
    return _("%(clock)s: due moved from %(before)s to %(due)s") % told


def _moment(text: str | None) -> str:
    return formats.moment(datetime.fromisoformat(text), get_language() or "vi") if text else formats.NOTHING
