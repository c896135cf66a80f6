"""Rules in words, as the list, the dry run and the case show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from toancanh.domains.reports import naming
from toancanh.domains.reports.kind import REPORT
from toancanh.domains.reports.routing import listing
from toancanh.domains.reports.routing.models import Hours, Rule
from toancanh.kernel.cases.saying import named
from toancanh.kernel.declare_cases import Term


def hours() -> dict[str, str]:
    """Choices of when a rule holds."""
    return {
        Hours.ANY: _("At any time"),
        Hours.WORKING: _("In working hours"),
        Hours.CLOSED: _("Outside working hours"),
    }


def weekdays() -> list[str]:
    """Monday first."""
    names = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
    return [str(name) for name in names]


def priorities() -> dict[int, str]:
    """Urgency of a report."""
    return {0: _("Plain"), 1: _("Urgent"), 2: _("At once")}


def condition(name: str, rule: Rule, categories: Mapping[str, str]) -> str:
    """One thing that a rule asks."""
    if name == "unit":
        assert rule.unit is not None
        unit = rule.unit.full_name_en if get_language() == "en" else rule.unit.full_name
        return _("Area: %(what)s") % {"what": unit}
    if name == "category":
        return _("Category: %(what)s") % {"what": _any(categories.get(one, one) for one in rule.categories)}
    if name == "channel":
        known = naming.channels()
        return _("Channel: %(what)s") % {"what": _any(known.get(one, one) for one in rule.channels)}
    if name == "weekday":
        return _("Day: %(what)s") % {"what": _any(weekdays()[day] for day in rule.weekdays)}
    if name == "words":
        return _("Words: %(what)s") % {"what": _any(f"“{word}”" for word in rule.words)}
    return hours()[rule.hours]


def conditions(rule: Rule, categories: Mapping[str, str]) -> list[str]:
    """Everything that a rule asks."""
    asked = {
        "unit": rule.unit is not None,
        "category": bool(rule.categories),
        "channel": bool(rule.channels),
        "weekday": bool(rule.weekdays),
        "words": bool(rule.words),
        "hours": rule.hours != Hours.ANY,
    }
    return [condition(name, rule, categories) for name, is_asked in asked.items() if is_asked]


def terms(rule: Rule) -> list[str]:
    """Terms that a rule sets in the place of the kind's."""
    titles = {one.name: named(one.title) for one in REPORT.clocks}
    return [f"{titles[name]}: {term(said)}" for name, said in listing.read_terms(rule.terms).items()]


def term(said: Term) -> str:
    """How long, in words."""
    count = {"n": said.amount}
    if said.unit == "day":
        return ngettext("%(n)s working day", "%(n)s working days", said.amount) % count
    if said.of == "wall":
        return ngettext("%(n)s hour round the clock", "%(n)s hours round the clock", said.amount) % count
    return ngettext("%(n)s working hour", "%(n)s working hours", said.amount) % count


def _any(what: Iterable[str]) -> str:
    return ", ".join(what)
