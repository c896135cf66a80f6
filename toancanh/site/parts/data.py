"""The HTTP doors through which data comes: also of the web role, as one address is enough behind a proxy."""

from __future__ import annotations

from toancanh.kernel.exchange.sensorthings import door as sensorthings
from toancanh.kernel.exchange.sensorthings.door import SensorThingsDoor
from toancanh.kernel.exchange.sensorthings.observing import mixed_alone
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.doors import Door
from toancanh.kernel.telemetry.devices import contacts
from toancanh.kernel.telemetry.door import MAX_BYTES, ObservationsDoor
from toancanh.site.asgi import House


def mount(house: House) -> None:
    """Open them."""
    observations = ObservationsDoor(
        house.ingest,
        house.directory,
        now=clock.now_us,
        allowance=house.allowance,
        tally=contacts.tally,
    )
    door = Door(data="device", methods=("POST",), max_body=MAX_BYTES)
    house.edge.mount("/api/v1/observations", observations, door)
    house.edge.mount_where(sensorthings.takes, sensorthings.PATHS, sensorthings_door(house), door)


def sensorthings_door(house: House) -> SensorThingsDoor:
    """The door for observations as SensorThings has them, over the writer of this process."""
    return SensorThingsDoor(
        house.ingest,
        house.directory,
        house.pages,
        now=clock.now_us,
        mixed=mixed_alone,
        allowance=house.allowance,
    )
