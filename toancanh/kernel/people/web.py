"""Who acts in a request, and the gate that keeps staff pages to staff."""

from __future__ import annotations

from urllib.parse import quote

from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
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
        return get_response(request)

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


def of_session(cookie: str) -> Actor:
    """Who is signed in by that session cookie; for doors beside Django's."""
    if not cookie:
        return ANYONE
    key = SessionStore(cookie).load().get(SESSION_KEY)
    person = get_user_model().objects.filter(pk=key).first() if key else None
    return access.actor(person) if isinstance(person, Person) else ANYONE
