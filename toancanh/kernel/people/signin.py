"""How allauth signs people in here: accounts are made by the administrator, never by strangers."""

from allauth.account.adapter import DefaultAccountAdapter, get_adapter
from allauth.core.internal import ratelimit
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from toancanh.kernel.people.models import Person
from toancanh.kernel.runtime.web import problem
from toancanh.lib.errors import Refused


def confirmed(request: HttpRequest, person: Person, password: str) -> bool:
    """Whether it is the person's password, at somebody else's screen; wrong ones count as at signing in."""
    try:
        found = get_adapter(request).authenticate(request, username=person.username, password=password)
    except ValidationError as fault:
        raise Refused(" ".join(fault.messages), "too_many") from fault
    return isinstance(found, Person) and found.pk == person.pk and found.is_active


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up by himself."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: str) -> str:
        # Wrong passwords count against the account at one address: a stranger elsewhere locks nobody out.
        key: str = super()._get_login_attempts_cache_key(request, **credentials)
        return f"{key}:{ratelimit.get_ip(request)}"

    def respond_user_inactive(self, request: HttpRequest, user: Person) -> HttpResponse:
        text = _("This account is closed. The administrator of your locality can open it again.")
        return problem(request, 403, _("Not allowed"), text, "closed_account")
