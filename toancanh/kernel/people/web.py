"""Who acts in a request, and the gate that keeps staff pages to staff."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.crypto import constant_time_compare as compare
from django.utils.functional import SimpleLazyObject

from toancanh.kernel.declare import ANYONE, Actor
from toancanh.kernel.people import access
from toancanh.kernel.people.models import Person
from toancanh.kernel.runtime import doors
from toancanh.kernel.runtime.web import Answer, forbidden


def acting(get_response: Answer) -> Answer:
    """Middleware: ``request.actor``, and the right that the route's door asks for."""

    def answer(request: HttpRequest) -> HttpResponse:
        request.actor = SimpleLazyObject(lambda: _actor(request))  # type: ignore[attr-defined]
        response = get_response(request)
        match = request.resolver_match
        door = doors.of(match.func) if match else None
        if door is not None and door.data == "staff":
            # On a shared PC the next person's Back button must not show this one's pages.
            response.headers["Cache-Control"] = "private, no-store"
        return response

    def gate(request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse | None:
        door = doors.of(view)  # type: ignore[arg-type]
        if door is None:
            return forbidden(request)
        if not door.right:
            return None
        if not request.user.is_authenticated:
            return HttpResponseRedirect(f"/sign-in/?next={quote(request.get_full_path())}")
        return None if of(request).paths(door.right) else forbidden(request)

    answer.process_view = gate  # type: ignore[attr-defined]
    return answer


def of(request: HttpRequest) -> Actor:
    """Who acts in this request."""
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _actor(request: HttpRequest) -> Actor:
    return access.actor(request.user) if isinstance(request.user, Person) else ANYONE


async def of_scope(scope: MutableMapping[str, Any]) -> Actor:
    """Who is signed in where a request comes in beside Django; asks the database in a thread."""
    said = b"; ".join(value for name, value in scope["headers"] if name == b"cookie").decode("latin-1")
    try:
        cookie: Any = SimpleCookie(said).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        cookie = None
    return await asyncio.to_thread(_of_session, cookie.value) if cookie else ANYONE


def _of_session(cookie: str) -> Actor:
    try:
        return of_session(cookie)
    finally:
        close_old_connections()


def of_session(cookie: str) -> Actor:
    """Who is signed in by that session cookie; for doors beside Django's."""
    if not cookie:
        return ANYONE
    if not cookie.isalnum():
        return ANYONE
    session = SessionStore(cookie).load()
    person = Person.objects.filter(pk=session.get(SESSION_KEY, 0)).first()
    if person is None:
        return ANYONE
    # A changed password ends every session opened with the old one.
    opened_with = str(session.get(HASH_SESSION_KEY, ""))
    return access.actor(person) if compare(opened_with, person.get_session_auth_hash()) else ANYONE
