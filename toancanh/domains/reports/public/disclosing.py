"""Whether the figures of organisations are public: the locality's decision, with its history."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.domains.reports.public.models import Disclosure
from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotAllowed, Refused

RIGHT = "cases.arrange"
LONGEST_REASON = 300
SHOWN = 50


def now() -> Disclosure:
    """What holds; figures are internal until a locality decides otherwise."""
    found = Disclosure.objects.filter(since__lte=clock.now()).order_by("-since", "-pk").first()
    return found or Disclosure(since=clock.now(), figures=False)


def history() -> list[Disclosure]:
    """What was decided, newest first."""
    return list(Disclosure.objects.order_by("-since", "-pk")[:SHOWN])


def sentence(is_public: bool) -> str:
    """The choice in words."""
    if is_public:
        return _("Everybody sees how organisations and categories keep their terms.")
    return _("Figures of organisations and categories are for staff alone.")


@transaction.atomic
def change(is_public: bool, reason: str, *, by: Actor) -> Disclosure:
    """Let it hold from now on."""
    if not by.may(RIGHT):
        raise NotAllowed(_("What is public is set by who arranges work for the whole locality."))
    reason = " ".join(reason.split())[:LONGEST_REASON]
    if not reason or "\0" in reason:
        raise Refused(_("Say by what decision or for what reason; it is kept with the rule."), "no_reason")
    if now().figures == is_public:
        raise Refused(_("This holds already."), "same")
    made = Disclosure.objects.create(
        since=clock.now(), figures=is_public, reason=reason, set_by=by.name or by.key
    )
    told = {"figures": is_public, "reason": reason}
    journal.record("reports.disclosure_set", "reports:disclosure", by=by, content=told)
    return made
