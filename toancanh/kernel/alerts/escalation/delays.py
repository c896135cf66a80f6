"""How long an alert waits at a level: declared by the product, changed by a locality, dated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from toancanh.kernel.alerts import ruling
from toancanh.kernel.alerts.escalation.models import Delay
from toancanh.kernel.declare import Actor, program
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock, revision
from toancanh.lib.errors import NotAllowed, Refused

CHANGED = "delays"
"""The revision that moves with every change of a delay."""
LONGEST = 24 * 60
OWN = "Mặc định của sản phẩm, không phải quy định; địa phương quyết định và sửa"


@dataclass(frozen=True)
class Default:
    """What holds until a locality decides otherwise."""

    severity: int
    minutes: int | None
    basis: str = OWN


DEFAULTS = (Default(1, 60), Default(2, 10), Default(3, 5))


@transaction.atomic
def declare() -> None:
    """Write what the product declares and the table does not say yet."""
    by, now = program("migrate"), clock.now()
    for default in DEFAULTS:
        rows = Delay.objects.filter(severity=default.severity, is_declared=True)
        newest = rows.order_by("-valid_from", "-pk").first()
        if newest is not None and (newest.minutes, newest.basis) == (default.minutes, default.basis):
            continue
        rows.filter(valid_to=None).update(valid_to=now)
        facts = {"severity": default.severity, "minutes": default.minutes, "basis": default.basis}
        Delay.objects.create(**facts, is_declared=True, valid_from=now, made_by=by.key)
        journal.record("alerts.delay_declared", f"delay:{default.severity}", by=by, content=facts)
        revision.bump(CHANGED)


def in_force(at: datetime) -> dict[int, Delay]:
    """The version that holds at a moment, by severity; what people wrote stands above what is declared."""
    rows = Delay.objects.filter(Q(valid_to=None) | Q(valid_to__gt=at), valid_from__lte=at)
    return {row.severity: row for row in rows.order_by("-is_declared", "valid_from", "pk")}


@transaction.atomic
def set_delay(severity: int, minutes: int | None, *, by: Actor, reason: str, basis: str = "") -> Delay:
    """Put another delay in force from now on; alerts that wait already are judged by it."""
    if not by.may(ruling.RIGHT):
        raise NotAllowed(_("Rules are changed by the administrator of your locality."))
    if severity not in {default.severity for default in DEFAULTS}:
        raise Refused(_("There is no such severity."), "severity")
    if minutes is not None and not 1 <= minutes <= LONGEST:
        text = _("A delay has 1 to %(most)s minutes; none at all means that it goes no further.")
        raise Refused(text % {"most": LONGEST}, "minutes")
    if not reason.strip() or max(len(reason), len(basis)) > 300:
        raise Refused(
            _("A changed rule needs a reason; reason and basis have 300 characters at most."), "reason"
        )
    now = clock.now()
    Delay.objects.filter(severity=severity, is_declared=False, valid_to=None).update(valid_to=now)
    facts = {"severity": severity, "minutes": minutes, "basis": basis.strip(), "reason": reason.strip()}
    made = Delay.objects.create(**facts, valid_from=now, made_by=by.key)
    journal.record("alerts.delay_set", f"delay:{severity}", by=by, content=facts)
    revision.bump(CHANGED)
    return made
