"""What GET answers: an entity, a page of a set with what is expanded in it, a property."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from toancanh.kernel.exchange.sensorthings import addresses, options, paths, representation, sorting, streams
from toancanh.kernel.exchange.sensorthings.access import Sight
from toancanh.kernel.exchange.sensorthings.addresses import Address
from toancanh.kernel.exchange.sensorthings.conditions import Conditions
from toancanh.kernel.exchange.sensorthings.entities import IDS, SELF_LINK
from toancanh.kernel.exchange.sensorthings.expanding import Expander
from toancanh.kernel.exchange.sensorthings.expressions import Expression, Malformed
from toancanh.kernel.exchange.sensorthings.observations import Observations
from toancanh.kernel.exchange.sensorthings.observed import Observation
from toancanh.kernel.exchange.sensorthings.options import Options
from toancanh.kernel.exchange.sensorthings.planning import Scope
from toancanh.kernel.exchange.sensorthings.representation import Teller, Told
from toancanh.kernel.exchange.sensorthings.walking import Place, walk


@dataclass(frozen=True)
class Raw:
    """The value of a property alone; None where it has none."""

    value: Any


class Reader:
    """Answers the questions of one request; ``base`` is the address of the service as its client knows it."""

    def __init__(self, sight: Sight, base: str) -> None:
        self._sight = sight
        self._teller = Teller(base)
        self._conditions = Conditions(sight, self._measured, streams.measure)
        self._observations = Observations(sight, self._conditions)
        self._expander = Expander(sight, self._conditions, self._observations, self._teller)

    def answer(self, path: str, query: str) -> Told | Raw:
        """What the address and its query ask for; raises NotFound and Malformed."""
        address = addresses.parse(path)
        asked = options.read(address.last.entity, query)
        if not address.last.many:
            _refuse(asked, ("$filter", "$orderby", "$top", "$skip", "$count", "$skiptoken", "$resultFormat"))
        if address.is_ref or address.members:
            _refuse(asked, ("$expand", "$select", "$resultFormat"))
        place = walk(self._sight, address.steps, self._found)
        if address.last.many:
            return self._page(place, asked, f"{self._teller.base}/{path.strip('/')}", address.is_ref)
        if address.is_ref:
            asked = Options(select=(SELF_LINK,))
        if address.members:
            return self._property(place, address)
        return self._one(place, asked, path)

    def _measured(self, told: Expression) -> list[int]:
        return self._observations.measured(told)

    def _found(self, scope: Scope) -> Observation | None:
        found = self._observations.one(scope)
        if found is not None:
            self._observations.features([found])
        return found

    def _one(self, place: Place, asked: Options, path: str) -> Told:
        if place.scope is not None:
            found = self._observations.one(place.scope)
            if found is None:
                raise addresses.missing(path)
            return self._expander.observations([found], asked)[0]
        assert place.rows is not None
        row = place.rows.select_related(*place.entity.related).first()
        if row is None:
            raise addresses.missing(path)
        return self._expander.rows(place.entity, [row], asked)[0]

    def _property(self, place: Place, address: Address) -> Told | Raw:
        name, *members = address.members
        name = "@iot.id" if name in IDS else name
        whole = self._one(place, Options(select=(name,)), "/".join(step.name for step in address.steps))
        found = paths.member(whole.get(name), tuple(members))
        if found is None and members:
            raise addresses.missing("/".join(address.members))
        if address.is_value or found is None:
            return Raw(found)
        return {address.members[-1]: found}

    def _page(self, place: Place, asked: Options, address: str, is_ref: bool) -> Told:
        if is_ref:
            asked.select = (SELF_LINK,)
        if place.scope is not None:
            return self._observed(place.scope, asked, address)
        assert place.rows is not None
        entity, rows = place.entity, place.rows
        if asked.filter is not None:
            within = Q(pk__in=rows.values("pk")) if place.is_nested else None
            rows = rows.filter(self._conditions.of(entity, asked.filter, within))
        count = rows.count() if asked.count else None
        if asked.token:
            if asked.order or not asked.token.isascii() or not asked.token.isdigit():
                raise Malformed(_("$skiptoken is none that was given out for this order."))
            rows = rows.filter(pk__gt=int(asked.token[:18]))
        limit = asked.limit
        found = sorting.page(entity, rows, asked.order, asked.skip, limit + 1)
        more = None
        if len(found) > limit > 0:
            after = {"$skiptoken": str(found[limit - 1].pk)}
            told = {"$skip": str(asked.skip + limit)} if asked.order else after
            more = representation.query(asked, told)
        return self._teller.set(self._expander.rows(entity, found[:limit], asked), address, count, more)

    def _observed(self, scope: Scope, asked: Options, address: str) -> Told:
        found = self._observations.page(scope, asked)
        more = None if found.more is None else representation.query(asked, found.more)
        if asked.format:
            values = self._teller.arrays(found.rows, asked)
        else:
            values = self._expander.observations(found.rows, asked)
        return self._teller.set(values, address, found.count, more)


def _refuse(asked: Options, names: tuple[str, ...]) -> None:
    for name in names:
        if name in asked.written:
            raise Malformed(_("%(name)s has no meaning at this address.") % {"name": name})
