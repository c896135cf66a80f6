"""Who may send reports: the locality's setting, with its history."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.domains.reports.models import Admission, Who
from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.notify.models import Setup
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotAllowed, Refused

RIGHT = "cases.arrange"
LONGEST_OFFICE = 500
SHOWN = 50


def now() -> Admission:
    """What holds; anyone may send until a locality says otherwise."""
    found = Admission.objects.filter(since__lte=clock.now()).order_by("-since", "-pk").first()
    return found or Admission(since=clock.now(), who=Who.ANYONE)


def history() -> list[Admission]:
    """What was set, newest first."""
    return list(Admission.objects.order_by("-since", "-pk")[:SHOWN])


def sentences() -> dict[str, str]:
    """Each choice in words."""
    return {
        Who.ANYONE: _("Anybody, without saying who he is."),
        Who.PHONE: _("Whoever shows by a code sent to it that a telephone number is his."),
        Who.ACCOUNT: _("Whoever is signed in."),
    }


def can_text() -> bool:
    """Whether codes can be sent to telephones here."""
    return Setup.objects.filter(channel="sms", is_on=True).exists()


@transaction.atomic
def change(who: str, office: str, reason: str, *, by: Actor) -> Admission:
    """Let something else hold from now on."""
    if not by.may(RIGHT):
        raise NotAllowed(_("Who may send reports is set by who arranges work for the whole locality."))
    if who not in Who.values:
        raise Refused(_("Choose one of what is offered."), "bad_choice")
    if who == Who.PHONE and not can_text():
        text = _("No gateway for text messages is set up: without one nobody could get a code.")
        raise Refused(text, "no_gateway")
    office = office.strip()
    if len(office) > LONGEST_OFFICE or "\0" in office:
        raise Refused(_("The office has at most 500 characters."), "too_long")
    reason = " ".join(reason.split())[:300]
    if not reason or "\0" in reason:
        raise Refused(_("Say by what decision or for what reason; it is kept with the rule."), "no_reason")
    made = Admission.objects.create(
        since=clock.now(), who=who, office=office, reason=reason, set_by=by.name or by.key
    )
    told = {"who": who, "office": office, "reason": reason}
    journal.record("reports.admission_set", "reports:admission", by=by, content=told)
    return made
