"""From an address to the rows that it means, over nothing but what the caller may see."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from toancanh.kernel.exchange.sensorthings import addresses, ids
from toancanh.kernel.exchange.sensorthings.access import Sight
from toancanh.kernel.exchange.sensorthings.addresses import Step
from toancanh.kernel.exchange.sensorthings.entities import ENTITIES, Entity
from toancanh.kernel.exchange.sensorthings.observed import Observation
from toancanh.kernel.exchange.sensorthings.planning import Scope

Rows = QuerySet[Any, Any]
Find = Callable[[Scope], Observation | None]


@dataclass(frozen=True)
class Place:
    """Where a way has come to: rows of the database, or observations of a scope."""

    entity: Entity
    rows: Rows | None = None
    scope: Scope | None = None
    is_nested: bool = False
    """Reached over other entities, so that ``rows`` are but some of all."""


def walk(sight: Sight, steps: Sequence[Step], find: Find) -> Place:
    """Where the steps lead; raises NotFound where one of the entities on the way is not there."""
    place = _begin(sight, steps[0])
    for before, step in itertools.pairwise(steps):
        place = _go(sight, place, before, step, find)
    return place


def _begin(sight: Sight, step: Step) -> Place:
    if step.entity.model is None:
        return Place(step.entity, scope=Scope(_streams(sight), key=_key(step)))
    rows = sight.rows(step.entity)
    return Place(step.entity, rows if step.key is None else rows.filter(pk=step.key))


def _go(sight: Sight, place: Place, before: Step, step: Step, find: Find) -> Place:
    target = step.entity
    if place.scope is not None:
        return _behind_observation(sight, place.scope, before, step, find)
    assert place.rows is not None
    link = place.entity.links[step.name]
    if target.model is None:
        scope = _observations(sight, place, before)
        return Place(target, scope=Scope(scope.streams, scope.feature, _key(step)), is_nested=True)
    if not place.rows.exists():
        raise _missing(before)
    if link.many:
        rows = sight.rows(target).filter(**{f"{link.back}__in": place.rows.values("pk")})
    else:
        rows = sight.rows(target).filter(pk__in=place.rows.values(link.forward))
    return Place(target, rows if step.key is None else rows.filter(pk=step.key), is_nested=True)


def _observations(sight: Sight, place: Place, before: Step) -> Scope:
    """Of the one datastream or feature that the way has come to."""
    assert place.rows is not None
    key = place.rows.values_list("pk", flat=True).first()
    if key is None:
        raise _missing(before)
    if place.entity.name == "Datastream":
        return Scope(_streams(sight).filter(pk=key))
    return Scope(_streams(sight), feature=key)


def _behind_observation(sight: Sight, scope: Scope, before: Step, step: Step, find: Find) -> Place:
    found = find(scope)
    if found is None:
        raise _missing(before)
    key = found.series if step.entity.name == "Datastream" else found.feature
    return Place(step.entity, sight.rows(step.entity).filter(pk=key), is_nested=True)


def _streams(sight: Sight) -> Rows:
    return sight.rows(ENTITIES["Datastream"])


def _key(step: Step) -> ids.ObservationId | None:
    if step.key is None:
        return None
    found = ids.observation(step.key)
    if found is None:
        raise _missing(step)
    return found


def _missing(step: Step) -> Exception:
    return addresses.missing(step.name if step.key is None else addresses.link(step.name, step.key))
