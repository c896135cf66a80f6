"""Kinds of work as versions: what domains declare is checked, written once, and never changed."""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Collection, Iterable
from typing import Any

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel import catalogue
from toancanh.kernel.cases.guards import PREDICATES
from toancanh.kernel.cases.models import TypeVersion
from toancanh.kernel.declare import Actor, Title, program
from toancanh.kernel.declare_cases import ENDED, WAITING, CaseField, CaseType, Guard
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotFound, Refused

FILLED = ("code", "title", "state", "organisation", "due", "reason", "answer", "kind")
"""Names in braces that messages may hold; `cases.telling` fills them."""
NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
PREFIX = re.compile(r"[A-Z]{1,6}\Z")


class Unsound(Refused):
    """A type cannot be published; the message lists every reason."""

    code = "unsound"


@transaction.atomic
def declare() -> int:
    """Publish what the domains declare and the table does not say yet; returns how many were new."""
    made = 0
    for key, declared in catalogue.case_types().items():
        made += publish(key, declared, by=program("migrate")) is not None
    return made


@transaction.atomic
def publish(key: str, said: CaseType, *, by: Actor, basis: str = "") -> TypeVersion | None:
    """Make a version that holds from now on; None where the newest says the same. Raises Unsound."""
    problems = faults(said)
    if problems:
        raise Unsound(f"{key}: {'; '.join(problems)}")
    content = msgspec.to_builtins(said)
    checksum = hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()
    newest = TypeVersion.objects.filter(kind=key).order_by("-number").first()
    if newest is not None and newest.checksum == checksum:
        return None
    now = clock.now()
    TypeVersion.objects.filter(kind=key, valid_to=None).update(valid_to=now)
    made = TypeVersion.objects.create(
        kind=key,
        number=newest.number + 1 if newest else 1,
        content=content,
        checksum=checksum,
        valid_from=now,
        basis=basis or said.basis,
        published_by=by.key,
    )
    what = {"number": made.number, "checksum": checksum}
    journal.record("cases.type_published", f"case_type:{key}", by=by, content=what)
    return made


def in_force(key: str) -> TypeVersion:
    """The version by which a case of that kind is opened now."""
    found = TypeVersion.objects.filter(kind=key, valid_to=None).order_by("-number").first()
    if found is None:
        raise NotFound(_("Nothing here is work of the kind %(kind)s.") % {"kind": key})
    return found


def of(version: TypeVersion) -> CaseType:
    """What a version says."""
    said = _read.get(version.pk)
    if said is None:
        said = _read[version.pk] = msgspec.convert(version.content, CaseType)
    return said


def by_key(pk: int) -> CaseType:
    """The same by the version's primary key: without a query where this process read it before."""
    return _read.get(pk) or of(TypeVersion.objects.get(pk=pk))


def forget() -> None:
    """Read every version anew."""
    _read.clear()


_read: dict[int, CaseType] = {}
"""Versions are never changed, so what was read holds."""


def faults(said: CaseType) -> list[str]:
    """Every reason why a type cannot be published."""
    return [*_names(said), *_graph(said), *_clocks(said), *_guards(said), *_texts(said), *_axes(said)]


def _names(said: CaseType) -> Iterable[str]:
    groups: dict[str, list[str]] = {
        "state": [one.name for one in said.states],
        "move": [one.name for one in said.moves],
        "clock": [one.name for one in said.clocks],
        "field": [one.name for one in said.fields],
        "axis": [one.name for one in said.axes],
    }
    for what, names in groups.items():
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"the {what} {name} is there twice"
        for name in names:
            if not NAME.match(name):
                yield f"{name!r} is no plain lower-case name"
    if not PREFIX.match(said.prefix):
        yield f"the prefix {said.prefix!r} is not made of one to six capital letters"
    if said.retention.days <= 0 or said.retention.parties_days <= 0:
        yield "what is kept is kept for a number of days"


def _graph(said: CaseType) -> Iterable[str]:
    names = {one.name for one in said.states}
    ended = {one.name for one in said.states if one.phase in ENDED}
    if said.start not in names:
        yield f"it begins in {said.start}, which is no state"
        return
    edges: dict[str, set[str]] = {name: set() for name in names}
    backwards: dict[str, set[str]] = {name: set() for name in names}
    for move in said.moves:
        for unknown in sorted({*move.sources, move.target} - names):
            yield f"the move {move.name} names {unknown}, which is no state"
        if not move.who:
            yield f"nobody may do {move.name}"
        for source in set(move.sources) & names:
            if move.target in names:
                edges[source].add(move.target)
                backwards[move.target].add(source)
            if source in ended and not move.is_reopening:
                yield f"{move.name} leaves the end {source} and is no reopening"
    for name in sorted(names - _reached({said.start}, edges)):
        yield f"the state {name} can never be reached"
    for name in sorted(names - _reached(ended, backwards)):
        yield f"no end can be reached from {name}"
    for state in said.states:
        if state.phase in WAITING and state.pauses is None:
            yield f"{state.name} must say whether clocks stand still, as every state that waits"
        if state.phase not in (*WAITING, "decided") and state.pauses is not None:
            yield f"{state.name} says whether clocks stand still, and nobody is waited for in it"


def _reached(first: set[str], edges: dict[str, set[str]]) -> set[str]:
    found, ahead = set(first), list(first)
    while ahead:
        for name in edges[ahead.pop()] - found:
            found.add(name)
            ahead.append(name)
    return found


def _clocks(said: CaseType) -> Iterable[str]:
    names = {one.name: one for one in said.states}
    if said.clocks and sum(one.is_main for one in said.clocks) != 1:
        yield "one clock is the main one"
    for one in said.clocks:
        if one.term.amount <= 0 or not 0 < one.soon <= 100:
            yield f"the clock {one.name} has an impossible term"
        if one.term.of == "wall" and one.term.begin != "now":
            yield f"the clock {one.name} counts wall time and so begins at once"
        # Else work could wait outside it, and come back to a fresh term that was never late.
        if one.is_main and (open_ones := _outside(said, one.runs)):
            yield f"the main clock {one.name} does not run in {', '.join(open_ones)}"
        for name in one.runs:
            if name not in names:
                yield f"the clock {one.name} runs in {name}, which is no state"
            elif names[name].phase in ENDED:
                yield f"the clock {one.name} runs in the end {name}"


def _outside(said: CaseType, runs: Collection[str]) -> list[str]:
    return [one.name for one in said.states if one.phase not in (*ENDED, "draft") and one.name not in runs]


def _guards(said: CaseType) -> Iterable[str]:
    known = {one.name for one in said.fields} | {one.name for move in said.moves for one in move.asks}
    for move in said.moves:
        for guard in _all(move.guard):
            if guard.op == "named" and guard.name not in PREDICATES:
                yield f"{move.name} asks {guard.name!r}, which nobody answers"
            if guard.op == "is" and guard.name not in known:
                yield f"{move.name} looks at the field {guard.name!r}, which nothing fills"
            if guard.op in ("all", "any", "not") and not guard.parts:
                yield f"{move.name} composes nothing"
    for one in (*said.fields, *(asked for move in said.moves for asked in move.asks)):
        if (one.kind == "choice") != bool(one.choices):
            yield f"the field {one.name} and its choices do not fit"


def _all(guard: Guard | None) -> Iterable[Guard]:
    if guard is not None:
        yield guard
        for part in guard.parts:
            yield from _all(part)


def _texts(said: CaseType) -> Iterable[str]:
    for move in said.moves:
        for message in move.messages:
            for text in (message.subject, message.body):
                for language in ("vi", "en"):
                    said_so = getattr(text, language)
                    yield from (f"{move.name}: {fault}" for fault in _unfilled(said_so))
                    if message.to == "followers" and "title" in (_filled(said_so) or ()):
                        yield f"{move.name}: followers are told {{title}}, the words of who sent it"
    for where, title in _titles(said):
        if not title.vi.strip() or not title.en.strip():
            yield f"{where} lacks its name in one of both languages"


def _titles(said: CaseType) -> Iterable[tuple[str, Title]]:
    yield said.name, said.title
    named: list[Any] = [*said.states, *said.moves, *said.clocks, *said.axes, *said.fields]
    named += [field for move in said.moves for field in move.asks]
    for one in named:
        yield one.name, one.title
        if isinstance(one, CaseField):
            yield from ((f"{one.name}={key}", title) for key, title in one.choices)


def _filled(text: str) -> list[str] | None:
    """Names in the braces of a text; None where the braces do not close."""
    try:
        return [
            name for _text, name, _spec, _conversion in string.Formatter().parse(text) if name is not None
        ]
    except ValueError:
        return None


def _unfilled(text: str) -> Iterable[str]:
    if not text.strip():
        yield "a message lacks its text in one of both languages"
    names = _filled(text)
    if names is None:
        yield f"the braces of {text[:40]!r} do not close"
        return
    yield from (f"nothing fills {{{name}}}" for name in names if name not in FILLED)


def _axes(said: CaseType) -> Iterable[str]:
    for axis in said.axes:
        names = [name for name, _title in axis.states]
        if not names:
            yield f"the axis {axis.name} has no states"
        for pair in axis.moves:
            if not set(pair) <= set(names):
                yield f"the axis {axis.name} moves between {pair}, which are no states of it"
