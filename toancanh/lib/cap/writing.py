"""Writes a message as CAP 1.2, valid by the schema of OASIS."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from xml.sax.saxutils import escape

from toancanh.lib.cap import message, shape
from toancanh.lib.cap.message import Alert, Area, Info, Pair, Point, Reference, Resource
from toancanh.lib.cap.tree import parsed

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Unwritable(ValueError):
    """The data given make no valid message; the text says what is wrong."""


def write(alert: Alert) -> bytes:
    """The message in UTF-8; raises Unwritable for what would not be valid."""
    if alert.sent.tzinfo is None:
        raise Unwritable("a message is sent at a moment, which needs its offset from UTC")
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<alert xmlns="{message.CAP_12}">']
    lines += _alert(alert)
    lines.append("</alert>\n")
    made = "\n".join(lines).encode()
    faults = shape.check(parsed(made))
    if faults:
        raise Unwritable("; ".join(f"{one.code}: {one.at} {one.said}".strip() for one in faults))
    return made


def stamp(moment: datetime) -> str:
    """A moment as CAP wants it: whole seconds, an offset, and ``-00:00`` where that is nought."""
    if moment.tzinfo is None:
        raise Unwritable("a moment needs its offset from UTC")
    text = moment.replace(microsecond=0).isoformat()
    return f"{text[:-6]}-00:00" if text.endswith("+00:00") else text


def referred(references: Iterable[Reference]) -> str:
    """The triples of earlier messages."""
    return " ".join(f"{one.sender},{one.identifier},{stamp(one.sent)}" for one in references)


def _alert(alert: Alert) -> Iterator[str]:
    yield _leaf("identifier", alert.identifier)
    yield _leaf("sender", alert.sender)
    yield _leaf("sent", stamp(alert.sent))
    yield _leaf("status", alert.status)
    yield _leaf("msgType", alert.msg_type)
    yield from _some("source", alert.source)
    yield _leaf("scope", alert.scope)
    yield from _some("restriction", alert.restriction)
    yield from _some("addresses", _words(alert.addresses))
    yield from (_leaf("code", code) for code in alert.codes)
    yield from _some("note", alert.note)
    yield from _some("references", referred(alert.references))
    yield from _some("incidents", _words(alert.incidents))
    for info in alert.infos:
        yield "<info>"
        yield from _info(info)
        yield "</info>"


def _info(info: Info) -> Iterator[str]:
    yield _leaf("language", info.language)
    yield from (_leaf("category", one) for one in info.categories)
    yield _leaf("event", info.event)
    yield from (_leaf("responseType", one) for one in info.response_types)
    yield _leaf("urgency", info.urgency)
    yield _leaf("severity", info.severity)
    yield _leaf("certainty", info.certainty)
    yield from _some("audience", info.audience)
    yield from _pairs("eventCode", info.event_codes)
    for name, moment in (("effective", info.effective), ("onset", info.onset), ("expires", info.expires)):
        if moment is not None:
            yield _leaf(name, stamp(moment))
    yield from _some("senderName", info.sender_name)
    yield from _some("headline", info.headline)
    yield from _some("description", info.description)
    yield from _some("instruction", info.instruction)
    yield from _some("web", info.web)
    yield from _some("contact", info.contact)
    yield from _pairs("parameter", info.parameters)
    for resource in info.resources:
        yield "<resource>"
        yield from _resource(resource)
        yield "</resource>"
    for area in info.areas:
        yield "<area>"
        yield from _area(area)
        yield "</area>"


def _resource(resource: Resource) -> Iterator[str]:
    yield _leaf("resourceDesc", resource.resource_desc)
    yield _leaf("mimeType", resource.mime_type)
    if resource.size is not None:
        yield _leaf("size", str(resource.size))
    yield from _some("uri", resource.uri)
    yield from _some("derefUri", resource.deref_uri)
    yield from _some("digest", resource.digest)


def _area(area: Area) -> Iterator[str]:
    yield _leaf("areaDesc", area.area_desc)
    for polygon in area.polygons:
        if len(polygon) < 4 or polygon[0] != polygon[-1]:
            raise Unwritable("a polygon has at least four points, of which the last is the first")
        yield _leaf("polygon", " ".join(map(_point, polygon)))
    for circle in area.circles:
        yield _leaf("circle", f"{_point(circle.center)} {_figure(circle.radius_km)}")
    yield from _pairs("geocode", area.geocodes)
    for name, value in (("altitude", area.altitude), ("ceiling", area.ceiling)):
        if value is not None:
            yield _leaf(name, _figure(value))


def _point(point: Point) -> str:
    lat, lon = point
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise Unwritable(f"no place on earth: {lat},{lon} (latitude comes first)")
    return f"{_figure(lat)},{_figure(lon)}"


def _figure(value: float) -> str:
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _words(words: Iterable[str]) -> str:
    return " ".join(f'"{word}"' if " " in word else word for word in words)


def _pairs(name: str, pairs: Iterable[Pair]) -> Iterator[str]:
    for value_name, value in pairs:
        yield f"<{name}>{_leaf('valueName', value_name)}{_leaf('value', value)}</{name}>"


def _some(name: str, text: str) -> Iterator[str]:
    if text:
        yield _leaf(name, text)


def _leaf(name: str, text: str) -> str:
    return f"<{name}>{escape(_NO_XML.sub('', text))}</{name}>"
