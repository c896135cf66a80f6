"""What each role of the program brings into its process: the page to read for what runs where.

`toancanh run` is all of them in one process; apart they share nothing but the store. A new door is mounted in
`parts.data` (HTTP) or in `parts.field` (other protocols); a steady duty becomes a loop in `parts.worker`. A
part is loaded only where its role runs, so that a role that was killed is back soon.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Literal, Protocol, cast, get_args

from django.conf import settings

from toancanh.kernel.exchange.broker.service import Broker
from toancanh.kernel.exchange.inbox import work as inbox
from toancanh.kernel.exchange.sensorthings import door as sensorthings
from toancanh.kernel.exchange.sensorthings import keeping
from toancanh.kernel.exchange.sensorthings.door import SensorThingsDoor
from toancanh.kernel.exchange.sensorthings.observing import mixed_alone
from toancanh.kernel.exchange.sensorthings.topics import SensorThingsTopics
from toancanh.kernel.exchange.sheets import work as imports
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.journal import outbox, sealer
from toancanh.kernel.runtime import clock, doors
from toancanh.kernel.runtime.doors import Door
from toancanh.kernel.runtime.live import hub
from toancanh.kernel.runtime.loops import Loop
from toancanh.kernel.telemetry import commands, letters, numbering, stream, watch
from toancanh.kernel.telemetry.devices import contacts
from toancanh.kernel.telemetry.door import MAX_BYTES, ObservationsDoor
from toancanh.kernel.telemetry.mqtt.door import MqttDoor
from toancanh.kernel.telemetry.store import StoreUnavailable
from toancanh.site import environment
from toancanh.site.asgi import House

Role = Literal["", "web", "ingest", "worker"]
"""What a process is for; empty: everything."""
ROLES: tuple[str, ...] = get_args(Role)[1:]
PARTS: dict[str, tuple[str, ...]] = {
    "": ("web", "data", "field", "worker"),
    "web": ("web", "data"),
    "ingest": ("data", "field"),
    "worker": ("worker",),
}


class Part(Protocol):
    """A module of `parts`."""

    def mount(self, house: House) -> None:
        """Put what belongs to the part into the house, which is not started yet."""


def house(role: str, port: int, is_stopping: Callable[[], bool]) -> House:
    """The process of a role, put together and not yet started."""
    made = House(role, port, is_stopping, has_others=bool(role) or bool(settings.DATABASE_URL))
    for name in PARTS[role]:
        cast(Part, import_module(f"toancanh.site.parts.{name}")).mount(made)
    return made


def web(house: House) -> None:
    """Pages, reading APIs, live streams, built files."""
    streams = stream.Streams(hub, house.is_stopping)
    house.edge.mount("/live", streams.stream, stream.DOOR)
    house.edge.mount("/live/poll", streams.poll, stream.DOOR)
    house.edge.mount("/static/", static_files(), Door(data="assets"))
    house.services.append(Frames())
    house.reporter.sources.append(lambda: {"pages_open": streams.open})
    watching = watch.Watch(others=house.has_others)
    house.listeners.append(watching.committed)
    house.services.append(Begun(watching.look))
    house.loops.append(Loop("watch", watching.look, watch.EVERY))
    list(doors.routes())


def data(house: House) -> None:
    """The HTTP doors through which data comes."""
    observations = ObservationsDoor(
        house.ingest,
        house.directory,
        now=clock.now_us,
        allowance=house.allowance,
        tally=contacts.tally,
    )
    door = Door(data="device", methods=("POST",), max_body=MAX_BYTES)
    house.edge.mount("/api/v1/observations", observations, door)
    house.edge.mount_where(sensorthings.takes, sensorthings.PATHS, _sensorthings(house), door)
    house.loops.append(Loop("contacts", contacts.write, contacts.EVERY_S, at_end=True))


def _sensorthings(house: House) -> SensorThingsDoor:
    return SensorThingsDoor(
        house.ingest,
        house.directory,
        house.pages,
        now=clock.now_us,
        mixed=mixed_alone,
        allowance=house.allowance,
    )


def field(house: House) -> None:
    """Doors and connections of other protocols, for devices and gateways."""
    wanted = environment.mqtt()
    if wanted is not None:
        topics = SensorThingsTopics(_sensorthings(house), house.directory, others=house.has_others)
        door = MqttDoor(
            house.ingest,
            house.directory,
            now=clock.now_us,
            extras=(topics,),
            allowance=house.allowance,
            tally=contacts.tally,
        )
        telling = Loop("sensorthings", topics.look, 0.5)
        topics.attach(door, telling.wake)
        house.hearers.append(topics.kept)
        keeping.listen(topics.observed)
        house.loops.append(telling)
        house.reporter.sources.append(
            lambda: {
                "mqtt_connections": door.counted().connections,
                "mqtt_messages": door.counted().messages_in,
                "mqtt_refused": door.counted().refused_sign_ins,
            }
        )
        house.services.append(MqttService(door, wanted))
    address = environment.broker()
    if address is not None:
        house.services.append(Broker(address, house.ingest, house.directory, house.allowance))


def worker(house: House) -> None:
    """Steady duties beside every request."""
    deliver = Loop("outbox", outbox.deliver, 1.0)
    house.loops += [
        Loop("sealer", sealer.seal, 0.5, at_end=True),
        deliver,
        Loop("whole sealer", lambda: sealer.seal(everywhere=True), 600.0),
        Loop("sweeper", outbox.sweep, 3600.0),
        Loop("gaps", numbering.tell, 5.0),
        Loop("letters", letters.expire, 3600.0),
        Loop("imports", imports.Duty(), 1.0),
        Loop("inbox", inbox.Duty(settings.DATA / inbox.FOLDER, environment.inbox_settled()), inbox.EVERY),
        Loop("old imports", imports.tidy, 3600.0),
        Loop("commands", commands.expire, 60.0),
    ]
    # Of events that other processes commit, the loop learns at its next look.
    journal.on_wake(deliver.wake)


PARTS: dict[str, tuple[Callable[[House], None], ...]] = {
    "": (web, data, field, worker),
    "web": (web, data),
    "ingest": (data, field),
    "worker": (worker,),
}


class Begun:
    """Does a duty once before the process serves: the next round sees all that is committed since."""

    def __init__(self, duty: Callable[[], int]) -> None:
        self._duty = duty

    async def start(self) -> None:
        """Do it; where the store is away, the rounds that follow will."""
        try:
            await asyncio.to_thread(self._once)
        except (DatabaseError, StoreUnavailable) as fault:
            log.warning("not looked yet: %s", fault)

    def _once(self) -> None:
        try:
            self._duty()
        finally:
            connections.close_all()

    async def stop(self) -> None:
        """Nothing to end."""


class Frames:
    """Turns what the hub was told into frames for open pages."""

    async def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(hub.run())

    async def stop(self) -> None:
        """End."""
        self._task.cancel()


def static_files() -> ServeStaticASGI:
    """Built assets, compressed when they were built; a name with a hash is kept for ever."""
    return ServeStaticASGI(
        None, root=str(settings.STATIC_ROOT), prefix="static/", immutable_file_test=r"-[0-9A-Za-z]{8,}\."
    )
