"""Which version of which rule holds for which thing, and the declared ones written into the table."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Min, Q

from toancanh.kernel import catalogue
from toancanh.kernel.alerts import conditions
from toancanh.kernel.alerts.folding import SECOND, Leaf
from toancanh.kernel.alerts.models import Rule
from toancanh.kernel.alerts.watching import LATE
from toancanh.kernel.declare import AlertRule, Bands, Condition, Silence, program
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock, revision
from toancanh.kernel.telemetry.models import Series
from toancanh.kernel.telemetry.queries import limits_on, precision

log = logging.getLogger(__name__)
CHANGED = "alert_rules"
"""The revision that moves with every change of rules."""


@transaction.atomic
def declare() -> int:
    """Write what the domains declare and the table does not say yet; returns how many versions that made."""
    by, now, made = program("migrate"), clock.now(), 0
    for key, rule in catalogue.alert_rules().items():
        said = conditions.to_json(rule.condition)
        newest = Rule.objects.filter(key=key, is_declared=True).order_by("-valid_from", "-pk").first()
        if newest is not None and (newest.condition, newest.basis) == (said, rule.basis):
            continue
        Rule.objects.filter(key=key, is_declared=True, valid_to=None).update(valid_to=now)
        facts = {"key": key, "condition": said, "basis": rule.basis, "is_declared": True}
        Rule.objects.create(**facts, valid_from=now, created=now, made_by=by.key)
        journal.record("alerts.rule_declared", f"rule:{key}", by=by, content={"condition": said})
        made += 1
    if made:
        revision.bump(CHANGED)
    return made


def in_force(at: datetime) -> dict[tuple[str, int | None], Rule]:
    """The version that holds at a moment by key and thing (None: every other thing)."""
    found: dict[tuple[str, int | None], Rule] = {}
    rows = Rule.objects.filter(Q(valid_to=None) | Q(valid_to__gt=at), valid_from__lte=at)
    # What people wrote stands above what is declared, the later above the earlier.
    for row in rows.order_by("-is_declared", "valid_from", "pk"):
        found[row.key, row.thing_id] = row
    return found


def next_change(at: datetime) -> datetime:
    """When another version may hold: one begins or ends, or the day of a threshold does."""
    day = at.astimezone(clock.VIETNAM).replace(hour=0, minute=0, second=0, microsecond=0)
    begins = Rule.objects.filter(valid_from__gt=at).aggregate(at=Min("valid_from"))["at"]
    ends = Rule.objects.filter(valid_to__gt=at).aggregate(at=Min("valid_to"))["at"]
    return min(moment for moment in (day + timedelta(days=1), begins, ends) if moment is not None)


@dataclass(frozen=True)
class Spec:
    """A rule on one thing, ready to be watched: two that are equal behave alike."""

    rule: int
    condition: Condition
    leaves: tuple[tuple[int, Leaf], ...]
    series: tuple[tuple[str, int], ...]
    """Name in the condition and number of each series that it reads."""
    since: int = 0
    """From when on (µs) the version holds."""
    elsewhere: tuple[tuple[str, int], ...] = ()
    """Name in the condition and thing of each series that another station measures."""

    @property
    def span(self) -> int:
        """How far back readings matter to a state."""
        longest = 0
        for _position, leaf in self.leaves:
            bands = leaf.bands
            longest = max(longest, bands.window_s + bands.hold_s + bands.calm_s + bands.spike_s)
            if bands.ebb is not None:
                # What is left of a flood is known from the flood.
                longest = max(longest, conditions.LONGEST_S)
        return 3 * LATE + longest * SECOND

    def things(self, own: int) -> frozenset[int]:
        """The thing that it is watched on, and all others that it reads."""
        return frozenset((own, *(thing for _name, thing in self.elsewhere)))

    @property
    def has_silence(self) -> bool:
        """Whether it rings by the clock."""
        return any(isinstance(leaf, Silence) for leaf in conditions.leaves(self.condition))


Key = tuple[str, int]
"""A rule's key and a thing."""


def specs(at: datetime) -> dict[Key, Spec]:
    """Every rule on every thing that it holds for; those without a line or a series are left out."""
    day = at.astimezone(clock.VIETNAM).date()
    versions = in_force(at)
    known = Known(day)
    conditions_of = {row.pk: read(row) for row in versions.values() if row.key in catalogue.alert_rules()}
    found: dict[Key, Spec] = {}
    for key, declared in catalogue.alert_rules().items():
        for thing in known.things.get(declared.kind, ()):
            version = versions.get((key, thing)) or versions.get((key, None))
            condition = conditions_of[version.pk] if version is not None and version.is_on else None
            if version is not None and condition is not None:
                since = clock.to_us(version.valid_from)
                spec = known.spec(version.pk, declared, thing, condition, since)
                if spec is not None:
                    found[key, thing] = spec
    return found


def read(version: Rule) -> Condition | None:
    """None for what another release wrote: one rule that is not understood keeps no other from ringing."""
    try:
        return conditions.from_json(version.condition)
    except conditions.Impossible as fault:
        log.error("version %s of the rule %s cannot be read and rests: %s", version.pk, version.key, fault)
        return None


class Known:
    """Series and thresholds of a day, looked up once for all rules."""

    def __init__(self, day: date, things: Iterable[int] | None = None) -> None:
        rows = Series.objects.filter(is_active=True, thing__is_active=True)
        if things is not None:
            rows = rows.filter(thing__in=list(things))
        self.limits = limits_on(day, None if things is None else rows.values_list("pk", flat=True))
        self.things: dict[str, dict[int, None]] = {}
        self.series: dict[tuple[int, str], int] = {}
        self.named: dict[str, int] = {}
        self.kinds: dict[str, str] = {}
        self.owners: dict[str, int] = {}
        """Things by code."""
        for pk, name, thing, kind, code in rows.values_list(
            "pk", "name", "thing", "thing__kind", "thing__code"
        ):
            self.things.setdefault(kind, {})[thing] = None
            self.series[thing, name] = pk
            self.named[f"{code}/{name}"] = pk
            self.kinds[code], self.owners[code] = kind, thing

    def spec(
        self, rule: int, declared: AlertRule, thing: int, condition: Condition, since: int = 0
    ) -> Spec | None:
        """The condition on the thing; None where a series or every line of it is missing."""
        series: dict[str, int] = {}
        for name in conditions.series_names(condition):
            number = self.named.get(name) if "/" in name else self.series.get((thing, name))
            if number is None:
                return None
            series[name] = number
        leaves = []
        for position, leaf in enumerate(conditions.leaves(condition)):
            if isinstance(leaf, Bands):
                code, _slash, name = leaf.series.rpartition("/")
                decimals = precision(self.kinds.get(code, declared.kind), name)
                made = compiled(leaf, self._limits(series[leaf.series]), decimals)
                if not made.lines:
                    return None
                leaves.append((position, made))
        owners = {name: self.owners[name.rpartition("/")[0]] for name in series if "/" in name}
        elsewhere = tuple(sorted(one for one in owners.items() if one[1] != thing))
        return Spec(rule, condition, tuple(leaves), tuple(sorted(series.items())), since, elsewhere)

    def _limits(self, series: int) -> dict[str, float]:
        return {limit.name: limit.value for limit in self.limits.get(series, ())}


def compiled(bands: Bands, limits: Mapping[str, float], decimals: int) -> Leaf:
    """The bands with named lines replaced by the thresholds in force; mildest first."""
    lines = []
    for line in sorted(bands.lines, key=lambda one: one.severity):
        if not isinstance(line.at, str):
            lines.append((line.at, line.severity, ""))
        elif line.at in limits:
            lines.append((limits[line.at], line.severity, line.at))
    return Leaf(bands, tuple(lines), decimals)
