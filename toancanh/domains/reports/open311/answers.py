"""Answers as GeoReport v2 has them: JSON or XML of the same facts, errors too."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, Literal, cast
from xml.sax.saxutils import escape

import msgspec
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DataError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _

from toancanh.kernel.runtime import web
from toancanh.lib.errors import Full, NotAllowed, NotFound, Refused, Unavailable

Format = Literal["json", "xml"]
Fact = str | int | float | bool | None | Mapping[str, "Fact"] | list["Fact"]
View = Callable[..., HttpResponse]

KEPT_S = 30
"""Seconds for which whoever stands between may keep what anybody reads."""
MEDIA: dict[Format, str] = {"json": "application/json; charset=utf-8", "xml": "text/xml; charset=utf-8"}
ONE_OF = {
    "services": "service",
    "attributes": "attribute",
    "values": "value",
    "service_requests": "request",
    "service_request_updates": "request_update",
    "endpoints": "endpoint",
    "formats": "format",
    "errors": "error",
}
"""What the elements of a list are called in XML."""
UNSPEAKABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Signs that XML 1.0 cannot hold, not even as references."""


class Missing(NotFound):
    """What was asked for by its code is not there."""


class BadKey(NotAllowed):
    """The api_key is missing, unknown, over, or one for something else."""

    code = "bad_key"


class TooMany(Refused):
    """More came by one key, address or device than is taken; ``wait``: seconds until it is."""

    code = "too_often"

    def __init__(self, message: str, wait: float) -> None:
        super().__init__(message)
        self.wait = int(wait) + 1


def told(request: HttpRequest, form: Format, root: str, said: Fact, status: int = 200) -> HttpResponse:
    """The facts; 304 where the caller has them already. What needed a key is kept by nobody between."""
    made = written(form, root, said)
    answer = HttpResponse(made, status=status, content_type=MEDIA[form])
    answer["Access-Control-Allow-Origin"] = "*"
    if request.method not in ("GET", "HEAD") or status != 200:
        answer["Cache-Control"] = "no-store"
        return answer
    tag = f'"{hashlib.sha256(made).hexdigest()[:32]}"'
    known = [one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")]
    if tag in known:
        answer = HttpResponseNotModified()
        answer["Access-Control-Allow-Origin"] = "*"
    answer["ETag"] = tag
    has_key = "api_key" in request.GET or "Authorization" in request.headers
    answer["Cache-Control"] = "private, no-cache" if has_key else f"public, max-age={KEPT_S}"
    return answer


def written(form: Format, root: str, said: Fact) -> bytes:
    """The facts in that form; in XML below an element of that name."""
    if form == "json":
        return msgspec.json.encode(said)
    return ('<?xml version="1.0" encoding="utf-8"?>\n' + "".join(_element(root, said))).encode()


def _element(name: str, said: Fact) -> Iterable[str]:
    """Built from names of ours and escaped text alone: nothing that came in can become an element."""
    yield f"<{name}>"
    if isinstance(said, Mapping):
        for child, fact in said.items():
            yield from _element(child, fact)
    elif isinstance(said, list):
        for fact in said:
            yield from _element(ONE_OF[name], fact)
    elif isinstance(said, bool):
        yield "true" if said else "false"
    elif said is not None:
        yield escape(UNSPEAKABLE.sub("", str(said)))
    yield f"</{name}>"


def answering(view: View) -> View:
    """Let the view raise what it refuses; the caller reads it as the specification has it."""

    @wraps(view)
    def answer(request: HttpRequest, *said: Any, form: Format, **named: Any) -> HttpResponse:  # noqa: ANN401
        try:
            if any("\0" in one for pair in request.GET.lists() for one in (pair[0], *pair[1])):
                text = _("The address holds a zero character, which no name and no time has.")
                raise Refused(text, "bad_request")
            return view(request, *said, form=form, **named)
        except (Refused, Unavailable, SuspiciousOperation, MultiPartParserError) as fault:
            return failed(request, form, fault)
        except (OperationalError, InterfaceError, DataError) as fault:
            return failed(request, form, fault)

    return cast(View, answer)


def failed(request: HttpRequest, form: Format, fault: Exception) -> HttpResponse:
    """The fault as one error with its status and a sentence."""
    status, text = _status(fault)
    answer = told(request, form, "errors", [{"code": status, "description": text}], status)
    if isinstance(fault, TooMany):
        answer["Retry-After"] = str(fault.wait)
    return answer


def _status(fault: Exception) -> tuple[int, str]:
    """By the specification 404 for what is not there, 403 for keys, 400 for all else that is refused."""
    if isinstance(fault, Refused):
        statuses = ((TooMany, 429), (NotFound, 404), (NotAllowed, 403))
        return next((status for kind, status in statuses if isinstance(fault, kind)), 400), fault.message
    if web.is_full(fault) or isinstance(fault, Full):
        return 507, _("Nothing was lost and nothing new was saved. Make room on the disk, then try again.")
    if isinstance(fault, OperationalError | InterfaceError | Unavailable):
        return 503, _("What was saved is safe. Try again in a moment.")
    if isinstance(fault, DataError):
        return 400, _("The request holds characters that no text has.")
    if isinstance(fault, RequestDataTooBig):
        return 400, _("The text is too long: at most 10,000 characters, and photos as files.")
    return 400, _("The body could not be read: send it as a form, with photos as multipart/form-data.")
