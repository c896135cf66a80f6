"""The façade's address, ``/sta/v1.1``: who asks, what is asked for, and the answer as HTTP."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from toancanh.kernel.exchange.sensorthings import (
    access,
    batch,
    bodies,
    deriving,
    ids,
    multipart,
    rights,
    root,
)
from toancanh.kernel.exchange.sensorthings.access import Sight
from toancanh.kernel.exchange.sensorthings.answers import ASK, Answer, fault, refusal
from toancanh.kernel.exchange.sensorthings.batch import Batch, Read
from toancanh.kernel.exchange.sensorthings.reading import Raw, Reader
from toancanh.kernel.exchange.sensorthings.writing import Writer
from toancanh.kernel.runtime.doors import door
from toancanh.kernel.telemetry.store import TooLong
from toancanh.lib.errors import Refused

MAX_BYTES: Final = 8 * 1024 * 1024
METHODS: Final = ("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE")


@csrf_exempt
@door(data="public", methods=METHODS, max_body=MAX_BYTES)
def service(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Everything below the root; a token says who writes, so no form of another site can."""
    try:
        if request.method in ("GET", "HEAD"):
            return read(request, rest)
        return write(request, rest)
    except Exception as error:
        found = fault(error)
        if found is None:
            raise
        return http(found)


def read(request: HttpRequest, rest: str) -> HttpResponse:
    """What the address and its query ask for; what is seen of it depends on who asks."""
    found = told(access.caller(request).sight, base(request), rest, request.META.get("QUERY_STRING", ""))
    answered = _raw(found.value) if isinstance(found, Raw) else http(Answer(200, found))
    answered.headers["Vary"] = "Authorization, Cookie, Accept-Language"
    answered.headers["Cache-Control"] = "private, no-cache"
    return answered


def told(sight: Sight, base: str, rest: str, query: str) -> Any:  # noqa: ANN401 - JSON, or a raw value
    """The root document, or what lies below it; raises what is refused."""
    if not rest.strip("/"):
        return root.document(base)
    deriving.follow()
    try:
        return Reader(sight, base).answer(rest, query)
    except TooLong as fault:
        text = _("This takes too long to look up; narrow it by datastream or phenomenonTime.")
        raise Refused(text, "too_long") from fault


def base(request: HttpRequest) -> str:
    """The service's address as the client knows it."""
    return f"{request.scheme}://{request.get_host()}{ids.PREFIX}"


def write(request: HttpRequest, rest: str) -> HttpResponse:
    """What a token asks to be made, changed or deleted; raises what is refused."""
    caller = access.caller(request)
    token = caller.token
    if token is None:
        text = _("Writing needs a token: send it as Bearer, or as the password of Basic.")
        return http(refusal(401, text, **ASK))
    writer = Writer(rights.info(token), base(request))
    content_type = request.headers.get("Content-Type", "")
    sort = content_type.partition(";")[0].strip().lower()
    if rest.strip("/") == batch.PATH and request.method == "POST":
        return _batch(writer, content_type, sort, request.body, _reader(caller.sight, writer.base))
    told = bodies.decode(request.body) if request.method != "DELETE" else None
    return http(writer.answer(request.method or "", rest, told, sort))


def _batch(writer: Writer, content_type: str, sort: str, body: bytes, read: Read) -> HttpResponse:
    work = Batch(writer, read)
    if sort == multipart.MIXED:
        answered, content = multipart.told(work.run(multipart.parts(content_type, body)))
        return HttpResponse(content, content_type=answered)
    return http(batch.told(work.run(batch.parts(bodies.decode(body)))))


def _reader(sight: Sight, base: str) -> Read:
    """Answers the parts of a batch that read."""

    def answer(path: str, query: str) -> Answer:
        found = told(sight, base, path, query)
        body = found.value if isinstance(found, Raw) else found
        return Answer(204 if body is None else 200, body)

    return answer


def http(answer: Answer) -> HttpResponse:
    """The answer as HTTP carries it."""
    body = b"" if answer.body is None else msgspec.json.encode(answer.body)
    headers = {**ASK, **answer.headers} if answer.status == 401 else dict(answer.headers)
    return HttpResponse(body, "application/json", answer.status, headers=headers)


def _raw(value: Any) -> HttpResponse:  # noqa: ANN401 - JSON
    """A property without its name around it; nothing at all where it has no value."""
    if value is None:
        return HttpResponse(status=204)
    if isinstance(value, str):
        return HttpResponse(value, content_type="text/plain; charset=utf-8")
    kind = "application/json" if isinstance(value, dict | list) else "text/plain; charset=utf-8"
    return HttpResponse(msgspec.json.encode(value), content_type=kind)
