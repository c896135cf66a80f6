"""The batch as SensorThings 1.1 has it: multipart/mixed with requests of HTTP in it (OData 4.0, 11.7)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from email import message_from_bytes
from email.message import Message
from http import HTTPStatus
from itertools import groupby

import msgspec
from django.utils.translation import gettext as _

from toancanh.kernel.exchange.sensorthings import batch, bodies
from toancanh.kernel.exchange.sensorthings.answers import Answer
from toancanh.kernel.exchange.sensorthings.batch import Done, Part
from toancanh.lib.errors import Refused

MIXED = "multipart/mixed"


def parts(content_type: str, body: bytes) -> list[Part]:
    """The parts of a batch; raises Refused."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    whole = message_from_bytes(head + body)
    if not whole.is_multipart():
        raise Refused(_("The body has no parts at the boundary that Content-Type names."), "bad_batch")
    found = list(_parts(whole))
    batch.check(found)
    return found


def _within(whole: Message) -> list[Message]:
    found = whole.get_payload()
    return [one for one in found if isinstance(one, Message)] if isinstance(found, list) else []


def _parts(whole: Message) -> Iterator[Part]:
    for number, inner in enumerate(_within(whole)):
        if inner.get_content_type() == MIXED:
            for place, one in enumerate(_within(inner)):
                yield _part(one, f"{number}.{place}", f"changeset-{number}")
        else:
            yield _part(inner, str(number), "")


def _part(message: Message, otherwise: str, group: str) -> Part:
    if message.is_multipart():
        raise Refused(_("A part of a batch is one request of HTTP."), "bad_batch")
    raw = message.get_payload(decode=True)
    assert isinstance(raw, bytes)
    head, _gap, body = raw.replace(b"\r\n", b"\n").lstrip(b"\n").partition(b"\n\n")
    line, *rest = head.decode("utf-8", "replace").split("\n")
    words = line.split()
    if len(words) < 2:
        raise Refused(_("A part of a batch begins with a method and an address."), "bad_batch")
    headers = {
        name.strip().lower(): value.strip() for name, _colon, value in (r.partition(":") for r in rest)
    }
    # Spaces in an address are wrong and common; HTTP/1.1 at its end is the protocol.
    url = " ".join(words[1:-1] if words[-1].upper().startswith("HTTP/") else words[1:])
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    told = bodies.decode(body.strip()) if body.strip() else None
    key = str(message.get("Content-ID", otherwise)).strip().strip("<>")
    return Part(key or otherwise, words[0].upper(), url, told, content_type, group)


def told(done: Sequence[Done]) -> tuple[str, bytes]:
    """The Content-Type and the body that answer a batch."""
    outer = f"batch_{secrets.token_hex(16)}"
    lines: list[str] = []
    for group, together in groupby(done, key=lambda one: one.part.group):
        if not group:
            for one in together:
                lines += [f"--{outer}", *_lines(one)]
            continue
        inner = f"changeset_{secrets.token_hex(16)}"
        lines += [f"--{outer}", f"Content-Type: {MIXED}; boundary={inner}", ""]
        for one in together:
            lines += [f"--{inner}", *_lines(one)]
        lines.append(f"--{inner}--")
    lines += [f"--{outer}--", ""]
    return f"{MIXED}; boundary={outer}", "\r\n".join(lines).encode()


def _lines(one: Done) -> Iterator[str]:
    answer: Answer = one.answer
    yield "Content-Type: application/http"
    if one.part.group:
        yield f"Content-ID: {one.part.id}"
    yield ""
    yield f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"
    for name, value in answer.headers.items():
        yield f"{name}: {value}"
    body = "" if answer.body is None else msgspec.json.encode(answer.body).decode()
    if body:
        yield "Content-Type: application/json"
    yield ""
    yield body
