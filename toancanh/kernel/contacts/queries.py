"""Reading contacts: communes and how complete they are, the people of one, who is to be told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from toancanh.kernel.contacts import actions
from toancanh.kernel.contacts.models import Address, Channel, Contact, Kind, Neighbourhood
from toancanh.kernel.contacts.sealing import Keys
from toancanh.kernel.declare import Actor
from toancanh.kernel.territory import queries as territory
from toancanh.kernel.territory.models import Tier, Unit
from toancanh.lib import phones
from toancanh.lib.errors import NotFound
from toancanh.lib.fold import fold

LENGTH = 60
SLICE = 500
MOST_COMMUNES = 400
"""Of a page: the largest province has fewer."""


def standing(on: date | None = None) -> QuerySet[Contact]:
    """Contacts that hold their post on a day."""
    day = on or territory.today()
    return Contact.objects.filter(Q(valid_to=None) | Q(valid_to__gt=day), valid_from__lte=day, erased_at=None)


def living(on: date | None = None) -> QuerySet[Neighbourhood]:
    """Villages and neighbourhoods that are some on a day."""
    day = on or territory.today()
    return Neighbourhood.objects.filter(Q(valid_to=None) | Q(valid_to__gt=day), valid_from__lte=day)


@dataclass
class Commune:
    """A commune and how well it can be reached."""

    unit: Unit
    places: int = 0
    reached: int = 0
    """Villages and neighbourhoods with a head who has a number or address."""
    heads: int = 0
    officials: int = 0
    officials_reached: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether each place has a head who can be told, and the commune an official."""
        return self.places > 0 and self.reached == self.places and self.officials_reached > 0

    @property
    def missing(self) -> int:
        """Places without anybody who can be told."""
        return self.places - self.reached


def communes(actor: Actor, path: str = "") -> list[Commune]:
    """Communes in force that the actor may see, below ``path``, with their counts. Six queries."""
    seen = Q(pk__in=[])
    for own in actor.paths(actions.SEE):
        seen |= Q(path__startswith=own)
    rows = territory.in_force().filter(seen, tier=Tier.COMMUNE, path__startswith=path)
    found = {unit.pk: Commune(unit) for unit in rows.order_by("folded", "code")[:MOST_COMMUNES]}
    has_address = Exists(Address.objects.filter(contact=OuterRef("pk")))
    places = list(living().values_list("pk", "unit_id"))
    people = list(
        standing().annotate(can=has_address).values_list("kind", "unit_id", "neighbourhood_id", "can")
    )
    used = {unit for _pk, unit in places} | {unit for _kind, unit, _place, _can in people}
    heirs = territory.heirs(used)
    reached = {place for kind, _unit, place, can in people if kind == Kind.HEAD and can}
    for pk, unit in places:
        for one in (found[heir] for heir in heirs[unit] if heir in found):
            one.places += 1
            one.reached += pk in reached
    for kind, unit, _place, can in people:
        for one in (found[heir] for heir in heirs[unit] if heir in found):
            one.heads += kind == Kind.HEAD
            one.officials += kind == Kind.OFFICIAL
            one.officials_reached += kind == Kind.OFFICIAL and can
    return list(found.values())


def commune(code: str, actor: Actor) -> Unit:
    """A commune in force by its code; raises NotFound where there is none or the actor may not see it."""
    unit = territory.unit(code)
    if unit is None or unit.tier != Tier.COMMUNE or not actor.may(actions.SEE, unit.path):
        raise NotFound(_("There is no such commune, or its contacts are not shown to your post."))
    return unit


def places_of(unit: Unit) -> list[Neighbourhood]:
    """The villages and neighbourhoods of a commune and of those that merged into it, by name."""
    rows = living().filter(unit__in=territory.ancestry([unit.pk])).select_related("unit")
    counted = rows.annotate(people=Count("contacts", filter=Q(contacts__valid_to=None)))
    return sorted(counted, key=lambda one: (natural(one.name), one.pk))


def natural(name: str) -> tuple[object, ...]:
    """Sorts Tổ dân phố 2 before Tổ dân phố 10."""
    return tuple((0, int(word), "") if word.isdigit() else (1, 0, word) for word in fold(name).split())


def people_of(unit: Unit, *, ended: bool = False) -> list[Contact]:
    """Contacts of a commune and of those that merged into it: officials first, then heads by place."""
    rows = Contact.objects.exclude(valid_to=None) if ended else standing()
    found = with_addresses(rows.filter(unit__in=territory.ancestry([unit.pk])))
    return sorted(
        found,
        key=lambda one: (
            one.kind != Kind.OFFICIAL,
            natural(one.neighbourhood.name) if one.neighbourhood else (),
            one.folded,
            one.pk,
        ),
    )


def with_addresses(rows: QuerySet[Contact]) -> QuerySet[Contact]:
    """The same with place and addresses at hand; the addresses still sealed."""
    ordered = Prefetch("addresses", Address.objects.order_by("rank", "pk"))
    return rows.select_related("unit", "neighbourhood").prefetch_related(ordered)


def one(number: int, actor: Actor) -> Contact:
    """A contact that the actor may see."""
    found = with_addresses(Contact.objects.filter(pk=number)).first()
    if found is None or not actor.may(actions.SEE, found.unit.path):
        raise NotFound(_("There is no such contact, or it is not in your unit."))
    return found


def search(query: str, actor: Actor, path: str = "") -> list[Contact]:
    """Contacts whose name, post or place holds every word typed, marks or none; or who have that number."""
    seen = Q(pk__in=[])
    for own in actor.paths(actions.SEE):
        seen |= Q(unit__path__startswith=own)
    rows = with_addresses(standing().filter(seen, unit__path__startswith=path))
    digits = "".join(letter for letter in query if letter.isdigit())
    if len(digits) >= 9:
        return list(by_number(rows, query)[:LENGTH])
    for word in fold(query).split():
        rows = rows.filter(
            Q(folded__contains=word)
            | Q(neighbourhood__folded__contains=word)
            | Q(unit__folded__contains=word)
        )
    return list(rows.order_by("folded", "pk")[:LENGTH]) if fold(query) else []


def by_number(rows: QuerySet[Contact], typed: str) -> QuerySet[Contact]:
    """Those of the contacts who have this telephone number."""
    try:
        number = phones.read(typed, territory.today()).e164
    except phones.BadPhone:
        return rows.none()
    return rows.filter(addresses__mark=Keys().mark(Channel.PHONE, number)).order_by("folded", "pk")


def slices(
    units: Iterable[Unit], *, is_exercise: bool, after: int = 0, most: int = SLICE
) -> Iterator[list[Contact]]:
    """Contacts of the communes that stand for these units, by key, a slice at a time.

    Whoever is listed under a commune that has merged is found under the one that it became. In an exercise
    only those who take part.
    """
    communes = territory.communes_of(units)
    rows = standing().filter(unit__in=territory.ancestry(unit.pk for unit in communes))
    if is_exercise:
        rows = rows.filter(takes_part=True)
    while True:
        found = list(with_addresses(rows.filter(pk__gt=after)).order_by("pk")[:most])
        if not found:
            return
        yield found
        after = found[-1].pk


def everyone(actor: Actor, path: str = "") -> list[Contact]:
    """All contacts in their posts that the actor may see, commune by commune."""
    seen = Q(pk__in=[])
    for own in actor.paths(actions.SEE):
        seen |= Q(unit__path__startswith=own)
    rows = with_addresses(standing().filter(seen, unit__path__startswith=path))
    return sorted(rows, key=lambda one: (one.unit.folded, one.kind != Kind.OFFICIAL, one.folded, one.pk))


def named_places(actor: Actor, path: str = "") -> list[tuple[str, str]]:
    """Communes in force and their places as they are spelled here; one row each."""
    rows: list[tuple[str, str]] = []
    units = {row.unit.pk: row.unit for row in communes(actor, path)}
    places: dict[int, list[str]] = {}
    found = list(living().values_list("unit_id", "name"))
    heirs = territory.heirs(unit for unit, _name in found)
    for unit, name in found:
        for heir in heirs[unit]:
            places.setdefault(heir, []).append(name)
    for pk, commune in units.items():
        rows += [(commune.full_name, name) for name in sorted(places.get(pk, [""]), key=natural)]
    return rows
