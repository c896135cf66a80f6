"""How allauth signs people in here: accounts are made by the administrator, never by strangers."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.internal import ratelimit
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from toancanh.kernel.people.models import Person
from toancanh.kernel.runtime.web import problem


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
