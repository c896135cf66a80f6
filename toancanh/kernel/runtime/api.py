"""The house's API: one document, one form of errors, every operation on the register of doors."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import wraps
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI, Schema
from ninja.errors import ValidationError
from ninja.renderers import BaseRenderer

from toancanh.kernel.runtime.doors import Door
from toancanh.kernel.runtime.web import problem
from toancanh.lib.errors import NotFound, Refused


class Problem(Schema):
    """An error as RFC 9457 has it: what is wrong and what to do."""

    type: str
    title: str
    status: int
    detail: str
    code: str


class Json(BaseRenderer):
    """JSON as people can read it: Vietnamese letters stay letters."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:  # noqa: ANN401
        return msgspec.json.encode(data)


def make(version: str) -> NinjaAPI:
    """The API with its error forms; routers are added by the composition root."""
    api = NinjaAPI(
        title="Toàn Cảnh",
        renderer=Json(),
        version=version,
        description="Readings, things and administrative units. How to use it: docs/api.",
        urls_namespace="api",
        docs_url=None,
        openapi_url="openapi.json",
    )

    def invalid(request: HttpRequest, fault: Any) -> HttpResponse:  # noqa: ANN401 - ninja's own type
        said = "; ".join(f"{'.'.join(str(p) for p in e['loc'][1:])}: {e['msg']}" for e in fault.errors)
        return problem(request, 400, _("Not accepted"), said, "bad_request")

    def refused(request: HttpRequest, fault: Any) -> HttpResponse:  # noqa: ANN401 - ninja's own type
        status = 404 if isinstance(fault, NotFound) else 400
        title = _("Not found") if status == 404 else _("Not accepted")
        return problem(request, status, title, fault.message, fault.code)

    api.add_exception_handler(ValidationError, invalid)
    api.add_exception_handler(Refused, refused)
    return api


def register(urls: list[Any]) -> list[Any]:
    """Put every operation of the API on the register of doors: public reading."""
    for pattern in urls:
        pattern.callback = headed(pattern.callback)
        pattern.callback.door = Door(data="public", methods=("GET", "HEAD"))
    return urls


def headed(view: Callable[..., HttpResponse]) -> Any:  # noqa: ANN401 - a function that takes attributes
    """The view, answering HEAD as GET, which the framework refuses; the server leaves the body out.

    A zero character is refused before anything looks for it: PostgreSQL cannot even be asked.
    """

    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if "\0" in request.path or any(
            "\0" in said for pair in request.GET.lists() for said in (pair[0], *pair[1])
        ):
            text = _("The address holds a zero character, which no name and no time has.")
            return problem(request, 400, _("Not accepted"), text, "bad_request")
        method = request.method
        request.method = "GET" if method == "HEAD" else method
        try:
            return view(request, *args, **kwargs)
        finally:
            request.method = method

    return answer


TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)\Z", re.ASCII | re.IGNORECASE)
DAY = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
"""ISO 8601 has many spellings more; programs that learn one of them here fail elsewhere."""
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""No reading lies outside; times beyond, which arithmetic could not bear, mean these."""


def moment(text: str, name: str) -> datetime:
    """An RFC 3339 time with offset; a plus sign that a query string turned into a space is understood."""
    written = text.strip().replace(" ", "+")
    found: datetime | None
    try:
        found = datetime.fromisoformat(written.upper()) if TIME.match(written) else None
    except ValueError:
        found = None
    if found is None:
        said = _("%(name)s must be a time with offset, such as 2026-11-21T07:00:00+07:00.") % {"name": name}
        raise Refused(said, "bad_time")
    return min(max(found, FIRST), LAST)


def day(text: str | None) -> date | None:
    """A date as YYYY-MM-DD; None where none was given."""
    if not text:
        return None
    try:
        if DAY.match(text):
            return date.fromisoformat(text)
        raise ValueError(text)
    except ValueError as fault:
        raise Refused(_("date must be a day such as 2025-07-01."), "bad_date") from fault
