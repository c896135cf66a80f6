"""Doors and connections of other protocols than HTTP, for devices and gateways."""

from __future__ import annotations

from toancanh.kernel.exchange.broker.service import Broker
from toancanh.kernel.exchange.sensorthings import keeping
from toancanh.kernel.exchange.sensorthings.topics import SensorThingsTopics
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.loops import Loop
from toancanh.kernel.telemetry.devices import contacts
from toancanh.kernel.telemetry.mqtt.door import MqttDoor
from toancanh.site import environment, health
from toancanh.site.asgi import House
from toancanh.site.mqtt import MqttService
from toancanh.site.parts.data import sensorthings_door


def mount(house: House) -> None:
    """Open those that are wanted here."""
    wanted = environment.mqtt()
    if wanted is not None:
        topics = SensorThingsTopics(sensorthings_door(house), house.directory, others=house.has_others)
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
        broker = Broker(address, house.ingest, house.directory, house.allowance)
        house.services.append(broker)
        house.reporter.sources.append(broker.figures)
        health.count_broker(broker.figures)
