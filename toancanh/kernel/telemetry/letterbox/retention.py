"""How long refused readings are kept: set from a day on, with the reason, and never for the past."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import letters
from toancanh.kernel.telemetry.models import Keeping, Letter
from toancanh.lib.errors import NotAllowed, NotFound, Refused

RIGHT = "telemetry.arrange"
FEWEST_DAYS, MOST_DAYS = 1, 3650
FEWEST, MOST = 100, 5_000_000
SHOWN = 100


class Rule(NamedTuple):
    """One line of the history, or what holds where nobody has set anything."""

    days: int
    most: int
    valid_from: date | None = None
    reason: str = ""
    set_by: str = ""
    state: str = ""
    """``now``, ``coming`` or ``past``."""
    pk: int = 0


def today() -> date:
    """The day in Việt Nam."""
    return clock.now().astimezone(clock.VIETNAM).date()


def history() -> list[Rule]:
    """What was set, the newest first, and last what holds where nothing was."""
    found = list(Keeping.objects.order_by("-valid_from")[:SHOWN])
    holds = next((one.pk for one in found if one.valid_from <= today()), 0)
    lines = [_line(one, holds) for one in found]
    shipped = Rule(letters.KEPT.days, letters.MOST, state="past" if holds else "now")
    return [*lines, shipped] if len(found) < SHOWN else lines


def _line(one: Keeping, holds: int) -> Rule:
    state = "now" if one.pk == holds else "coming" if one.valid_from > today() else "past"
    return Rule(one.days, one.most, one.valid_from, one.reason, one.set_by, state, one.pk)


def current() -> Rule:
    """What holds today."""
    return next(rule for rule in history() if rule.state == "now")


@transaction.atomic
def keep(days: int, most: int, valid_from: date, reason: str, *, by: Actor) -> Keeping:
    """Keep refused readings so long from that day on; a day that has been set already is set anew."""
    _check(by)
    if not FEWEST_DAYS <= days <= MOST_DAYS:
        told = _("Refused readings are kept for %(least)s to %(most)s days.")
        raise Refused(told % {"least": FEWEST_DAYS, "most": MOST_DAYS}, "bad_days")
    if not FEWEST <= most <= MOST:
        told = _("Of one source, %(least)s to %(most)s refused readings are kept.")
        raise Refused(told % {"least": FEWEST, "most": MOST}, "bad_most")
    if valid_from < today():
        raise Refused(_("It holds from today or a later day on; what has passed stays as it was."), "past")
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise Refused(_("Say by what decision or for what reason; it is kept with the rule."), "no_reason")
    before = Keeping.objects.filter(valid_from=valid_from).first()
    facts = {"days": days, "most": most, "reason": reason, "set_at": clock.now(), "set_by": by.name[:100]}
    made, _new = Keeping.objects.update_or_create(valid_from=valid_from, defaults=facts)
    told_of = {"from": valid_from.isoformat(), "days": days, "most": most, "reason": reason}
    if before is not None:
        told_of["before"] = {"days": before.days, "most": before.most}
    journal.record("telemetry.keeping_set", f"keeping:{made.pk}", by=by, content=told_of)
    return made


@transaction.atomic
def withdraw(pk: int, *, by: Actor) -> None:
    """Take back what does not hold yet."""
    _check(by)
    found = Keeping.objects.select_for_update().filter(pk=pk).first()
    if found is None:
        raise NotFound(_("There is no such rule."))
    if found.valid_from <= today():
        raise Refused(_("This holds or has held already; set another one instead."), "holds")
    told = {"from": found.valid_from.isoformat(), "days": found.days, "most": found.most}
    journal.record("telemetry.keeping_withdrawn", f"keeping:{pk}", by=by, content=told)
    found.delete()


def doomed(days: int, most: int) -> int:
    """How many refused readings would go now if they were kept for so many days, and so many of a source."""
    start = clock.now() - timedelta(days=days)
    left = Letter.objects.filter(at__gte=start).order_by().values("source").annotate(count=Count("pk"))
    above: int = sum(max(0, row["count"] - most) for row in left)
    old: int = Letter.objects.filter(at__lt=start).count()
    return old + above


def _check(by: Actor) -> None:
    # What was refused may name things that nobody here knows, so it belongs to no unit.
    if not by.may(RIGHT):
        raise NotAllowed(_("How long refused readings are kept is set by the administrator of the whole."))
