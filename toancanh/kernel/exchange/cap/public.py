"""``/cap``: our warnings for other centres' programs, as an Atom feed and a file a message. No exercises."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from xml.sax.saxutils import escape, quoteattr

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified

from toancanh.kernel.exchange.cap import outgoing
from toancanh.kernel.exchange.queries import locality
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.doors import door
from toancanh.kernel.runtime.rates import limited
from toancanh.kernel.warnings import queries, texts
from toancanh.kernel.warnings.models import Warning
from toancanh.lib.cap.reading import ATOM, CAP_TYPE
from toancanh.lib.cap.writing import write
from toancanh.lib.errors import NotFound

KEPT_S = 30
"""Seconds for which whoever stands between may keep an answer: a warning waits no longer than that."""


@door()
@limited(a_minute=120, burst=60)
def feed(request: HttpRequest) -> HttpResponse:
    """The newest messages, the newest first; each is a file of its own."""
    made = "\n".join(_feed(_base(request), queries.public_feed())).encode()
    return _answered(request, made, "application/atom+xml; charset=utf-8")


@door()
@limited(a_minute=120, burst=60)
def message(request: HttpRequest, number: str) -> HttpResponse:
    """One message, which never changes."""
    try:
        warning = queries.message(number)
    except NotFound:
        raise Http404 from None
    if warning.is_exercise:
        raise Http404
    made = write(outgoing.of(warning, _base(request) + _page(warning)))
    return _answered(request, made, f"{CAP_TYPE}; charset=utf-8")


def _answered(request: HttpRequest, made: bytes, kind: str) -> HttpResponse:
    tag = f'"{hashlib.sha256(made).hexdigest()[:32]}"'
    known = [one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")]
    response = HttpResponseNotModified() if tag in known else HttpResponse(made, content_type=kind)
    response["ETag"] = tag
    response["Cache-Control"] = f"public, max-age={KEPT_S}"
    response["Access-Control-Allow-Origin"] = "*"
    return response


def _base(request: HttpRequest) -> str:
    """Where citizens reach us: as arranged, else as the caller did."""
    arranged: str = getattr(settings, "PUBLIC_URL", "")
    return (arranged or request.build_absolute_uri("/")).rstrip("/")


def _page(warning: Warning) -> str:
    """Where people read it."""
    return f"/warnings/{warning.number}/"


def _feed(base: str, warnings: list[Warning]) -> Iterator[str]:
    own, place = outgoing.sender(), locality()["name"]
    newest = warnings[0].approved_at if warnings else None
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<feed xmlns="{ATOM}" xml:lang="vi">'
    yield f"<id>urn:toancanh:cap:{escape(own)}</id>"
    yield f"<title>{escape(' – '.join(part for part in ('Bản tin cảnh báo', place) if part))}</title>"
    yield f"<updated>{_stamp(newest or clock.EPOCH)}</updated>"
    yield f"<author><name>{escape(place or own)}</name></author>"
    yield f'<link rel="self" type="application/atom+xml" href={quoteattr(f"{base}/cap")}/>'
    for warning in warnings:
        yield from _entry(base, own, warning)
    yield "</feed>\n"


def _entry(base: str, own: str, warning: Warning) -> Iterator[str]:
    text = texts.of(warning, "vi")
    at = _stamp(warning.approved_at or clock.EPOCH)
    page, file = base + _page(warning), f"{base}/cap/{warning.number}.xml"
    yield "<entry>"
    yield f"<id>urn:toancanh:cap:{escape(own)}:{warning.number}</id>"
    yield f"<title>{escape(text.headline)}</title>"
    yield f"<updated>{at}</updated><published>{at}</published>"
    yield f"<author><name>{escape(warning.issuer or own)}</name></author>"
    yield f'<link rel="alternate" type="{CAP_TYPE}" href={quoteattr(file)}/>'
    yield f'<link rel="related" type="text/html" href={quoteattr(page)}/>'
    yield f"<category term={quoteattr(text.event)}/>"
    summary = ". ".join(part for part in (text.label, text.level, text.where) if part)
    yield f"<summary>{escape(summary)}</summary>"
    yield "</entry>"


def _stamp(moment: datetime) -> str:
    return moment.astimezone(clock.VIETNAM).replace(microsecond=0).isoformat()
