"""Changing the rules: each change is a version with validity and reason, or the end of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
from django.db import transaction
from django.db.models import F, Max
from django.utils.translation import gettext as _

from toancanh.domains.reports.kind import REPORT
from toancanh.domains.reports.routing import listing
from toancanh.domains.reports.routing.models import Hours, Rule
from toancanh.kernel.cases import steps
from toancanh.kernel.declare import Actor
from toancanh.kernel.declare_cases import Term
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.people.models import Organisation
from toancanh.kernel.runtime import clock
from toancanh.kernel.territory.models import Unit
from toancanh.lib.errors import NotAllowed, Refused
from toancanh.lib.fold import fold

RIGHT = "cases.arrange"
EARLIER = timedelta(minutes=5)
"""A page was open for so long before its form came."""
MOST_RULES = 500
MOST_WORDS = 60
LONGEST = 300


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a rule is to say."""

    name: str
    organisation: Organisation
    unit: Unit | None = None
    categories: Sequence[str] = ()
    channels: Sequence[str] = ()
    hours: str = Hours.ANY
    weekdays: Sequence[int] = ()
    words: Sequence[str] = ()
    helpers: Sequence[str] = ()
    priority: int = 0
    terms: Mapping[str, Term] = field(default_factory=dict)


def check_right(by: Actor) -> None:
    """Rules hold for the whole locality, so that they are arranged by who may do so everywhere."""
    if not by.paths(RIGHT):
        raise NotAllowed(_("Routing is arranged by the administrator of your locality."))


@transaction.atomic
def set_rule(
    draft: Draft,
    *,
    by: Actor,
    reason: str,
    basis: str = "",
    before: Rule | None = None,
    valid_from: datetime | None = None,
) -> Rule:
    """Put a rule in force from now or a later moment on.

    In the place of the version ``before``, which ends then, or as the last one of the list.
    """
    check_right(by)
    now = clock.now()
    start = valid_from or now
    _check_reason(reason, basis)
    if start < now - EARLIER:
        raise Refused(_("A rule holds from now or from a later moment on: what was routed stays."), "past")
    start = max(start, now)
    check(draft)
    last = Rule.objects.aggregate(last=Max("position"))["last"] or 0
    if before is None and listing.holding(now).count() >= MOST_RULES:
        raise Refused(_("There are 500 rules; end some that nobody needs."), "too_many")
    if before is not None:
        _end(before, start)
    made = unsaved(draft, position=before.position if before else last + 1, line=before.line if before else 0)
    made.valid_from, made.reason, made.basis = start, reason.strip(), basis.strip()
    made.made_by, made.created = by.key, now
    made.save()
    if before is None:
        made.line = made.pk
        made.save(update_fields=["line"])
    content = {"line": made.line, "name": made.name, "organisation": draft.organisation.code}
    content |= {"conditions": conditions(made), "terms": made.terms, "priority": made.priority}
    content |= {"valid_from": start.isoformat(), "reason": made.reason, "basis": made.basis}
    journal.record("reports.rule_set", f"routing:{made.line}", by=by, content=content)
    return made


def unsaved(draft: Draft, *, position: int, line: int = 0) -> Rule:
    """The row that a draft would be."""
    return Rule(
        line=line,
        position=position,
        name=draft.name.strip(),
        unit=draft.unit,
        categories=list(draft.categories),
        channels=list(draft.channels),
        hours=draft.hours,
        weekdays=sorted(set(draft.weekdays)),
        words=[one.strip() for one in draft.words if one.strip()],
        organisation=draft.organisation,
        helpers=list(draft.helpers),
        priority=draft.priority,
        terms={name: msgspec.to_builtins(term) for name, term in draft.terms.items()},
        valid_from=clock.now(),
    )


def conditions(rule: Rule) -> dict[str, object]:
    """What a rule asks, as the journal keeps it."""
    return {
        "unit": rule.unit.code if rule.unit else "",
        "categories": rule.categories,
        "channels": rule.channels,
        "hours": str(rule.hours),
        "weekdays": rule.weekdays,
        "words": rule.words,
        "helpers": rule.helpers,
    }


def check(draft: Draft) -> None:
    """Refuse a rule that cannot be, with what to mend."""
    if not draft.name.strip() or len(draft.name) > 120 or not draft.name.isprintable():
        raise Refused(_("Give the rule a name of at most 120 characters."), "bad_name")
    if len(draft.words) > MOST_WORDS or any(len(word) > 80 for word in draft.words):
        raise Refused(_("At most 60 words or phrases, each of at most 80 characters."), "bad_words")
    if any(word.strip() and not fold(word) for word in draft.words):
        raise Refused(_("A word needs letters or digits."), "bad_words")
    if draft.hours not in Hours.values or not set(draft.weekdays) <= set(range(7)):
        raise Refused(_("Choose when the rule holds from what is offered."), "bad_time")
    if not 0 <= draft.priority <= 2:
        raise Refused(_("Choose the urgency from what is offered."), "bad_priority")
    steps.organisation(draft.organisation.code)
    if len(draft.helpers) > steps.MOST:
        raise Refused(_("At most 30 organisations work on one case."), "too_many")
    for code in draft.helpers:
        steps.organisation(code)
    clocks = {one.name for one in REPORT.clocks}
    for name, term in draft.terms.items():
        if name not in clocks or not 0 < term.amount <= 1000:
            raise Refused(_("A term is a whole number from 1 to 1000."), "bad_term")


@transaction.atomic
def end_rule(rule: Rule, *, by: Actor, reason: str) -> Rule:
    """Let a rule hold no longer, or take back one that has not begun."""
    check_right(by)
    _check_reason(reason)
    _end(rule, clock.now())
    content = {"line": rule.line, "reason": reason.strip()}
    journal.record("reports.rule_ended", f"routing:{rule.line}", by=by, content=content)
    return rule


@transaction.atomic
def place(rule: Rule, before: Rule | None, *, by: Actor, reason: str = "") -> None:
    """Let a rule be asked before another one, or last. Holds at once; the journal keeps the order."""
    check_right(by)
    rows = [
        row for row in Rule.objects.select_for_update().order_by("position", "pk") if row.line != rule.line
    ]
    own = list(Rule.objects.filter(line=rule.line).order_by("pk"))
    at = next((n for n, row in enumerate(rows) if before is not None and row.line == before.line), len(rows))
    lines: dict[int, int] = {}
    for row in (*rows[:at], *own, *rows[at:]):
        lines.setdefault(row.line, len(lines) + 1)
    for line, position in lines.items():
        Rule.objects.filter(line=line).exclude(position=position).update(position=position)
    content = {"order": list(lines), "reason": reason.strip()[:LONGEST]}
    journal.record("reports.rules_ordered", f"routing:{rule.line}", by=by, content=content)


def _end(rule: Rule, at: datetime) -> None:
    """End the version and what was planned after it."""
    now = clock.now()
    row = Rule.objects.select_for_update(of=("self",)).get(pk=rule.pk)
    if row.valid_to is not None and row.valid_to <= now:
        raise Refused(_("Somebody has changed this rule already; open it anew."), "ended")
    Rule.objects.filter(line=row.line, valid_from__gt=max(at, now)).exclude(pk=row.pk).update(
        valid_to=F("valid_from")
    )
    row.valid_to = max(at, row.valid_from)
    row.save(update_fields=["valid_to"])
    rule.valid_to = row.valid_to


def _check_reason(reason: str, basis: str = "") -> None:
    if not reason.strip() or len(reason) > LONGEST or len(basis) > LONGEST:
        told = _("A changed rule needs a reason; reason and basis have 300 characters at most.")
        raise Refused(told, "reason")
