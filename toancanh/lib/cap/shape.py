"""The OASIS schema of a message as tables: which elements, in which order, how often, with which values.

`check` says of a tree what the schema would; only addresses of the web (xs:anyURI) are not looked into.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from toancanh.lib.cap import message
from toancanh.lib.cap.tree import Node

DSIG = "http://www.w3.org/2000/09/xmldsig#"
_XSI = "http://www.w3.org/2001/XMLSchema-instance "
_LANGUAGE = re.compile(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""What every database and every calendar of ours can hold."""


@dataclass(frozen=True)
class Remark:
    """One thing about a message, for people: a code, the element, its line, what stood there."""

    code: str
    at: str = ""
    line: int = 0
    said: str = ""


@dataclass(frozen=True)
class Part:
    """One element of a sequence; ``most`` None: as many as there are."""

    name: str
    least: int = 0
    most: int | None = 1
    kind: Literal["text", "time", "language", "integer", "decimal", "group"] = "text"
    values: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()


def _many(name: str, *parts: Part, least: int = 0, values: tuple[str, ...] = ()) -> Part:
    return Part(name, least, None, "group" if parts else "text", values, parts)


_PAIR = (Part("valueName", 1), Part("value", 1))
_AREA = (
    Part("areaDesc", 1),
    _many("polygon"),
    _many("circle"),
    _many("geocode", *_PAIR),
    Part("altitude", kind="decimal"),
    Part("ceiling", kind="decimal"),
)
_RESOURCE = (
    Part("resourceDesc", 1),
    Part("mimeType", 1),
    Part("size", kind="integer"),
    Part("uri"),
    Part("derefUri"),
    Part("digest"),
)
INFO = (
    Part("language", kind="language"),
    _many("category", least=1, values=message.CATEGORY),
    Part("event", 1),
    _many("responseType", values=message.RESPONSE),
    Part("urgency", 1, values=message.URGENCY),
    Part("severity", 1, values=message.SEVERITY),
    Part("certainty", 1, values=message.CERTAINTY),
    Part("audience"),
    _many("eventCode", *_PAIR),
    Part("effective", kind="time"),
    Part("onset", kind="time"),
    Part("expires", kind="time"),
    *(Part(name) for name in ("senderName", "headline", "description", "instruction", "web", "contact")),
    _many("parameter", *_PAIR),
    _many("resource", *_RESOURCE),
    _many("area", *_AREA),
)
ALERT = (
    Part("identifier", 1),
    Part("sender", 1),
    Part("sent", 1, kind="time"),
    Part("status", 1, values=message.STATUS),
    Part("msgType", 1, values=message.MSG_TYPE),
    Part("source"),
    Part("scope", 1, values=message.SCOPE),
    Part("restriction"),
    Part("addresses"),
    _many("code"),
    Part("note"),
    Part("references"),
    Part("incidents"),
    _many("info", *INFO),
)


def check(alert: Node) -> list[Remark]:
    """What of the message breaks its schema, in the order of the text."""
    return list(_group(alert, ALERT, is_whole=True))


def _group(node: Node, parts: Sequence[Part], *, is_whole: bool = False) -> Iterator[Remark]:
    yield from _attributes(node)
    if node.text:
        yield Remark("stray_text", node.name, node.line, node.text[:80])
    left = node.children
    at = 0
    for part in parts:
        first = at
        while at < len(left) and (left[at].name, left[at].namespace) == (part.name, node.namespace):
            at += 1
        found = left[first:at]
        if len(found) < _least(part, node.namespace):
            elsewhere = next(node.within(part.name), None)
            if elsewhere is None:
                yield Remark("missing", part.name, node.line)
        for extra in found[part.most :] if part.most is not None else ():
            yield Remark("twice", extra.name, extra.line)
        for one in found:
            yield from _group(one, part.parts) if part.kind == "group" else _leaf(one, part)
    for one in left[at:]:
        if not (is_whole and one.namespace == DSIG):
            known = one.namespace == node.namespace and any(part.name == one.name for part in parts)
            yield Remark("out_of_order" if known else "unknown", one.name, one.line)


def _least(part: Part, namespace: str) -> int:
    # CAP 1.1 lets a file go without its type.
    return 0 if part.name == "mimeType" and namespace == message.CAP_11 else part.least


def _attributes(node: Node) -> Iterator[Remark]:
    for name in node.attributes:
        if not name.startswith(_XSI):
            yield Remark("attribute", node.name, node.line, name.rpartition(" ")[2][:80])


def _leaf(node: Node, part: Part) -> Iterator[Remark]:
    yield from _attributes(node)
    if node.children:
        yield Remark("unknown", node.children[0].name, node.children[0].line)
    raw = "".join(node.pieces)
    if part.values:
        fits = raw in part.values
    elif part.kind == "time":
        fits = time(node.text) is not None and (
            bool(_TIME.fullmatch(node.text)) or node.namespace == message.CAP_11
        )
    elif part.kind == "language":
        fits = not raw or bool(_LANGUAGE.fullmatch(node.text))
    elif part.kind in ("integer", "decimal"):
        fits = bool((_INTEGER if part.kind == "integer" else _DECIMAL).fullmatch(node.text))
    else:
        fits = True
    if not fits:
        yield Remark("value" if node.text else "empty_value", node.name, node.line, node.text[:80])


def time(text: str) -> datetime | None:
    """The moment, where it can be understood; one without its offset could be anywhere on earth."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if len(text) < 19 or found.tzinfo is None or not 1901 <= found.year <= 2199:
        return None
    return found


def again(remark: Remark, code: str) -> Remark:
    """The same remark under another code."""
    return replace(remark, code=code)
