"""Who may see what of the façade: the one place that says so, for sets, links, counts and filters alike."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from toancanh.kernel.declare import ANYONE, Actor
from toancanh.kernel.exchange.sensorthings import models, rights
from toancanh.kernel.exchange.sensorthings.entities import Entity
from toancanh.kernel.people import web
from toancanh.kernel.people.models import Purpose, Token
from toancanh.kernel.runtime import clock, ids
from toancanh.lib.errors import Refused


class Unauthorized(Refused):
    """A token was sent that is not in force."""

    code = "unauthorized"


@dataclass(frozen=True)
class Sight:
    """What a caller may see: public things always, besides those of these units, of these codes, or all."""

    paths: tuple[str, ...] = ()
    codes: frozenset[str] = frozenset()
    everything: bool = False
    key: str = ""
    """`Actor.key` of who looks; shared entities that he made are seen before anything points to them."""

    def things(self, prefix: str = "") -> Q:
        """The condition on a thing that lies behind ``prefix``."""
        active = Q(**{f"{prefix}is_active": True})
        if self.everything:
            return active
        seen = Q(**{f"{prefix}is_public": True})
        if self.codes:
            seen |= Q(**{f"{prefix}code__in": sorted(self.codes)})
        for path in self.paths:
            seen |= Q(**{f"{prefix}unit__path__startswith": path})
        return active & seen

    def series(self, prefix: str = "") -> Q:
        """The condition on a series that lies behind ``prefix``."""
        return Q(**{f"{prefix}is_active": True}) & self.things(f"{prefix}thing__")

    def rows(self, entity: Entity) -> QuerySet[Any]:
        """The entities of the sort that are seen, each once."""
        assert entity.model is not None
        found: QuerySet[Any] = entity.model._default_manager.all()
        if entity.name == "Thing":
            return found.filter(self.things())
        if entity.name == "Datastream":
            return found.filter(self.series("series__"))
        found = found.filter(is_removed=False)
        if entity.name == "HistoricalLocation":
            return found.filter(self.things("thing__"))
        shown = self._shared(entity.name)
        return found.filter(shown | Q(is_derived=False) if self.everything else shown)

    def _shared(self, name: str) -> Q:
        """Something that is seen points to it, or the caller made it."""
        own = Q(made_by=self.key) if self.key else Q(pk__in=())
        stays = models.HistoricalLocation.objects.filter(self.things("thing__"), is_removed=False)
        if name == "Location":
            present = models.Location.things.through.objects.filter(self.things("thing__"))
            return own | _exists(present, location=OuterRef("pk")) | _exists(stays, locations=OuterRef("pk"))
        if name == "FeatureOfInterest":
            details = models.ObservationDetail.objects.filter(self.series("series__"))
            return own | _exists(stays, feature=OuterRef("pk")) | _exists(details, feature=OuterRef("pk"))
        streams = models.Datastream.objects.filter(self.series("series__"))
        link = "sensor" if name == "Sensor" else "observed_property"
        return own | _exists(streams, **{link: OuterRef("pk")})


def _exists(rows: QuerySet[Any, Any], **link: OuterRef) -> Q:
    return Q(Exists(rows.filter(**link)))


ANYONES = Sight()


@dataclass(frozen=True)
class Caller:
    """Who asks: a token, a person who is signed in, or anyone."""

    sight: Sight
    actor: Actor = ANYONE
    token: Token | None = None


def caller(request: HttpRequest) -> Caller:
    """Who asks; raises Unauthorized for a token that is not in force."""
    said = request.headers.get("Authorization", "")
    if said:
        return of_token(_token(said))
    actor = web.of(request)
    paths = actor.paths("console.see")
    return Caller(Sight(paths, everything="" in paths, key="" if actor == ANYONE else actor.key), actor)


def of_token(token: Token) -> Caller:
    """The caller that a token in force makes."""
    by = rights.actor(rights.info(token))
    codes = frozenset(token.things or ())
    return Caller(Sight(codes=codes, everything=token.things is None, key=by.key), by, token)


def _token(said: str) -> Token:
    scheme, _space, rest = said.partition(" ")
    secret = rest.strip()
    if scheme.lower() == "basic":
        try:
            secret = base64.b64decode(secret, validate=True).decode().partition(":")[2]
        except (binascii.Error, ValueError):
            secret = ""
    elif scheme.lower() != "bearer":
        secret = ""
    rows = Token.objects.filter(purpose=Purpose.DEVICES)
    found = rows.filter(digest=ids.digest(secret)).first() if secret else None
    now = clock.now()
    is_valid = (
        found is not None
        and (found.revoked_at is None or found.revoked_at > now)
        and (found.expires_at is None or found.expires_at > now)
    )
    if found is None or not is_valid:
        text = _(
            "The token is unknown, expired or revoked; send one in force as Bearer or as Basic password."
        )
        raise Unauthorized(text)
    return found
