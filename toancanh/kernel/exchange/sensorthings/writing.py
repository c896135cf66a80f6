"""What POST, PATCH, PUT and DELETE do, whatever carries them."""

from __future__ import annotations

import itertools
import logging
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange.sensorthings import (
    addresses,
    arrays,
    bodies,
    ids,
    observing,
    removing,
    updating,
)
from toancanh.kernel.exchange.sensorthings.addresses import Step
from toancanh.kernel.exchange.sensorthings.answers import Answer, fault, refusal
from toancanh.kernel.exchange.sensorthings.bodies import Value
from toancanh.kernel.exchange.sensorthings.deriving import settled
from toancanh.kernel.exchange.sensorthings.ids import ObservationId
from toancanh.kernel.exchange.sensorthings.keeping import Keeper
from toancanh.kernel.exchange.sensorthings.making import MODELS, Back, Made, Maker, find
from toancanh.kernel.exchange.sensorthings.models import ObservationDetail
from toancanh.kernel.exchange.sensorthings.observing import Seen
from toancanh.kernel.exchange.sensorthings.rights import actor
from toancanh.kernel.telemetry.directory import TokenInfo
from toancanh.kernel.telemetry.store import Reading
from toancanh.lib.errors import NotAllowed, Refused, Unavailable

log = logging.getLogger(__name__)
JSON_PATCH = "application/json-patch+json"
INVERSE = {
    ("Thing", "Locations"): "Things",
    ("Thing", "HistoricalLocations"): "Thing",
    ("Thing", "Datastreams"): "Thing",
    ("Location", "Things"): "Locations",
    ("Location", "HistoricalLocations"): "Locations",
    ("HistoricalLocation", "Locations"): "HistoricalLocations",
    ("Datastream", "Observations"): "Datastream",
    ("Sensor", "Datastreams"): "Sensor",
    ("ObservedProperty", "Datastreams"): "ObservedProperty",
    ("FeatureOfInterest", "Observations"): "FeatureOfInterest",
}
"""From an entity's navigation property to the one that leads back from what it leads to."""


@dataclass(frozen=True)
class Writer:
    """One token that writes; `base` is the address of the service as the client knows it."""

    token: TokenInfo
    base: str
    deferred: list[Seen] | None = None
    """Within a transaction of several requests: observations to be kept once it is committed."""

    @property
    def by(self) -> Actor:
        """The token as who acts."""
        return actor(self.token)

    @property
    def keeper(self) -> Keeper:
        """What keeps its observations."""
        return Keeper(self.token)

    def answer(self, method: str, path: str, told: Value, content_type: str = "") -> Answer:
        """Do it, and say how it went; a refusal is an answer too. Raises only what nobody foresaw."""
        try:
            return self.perform(method, path, told, content_type)
        except Exception as error:
            found = fault(error)
            if found is None:
                raise
            if isinstance(error, Unavailable):
                log.warning("SensorThings: %s %s: %s", method, path, error)
            return found

    def perform(self, method: str, path: str, told: Value, content_type: str = "") -> Answer:
        """As `answer`, but raises what is refused."""
        if path.strip("/") == arrays.PATH:
            self._check_alone()
            if method != "POST":
                return _not_allowed("POST", _("%(path)s takes POST.") % {"path": arrays.PATH})
            return arrays.create(self.keeper, self.base, told)
        address = addresses.parse(path)
        if address.members or address.is_ref or address.is_value:
            return _not_allowed(
                "GET, HEAD", _("Write to the entity itself, not to a property or a link of it.")
            )
        last = address.last
        if last.many and last.key is None:
            if method != "POST":
                return _not_allowed("GET, HEAD, POST", _("A set takes POST; write to one entity by its id."))
            return self._create(list(address.steps), told)
        if method == "POST":
            text = _("An entity takes PATCH, PUT and DELETE; POST goes to a set.")
            return _not_allowed("GET, HEAD, PATCH, PUT, DELETE", text)
        if last.entity.name == "Observation":
            return self._observation(method, list(address.steps), told, content_type)
        row = _walk(list(address.steps))
        with transaction.atomic():
            if method == "DELETE":
                with settled():
                    removing.remove(row, by=self.by, keeper=self.keeper)
            else:
                alter, links = _alteration(method, last.entity.name, told, content_type)
                updating.update(row, alter, links, by=self.by)
        return Answer(200, self._named(row))

    def _create(self, steps: list[Step], told: Value) -> Answer:
        kind = steps[-1].entity.name
        draft = bodies.draft(kind, told)
        maker = Maker(self.by)
        try:
            with transaction.atomic(), settled() if kind != "Observation" else nullcontext():
                made = maker.make(draft, _back(steps))
                refused = self.keeper.judge(maker.observations)
                if refused:
                    raise _Judged(refused)
        except _Judged as judged:
            self.keeper.bury(maker.observations, judged.refused)
            raise judged.error from None
        if self.deferred is not None:
            self.deferred.extend(maker.observations)
        elif isinstance(made, ObservationId):
            _check(self.keeper.keep(maker.observations))
        else:
            self.keep(maker.observations)
        named = self._named(made)
        return Answer(201, named, {"Location": named["@iot.selfLink"]})

    def keep(self, observations: list[Seen]) -> None:
        """Keep what was judged good a moment ago; what it belongs to is committed already."""
        if not observations:
            return
        try:
            _check(self.keeper.keep(observations))
        except (Unavailable, Refused) as error:
            text = _("The entities were made, their observations were not kept: %(fault)s Send these again.")
            raise Unavailable(text % {"fault": error}) from error

    def _observation(self, method: str, steps: list[Step], told: Value, content_type: str) -> Answer:
        self._check_alone()
        key = _key(steps)
        found = _found(key)
        series = observing.known([Seen(key.series, key.time, 0.0)])
        if found is None or key.series not in series:
            raise addresses.missing(ids.address("Observation", key))
        if not self.token.may_write(series[key.series].info.thing):
            raise NotAllowed(observing.TEXTS["forbidden"]())
        if method == "DELETE":
            self.keeper.withdraw([key])
        else:
            alter, links = _alteration(method, "Observation", told, content_type)
            seen = updating.observation(key, found, alter, links)
            code = self.keeper.correct(seen)
            _check({0: code} if code else {})
        return Answer(200, self._named(key))

    def _check_alone(self) -> None:
        if self.deferred is not None:
            text = _(
                "In a group, observations are made one by one; change, delete and send tables outside it."
            )
            raise Refused(text, "bad_batch")

    def _named(self, made: Made) -> dict[str, Any]:
        """What an entity is called, by its id and its address."""
        if isinstance(made, ObservationId):
            return {"@iot.id": str(made), "@iot.selfLink": f"{self.base}/{ids.address('Observation', made)}"}
        address = ids.address(type(made).__name__, made.pk)
        return {"@iot.id": made.pk, "@iot.selfLink": f"{self.base}/{address}"}


def _check(refused: dict[int, str]) -> None:
    """Raise what the first refused observation is refused for."""
    if refused:
        raise _Judged(refused).error


def _alteration(
    method: str,
    kind: str,
    told: Value,
    content_type: str,
) -> tuple[updating.Alter, dict[str, list[bodies.Id]]]:
    if method == "PATCH" and content_type == JSON_PATCH:
        return updating.patched(told), {}
    change = bodies.change(kind, told)
    return (updating.replaced(change) if method == "PUT" else updating.merged(change)), change.links


class _Judged(Exception):
    """Observations were refused, and with them everything that was to be made."""

    def __init__(self, refused: dict[int, str]) -> None:
        super().__init__()
        self.refused = refused

    @property
    def error(self) -> Refused:
        """What the first of them is refused for."""
        code = next(iter(self.refused.values()))
        return (NotAllowed if code == "forbidden" else Refused)(observing.TEXTS[code](), code)


def _back(steps: list[Step]) -> Back:
    """What a new entity belongs to because of the set that it is posted to."""
    if len(steps) == 1:
        return {}
    name = INVERSE[steps[-2].entity.name, steps[-1].name]
    return {name: [_walk(steps[:-1])]}


def _walk(steps: list[Step]) -> Value:
    """The entity that an address leads to; raises NotFound where it leads nowhere."""
    first = steps[0]
    if any(step.entity.name == "Observation" for step in steps) or first.key is None:
        raise addresses.missing("/".join(step.name for step in steps))
    row: Model | None = find(MODELS[first.entity.name], first.key)
    for before, step in itertools.pairwise(steps):
        if row is None:
            break
        way = before.entity.links[step.name]
        model = MODELS[step.entity.name]
        if step.key is not None:
            known = model._default_manager.filter(**{"pk": step.key, way.back: row.pk})
            row = find(model, step.key) if known.exists() else None
        else:
            found: Any = row
            for name in way.forward.split("__"):
                found = getattr(found, name)
            row = find(model, found.pk)
    if row is None:
        last = steps[-1]
        raise addresses.missing(last.name if last.key is None else addresses.link(last.name, last.key))
    return row


def _key(steps: list[Step]) -> ObservationId:
    """The observation that an address names, below its own datastream or at the root."""
    key = ids.observation(steps[-1].key or "")
    before = steps[-2] if len(steps) > 1 else None
    is_own = before is None or (before.entity.name == "Datastream" and key and before.key == key.series)
    if key is None or not is_own:
        raise addresses.missing(steps[-1].name)
    if len(steps) > 2:
        _walk(steps[:-1])
    return key


def _found(key: ObservationId) -> tuple[Reading | None, ObservationDetail | None] | None:
    stored, detail = observing.reading(key), observing.details([key]).get(key)
    is_there = stored is not None or (detail is not None and detail.result is not None)
    return (stored, detail) if is_there else None


def _not_allowed(allow: str, message: str) -> Answer:
    return refusal(405, message, Allow=allow)
