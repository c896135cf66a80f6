"""Addresses of SensorThings: from the path of a request to what it means."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from toancanh.kernel.exchange.sensorthings import ids
from toancanh.kernel.exchange.sensorthings.entities import ENTITIES, IDS, SELF_LINK, SETS, Entity
from toancanh.lib.errors import NotFound

Key = int | str
"""Integers, and for observations texts such as ``12-1763786852000000``."""
DEEPEST = 20
_SEGMENT = re.compile(r"(?P<name>[@$\w][\w.$-]*)(?:\((?P<key>[^()]*)\))?\Z")
_NUMBER = re.compile(r"\d{1,18}\Z", re.ASCII)


@dataclass(frozen=True)
class Step:
    """One part of the way: a set, an entity of it by its key, or the one entity that a link leads to."""

    name: str
    entity: Entity
    key: Key | None = None
    many: bool = False
    """A set is meant; else one entity."""


@dataclass(frozen=True)
class Address:
    """A way through entities, and what of the last one is asked for."""

    steps: tuple[Step, ...]
    members: tuple[str, ...] = ()
    """Name of a property, and of members within it."""
    is_ref: bool = False
    is_value: bool = False

    @property
    def last(self) -> Step:
        """Where the way ends."""
        return self.steps[-1]


def key(entity: Entity, text: str) -> Key:
    """An id as addresses write it, quoted or bare; raises NotFound where no such entity can have it."""
    bare = text.strip()
    if len(bare) >= 2 and bare[0] == bare[-1] == "'":
        bare = bare[1:-1].replace("''", "'")
    if entity.model is None:
        if ids.observation(bare) is not None:
            return bare
    elif _NUMBER.match(bare) and int(bare) <= ids.LARGEST:
        return int(bare)
    raise missing(f"{entity.plural}({text})")


def link(step_name: str, given: Key) -> str:
    """``Things(1)``, ``Observations('12-1763786852000000')``."""
    return f"{step_name}({given})" if isinstance(given, int) else f"{step_name}('{given}')"


def missing(what: str) -> NotFound:
    """The one answer for what is not there and for what the caller may not know of."""
    return NotFound(_("There is no %(what)s here, or it is not open to you.") % {"what": what[:200]})


def parse(path: str) -> Address:
    """What the path below ``/sta/v1.1/`` means; raises NotFound for one that leads nowhere."""
    segments = path.strip("/").split("/")
    if len(segments) > DEEPEST:
        raise missing(path)
    is_value, is_ref = segments[-1] == "$value", segments[-1] == "$ref"
    if is_value or is_ref:
        segments.pop()
    steps: list[Step] = []
    members: list[str] = []
    for segment in segments:
        found = _SEGMENT.match(segment)
        if found is None or (members and found["key"] is not None):
            raise missing(path)
        name, said = found["name"], found["key"]
        if members:
            members.append(name)
            continue
        step = _step(steps[-1] if steps else None, name, said)
        if step is not None:
            steps.append(step)
        elif steps and not steps[-1].many and said is None and _is_property(steps[-1].entity, name):
            members.append(name)
        else:
            raise missing(path)
    if not steps or (is_value and not members) or (is_ref and members):
        raise missing(path)
    return Address(tuple(steps), tuple(members), is_ref, is_value)


def _step(before: Step | None, name: str, said: str | None) -> Step | None:
    if before is None:
        entity, many = SETS.get(name), True
    elif before.many:
        return None
    else:
        link = before.entity.links.get(name)
        entity, many = (ENTITIES[link.target], link.many) if link else (None, False)
    if entity is None or (said is not None and not many):
        return None
    if said is None:
        return Step(name, entity, None, many)
    return Step(name, entity, key(entity, said))


def _is_property(entity: Entity, name: str) -> bool:
    return name in entity.properties or name in IDS or name == SELF_LINK
