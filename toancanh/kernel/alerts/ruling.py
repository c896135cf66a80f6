"""Changing a rule: a new version with validity, basis and reason; before that, what it would have rung."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from toancanh.kernel import catalogue
from toancanh.kernel.alerts import conditions, rules
from toancanh.kernel.alerts.models import Rule
from toancanh.kernel.alerts.replaying import Episode, replay
from toancanh.kernel.alerts.watching import Watched
from toancanh.kernel.declare import Actor, Condition
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock, revision
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.store import OUT_OF_RANGE, Wanted
from toancanh.lib.errors import NotAllowed, Refused

RIGHT = "alerts.arrange"
"""To change rules in a unit; for all things of a kind it is needed everywhere."""
SPAN = timedelta(days=30)
"""How far back a dry run looks."""
MOST_THINGS = 12
MOST_READINGS = 50_000
"""Of one series: 30 days at one a minute, and some."""
EARLIER = timedelta(minutes=5)
"""A page was open for so long before its form came."""


def check(thing: Thing | None, by: Actor) -> None:
    """Only who arranges rules over the thing's unit, or everywhere, writes here."""
    if not by.may(RIGHT, thing.unit.path if thing else ""):
        raise NotAllowed(_("Rules are changed by the administrator of your locality."))


@transaction.atomic
def set_rule(
    key: str,
    thing: Thing | None,
    condition: Condition,
    *,
    by: Actor,
    reason: str,
    basis: str = "",
    valid_from: datetime | None = None,
    is_on: bool = True,
) -> Rule:
    """Put a version in force from now or a later moment on; the one before it ends there."""
    check(thing, by)
    now = clock.now()
    start = valid_from or now
    if key not in catalogue.alert_rules():
        raise Refused(_("There is no such rule."), "no_rule")
    if not reason.strip() or len(reason) > 300 or len(basis) > 300:
        raise Refused(
            _("A changed rule needs a reason; reason and basis have 300 characters at most."), "reason"
        )
    if start < now - EARLIER:
        raise Refused(
            _("A rule holds from now or from a later moment on: the past is not judged anew."), "past"
        )
    try:
        conditions.check(condition)
    except conditions.Impossible as fault:
        raise Refused(explained(fault.code), "impossible") from fault
    own = Rule.objects.filter(key=key, thing=thing, is_declared=False)
    # What was planned for later gives way to what is decided now.
    own.filter(valid_from__gte=start, valid_from__gt=now).delete()
    _end(own, start)
    rule = Rule.objects.create(
        key=key,
        thing=thing,
        condition=conditions.to_json(condition),
        is_on=is_on,
        valid_from=start,
        basis=basis.strip(),
        reason=reason.strip(),
        made_by=by.key,
        created=now,
    )
    content = {"thing": thing.code if thing else "", "condition": rule.condition, "is_on": is_on}
    content |= {"valid_from": start.isoformat(), "basis": rule.basis, "reason": rule.reason}
    journal.record("alerts.rule_set", f"rule:{key}", by=by, content=content)
    revision.bump(rules.CHANGED)
    return rule


@transaction.atomic
def drop_rule(key: str, thing: Thing | None, *, by: Actor, reason: str) -> None:
    """Let the version above hold again: for a station that of all stations, for all the declared one."""
    check(thing, by)
    if not reason.strip() or len(reason) > 300:
        raise Refused(
            _("A changed rule needs a reason; reason and basis have 300 characters at most."), "reason"
        )
    own, now = Rule.objects.filter(key=key, thing=thing, is_declared=False), clock.now()
    planned, _kinds = own.filter(valid_from__gt=now).delete()
    if not _end(own, now) and not planned:
        raise Refused(_("Nothing of its own holds here."), "nothing")
    content = {"thing": thing.code if thing else "", "reason": reason.strip()}
    journal.record("alerts.rule_dropped", f"rule:{key}", by=by, content=content)
    revision.bump(rules.CHANGED)


def _end(versions: QuerySet[Rule], at: datetime) -> int:
    """End those that would hold at the moment or later: one that was to give way later ends as well."""
    return versions.filter(Q(valid_to=None) | Q(valid_to__gt=at)).update(valid_to=at)


def explained(code: str) -> str:
    """Why a condition cannot be, in words."""
    said = {
        "lines": _("At least one line is needed."),
        "line": _("A line is a number, or the name of an alarm level where the reading itself is judged."),
        "order": _("A worse severity needs a line further out."),
        "hysteresis": _("Hysteresis is a number from 0 on."),
        "spike": _("The greatest leap is a number above 0."),
        "ebb": _("The share that a wave loses lies between 0 and 100%, and is of readings themselves."),
        "parts": _("A rule has one to three parts."),
        "series": _("The code of the station and the name of the series have 60 characters together."),
        "seconds": _("A time is too short or longer than a week."),
    }
    return said.get(code, _("This condition cannot be: %(code)s.") % {"code": code})


@dataclass(frozen=True)
class Trial:
    """What a condition would have rung at one station."""

    thing: Thing
    episodes: list[Episode]
    is_whole: bool
    """False where the station has more readings than a dry run reads."""


def dry_run(key: str, things: list[Thing], condition: Condition) -> list[Trial]:
    """What the condition would have rung in the last 30 days, station by station; writes nothing."""
    conditions.check(condition)
    declared = catalogue.alert_rules()[key]
    now = clock.now()
    codes = {name.rpartition("/")[0] for name in conditions.series_names(condition)}
    others = Thing.objects.filter(code__in=codes).values_list("pk", flat=True)
    day = now.astimezone(clock.VIETNAM).date()
    known = rules.Known(day, [*(thing.pk for thing in things), *others])
    found = []
    for thing in things[:MOST_THINGS]:
        spec = known.spec(0, declared, thing.pk, condition)
        if spec is not None:
            found.append(_trial(thing, spec, clock.to_us(now)))
    return found


def _trial(thing: Thing, spec: rules.Spec, now: int) -> Trial:
    names = {series: name for name, series in spec.series}
    wanted = Wanted(sorted(names), start=now - int(SPAN.total_seconds()) * 1_000_000, end=now)
    # The newest of a station that sends very often: a dry run says so.
    rows = engine.store().each(wanted, (("time", True),), limit=MOST_READINGS)
    streams = (
        [(row.time, names[series], row.value) for row in reversed(own) if not row.quality & OUT_OF_RANGE]
        for series, own in rows.items()
    )
    episodes = replay(Watched(spec.condition, dict(spec.leaves)), merge(*streams), now)
    return Trial(thing, episodes, all(len(own) < MOST_READINGS for own in rows.values()))
