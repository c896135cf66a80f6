"""Properties as expressions name them: checked against the entity, and read from a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from toancanh.kernel.exchange.sensorthings.entities import ENTITIES, IDS, Entity, Link, Property, value
from toancanh.kernel.exchange.sensorthings.expressions import Expression, Malformed, Path, paths

ID = Property("@iot.id", "json", "pk")
_COMPUTED = {"phenomenonTime": "phenomenon_time", "resultTime": "result_time"}
"""Attributes of a datastream's row that `streams.measure` fills in."""


@dataclass(frozen=True)
class Way:
    """Where a path leads: over links to a property of the last entity, and to members within it."""

    links: tuple[Link, ...]
    entity: Entity
    property: Property
    members: tuple[str, ...]


def way(entity: Entity, path: Path) -> Way:
    """Where the path leads from the entity; raises Malformed where it leads nowhere."""
    links: list[Link] = []
    names = path.names
    while names and (link := entity.links.get(names[0])) is not None:
        links.append(link)
        entity, names = ENTITIES[link.target], names[1:]
    if not names:
        text = _("%(path)s is a link; name a property behind it, such as %(path)s/name.")
        raise Malformed(text % {"path": "/".join(path.names)})
    found = ID if names[0] in IDS else entity.properties.get(names[0])
    is_object = found is not None and found is not ID and found.kind in ("json", "geometry")
    if found is None or (len(names) > 1 and not is_object):
        said = {"set": entity.plural, "name": "/".join(names)[:100], "known": ", ".join(entity.properties)}
        raise Malformed(_("%(set)s have no property %(name)s; they have %(known)s.") % said)
    return Way(tuple(links), entity, found, names[1:])


def check(entity: Entity, expression: Expression) -> None:
    """Raise Malformed for the first property that is none."""
    for path in paths(expression):
        way(entity, path)


def told(row: Model, name: Property, members: tuple[str, ...] = ()) -> Any:  # noqa: ANN401 - any value
    """The value of a property of a row, or of a member within it."""
    if name.parts:
        found: Any = {part: value(row, column) for part, column in name.parts.items()}
    else:
        found = value(row, name.column or _COMPUTED[name.name])
    return member(found, members)


def member(found: Any, members: tuple[str, ...]) -> Any:  # noqa: ANN401 - JSON
    """What lies within a JSON value; numbers count the items of a list."""
    for name in members:
        if isinstance(found, dict):
            found = found.get(name)
        elif isinstance(found, list) and name.isascii() and name.isdigit() and int(name) < len(found):
            found = found[int(name)]
        else:
            return None
    return found


def of_row(entity: Entity, row: Model, path: Path) -> Any:  # noqa: ANN401 - any value
    """The value that a path over links to one entity has from a row on."""
    found = way(entity, path)
    target: Any = row
    for link in found.links:
        if link.many or not link.forward:
            text = _("%(path)s leads to several entities; it can only be compared with a fixed value.")
            raise Malformed(text % {"path": "/".join(path.names)})
        target = None if target is None else value(target, link.forward)
    return None if target is None else told(target, found.property, found.members)


def related(entity: Entity, expression: Expression) -> set[str]:
    """Lookups of the rows that the expression reads besides the entity's own."""
    found = set(entity.related)
    for path in paths(expression):
        prefix = ""
        for link in way(entity, path).links:
            if link.many or not link.forward:
                break
            prefix = f"{prefix}__{link.forward}" if prefix else link.forward
            found.add(prefix)
            found |= {f"{prefix}__{more}" for more in ENTITIES[link.target].related}
    return found
