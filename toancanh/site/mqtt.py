"""The MQTT door as part of the process: its port, its certificate, its figures."""

from __future__ import annotations

import resource
import socket
import ssl
import sys
from collections.abc import Iterator

from django.utils.translation import gettext as _
from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from toancanh.kernel.telemetry.mqtt import here
from toancanh.kernel.telemetry.mqtt.door import MqttDoor
from toancanh.site import server
from toancanh.site.environment import Mqtt

FILES = 20_000
OTHER_FILES = 700
"""Files that this process may have open, and how many of them are not for MQTT: pages, streams, databases."""


class MqttService:
    """Opens the door when the process begins and closes it when it ends."""

    def __init__(self, door: MqttDoor, wanted: Mqtt) -> None:
        self._door = door
        self._wanted = wanted
        self._figures = Figures(door)

    async def start(self) -> None:
        """Listen; without a port that was asked for, the program does not start."""
        wanted = self._wanted
        tls = certified(wanted)
        bound = bind(wanted)
        if bound is None:
            return
        self._door.most = min(self._door.most, room())
        await self._door.listen(bound, tls)
        here.door = self._door
        REGISTRY.register(self._figures)
        print(f"MQTT: {wanted.host}:{wanted.port}" + (" (TLS)" if tls else ""), flush=True)  # noqa: T201

    async def stop(self) -> None:
        """Acknowledge what was taken, say goodbye."""
        if here.door is self._door:
            here.door = None
            REGISTRY.unregister(self._figures)
            await self._door.stop()


def bind(wanted: Mqtt) -> socket.socket | None:
    """The port; None where it is taken and nobody asked for just this one."""
    try:
        return server.listen(wanted.port, wanted.host, "MQTT_PORT")
    except SystemExit as fault:
        if wanted.is_chosen:
            raise
        print(_("The program runs without its MQTT door. %(fault)s") % {"fault": fault}, file=sys.stderr)  # noqa: T201
        return None


def room() -> int:
    """Connections for which this process may open files, beside all that it opens otherwise."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return max(50, soft - OTHER_FILES)


def certified(wanted: Mqtt) -> ssl.SSLContext | None:
    """TLS by certificate and key; None where none are given."""
    if wanted.certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(wanted.certificate, wanted.key)
    except (OSError, ssl.SSLError) as fault:
        text = _("MQTT_CERT and MQTT_KEY are no certificate in PEM with its key: %(fault)s")
        raise SystemExit(text % {"fault": fault}) from fault
    return context


class Figures(Collector):
    """Figures of the door for Prometheus."""

    def __init__(self, door: MqttDoor) -> None:
        self._door = door

    def describe(self) -> Iterator[Metric]:
        """Nothing in advance: names are known by collecting."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """The figures as they are now."""
        now = self._door.counted()
        for name, told, value in (
            ("connections", "Connections of devices", now.connections),
            ("sessions", "Sessions of devices, connected or not", now.sessions),
            ("subscriptions", "Topic filters that devices listen to", now.subscriptions),
        ):
            yield GaugeMetricFamily(f"toancanh_mqtt_{name}", told, value)
        for name, told, count in (
            ("sign_ins", "Devices let in since start", now.signed_in),
            ("sign_ins_refused", "Devices not let in since start", now.refused_sign_ins),
            ("messages_in", "Messages of devices since start", now.messages_in),
            ("messages_out", "Messages to devices since start", now.messages_out),
        ):
            yield CounterMetricFamily(f"toancanh_mqtt_{name}", told, count)
        refused = CounterMetricFamily(
            "toancanh_mqtt_refused", "What was not taken since start", labels=["code"]
        )
        for code, count in list(now.refused.items()):
            refused.add_metric([code], count)
        yield refused
        ended = CounterMetricFamily(
            "toancanh_mqtt_ended", "Connections that the door ended since start", labels=["reason"]
        )
        for reason, count in list(now.ended.items()):
            ended.add_metric([reason], count)
        yield ended
