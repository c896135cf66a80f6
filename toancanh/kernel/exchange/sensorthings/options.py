"""The query options of a request, and those within ``$expand``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from django.utils.translation import gettext as _

from toancanh.kernel.exchange.sensorthings.entities import ENTITIES, IDS, SELF_LINK, Entity
from toancanh.kernel.exchange.sensorthings.expressions import Expression, Malformed, filter_of, order_of
from toancanh.kernel.exchange.sensorthings.paths import check

PAGE = 100
MOST = 1_000
"""Entities of a page where the request does not say, and where it asks for more."""
FARTHEST = 1_000_000_000
DEEPEST = 8
"""Levels of ``$expand``."""
WIDEST = 40
"""Links expanded in one request."""
NESTED = ("$filter", "$orderby", "$select", "$expand", "$top", "$skip", "$count")
KNOWN = (*NESTED, "$resultFormat", "$skiptoken")
_DIRECTION = re.compile(r"\s(asc|desc)\s*\Z", re.IGNORECASE)
_PAGING = ("$expand", "$skip", "$skiptoken")
_NUMBER = re.compile(r"\d{1,18}\Z", re.ASCII)


@dataclass
class Options:
    """What a request asks of one set or entity."""

    filter: Expression | None = None
    order: tuple[tuple[Expression, bool], ...] = ()
    """Keys to sort by, each with whether it descends."""
    select: tuple[str, ...] | None = None
    expand: dict[str, Options] = field(default_factory=dict)
    top: int | None = None
    skip: int = 0
    count: bool = False
    token: str = ""
    """Where the page before this one ended."""
    format: str = ""
    written: dict[str, str] = field(default_factory=dict)
    """The options as they were written."""

    @property
    def limit(self) -> int:
        """Entities of a page."""
        return PAGE if self.top is None else min(self.top, MOST)

    def text(self) -> dict[str, str]:
        """The options for the address of a page of the same: without where this one begins."""
        found = {name: value for name, value in self.written.items() if name not in _PAGING}
        if self.expand:
            found["$expand"] = ",".join(_item(name, within) for name, within in self.expand.items())
        return found


def _item(name: str, within: Options) -> str:
    told = within.text()
    if within.skip:
        told["$skip"] = str(within.skip)
    return f"{name}({';'.join(f'{key}={value}' for key, value in told.items())})" if told else name


def split_query(query: str) -> dict[str, str]:
    """The options of a query string; those without ``$`` are nobody's here and pass."""
    found: dict[str, str] = {}
    for part in query.split("&"):
        name, _sign, value = (unquote_plus(piece) for piece in part.partition("="))
        if not name.startswith("$"):
            continue
        if name in found:
            raise Malformed(_("%(name)s is given twice.") % {"name": name[:40]})
        found[name] = value
    if any("\0" in name or "\0" in value for name, value in found.items()):
        raise Malformed(_("The address holds a zero character, which no name and no time has."))
    return found


def read(entity: Entity, query: str) -> Options:
    """The options of a request for entities of a sort; raises Malformed."""
    found = _Reader().options(entity, split_query(query), KNOWN, 0)
    return found


class _Reader:
    """Reads the options of one request and counts what they ask for."""

    def __init__(self) -> None:
        self._expanded = 0

    def options(self, entity: Entity, told: Mapping[str, str], known: tuple[str, ...], depth: int) -> Options:
        for name in told:
            if name not in known:
                text = _("There is no option %(name)s here; there are %(known)s.")
                raise Malformed(text % {"name": name[:40], "known": ", ".join(known)})
        found = Options(written=dict(told))
        if "$filter" in told:
            found.filter = filter_of(told["$filter"])
            check(entity, found.filter)
        if "$orderby" in told:
            found.order = tuple(_order(entity, part) for part in split(told["$orderby"], ",", "$orderby"))
        if "$select" in told:
            found.select = tuple(_selected(entity, name) for name in told["$select"].split(","))
        if "$expand" in told:
            self._expand(entity, told["$expand"], found, depth)
        found.top = _number(told["$top"], "$top") if "$top" in told else None
        found.skip = _number(told.get("$skip", "0"), "$skip")
        found.count = _boolean(told.get("$count", "false"))
        found.token = told.get("$skiptoken", "")
        found.format = _format(entity, told.get("$resultFormat", ""))
        return found

    def _expand(self, entity: Entity, text: str, into: Options, depth: int) -> None:
        if depth >= DEEPEST:
            raise Malformed(_("$expand goes at most %(most)s levels deep.") % {"most": DEEPEST})
        for item in split(text, ",", "$expand"):
            way, _sign, rest = item.partition("(")
            if rest and not rest.endswith(")"):
                raise Malformed(_("$expand cannot be understood: %(what)s") % {"what": item[:80]})
            self._item(entity, way.strip().split("/"), rest[:-1], into, depth)

    def _item(self, entity: Entity, way: list[str], text: str, into: Options, depth: int) -> None:
        """One link to expand, or several one after the other, of which the last has the options."""
        link = entity.links.get(way[0])
        if link is None:
            said = {"set": entity.plural, "name": way[0][:80], "known": ", ".join(entity.links)}
            raise Malformed(_("%(set)s have no link %(name)s; they have %(known)s.") % said)
        target = ENTITIES[link.target]
        if link.name not in into.expand:
            self._expanded += 1
            if self._expanded > WIDEST:
                raise Malformed(_("$expand names more than %(most)s links.") % {"most": WIDEST})
            into.expand[link.name] = Options()
        within = into.expand[link.name]
        if len(way) > 1:
            if depth + 1 >= DEEPEST:
                raise Malformed(_("$expand goes at most %(most)s levels deep.") % {"most": DEEPEST})
            self._item(target, way[1:], text, within, depth + 1)
            return
        told: dict[str, str] = {}
        for part in split(text, ";", "$expand") if text.strip() else ():
            name, sign, value = part.strip().partition("=")
            if not sign or name in told:
                raise Malformed(_("$expand cannot be understood: %(what)s") % {"what": part[:80]})
            told[name] = value
        read_here = self.options(target, told, NESTED, depth + 1)
        read_here.expand = {**within.expand, **read_here.expand}
        into.expand[link.name] = read_here


def split(text: str, sign: str, option: str) -> Iterator[str]:
    """The parts between signs that stand neither in a text nor in brackets."""
    depth, start, quoted = 0, 0, False
    for at, letter in enumerate(text):
        if letter == "'":
            quoted = not quoted
        elif quoted:
            continue
        elif letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
        elif letter == sign and depth == 0:
            yield text[start:at]
            start = at + 1
        if depth < 0:
            break
    if depth or quoted or not text[start:].strip():
        raise Malformed(
            _("%(option)s cannot be understood: %(what)s.") % {"option": option, "what": text[:80]}
        )
    yield text[start:]


def _order(entity: Entity, text: str) -> tuple[Expression, bool]:
    found = _DIRECTION.search(text)
    key = order_of(text[: found.start()] if found else text)
    check(entity, key)
    return key, bool(found and found[1].lower() == "desc")


def _selected(entity: Entity, text: str) -> str:
    name = text.strip()
    if name in IDS:
        return "@iot.id"
    if name in entity.properties or name in entity.links or name == SELF_LINK:
        return name
    said = {"set": entity.plural, "name": name[:80], "known": ", ".join(entity.properties)}
    raise Malformed(_("%(set)s have no property %(name)s; they have %(known)s.") % said)


def _number(text: str, name: str) -> int:
    if not _NUMBER.match(text.strip()) or int(text) > FARTHEST:
        raise Malformed(_("%(name)s is a whole number from 0 on.") % {"name": name})
    return int(text)


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise Malformed(_("$count is true or false."))
    return text == "true"


def _format(entity: Entity, text: str) -> str:
    # Clients of FROST write DataArray.
    if text and (text.lower() != "dataarray" or entity.name != "Observation"):
        raise Malformed(_("$resultFormat is dataArray, and for observations alone."))
    return text
