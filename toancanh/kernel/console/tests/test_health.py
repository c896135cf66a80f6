"""What is wrong is named with the step that mends it, on its page and in the console's banner."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from tests.city import BY, NOON, City, person
from toancanh.kernel.console import health, troubles
from toancanh.kernel.exchange.broker.models import BrokerSeat
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.journal import sealer
from toancanh.kernel.journal.models import Event
from toancanh.kernel.people.actions import ADMINISTRATOR
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.models import Process
from toancanh.kernel.telemetry.models import Gap


def process(role: str = "", host: str = "a", ago: float = 0, **figures: object) -> Process:
    """A process that reported so many seconds before noon."""
    port = {"": 8000, "web": 8000, "ingest": 8001, "worker": 8002}[role]
    at = NOON - timedelta(seconds=ago)
    facts: dict[str, Any] = {"role": role, "host": host, "port": port, "pid": 7, "version": "1.0"}
    made = Process(slot=f"{role}@{host}:{port}", since=at, seen=at, figures=figures, **facts)
    made.save()
    return made


def codes() -> list[tuple[str, bool]]:
    """What is wrong at noon, and whether it is grave."""
    return [(one.code, one.is_grave) for one in troubles.found(NOON)]


def settled() -> None:
    """Nothing is left to seal or deliver."""
    sealer.seal()
    Event.objects.update(next_at=None)


def test_nothing_is_wrong_where_everything_runs(db: None) -> None:
    process(disk_used=0.84, disk_free=1e9)
    assert codes() == []


def test_process_that_does_not_report_is_told_with_its_command(db: None) -> None:
    process("web")
    process("worker")
    process("ingest", host="b", ago=61)
    found = troubles.found(NOON)
    assert [one.code for one in found] == ["role_silent", "role_missing"]
    assert "toancanh run ingest trên b" in found[0].what
    assert "toancanh run ingest" in found[0].mend


def test_roles_that_nobody_runs_are_told_only_where_roles_run_apart(db: None) -> None:
    process("web")
    assert codes() == [("role_missing", True), ("role_missing", True)]
    process()
    assert codes() == []


def test_different_versions_are_told(db: None) -> None:
    for role in ("web", "ingest", "worker"):
        process(role)
    Process.objects.filter(role="web").update(version="1.1")
    assert codes() == [("versions_differ", False)]


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        (0.849, []),
        (0.85, [("disk_low", False)]),
        (0.949, [("disk_low", False)]),
        (0.95, [("disk_full", True)]),
    ],
)
def test_disk_is_told_at_85_and_at_95_percent(db: None, used: float, expected: list[object]) -> None:
    process(disk_used=used, disk_free=2.5e9)
    process("worker", disk_used=used, disk_free=2.5e9)
    assert codes() == expected
    if expected:
        assert "2,5 GB" in troubles.found(NOON)[0].what


def test_disk_of_the_database_and_of_each_machine_is_told(db: None) -> None:
    process(disk_used=0.2, disk_free=9e9, database_disk_used=0.97, database_disk_free=1e9)
    process("worker", host="b", disk_used=0.9, disk_free=3e9)
    assert [(one.code, one.what.split()[3]) for one in troubles.found(NOON)] == [
        ("disk_full", "a"),
        ("disk_low", "b"),
    ]


def test_clock_that_jumped_is_told_for_an_hour(db: None) -> None:
    process(clock_jumped=-6 * 3600, clock_jumped_at=(NOON - timedelta(minutes=59)).timestamp())
    assert codes() == [("clock_jumped", True)]
    assert "-6,0 giờ" in troubles.found(NOON)[0].what
    process(clock_jumped=-6 * 3600, clock_jumped_at=(NOON - timedelta(minutes=61)).timestamp())
    assert codes() == []


def test_clock_apart_from_that_of_the_database_is_told(db: None) -> None:
    process(database_ahead=-61.0)
    assert codes() == [("clock_differs", True)]
    process(database_ahead=59.0)
    assert codes() == []


def test_entry_from_the_future_is_told_though_newer_ones_are_not(db: None) -> None:
    process()
    for ahead in (timedelta(hours=6), timedelta(0)):
        with clock.set_to(NOON + ahead), transaction.atomic():
            journal.record("test.done", "thing:1", by=BY, content={})
    sealer.seal()
    assert codes() == [("clock_behind", True)]


def test_doors_that_cannot_keep_are_told(db: None) -> None:
    process(trouble="full")
    assert codes() == [("not_kept", True)]


def seat(**said: Any) -> None:
    """The seat at the broker on which the process of `process()` sits."""
    facts: dict[str, Any] = {"client": "toancanh-x-0", "address": "mqtt://broker:1883", "user": "city"}
    facts |= {"holder": "a:7", "seen_at": NOON, "messages": 1234, "reconnects": 2, **said}
    BrokerSeat.objects.update_or_create(number=0, defaults=facts)


@clock.set_to(NOON)
def test_broker_that_is_away_is_grave_after_a_minute(db: None) -> None:
    process()
    seat(connected_at=NOON)
    assert codes() == []
    seat(trouble="unreachable", said="Connection refused", trouble_at=NOON - timedelta(seconds=59))
    assert codes() == [("broker_troubled", False)]
    seat(connected_at=None, trouble_at=NOON - timedelta(minutes=1))
    (told,) = troubles.found(NOON)
    assert (told.code, told.is_grave) == ("broker_away", True)
    assert "mqtt://broker:1883" in told.what
    assert "Connection refused" in told.what
    assert "BROKER_URL" in told.mend
    # What hands over nothing is wrong as well, though the connection stands.
    seat(connected_at=NOON, trouble="acl", trouble_at=NOON - timedelta(hours=1))
    (told,) = troubles.found(NOON)
    assert (told.code, "toancanh/+/ack" in told.mend) == ("broker_troubled", True)


def test_seat_of_a_process_that_runs_no_more_is_no_news(city: City, client: Client) -> None:
    with clock.set_to(NOON):
        settled()
        process()
        seat(holder="a:8", trouble="refused", trouble_at=NOON - timedelta(hours=1))
        assert codes() == []
        assert "Máy chủ MQTT ngoài" not in officer(client, city).get("/console/health/").content.decode()


def test_page_tells_of_the_broker(city: City, client: Client) -> None:
    with clock.set_to(NOON):
        settled()
        process(broker_receipts=56)
        seat(connected_at=NOON - timedelta(hours=3))
        gap = {"thing": "a", "first": 3, "last": 4, "noticed_at": NOON, "told_at": NOON}
        Gap.objects.create(source="broker", **gap)
        Gap.objects.create(source="gateway", **gap)
        page = officer(client, city).get("/console/health/").content.decode()
    for told in (
        "Máy chủ MQTT ngoài",
        "mqtt://broker:1883",
        "đang kết nối",
        "09:00",
        "1.234",
        "56",
        "1 khoảng trống",
    ):
        assert told in page


def test_tail_and_outbox_that_stand_still_are_told(city: City) -> None:
    process()
    assert codes() == []
    with clock.set_to(NOON + timedelta(minutes=6)):
        process(ago=-360)
        found = troubles.found(clock.now())
    assert [one.code for one in found] == ["tail_unsealed", "outbox_stuck"]
    assert "telemetry.threshold_set" in found[1].what


def officer(client: Client, city: City, *rights: str) -> Client:
    """Signed in with these rights over the province."""
    client.force_login(person("truc", city.province, rights=rights or ("console.see",)))
    return client


def test_page_tells_every_process_and_what_to_do(city: City, client: Client) -> None:
    with clock.set_to(NOON):
        settled()
        one = process(per_second=12.5, accepted=1000, memory=52_000_000, disk_used=0.96, disk_free=1e9)
        Process.objects.filter(pk=one.pk).update(fault="sealer failed: x", fault_at=NOON)
        page = officer(client, city).get("/console/health/").content.decode()
        for told in (
            "Tình trạng hệ thống",
            "đã đầy 96 %",
            "giải phóng chỗ trống",
            "12,5",
            "52 MB",
            "đang chạy",
        ):
            assert told in page
        assert "sealer failed" not in page
        client.force_login(person("quan-tri", city.province, rights=ADMINISTRATOR))
        part = client.get("/console/health/?part=1").content.decode()
        assert "sealer failed: x" in part
        assert "<html" not in part


@pytest.mark.slow
def test_banner_tells_officers_of_disk_and_clock_on_every_page(city: City, client: Client) -> None:
    with clock.set_to(NOON):
        process(disk_used=0.9, disk_free=1e9)
        page = officer(client, city).get("/console/things/").content.decode()
        assert "đã đầy 90 %" in page
        process(disk_used=0.5, disk_free=5e9)
        health.forget()
        assert "đã đầy" not in client.get("/console/things/").content.decode()
        assert "đã đầy" not in client.get("/console/alarms").content.decode()


def test_stranger_learns_nothing(city: City) -> None:
    for path in ("/console/health/", "/console/alarms"):
        assert Client().get(path).status_code == 302
