"""What a changed list of rules would have done with the reports of the past; writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, F, Q

from toancanh.domains.reports.routing import listing
from toancanh.domains.reports.routing.matching import About, Decision, IsWorking, Line, decide
from toancanh.domains.reports.routing.models import Routed, Rule
from toancanh.domains.reports.routing.taking import KIND
from toancanh.kernel.cases import access
from toancanh.kernel.cases.models import Case
from toancanh.kernel.declare import Actor
from toancanh.kernel.people.models import Organisation
from toancanh.kernel.runtime import clock

SPAN = timedelta(days=90)
MOST = 2000
"""Reports that a dry run looks at: the newest."""
LISTED = 100


@dataclass(frozen=True)
class Moved:
    """A report that would have gone elsewhere."""

    case: Case
    before: Decision
    after: Decision
    given: Organisation | None
    """Who really got it last."""


@dataclass(frozen=True)
class Trial:
    """The same reports by the rules in force and by the changed ones."""

    total: int
    is_whole: bool
    """False where older reports of the span were left out."""
    moved: list[Moved]
    right_before: int
    """How many the rules in force send to where they were really dealt with."""
    right_after: int
    known: int
    """How many somebody has got at all."""

    @property
    def listed(self) -> list[Moved]:
        """As many as a page shows."""
        return self.moved[:LISTED]


def changed(rule: Rule | None, draft: Rule | None) -> list[Line]:
    """The list in force with ``draft`` in the place of ``rule``, behind all others, or with it taken out."""
    rows = list(listing.ordered(listing.holding(clock.now())))
    lines = [row.line for row in rows]
    if draft is not None and rule is not None and rule.line in lines:
        rows[lines.index(rule.line)] = draft
    else:
        rows = [row for row in rows if rule is None or row.line != rule.line]
        rows += [draft] if draft is not None else []
        rows.sort(key=lambda row: row.position)
    return listing.prepared(rows)


def dry_run(lines: Sequence[Line], to: Actor) -> Trial:
    """Judge the past by other lines as if they had held then. Two queries and one for each calendar."""
    now, works = clock.now(), IsWorking()
    rows = access.visible(to).filter(kind=KIND, opened_at__gte=now - SPAN).order_by("-opened_at", "-pk")
    cases = list(rows.select_related("organisation")[: MOST + 1])
    is_whole, cases = len(cases) <= MOST, cases[:MOST]
    standing = listing.in_force(now)
    moved, right_before, right_after, known = [], 0, 0, 0
    for case in cases:
        about = About.of(case)
        before, after = decide(about, standing, works), decide(about, lines, works)
        given = listing.standing(case.organisation)
        if given is not None:
            known += 1
            right_before += before.organisation == given
            right_after += after.organisation == given
        if before.organisation != after.organisation:
            moved.append(Moved(case, before, after, given))
    return Trial(len(cases), is_whole, moved, right_before, right_after, known)


@dataclass(frozen=True)
class Used:
    """How often a rule decided, and how well."""

    fitted: int = 0
    followed: int = 0
    """Passed on to whom it names."""
    changed: int = 0
    """Passed on to somebody else."""
    returned: int = 0
    """Sent back by whom it names."""


def used() -> dict[int, Used]:
    """Of each line of the list, over the last 90 days. One query."""
    since = clock.now() - SPAN
    same = Q(given__isnull=False, given=F("organisation"))
    rows = (
        Routed.objects.filter(at__gte=since, rule__isnull=False)
        .values("rule__line")
        .annotate(
            fitted=Count("pk", filter=Q(number=1)),
            followed=Count("pk", filter=same),
            changed=Count("pk", filter=Q(given__isnull=False) & ~same),
            returned=Count("pk", filter=same & Q(returned_at__isnull=False)),
        )
    )
    return {
        row["rule__line"]: Used(row["fitted"], row["followed"], row["changed"], row["returned"])
        for row in rows
    }
