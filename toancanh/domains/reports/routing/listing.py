"""The rules in force, in their order, ready to be asked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

import msgspec
from django.db.models import Q, QuerySet

from toancanh.domains.reports.routing.matching import Line
from toancanh.domains.reports.routing.models import Rule
from toancanh.kernel.declare_cases import Term
from toancanh.kernel.people.models import Organisation
from toancanh.kernel.runtime import revision
from toancanh.kernel.territory import queries as territory
from toancanh.kernel.territory.models import Unit
from toancanh.lib.fold import fold

FOLLOWED = 10
"""Organisations that follow each other when one after the other ceased."""

_became: dict[int, tuple[str, ...]] = {}
_mark: tuple[int, date] | None = None


def in_force(at: datetime) -> list[Line]:
    """Lines that hold at a moment, the first asked first."""
    return prepared(ordered(holding(at)))


def holding(at: datetime) -> QuerySet[Rule]:
    """Rules that hold at a moment."""
    return Rule.objects.filter(Q(valid_to=None) | Q(valid_to__gt=at), valid_from__lte=at)


def ordered(rows: QuerySet[Rule]) -> QuerySet[Rule]:
    """In the order in which they are asked, with what a line shows."""
    return rows.select_related("unit", "organisation__successor").order_by("position", "pk")


def prepared(rules: Iterable[Rule]) -> list[Line]:
    """Rules ready to be asked; those whose organisation has ceased without a successor are left out."""
    rows = list(rules)
    paths = _paths({rule.unit.pk: rule.unit for rule in rows if rule.unit is not None})
    found = []
    for rule in rows:
        organisation = standing(rule.organisation)
        if organisation is not None:
            own = paths[rule.unit.pk] if rule.unit is not None else ()
            phrases = tuple(filter(None, map(fold, rule.words)))
            found.append(Line(rule, organisation, own, phrases, read_terms(rule.terms)))
    return found


def standing(organisation: Organisation | None) -> Organisation | None:
    """The organisation, or the one that its work went to; None where there is none."""
    for _step in range(FOLLOWED):
        if organisation is None or organisation.ceased_at is None:
            return organisation
        organisation = organisation.successor
    return None


def _paths(units: dict[int, Unit]) -> dict[int, tuple[str, ...]]:
    """Paths of units and of what they became, so that a rule outlives a merger."""
    global _mark
    if not units:
        return {}
    mark = (revision.current("territory"), territory.today())
    if mark != _mark or not units.keys() <= _became.keys():
        # Lineages of a whole country are long: looked through once until units or the day change.
        became = territory.heirs(units)
        paths = dict(Unit.objects.filter(pk__in=set().union(*became.values())).values_list("pk", "path"))
        if mark != _mark:
            _became.clear()
        _became.update(
            (pk, tuple({unit.path, *(paths[heir] for heir in became[pk])})) for pk, unit in units.items()
        )
        _mark = mark
    return {pk: _became[pk] for pk in units}


def read_terms(kept: dict[str, dict[str, object]]) -> dict[str, Term]:
    """Terms by clock, as a rule keeps them."""
    return {name: msgspec.convert(said, Term) for name, said in kept.items()}


def forget() -> None:
    """Read everything anew."""
    global _mark
    _mark = None
    _became.clear()
