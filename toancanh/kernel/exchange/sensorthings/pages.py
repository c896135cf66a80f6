"""The façade's address, ``/sta/v1.1``: who asks, what is asked for, and the answer as HTTP."""

from __future__ import annotations

from typing import Final

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from toancanh.kernel.exchange.sensorthings import access, answering, batch, bodies, ids, multipart, rights
from toancanh.kernel.exchange.sensorthings.answers import ASK, Answer, fault, refusal
from toancanh.kernel.exchange.sensorthings.batch import Batch, Read
from toancanh.kernel.exchange.sensorthings.writing import Writer
from toancanh.kernel.runtime.doors import door

MAX_BYTES: Final = 8 * 1024 * 1024
METHODS: Final = ("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE")


@csrf_exempt
@door(data="public", methods=METHODS, max_body=MAX_BYTES)
def service(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Everything below the root; a token says who writes, so no form of another site can."""
    if request.method in ("GET", "HEAD"):
        return answering.answer(request, rest)
    try:
        return write(request, rest)
    except Exception as error:
        found = fault(error)
        if found is None:
            raise
        return http(found)


def write(request: HttpRequest, rest: str) -> HttpResponse:
    """What a token asks to be made, changed or deleted; raises what is refused."""
    token = access.caller(request).token
    if token is None:
        text = _("Writing needs a token: send it as Bearer, or as the password of Basic.")
        return http(refusal(401, text, **ASK))
    base = f"{request.scheme}://{request.get_host()}{ids.PREFIX}"
    writer = Writer(rights.info(token), base)
    content_type = request.headers.get("Content-Type", "")
    sort = content_type.partition(";")[0].strip().lower()
    if rest.strip("/") == batch.PATH and request.method == "POST":
        return _batch(writer, content_type, sort, request.body, _reader(request))
    told = bodies.decode(request.body) if request.method != "DELETE" else None
    return http(writer.answer(request.method or "", rest, told, sort))


def _batch(writer: Writer, content_type: str, sort: str, body: bytes, read: Read) -> HttpResponse:
    work = Batch(writer, read)
    if sort == multipart.MIXED:
        answered, content = multipart.told(work.run(multipart.parts(content_type, body)))
        return HttpResponse(content, content_type=answered)
    return http(batch.told(work.run(batch.parts(bodies.decode(body)))))


def _reader(request: HttpRequest) -> Read:
    return lambda path, query: refusal(405, path + query)


def http(answer: Answer) -> HttpResponse:
    """The answer as HTTP carries it."""
    body = b"" if answer.body is None else msgspec.json.encode(answer.body)
    return HttpResponse(body, "application/json", answer.status, headers=dict(answer.headers))
