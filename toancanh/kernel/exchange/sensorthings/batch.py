"""$batch: several requests in one, each answered for itself; those of a group all done or none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel.exchange.sensorthings import ids
from toancanh.kernel.exchange.sensorthings.answers import Answer, fault, refusal
from toancanh.kernel.exchange.sensorthings.bodies import Value
from toancanh.kernel.exchange.sensorthings.writing import Writer
from toancanh.lib.errors import Refused

PATH: Final = "$batch"
MOST: Final = 1_000
METHODS: Final = ("GET", "POST", "PATCH", "PUT", "DELETE")
_REFERENCE = re.compile(r"\$([^/()?$]+)")
_WITHIN = re.compile(r"\(\$([^/()?$]+)\)")


@dataclass(frozen=True)
class Part:
    """One request of the batch. Parts of one group stand together and are done all or none."""

    id: str
    method: str
    url: str
    body: Value = None
    content_type: str = ""
    group: str = ""
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class Done:
    """How a part was answered."""

    part: Part
    answer: Answer


Read = Callable[[str, str], Answer]
"""From a path below the service's root and a query string to what GET answers there."""


@dataclass
class Batch:
    """Does one batch; what was made so far can be named by the ids of the parts that made it."""

    writer: Writer
    read: Read
    made: dict[str, tuple[str, Any]] = field(default_factory=dict)
    """By the id of its part: the address of an entity below the root, and its id."""
    failed: set[str] = field(default_factory=set)
    """Ids of parts and groups that came to nothing."""

    def run(self, parts: Sequence[Part]) -> list[Done]:
        """Do the parts in their order."""
        done: list[Done] = []
        for group, together in groupby(parts, key=lambda part: part.group):
            if group:
                done += self._together(group, list(together))
            else:
                done += [Done(part, self._alone(part, self.writer)) for part in together]
        return done

    def _together(self, group: str, parts: list[Part]) -> list[Done]:
        before = dict(self.made)
        writer = replace(self.writer, deferred=[])
        assert writer.deferred is not None
        answers: list[Answer] = []
        try:
            with transaction.atomic():
                for part in parts:
                    answers.append(self._alone(part, writer))
                    if answers[-1].status >= 400:
                        raise _Broken
            self.writer.keep(writer.deferred)
            return [Done(*pair) for pair in zip(parts, answers, strict=True)]
        except _Broken:
            self.made = before
            self.failed |= {group, *(part.id for part in parts)}
            text = _("Another request of this group was refused, so this one was not done.")
            return [
                Done(part, answers[-1] if number == len(answers) - 1 else refusal(424, text))
                for number, part in enumerate(parts)
            ]
        except Exception as error:
            found = fault(error)
            if found is None:
                raise
            return [Done(part, found) for part in parts]

    def _alone(self, part: Part, writer: Writer) -> Answer:
        if self.failed.intersection(part.depends_on):
            return self._note(part, refusal(424, _("A request that this one depends on was refused.")))
        try:
            path, query = self._path(part.url)
            told = self._named(part.body)
        except Refused as refused:
            return self._note(part, refusal(400, refused.message))
        if part.method == "GET":
            return self._note(part, self._read(path, query))
        return self._note(part, writer.answer(part.method, path, told, part.content_type))

    def _read(self, path: str, query: str) -> Answer:
        try:
            return self.read(path, query)
        except Exception as error:
            found = fault(error)
            if found is None:
                raise
            return found

    def _note(self, part: Part, answer: Answer) -> Answer:
        if answer.status >= 400:
            self.failed.add(part.id)
        elif answer.location:
            address = answer.location.removeprefix(f"{self.writer.base}/")
            self.made[part.id] = address, answer.body["@iot.id"]
        return answer

    def _path(self, url: str) -> tuple[str, str]:
        """Path below the root and query of a part's URL: relative, absolute, or from what was made before."""
        said = urlsplit(url)
        path = unquote(said.path)
        if ids.PREFIX in path:
            path = path.partition(ids.PREFIX)[2]
        path = _WITHIN.sub(lambda found: f"({self._literal(found[1])})", path.strip("/"))
        found = _REFERENCE.match(path)
        if found is not None and path != PATH and found[1] in self.made:
            path = self.made[found[1]][0] + path[found.end() :]
        if path == PATH:
            raise Refused(_("A batch holds no other batch."), "bad_batch")
        return path, said.query

    def _literal(self, name: str) -> str:
        key = self._made(name)
        return str(key) if isinstance(key, int) else f"'{key}'"

    def _made(self, name: str) -> Any:  # noqa: ANN401 - an id
        if name not in self.made:
            raise Refused(_("No earlier request %(name)s made anything.") % {"name": f"${name}"}, "bad_batch")
        return self.made[name][1]

    def _named(self, told: Value) -> Value:
        """A body with ids in the place of references to what was made before."""
        if isinstance(told, list):
            return [self._named(item) for item in told]
        if not isinstance(told, dict):
            return told
        return {
            name: self._made(value[1:])
            if name == "@iot.id" and isinstance(value, str) and value.startswith("$")
            else self._named(value)
            for name, value in told.items()
        }


class _Broken(Exception):
    """A part of a group was refused."""


class _Request(msgspec.Struct):
    id: str | int
    method: str
    url: str
    body: Any = None
    headers: dict[str, str] = {}
    atomicityGroup: str = ""
    dependsOn: list[str] = []


class _Requests(msgspec.Struct):
    requests: list[_Request]


def parts(told: Value) -> list[Part]:
    """The parts of a JSON batch; raises Refused."""
    try:
        requests = msgspec.convert(told, _Requests).requests
    except msgspec.ValidationError as error:
        raise Refused(f"{PATH}: {error}", "bad_batch") from error
    found = [_part(request) for request in requests]
    check(found)
    return found


def _part(request: _Request) -> Part:
    types = [value for name, value in request.headers.items() if name.lower() == "content-type"]
    return Part(
        str(request.id),
        request.method.upper(),
        request.url,
        request.body,
        types[0].partition(";")[0].strip().lower() if types else "",
        request.atomicityGroup,
        tuple(request.dependsOn),
    )


def check(found: Sequence[Part]) -> None:
    """Refuse a batch that could not be understood as a whole."""
    if len(found) > MOST:
        raise Refused(_("A batch holds at most %(most)s requests.") % {"most": MOST}, "too_large")
    names = [part.id for part in found]
    groups = [group for group, _parts in groupby(part.group for part in found) if group]
    if len(set(names)) != len(names) or len(set(groups)) != len(groups):
        text = _("Each request has an id of its own, and requests of a group stand together.")
        raise Refused(text, "bad_batch")
    for part in found:
        if part.method not in METHODS:
            raise Refused(_("%(method)s is no method here.") % {"method": part.method[:20]}, "bad_batch")


def told(done: Sequence[Done]) -> Answer:
    """The answer to a JSON batch."""
    return Answer(200, {"responses": list(_told(done))})


def _told(done: Sequence[Done]) -> Iterator[dict[str, Any]]:
    for one in done:
        said: dict[str, Any] = {"id": one.part.id, "status": one.answer.status}
        if one.answer.location:
            said["location"] = one.answer.location
        if one.answer.body is not None:
            said["body"] = one.answer.body
        yield said
