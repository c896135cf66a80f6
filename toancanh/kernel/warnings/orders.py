"""Standing orders: cases decided beforehand, in which the officer on duty issues at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from toancanh.kernel import catalogue
from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.people.access import person
from toancanh.kernel.runtime import clock
from toancanh.kernel.warnings import reach
from toancanh.kernel.warnings.keeping import ORDER, check
from toancanh.kernel.warnings.levels import HIGHEST
from toancanh.kernel.warnings.models import Kind, StandingOrder, Warning
from toancanh.lib.errors import Refused


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a decision says about when the officer may issue at once."""

    number: str
    issuer: str
    decided_on: date
    event: str
    rule: str
    max_level: int
    template: str
    units: Sequence[str]
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    note: str = ""


@transaction.atomic
def decide(case: Case, *, by: Actor) -> StandingOrder:
    """Put a decision in force; whoever may order warnings for all its units enters it."""
    now = clock.now()
    _check(case, now)
    day = now.astimezone(clock.VIETNAM).date()
    units = reach.addressed(reach.named(case.units, day), day)
    check(ORDER, [one.unit for one in units], by)
    order = StandingOrder.objects.create(
        number=case.number.strip(),
        issuer=case.issuer.strip(),
        decided_on=case.decided_on,
        valid_from=case.valid_from or now,
        valid_to=case.valid_to,
        event=case.event,
        rule=case.rule,
        max_level=case.max_level,
        template=case.template,
        note=case.note.strip(),
        made_by=person(by),
        created=now,
    )
    order.units.set([one.unit for one in units])
    content: dict[str, object] = {"number": order.number, "issuer": order.issuer}
    content |= {"decided_on": order.decided_on.isoformat()}
    content |= {"event": order.event, "rule": order.rule, "template": order.template}
    content |= {
        "max_level": order.max_level,
        "units": [one.unit.code for one in units],
        "valid_from": order.valid_from.isoformat(),
        "valid_to": order.valid_to.isoformat() if order.valid_to else "",
    }
    journal.record("warnings.order_decided", f"standing_order:{order.pk}", by=by, content=content)
    return order


def _check(case: Case, now: datetime) -> None:
    if not case.number.strip() or len(case.number) > 80 or not case.issuer.strip() or len(case.issuer) > 200:
        raise Refused(_("A decision has a number and says who took it."), "no_decision")
    if case.decided_on > now.astimezone(clock.VIETNAM).date():
        raise Refused(_("The decision bears a date that has not come yet."), "bad_date")
    event = catalogue.warning_events().get(case.event)
    if event is None or not case.template.startswith(f"{case.event}."):
        raise Refused(_("Choose an event, and words that belong to it."), "no_event")
    if case.template not in catalogue.warning_templates():
        raise Refused(_("Choose an event, and words that belong to it."), "no_template")
    if case.rule and case.rule not in catalogue.alert_rules():
        raise Refused(_("There is no such rule."), "no_rule")
    if not 1 <= case.max_level <= HIGHEST:
        raise Refused(_("The disaster-risk level is a number from 1 to 5."), "bad_level")
    if not case.units:
        raise Refused(_("Choose the units for which the decision holds."), "no_units")
    if case.valid_to is not None and case.valid_to <= (case.valid_from or now):
        raise Refused(_("The decision would end before it begins."), "bad_date")
    if len(case.note) > 500:
        raise Refused(_("A note has 500 characters at most."), "too_long")


@transaction.atomic
def end(order: StandingOrder, reason: str, *, by: Actor) -> StandingOrder:
    """Let nobody issue under it from now on."""
    row = StandingOrder.objects.select_for_update(of=("self",)).get(pk=order.pk)
    check(ORDER, list(row.units.all()), by)
    now = clock.now()
    if row.valid_to is not None and row.valid_to <= now:
        raise Refused(_("This decision is in force no more."), "ended")
    if not reason.strip() or len(reason) > 300:
        raise Refused(_("A change needs a reason of at most 300 characters."), "no_reason")
    row.valid_to = max(now, row.valid_from)
    row.ended_by, row.ended_because = person(by), reason.strip()
    row.save()
    content = {"number": row.number, "reason": row.ended_because}
    journal.record("warnings.order_ended", f"standing_order:{row.pk}", by=by, content=content)
    return row


def in_force(now: datetime) -> QuerySet[StandingOrder]:
    """Decisions under which messages may be issued now."""
    held = Q(valid_to=None) | Q(valid_to__gt=now)
    return StandingOrder.objects.filter(held, valid_from__lte=now).order_by("-valid_from", "-pk")


def unfit(order: StandingOrder, warning: Warning, now: datetime, within: Iterable[str]) -> str:
    """Why a message is no case of the decision, in words; empty where it is. ``within`` are more paths."""
    if order.valid_from > now or (order.valid_to is not None and order.valid_to <= now):
        return _("The decision is not in force now.")
    if order.event != warning.event:
        return _("The decision is about another event.")
    if order.rule and (warning.origin is None or warning.origin.key != order.rule):
        return _("The decision asks for an alert that has not rung here.")
    if (warning.level or 0) > order.max_level:
        return _("The decision reaches to level %(level)s only.") % {"level": order.max_level}
    if warning.kind == Kind.ALERT and warning.template != order.template:
        return _("The decision foresees other words: begin with its template.")
    roots = [unit.path for unit in order.units.all()]
    places = [place.unit for place in warning.places.all()]
    if any(not any(unit.path.startswith(root) for root in (*roots, *within)) for unit in places):
        return _("The decision does not hold for all communes of this message.")
    return ""


def check_case(order: StandingOrder, warning: Warning, now: datetime) -> None:
    """Refuse unless the message is a case of the decision."""
    why = unfit(order, warning, now, heirs(order, now))
    if why:
        raise Refused(why, "no_case")


def heirs(order: StandingOrder, now: datetime) -> list[str]:
    """Paths of what the decision's units have become by merging."""
    day = now.astimezone(clock.VIETNAM).date()
    ended = [unit for unit in order.units.all() if not reach.is_valid(unit, day)]
    return [one.unit.path for one in reach.addressed(ended, day)]


def fitting(warning: Warning, now: datetime) -> list[StandingOrder]:
    """Decisions under which the message may be issued at once, newest first."""
    rows = in_force(now).filter(event=warning.event, max_level__gte=warning.level or 0)
    rows = rows.prefetch_related("units")
    return [order for order in rows if not unfit(order, warning, now, heirs(order, now))]
