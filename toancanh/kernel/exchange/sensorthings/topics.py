"""SensorThings over MQTT: observations made by publishing, and entities heard of by subscribing.

A topic is an address below the root with ``v1.1/`` before it, with ``$select`` at most. What was kept in this
process is told at once, what other processes did as soon as the journal or the store shows it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import msgspec
from django.db import DatabaseError, connection

from toancanh.kernel.exchange.sensorthings import addresses, bodies, ids
from toancanh.kernel.exchange.sensorthings.access import Sight
from toancanh.kernel.exchange.sensorthings.addresses import Address
from toancanh.kernel.exchange.sensorthings.answers import Answer
from toancanh.kernel.exchange.sensorthings.door import DoorRefused, SensorThingsDoor
from toancanh.kernel.exchange.sensorthings.ids import ObservationId
from toancanh.kernel.exchange.sensorthings.keeping import Keeper
from toancanh.kernel.exchange.sensorthings.observing import TEXTS, Unread
from toancanh.kernel.exchange.sensorthings.reading import Raw, Reader
from toancanh.kernel.exchange.sensorthings.recording import PREFIX as RECORDED
from toancanh.kernel.exchange.sensorthings.writing import Writer
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.directory import DirectorySource, TokenInfo
from toancanh.kernel.telemetry.store import Mark, Row
from toancanh.lib.errors import NotFound, Refused

log = logging.getLogger(__name__)
PREFIX: Final = "v1.1/"
WAITING: Final = 20_000
"""Observations not yet told; where more come, the oldest are told to nobody."""
AT_ONCE: Final = 500
GRACE_S: Final = 5.0
CODES: Final = {403: "forbidden", 404: "unknown_series", 409: "conflict", 503: "busy", 507: "full"}
EVERYTHING: Final = Sight(everything=True)


class Door(Protocol):
    """What is needed of the MQTT door."""

    def tell(self, topic: str, payload: bytes) -> None: ...

    def wants(self, prefix: str) -> bool: ...


@dataclass(frozen=True)
class Heard:
    """A topic that somebody listens to: the address, and what of an entity is told there."""

    topic: str
    address: Address
    path: str
    query: str
    since: float = 0.0
    """When it was granted, a moment before the door knows it."""


class SensorThingsTopics:
    """Topics behind the MQTT door; `look` belongs to a thread, everything else to the event loop."""

    prefix = PREFIX

    def __init__(
        self,
        raw: SensorThingsDoor,
        directory: DirectorySource,
        *,
        others: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``others``: whether processes beside this one write to the store."""
        self._raw = raw
        self._others = others
        self._monotonic = monotonic
        self._mark: Mark | None = None
        self._told: dict[ObservationId, None] = {}
        self._directory = directory
        self._door: Door | None = None
        self._wake: Callable[[], None] = lambda: None
        self._heard: dict[str, Heard] = {}
        self._waiting: deque[ObservationId] = deque(maxlen=WAITING)
        self._last: int | None = None
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="sensorthings")

    def attach(self, door: Door, wake: Callable[[], None]) -> None:
        """Through which door to tell, and how to wake who calls `look`."""
        self._door, self._wake = door, wake

    # --- publishing

    async def publish(self, topic: str, payload: bytes, token: TokenInfo) -> str | None:
        """Keep the observation of a message; None, or the code for which it was refused."""
        path = topic.removeprefix(PREFIX)
        try:
            answer = await self._raw.plainly(f"{ids.PREFIX}/{path}", payload, token, ids.PREFIX)
            if answer is None:
                self._raw.spend(token, 1)
                work = lambda: _post(path, payload, token)  # noqa: E731 - a thread is to do it
                answer = await asyncio.get_running_loop().run_in_executor(self._executor, work)
        except DoorRefused as refused:
            return refused.code
        return None if answer.status < 300 else CODES.get(answer.status, "malformed")

    # --- subscribing

    def may_subscribe(self, filter: str, token: TokenInfo) -> bool:
        """Whether the topic is an address of this service that the token may read; wildcards are none."""
        heard = _heard(filter)
        if heard is None or not self._is_open(heard.address, token):
            return False
        self._heard[filter] = replace(heard, since=self._monotonic())
        return True

    def _is_open(self, address: Address, token: TokenInfo) -> bool:
        """A token with a list hears of its own datastreams, one without of everything."""
        if token.things is None:
            return True
        first = address.steps[0]
        if first.name != "Datastreams" or not isinstance(first.key, int):
            return False
        own = (self._directory.snapshot.things.get(code, {}) for code in token.things)
        is_own = any(info.id == first.key for of_thing in own for info in of_thing.values())
        # What lies behind a datastream's sensor or property may be shared with things of others.
        return is_own and all(step.name in ("Datastreams", "Observations") for step in address.steps)

    # --- telling

    def kept(self, rows: list[Row]) -> None:
        """Rows that the ingest has stored, on its thread."""
        if self._heard:
            self.observed([ObservationId(row.series, row.time) for row in rows])

    def observed(self, keys: Sequence[ObservationId]) -> None:
        """Observations that were kept, from any thread."""
        wanted = [key for key in keys if self._is_wanted(key)] if self._heard else []
        if wanted:
            self._waiting.extend(wanted)
            self._wake()

    def _is_wanted(self, key: ObservationId) -> bool:
        return any(_may_hold(heard, key) for heard in tuple(self._heard.values()))

    def look(self) -> int:
        """Tell what is new; returns how much that was."""
        long_ago = self._monotonic() - GRACE_S
        for topic, heard in list(self._heard.items()):
            if heard.since < long_ago and (self._door is None or not self._door.wants(topic)):
                self._heard.pop(topic, None)
        if not self._heard:
            self._waiting.clear()
            self._last = self._mark = None
            return 0
        if self._others:
            self._look_at_others()
        told = 0
        for _number in range(min(AT_ONCE, len(self._waiting))):
            key = self._waiting.popleft()
            self._tell("Observation", key, ())
            self._told[key] = None
            told += 1
        while len(self._told) > WAITING:
            del self._told[next(iter(self._told))]
        return told + self._follow_journal()

    def _look_at_others(self) -> None:
        """Newest readings that other processes committed; what this one has told is told once."""
        is_first = self._mark is None
        self._mark, readings = engine.store().changed(self._mark)
        keys = [ObservationId(reading.series, reading.time) for reading in readings]
        self._waiting.extend(
            key for key in keys if not is_first and key not in self._told and self._is_wanted(key)
        )

    def _follow_journal(self) -> int:
        """Entities that were made or changed since the last look, by whichever process."""
        entries = Entry.objects.order_by("pk")
        if self._last is None:
            self._last = entries.values_list("pk", flat=True).last() or 0
            return 0
        found = list(entries.filter(pk__gt=self._last)[:AT_ONCE])
        for entry in found:
            self._last = entry.pk
            if entry.action in (f"{RECORDED}made", f"{RECORDED}changed"):
                told = json.loads(entry.content)
                if told["kind"] != "Observation":
                    changed = told["changed"] if entry.action.endswith("changed") else ()
                    self._tell(told["kind"], told["id"], changed)
        return len(found)

    def _tell(self, kind: str, key: int | ObservationId, changed: Sequence[str]) -> None:
        for heard in tuple(self._heard.values()):
            payload = _payload(heard, kind, key, changed)
            if payload is not None and self._door is not None:
                self._door.tell(heard.topic, payload)


def _heard(filter: str) -> Heard | None:
    """What a topic filter asks for; None where it is no topic of SensorThings."""
    path, _mark, query = filter.removeprefix(PREFIX).partition("?")
    if "+" in path or "#" in path or (query and not query.startswith("$select=")) or "&" in query:
        return None
    try:
        address = addresses.parse(path)
    except Refused:
        return None
    return None if address.is_ref or address.is_value else Heard(filter, address, path.strip("/"), query)


def _may_hold(heard: Heard, key: ObservationId) -> bool:
    """Whether an observation may be of the topic, as far as its address alone says."""
    last = heard.address.last
    if last.entity.name != "Observation" or (last.key is not None and last.key != str(key)):
        return False
    first = heard.address.steps[0]
    return first.name != "Datastreams" or first.key == key.series


def _payload(heard: Heard, kind: str, key: int | ObservationId, changed: Sequence[str]) -> bytes | None:
    """What is told of an entity at a topic; None where it has no place there."""
    last = heard.address.last
    if last.entity.name != kind or (isinstance(key, ObservationId) and not _may_hold(heard, key)):
        return None
    reader = Reader(EVERYTHING, ids.PREFIX)
    try:
        if last.many and last.key is None:
            said = str(key) if isinstance(key, int) else f"'{key}'"
            query = f"$filter=id eq {said}" + (f"&{heard.query}" if heard.query else "")
            whole = reader.answer(heard.path, query)
            told: Any = next(iter(whole["value"]), None) if isinstance(whole, dict) else None
        else:
            one = reader.answer(ids.address(kind, key), heard.query)
            own = reader.answer(_entity_path(heard), "$select=id")
            is_same = isinstance(own, dict) and str(own.get("@iot.id")) == str(key)
            told = one if is_same else None
            if told is not None and heard.address.members:
                name = heard.address.members[0]
                told = {name: one.get(name)} if isinstance(one, dict) and _touches(changed, name) else None
    except (NotFound, Refused):
        return None
    if told is None or isinstance(told, Raw):
        return None
    return msgspec.json.encode(told)


def _entity_path(heard: Heard) -> str:
    parts = heard.path.split("/")
    return "/".join(parts[: len(parts) - len(heard.address.members)])


def _touches(changed: Sequence[str], name: str) -> bool:
    """Whether a change is one of the property; columns and properties are not always called alike."""
    columns = {"encodingType": "encoding_type", "location": "shape", "feature": "shape"}
    columns |= {"unitOfMeasurement": "unit_symbol", "observationType": "observation_type"}
    return not changed or columns.get(name, name) in changed


def _post(path: str, payload: bytes, token: TokenInfo) -> Answer:
    """Make an observation of any sort; one that cannot be read becomes a dead letter."""
    writer = Writer(token, ids.PREFIX)
    try:
        try:
            address = addresses.parse(path)
            if address.last.name != "Observations" or address.last.key is not None:
                return Answer(404)
            told = bodies.decode(payload)
        except NotFound:
            return Answer(404)
        except Refused as refused:
            writer.keeper.put_aside([Unread(_series(path), payload, refused.message)])
            return Answer(400)
        answer = writer.answer("POST", path, told)
        # What was read and refused is a dead letter already.
        if answer.status == 400 and answer.body["message"] not in [text() for text in TEXTS.values()]:
            Keeper(token).put_aside([Unread(_series(path), payload, answer.body["message"])])
        return answer
    except DatabaseError:
        log.warning("SensorThings: %s could not be kept", path, exc_info=True)
        return Answer(503)
    finally:
        connection.close()


def _series(path: str) -> int:
    """The datastream that the address names; 0 where it names none."""
    first = addresses.parse(path).steps[0]
    return first.key if first.name == "Datastreams" and isinstance(first.key, int) else 0
