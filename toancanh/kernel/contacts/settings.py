"""When a commune counts as having received a warning, and how long ended contacts are kept: dated rules."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel.contacts import actions
from toancanh.kernel.contacts.models import Contact, Counts, Setting
from toancanh.kernel.declare import Actor, program
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock
from toancanh.kernel.territory.queries import today
from toancanh.lib.errors import NotAllowed, Refused

KEPT = 365
"""Days, where nobody has set anything: a year's flood season and the report on it."""
FEWEST, MOST = 1, 3650
BATCH = 500
SHOWN = 50


class Rule(NamedTuple):
    """What holds on a day."""

    counts: str = Counts.ONE
    keep_days: int = KEPT
    valid_from: date | None = None
    reason: str = ""
    set_by: str = ""

    @property
    def sentence(self) -> str:
        """The rule of counting, in words."""
        return sentences()[self.counts]


def sentences() -> dict[str, str]:
    """Each rule of counting in words."""
    return {
        Counts.ONE: _(
            "A commune counts as having received once one of its officials or heads has confirmed."
        ),
        Counts.OFFICIAL: _("A commune counts as having received once one of its officials has confirmed."),
        Counts.HALF: _("A commune counts as having received once half of those told there have confirmed."),
        Counts.ALL: _("A commune counts as having received once all who were told there have confirmed."),
    }


def on(day: date | None = None) -> Rule:
    """The rule that holds on a day; today unless given."""
    found = Setting.objects.filter(valid_from__lte=day or today()).order_by("-valid_from").first()
    return _rule(found) if found else Rule()


def history() -> list[Rule]:
    """What was set, newest first."""
    return [_rule(one) for one in Setting.objects.order_by("-valid_from")[:SHOWN]]


def counted(rule: str, told: int, confirmed: int, officials_confirmed: int) -> bool:
    """Whether a commune counts as having received; one where nobody was told never does."""
    if rule == Counts.OFFICIAL:
        return officials_confirmed > 0
    if rule == Counts.HALF:
        return told > 0 and confirmed * 2 >= told
    if rule == Counts.ALL:
        return told > 0 and confirmed == told
    return confirmed > 0


@transaction.atomic
def set_from(day: date, counts: str, keep_days: int, reason: str, *, by: Actor) -> Setting:
    """Let another rule hold from a day on; a day that has been set already is set anew."""
    if not by.may(actions.RIGHT):
        raise NotAllowed(_("This rule is set by the administrator of the whole locality."))
    if counts not in Counts.values:
        raise Refused(_("Choose one of what is offered."), "bad_choice")
    if not FEWEST <= keep_days <= MOST:
        told = _("Ended contacts are kept for %(least)s to %(most)s days.")
        raise Refused(told % {"least": FEWEST, "most": MOST}, "bad_days")
    if day < today():
        raise Refused(_("It holds from today or a later day on; what has passed stays as it was."), "past")
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise Refused(_("Say by what decision or for what reason; it is kept with the rule."), "no_reason")
    facts = {"counts": counts, "keep_days": keep_days, "reason": reason}
    made, _new = Setting.objects.update_or_create(
        valid_from=day, defaults={**facts, "set_by": by.name[:100], "set_at": clock.now()}
    )
    content = {**facts, "from": day.isoformat()}
    journal.record("contacts.rule_set", f"contacts_rule:{day.isoformat()}", by=by, content=content)
    return made


def tidy() -> int:
    """Erase contacts that ended longer ago than the rule allows; returns how many."""
    before = today() - timedelta(days=on().keep_days)
    old = Contact.objects.filter(valid_to__lt=before, erased_at=None).order_by("pk")
    pks = list(old.values_list("pk", flat=True)[:BATCH])
    if pks:
        with transaction.atomic():
            actions.forget(pks)
            told = {"contacts": pks, "ended_before": before.isoformat()}
            journal.record("contacts.erased_by_age", "contacts", by=program("contacts"), content=told)
    return len(pks)


def _rule(row: Setting) -> Rule:
    return Rule(row.counts, row.keep_days, row.valid_from, row.reason, row.set_by)
