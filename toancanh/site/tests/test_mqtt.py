"""The MQTT door of the program: its port, its certificate, its figures."""

from __future__ import annotations

import resource
import socket
import ssl
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from tests.ports import free_port
from toancanh.kernel.runtime.clock import now_us
from toancanh.kernel.telemetry.directory import Directory, FixedDirectory
from toancanh.kernel.telemetry.ingest import Ingest
from toancanh.kernel.telemetry.mqtt.desk import NoBooks
from toancanh.kernel.telemetry.mqtt.door import MqttDoor
from toancanh.kernel.telemetry.mqtt.tests.test_tls import certificate
from toancanh.kernel.telemetry.store import open_store
from toancanh.site import environment
from toancanh.site.environment import Mqtt
from toancanh.site.mqtt import Figures, bind, certified, room


def test_port_that_was_asked_for_and_is_taken_ends_the_program_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit) as told:
            bind(Mqtt("127.0.0.1", port))
    assert f"MQTT_PORT={port + 1}" in str(told.value)


def test_usual_port_that_is_taken_leaves_the_program_without_its_door(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert bind(Mqtt("127.0.0.1", port, is_chosen=False)) is None
    assert f"MQTT_PORT={port + 1}" in capsys.readouterr().err


def test_port_that_is_free_is_bound() -> None:
    port = free_port()
    bound = bind(Mqtt("127.0.0.1", port))
    assert bound is not None
    assert bound.getsockname()[1] == port
    bound.close()


def test_only_a_port_that_was_set_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MQTT_PORT", raising=False)
    usual = environment.mqtt()
    assert usual is not None
    assert (usual.port, usual.is_chosen) == (1883, False)
    monkeypatch.setenv("MQTT_PORT", "1883")
    chosen = environment.mqtt()
    assert chosen is not None
    assert chosen.is_chosen


@pytest.mark.slow
def test_certificate_is_loaded_and_old_tls_refused(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)[0], tmp_path / "key.pem"
    context = certified(Mqtt("127.0.0.1", 8883, cert, key))
    assert context is not None
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert certified(Mqtt("127.0.0.1", 1883)) is None


@pytest.mark.slow
def test_certificate_that_is_none_is_named(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)[0], tmp_path / "key.pem"
    cert.write_text("nothing")
    with pytest.raises(SystemExit, match="MQTT_CERT"):
        certified(Mqtt("127.0.0.1", 8883, cert, key))


def test_figures_are_told_to_prometheus(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "telemetry.db"))
    source = FixedDirectory(Directory())
    door = MqttDoor(Ingest(store, source, now=now_us), source, now=now_us, books=NoBooks())
    door.figures.messages_in = 7
    door.figures.refused["forbidden"] = 2
    registry = CollectorRegistry()
    registry.register(Figures(door))
    told = generate_latest(registry).decode()
    assert "toancanh_mqtt_connections 0.0" in told
    assert "toancanh_mqtt_messages_in_total 7.0" in told
    assert 'toancanh_mqtt_refused_total{code="forbidden"} 2.0' in told
    store.close()


def test_room_leaves_files_for_the_others() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        found = room()
        assert 50 <= found < resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
