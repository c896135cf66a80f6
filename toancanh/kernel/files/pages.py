"""The door through which contents leave: pictures that we drew to be shown, all else to be saved."""

from __future__ import annotations

import logging

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from toancanh.kernel.files import links, names, queries, storage
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.doors import door
from toancanh.lib.errors import NotFound

log = logging.getLogger(__name__)
SHOWN = "image/jpeg"
POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""Should a browser ever take a file for a page, it is one that may do nothing, in an origin of its own."""
BRIEFLY = 300
"""Seconds for which caches may keep what the public sees: it may be covered or taken back."""
HOUR = 3600


@door()
def serve(request: HttpRequest, signed: str, name: str) -> HttpResponseBase:
    """The content that a signed link leads to; the name in the address is for people alone."""
    asked = links.read(signed)
    found = queries.content(asked.file, asked.variant)
    if found is None:
        raise NotFound(_("This file is still being checked, or it is not kept any more."))
    is_public = asked.variant in links.FOR_PUBLIC
    mark = f'"{found.sha256[:32]}"'
    response: HttpResponseBase
    if mark in request.headers.get("If-None-Match", ""):
        response = HttpResponseNotModified()
    elif request.method == "HEAD":
        response = HttpResponse(content_type=found.media, headers={"Content-Length": str(found.size)})
    else:
        own = names.PUBLIC if is_public else found.file.name
        response = _content(found.sha256, found.media, names.served(own, found.media))
    seconds = max(0, int((asked.expires - clock.now()).total_seconds()))
    kept = (
        f"public, max-age={min(seconds, BRIEFLY)}" if is_public else f"private, max-age={min(seconds, HOUR)}"
    )
    response.headers["Cache-Control"] = kept
    response.headers["ETag"] = mark
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin" if is_public else "same-origin"
    return response


def _content(digest: str, media: str, name: str) -> FileResponse:
    try:
        file = storage.here().open(digest)
    except FileNotFoundError as fault:
        log.exception("the content %s is missing in the storage", digest)
        raise NotFound(_("This file is still being checked, or it is not kept any more.")) from fault
    return FileResponse(file, as_attachment=media != SHOWN, filename=name, content_type=media)
