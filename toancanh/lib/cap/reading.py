"""Reads messages of CAP 1.2 and 1.1, alone or in an Atom feed.

What can be understood is taken, with remarks on what breaks the schema (`Read.faults`) or the guidance of the
standard (`Read.notes`): a warning is not thrown away for a comma. What cannot be told apart from other
messages, or not be understood at all, is no message.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urljoin

from toancanh.lib.cap import message, shape
from toancanh.lib.cap.message import Alert, Area, Circle, Info, Pair, Point, Reference, Resource
from toancanh.lib.cap.shape import Remark
from toancanh.lib.cap.tree import Node, Unreadable, parsed

ATOM = "http://www.w3.org/2005/Atom"
CAP_TYPE = "application/cap+xml"
_QUOTED = re.compile(r'"([^"]*)"|(\S+)')
_UNFIT = re.compile(r"[\s,<&]")
LONGEST_HEADLINE = 160
LONGEST_KEY = 200
"""Characters of an identifier or sender: more than any real one has."""


@dataclass(frozen=True)
class Read:
    """One message as it was found; ``alert`` is None where it is none, and ``faults`` say why."""

    version: str
    alert: Alert | None
    faults: tuple[Remark, ...] = ()
    notes: tuple[Remark, ...] = ()
    is_signed: bool = False
    """There is a signature; nobody has looked whether it holds."""
    original: bytes = b""
    """The text it was read from; of a feed the message alone, in the encoding of the feed."""


@dataclass(frozen=True)
class Document:
    """What stood in one document: messages, and addresses where a feed keeps others."""

    kind: str
    """``alert`` or ``feed``."""
    reads: tuple[Read, ...] = ()
    links: tuple[str, ...] = ()


def read(content: bytes, base: str = "") -> Document:
    """The messages of a document that came from ``base``; raises Unreadable where it is none."""
    root = parsed(content)
    if root.namespace in (message.CAP_12, message.CAP_11) and root.name == "alert":
        return Document("alert", (_read(root, content),))
    if (root.namespace, root.name) == (ATOM, "feed"):
        return _feed(root, content, base)
    if root.name == "alert" and ("cap" in root.namespace.lower() or not root.namespace):
        raise Unreadable("version", said=root.namespace)
    raise Unreadable("no_cap", said=root.name)


def _feed(root: Node, whole: bytes, base: str) -> Document:
    reads: list[Read] = []
    links: list[str] = []
    for entry in root.within("entry"):
        own = [
            _read(alert, whole[alert.start : whole.find(b">", alert.end) + 1])
            for content in entry.within("content")
            for alert in content.children
            if alert.name == "alert" and alert.namespace in (message.CAP_12, message.CAP_11)
        ]
        reads += own
        if not own and (link := _link(entry)):
            links.append(urljoin(base, link))
    return Document("feed", tuple(reads), tuple(dict.fromkeys(links)))


def _link(entry: Node) -> str:
    """The address of an entry's message: the link that says it is one, else the only one there is."""
    links = [one.attributes for one in entry.within("link") if one.attributes.get("href")]
    said = [one for one in links if one.get("type", "").partition(";")[0].strip().lower() == CAP_TYPE]
    plain = [one for one in links if one.get("rel", "alternate") == "alternate" and "type" not in one]
    found = next(iter(said or plain), None)
    return found["href"].strip() if found else ""


def _read(root: Node, original: bytes) -> Read:
    version = root.namespace.rpartition(":")[2]
    faults = shape.check(root)
    is_signed = any(one.namespace == shape.DSIG for one in root.children)
    reader = _Reader()
    alert = reader.alert(root)
    notes = tuple(reader.notes) if alert is None else (*reader.notes, *guidance(alert))
    return Read(version, alert, tuple(faults), notes, is_signed, original)


class _Reader:
    """Takes what can be understood of a tree, and notes what cannot."""

    def __init__(self) -> None:
        self.notes: list[Remark] = []

    def alert(self, node: Node) -> Alert | None:
        identifier, sender = self._text(node, "identifier"), self._text(node, "sender")
        sent = shape.time(self._text(node, "sent"))
        status, kind = self._of(node, "status", message.STATUS), self._of(node, "msgType", message.MSG_TYPE)
        scope = self._of(node, "scope", message.SCOPE)
        if not (identifier and sender and sent and status and kind and scope):
            return None
        if max(len(identifier), len(sender)) > LONGEST_KEY:
            self._note("too_long", next(node.within("identifier")))
            return None
        return Alert(
            identifier=identifier,
            sender=sender,
            sent=sent,
            status=status,
            msg_type=kind,
            scope=scope,
            source=self._text(node, "source"),
            restriction=self._text(node, "restriction"),
            addresses=_listed(self._text(node, "addresses")),
            codes=self._texts(node, "code"),
            note=self._text(node, "note"),
            references=tuple(self._references(node)),
            incidents=_listed(self._text(node, "incidents")),
            infos=tuple(self._info(one) for one in node.within("info")),
        )

    def _info(self, node: Node) -> Info:
        return Info(
            language=self._text(node, "language") or message.LANGUAGE,
            categories=tuple(one for one in self._texts(node, "category") if one in message.CATEGORY),
            event=self._text(node, "event"),
            response_types=tuple(t for t in self._texts(node, "responseType") if t in message.RESPONSE),
            urgency=self._of(node, "urgency", message.URGENCY) or "Unknown",
            severity=self._of(node, "severity", message.SEVERITY) or "Unknown",
            certainty=self._certainty(node),
            audience=self._text(node, "audience"),
            event_codes=self._pairs(node, "eventCode"),
            effective=shape.time(self._text(node, "effective")),
            onset=shape.time(self._text(node, "onset")),
            expires=shape.time(self._text(node, "expires")),
            sender_name=self._text(node, "senderName"),
            headline=self._text(node, "headline"),
            description=self._text(node, "description"),
            instruction=self._text(node, "instruction"),
            web=self._text(node, "web"),
            contact=self._text(node, "contact"),
            parameters=self._pairs(node, "parameter"),
            resources=tuple(self._resource(one) for one in node.within("resource")),
            areas=tuple(self._area(one) for one in node.within("area")),
        )

    def _certainty(self, node: Node) -> str:
        if self._text(node, "certainty") == "Very Likely":
            self._note("very_likely", next(node.within("certainty")))
            return "Likely"
        return self._of(node, "certainty", message.CERTAINTY) or "Unknown"

    def _resource(self, node: Node) -> Resource:
        size = self._text(node, "size")
        return Resource(
            resource_desc=self._text(node, "resourceDesc"),
            mime_type=self._text(node, "mimeType"),
            size=int(size) if size.isascii() and size.isdigit() and len(size) < 16 else None,
            uri=self._text(node, "uri"),
            deref_uri=self._text(node, "derefUri"),
            digest=self._text(node, "digest"),
        )

    def _area(self, node: Node) -> Area:
        return Area(
            area_desc=self._text(node, "areaDesc"),
            polygons=tuple(ring for one in node.within("polygon") if (ring := self._polygon(one))),
            circles=tuple(circle for one in node.within("circle") if (circle := self._circle(one))),
            geocodes=self._pairs(node, "geocode"),
            altitude=_number(self._text(node, "altitude")),
            ceiling=_number(self._text(node, "ceiling")),
        )

    def _polygon(self, node: Node) -> tuple[Point, ...]:
        points = [_point(text) for text in node.text.split()]
        known = [point for point in points if point is not None]
        if len(known) < len(points) or len(known) < 3:
            self._note("bad_polygon", node)
            return ()
        if known[0] != known[-1]:
            self._note("open_polygon", node)
            known.append(known[0])
        if len(known) < 4:
            self._note("bad_polygon", node)
            return ()
        return tuple(known)

    def _circle(self, node: Node) -> Circle | None:
        center, _space, radius = node.text.partition(" ")
        point, size = _point(center), _number(radius.strip())
        if point is None or size is None or not 0 <= size <= 20_100:
            self._note("bad_circle", node)
            return None
        return Circle(center=point, radius_km=size)

    def _references(self, node: Node) -> Iterator[Reference]:
        for one in node.within("references"):
            for text in one.text.split():
                sender, _comma, rest = text.partition(",")
                identifier, _comma, at = rest.rpartition(",")
                sent = shape.time(at)
                if sender and identifier and sent:
                    yield Reference(sender=sender, identifier=identifier, sent=sent)
                else:
                    self._note("bad_reference", one)

    def _text(self, node: Node, name: str) -> str:
        found = next(node.within(name), None)
        if found is None:
            return ""
        if not found.text and not found.children:
            self._note("empty", found)
        return found.text

    def _texts(self, node: Node, name: str) -> tuple[str, ...]:
        return tuple(one.text for one in node.within(name) if one.text)

    def _of(self, node: Node, name: str, known: tuple[str, ...]) -> str:
        text = self._text(node, name)
        return text if text in known else ""

    def _pairs(self, node: Node, name: str) -> tuple[Pair, ...]:
        return tuple((self._text(one, "valueName"), self._text(one, "value")) for one in node.within(name))

    def _note(self, code: str, node: Node) -> None:
        self.notes.append(Remark(code, node.name, node.line, node.text[:80]))


def guidance(alert: Alert) -> list[Remark]:
    """What the standard advises and no schema can check, judged without a clock."""
    found: list[Remark] = []
    if _UNFIT.search(alert.identifier):
        found.append(Remark("unfit", "identifier", said=alert.identifier[:80]))
    if _UNFIT.search(alert.sender):
        found.append(Remark("unfit", "sender", said=alert.sender[:80]))
    if alert.msg_type != "Alert" and not alert.references:
        found.append(Remark("no_references", "references"))
    if alert.scope == "Restricted" and not alert.restriction:
        found.append(Remark("no_restriction", "restriction"))
    if alert.scope == "Private" and not alert.addresses:
        found.append(Remark("no_addresses", "addresses"))
    if not alert.infos and alert.msg_type in ("Alert", "Update"):
        found.append(Remark("no_info", "info"))
    for info in alert.infos:
        found += _of_info(info, alert.sent)
    return found


def _of_info(info: Info, sent: datetime) -> Iterator[Remark]:
    if not info.areas:
        yield Remark("no_area", "area")
    if info.expires is None:
        yield Remark("no_expires", "expires")
    elif info.expires <= (info.effective or sent):
        yield Remark("ends_first", "expires", said=info.expires.isoformat())
    if len(info.headline) > LONGEST_HEADLINE:
        yield Remark("long_headline", "headline", said=str(len(info.headline)))


def _listed(text: str) -> tuple[str, ...]:
    """Words between spaces; those of several words stand in quotation marks."""
    return tuple(quoted or plain for quoted, plain in _QUOTED.findall(text))


def _number(text: str) -> float | None:
    if len(text) > 40 or "_" in text:
        return None
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _point(text: str) -> Point | None:
    lat, comma, lon = text.partition(",")
    y, x = _number(lat), _number(lon)
    if not comma or y is None or x is None or not (-90 <= y <= 90 and -180 <= x <= 180):
        return None
    return y, x
