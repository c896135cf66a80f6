"""Registering things."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel import catalogue
from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import revision
from toancanh.kernel.territory import queries as territory
from toancanh.kernel.territory.models import Unit
from toancanh.lib.errors import NotAllowed, Refused
from toancanh.lib.fold import fold

CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,79}\Z")


@transaction.atomic
def register(
    code: str,
    kind: str,
    name: str,
    lon: float | None,
    lat: float | None,
    *,
    by: Actor,
    unit: Unit | None = None,
    **facts: Any,  # noqa: ANN401 - columns of Thing, checked by the model
) -> Thing:
    """Write a thing, or change the one of that code. Its unit is where it stands unless given.

    Without ``lon`` and ``lat`` it waits for its place: on no map, and in the unit given.

    Raises Refused for an unknown kind, an impossible place, or a place outside every unit.
    """
    if not CODE.match(code):
        raise Refused(_("A code is made of a-z, 0-9 and -: %(code)s") % {"code": code}, "bad_code")
    place = _unit_at(code, lon, lat, unit)
    before = Thing.objects.select_related("unit").filter(code=code).first()
    for touched in {place.path, before.unit.path if before else place.path}:
        if not by.may("registry.arrange", touched):
            raise NotAllowed(_("Things are registered by the administrator of your locality."))
    if catalogue.thing_type(kind) is None:
        raise Refused(_("Nothing here is of the kind %(kind)s.") % {"kind": kind}, "bad_kind")
    said: Mapping[str, Any] = {
        "kind": kind,
        "name": name,
        "folded": fold(f"{name} {facts.get('name_en', '')} {code}")[:320],
        "lon": lon,
        "lat": lat,
        "unit": place,
        **facts,
    }
    _check(Thing(code=code, **said))
    thing, is_new = Thing.objects.update_or_create(code=code, defaults=said)
    content = {"kind": kind, "name": name, "lon": lon, "lat": lat, "unit": place.code}
    journal.record(
        f"registry.{'registered' if is_new else 'changed'}", f"thing:{code}", by=by, content=content
    )
    revision.bump("directory")
    return thing


@transaction.atomic
def retire(thing: Thing, *, by: Actor) -> Thing:
    """Take a thing out of maps, lists and doors; its readings stay."""
    if not by.may("registry.arrange", thing.unit.path):
        raise NotAllowed(_("Things are registered by the administrator of your locality."))
    thing.is_active = False
    thing.save(update_fields=["is_active"])
    journal.record("registry.retired", f"thing:{thing.code}", by=by, content={"pack": thing.pack})
    revision.bump("directory")
    return thing


@transaction.atomic
def keep_listed(pack: str, codes: Iterable[str], *, by: Actor) -> int:
    """Note which things a pack brought, and retire those of it that it lists no longer; returns how many."""
    listed = set(codes)
    Thing.objects.filter(code__in=listed).exclude(pack=pack).update(pack=pack)
    own = Thing.objects.filter(pack=pack, is_active=True).select_related("unit").order_by("code")
    gone = [thing for thing in own if thing.code not in listed]
    for thing in gone:
        retire(thing, by=by)
    return len(gone)


def _check(thing: Thing) -> None:
    """Refuse what the columns can't hold: a name that is missing or too long."""
    try:
        # The place was looked at already, and may be missing.
        thing.clean_fields(exclude=("unit", "organisation", "facts", "lon", "lat"))
    except ValidationError as fault:
        said = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in fault.message_dict.items())
        raise Refused(f"{thing.code}: {said}", "bad_thing") from fault


def _unit_at(code: str, lon: float | None, lat: float | None, given: Unit | None) -> Unit:
    if lon is None or lat is None:
        if lon is not lat:
            raise Refused(_("%(code)s needs both coordinates, or none yet.") % {"code": code}, "bad_place")
        if given is None:
            text = _("%(code)s has no place yet: say which unit it belongs to.")
            raise Refused(text % {"code": code}, "no_unit")
        return given
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise Refused(_("%(code)s lies nowhere on earth.") % {"code": code}, "bad_place")
    found = given or territory.unit_at(lon, lat)
    if found is None:
        raise Refused(_("%(code)s lies in no unit that is known here.") % {"code": code}, "no_unit")
    return found
