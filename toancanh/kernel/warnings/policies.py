"""How this locality orders warnings: own approval, reminders, reports upwards; dated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock
from toancanh.kernel.warnings.models import Policy
from toancanh.lib.errors import NotAllowed, Refused

ARRANGE = "warnings.arrange"
"""To change words and times of warnings for the whole installation."""
LONGEST = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What holds at a moment."""

    may_approve_own: bool = False
    remind_after: timedelta = timedelta(minutes=10)
    """After so long without approval those who may order it are reminded …"""
    escalate_after: timedelta = timedelta(minutes=20)
    """… and it is reported to whoever stands above."""
    expiry_notice: timedelta = timedelta(hours=1)
    """So long before a warning runs out its officers are asked for an update or the all-clear."""


def check(by: Actor) -> None:
    """Only who arranges warnings everywhere writes here."""
    if not by.may(ARRANGE):
        raise NotAllowed(_("This is changed by the administrator of your locality."))


def current(now: datetime) -> Terms:
    """What holds now; the product's own terms where nobody decided others."""
    held = Q(valid_to=None) | Q(valid_to__gt=now)
    row = Policy.objects.filter(held, valid_from__lte=now).order_by("-valid_from", "-pk").first()
    if row is None:
        return Terms()
    return Terms(
        may_approve_own=row.may_approve_own,
        remind_after=timedelta(seconds=row.remind_after_s),
        escalate_after=timedelta(seconds=row.escalate_after_s),
        expiry_notice=timedelta(seconds=row.expiry_notice_s),
    )


@transaction.atomic
def decide(terms: Terms, reason: str, *, by: Actor) -> Policy:
    """Let other terms hold from now on."""
    check(by)
    now = clock.now()
    if not reason.strip() or len(reason) > 300:
        raise Refused(_("A change needs a reason of at most 300 characters."), "no_reason")
    spans = (terms.remind_after, terms.escalate_after, terms.expiry_notice)
    if not all(timedelta(minutes=1) <= span <= LONGEST for span in spans):
        raise Refused(_("A time is from one minute to seven days."), "bad_time")
    if terms.escalate_after < terms.remind_after:
        raise Refused(
            _("First it is reminded, then reported upwards: the second time is the longer."), "bad_time"
        )
    Policy.objects.filter(valid_to=None).update(valid_to=now)
    remind, escalate, notice = (round(span.total_seconds()) for span in spans)
    row = Policy.objects.create(
        may_approve_own=terms.may_approve_own,
        remind_after_s=remind,
        escalate_after_s=escalate,
        expiry_notice_s=notice,
        valid_from=now,
        reason=reason.strip(),
        made_by=by.key,
        created=now,
    )
    content = {"may_approve_own": row.may_approve_own, "reason": row.reason, "remind_after_s": remind}
    content |= {"escalate_after_s": escalate, "expiry_notice_s": notice}
    journal.record("warnings.policy_decided", f"policy:{row.pk}", by=by, content=content)
    return row
