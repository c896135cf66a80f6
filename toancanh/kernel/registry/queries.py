"""Finding things: by code, by place, by name as people type it."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from toancanh.kernel.declare import Actor
from toancanh.kernel.registry.models import Thing
from toancanh.lib.fold import fold


def visible(to: Actor) -> QuerySet[Thing]:
    """Active things that the actor may see: the public ones, and those of the units of his posts."""
    seen = Q(is_public=True)
    for path in to.paths("console.see"):
        seen |= Q(unit__path__startswith=path)
    return Thing.objects.filter(seen, is_active=True).select_related("unit", "organisation")


def own(to: Actor) -> QuerySet[Thing]:
    """Active things in the units that the actor's posts stand over: what he answers for."""
    within = Q(pk__in=[])
    for path in to.paths("console.see"):
        within |= Q(unit__path__startswith=path)
    return Thing.objects.filter(within, is_active=True).select_related("unit", "organisation")


def search(query: str, to: Actor, limit: int = 10) -> list[Thing]:
    """Things whose name holds every word typed, with or without marks; those that begin with it first."""
    words = fold(query).split()
    if not words:
        return []
    found = visible(to)
    for word in words:
        found = found.filter(folded__contains=word)
    typed = " ".join(words)
    ranked = sorted(found[:200], key=lambda t: (t.is_sample, typed not in t.folded, t.name))
    return ranked[:limit]
