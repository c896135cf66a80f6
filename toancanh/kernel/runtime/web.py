"""The outermost frame of every Django page: request id, security headers, errors as pages."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.db import DataError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from toancanh.kernel.runtime import ids
from toancanh.lib.errors import Full, NotAllowed, NotFound, Refused, Unavailable

Answer = Callable[[HttpRequest], HttpResponse]

POLICY = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}'; worker-src 'self'; "
    "style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


def frame(get_response: Answer) -> Answer:
    """Middleware: name the request, guard the answer."""

    def answer(request: HttpRequest) -> HttpResponse:
        request.csp_nonce = secrets.token_urlsafe(16)  # type: ignore[attr-defined]
        mark = ids.request_id.set(ids.new_request_id())
        try:
            response = get_response(request)
        finally:
            ids.request_id.reset(mark)
        response.headers.setdefault("Content-Security-Policy", POLICY.format(nonce=request.csp_nonce))  # type: ignore[attr-defined]
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(self)")
        return response

    answer.process_exception = explain  # type: ignore[attr-defined]
    return answer


def explain(request: HttpRequest, fault: Exception) -> HttpResponse | None:
    """Turn what a rule refused, or a full disk, into a page or a problem document that says what to do."""
    status, title, text, code = 0, "", "", ""
    if isinstance(fault, NotFound):
        status, title, text, code = 404, _("Not found"), fault.message, fault.code
    elif isinstance(fault, NotAllowed):
        status, title, text, code = 403, _("Not allowed"), fault.message, fault.code
    elif isinstance(fault, Refused):
        status, title, text, code = 422, _("Not accepted"), fault.message, fault.code
    elif is_full(fault):
        status, title, code = 507, _("The disk is full"), "disk_full"
        text = _("Nothing was lost and nothing new was saved. Make room on the disk, then try again.")
    elif isinstance(fault, OperationalError | InterfaceError | Unavailable):
        status, title, code = 503, _("The database does not answer"), "unavailable"
        text = _("What was saved is safe. Try again in a moment.")
    elif isinstance(fault, DataError):
        status, title, code = 400, _("Not accepted"), "bad_request"
        text = _("The request holds characters that no text has.")
    return problem(request, status, title, text, code) if status else None


def is_full(fault: BaseException) -> bool:
    """Whether a database error means that the disk is full."""
    cause = fault.__cause__ if isinstance(fault, OperationalError) else fault
    if isinstance(fault, Full):
        return True
    full_code = getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return full_code or getattr(cause, "sqlstate", None) == "53100" or "disk is full" in str(fault)


def problem(request: HttpRequest, status: int, title: str, text: str, code: str) -> HttpResponse:
    """An error as RFC 9457 for programs, as a page for people."""
    if request.path.startswith("/api/") or "text/html" not in request.headers.get("Accept", "text/html"):
        body = {"type": "about:blank", "title": title, "status": status, "detail": text, "code": code}
        return JsonResponse(
            body,
            status=status,
            content_type="application/problem+json",
            json_dumps_params={"ensure_ascii": False},
        )
    said = {"title": title, "what": text, "code": status, "reference": ids.request_id.get()}
    # Without the request: its context would ask the very database that may have failed.
    return HttpResponse(render_to_string("web/error.html", said), status=status)


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form came without its token: mostly a page left open overnight."""
    text = _("This page was open too long, or cookies are switched off. Go back, reload and send again.")
    return problem(request, 403, _("The form has expired"), text, "stale_form")


def malformed(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The request itself is not to be trusted, such as one for a host that is not ours."""
    text = _("This program does not answer under that name. Its administrator adds names to TOANCANH_HOSTS.")
    return problem(request, 400, _("Not accepted"), text, "bad_request")


def missing(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """No such page."""
    text = _("There is nothing at this address. It may have been mistyped, or the link is old.")
    return problem(request, 404, _("Not found"), text, "not_found")


def forbidden(request: HttpRequest, exception: PermissionDenied | None = None) -> HttpResponse:
    """A right is missing."""
    text = _("Your post does not carry this right. The administrator of your locality can grant it.")
    return problem(request, 403, _("Not allowed"), text, "not_allowed")


def broken(request: HttpRequest) -> HttpResponse:
    """Our own fault."""
    text = _("This is our fault, not yours. Give the number below to the administrator.")
    return problem(request, 500, _("Something went wrong"), text, "fault")
