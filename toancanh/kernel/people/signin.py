"""How allauth signs people in here: accounts are made by the administrator, never by strangers."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from toancanh.kernel.people.models import Person
from toancanh.kernel.runtime.web import problem


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up by himself."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def respond_user_inactive(self, request: HttpRequest, user: Person) -> HttpResponse:
        text = _("This account is closed. The administrator of your locality can open it again.")
        return problem(request, 403, _("Not allowed"), text, "closed_account")
