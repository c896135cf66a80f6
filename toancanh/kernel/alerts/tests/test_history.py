"""What came too late to ring is written as an alert of the past, once, and rings nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client

from tests.city import NOON, City, actor, measure, person
from toancanh.kernel.alerts import history, queries, rules
from toancanh.kernel.alerts.desk import LEASE, Desk
from toancanh.kernel.alerts.maintenance.models import Maintenance
from toancanh.kernel.alerts.models import Alert, Backlog, Rule
from toancanh.kernel.journal.models import Entry, Event
from toancanh.kernel.runtime import clock, revision

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
FLOOD = (0.5, 1.4, 2.3, 2.6, 1.8, *[0.4] * 8)
"""Every five minutes: over BĐ2 for a while, and calm again."""


@pytest.fixture(autouse=True)
def quiet_clock() -> Iterator[None]:
    """Noon, until a test says otherwise."""
    with clock.set_to(NOON):
        yield


@pytest.fixture
def desk(city: City) -> Desk:
    """A desk whose rules hold since yesterday and that looks at the past at once."""
    rules.declare()
    Rule.objects.update(valid_from=NOON - timedelta(days=1))
    return begun()


def begun() -> Desk:
    made = Desk(clock_s=0, save_s=0, quiet_s=0)
    made.look()
    return made


def catch_up(city: City, *values: float, minutes: int = 180) -> None:
    """A station sends at noon what it measured from so many minutes ago on, every five minutes."""
    for number, value in enumerate(values):
        measure(city.gauge, NOON - minutes * MINUTE + 5 * number * MINUTE, value)


def past() -> list[Alert]:
    return list(Alert.objects.filter(key="flood.level").order_by("since"))


def test_flood_of_the_past_is_written_once_and_rings_nowhere(desk: Desk, city: City) -> None:
    catch_up(city, *FLOOD)
    for _look in range(3):
        desk.look()
    (alert,) = past()
    assert (alert.known_afterwards, alert.state, alert.highest, alert.line) == (True, "closed", 2, "BĐ2")
    assert (alert.since, alert.peak) == (NOON - 175 * MINUTE, 2.6)
    assert alert.over_at is not None
    assert NOON - 175 * MINUTE < alert.over_at < NOON - 100 * MINUTE
    assert alert.opened_at == alert.closed_at == NOON
    assert [chapter.what for chapter in alert.story.all()] == ["learned"]
    assert not Event.objects.filter(name__startswith="alerts.").exists()
    assert Entry.objects.filter(subject=f"alert:{alert.pk}").count() == 1
    assert queries.bell(actor("truc", city.west)) == queries.Bell()
    assert not Backlog.objects.exists()


def test_what_somebody_was_told_of_is_written_no_second_time(desk: Desk, city: City) -> None:
    for minute, value in ((0, 0.5), (5, 1.4), (45, 0.4), (80, 0.4)):
        with clock.set_to(NOON + minute * MINUTE):
            measure(city.gauge, NOON + minute * MINUTE, value)
            desk.look()
    with clock.set_to(NOON + 100 * MINUTE):
        # Readings between those that rang.
        measure(city.gauge, NOON + 7 * MINUTE, 1.5, 1.6, 1.5)
        desk.look()
        desk.look()
    (alert,) = past()
    assert not alert.known_afterwards


def test_what_still_stands_is_written_once_it_is_over_or_rings_by_itself(desk: Desk, city: City) -> None:
    catch_up(city, 0.5, 1.4, 1.6, minutes=60)
    desk.look()
    assert past() == []
    assert Backlog.objects.filter(key="flood.level").exists()
    with clock.set_to(NOON + MINUTE):
        measure(city.gauge, NOON + MINUTE, 1.6)
        desk.look()
    (alert,) = past()
    assert (alert.state, alert.known_afterwards) == ("open", False)


def test_kill_before_the_past_was_looked_at_loses_nothing(desk: Desk, city: City) -> None:
    slow = Desk(clock_s=0, save_s=0, quiet_s=3600)
    desk.leave()
    slow.look()
    catch_up(city, *FLOOD)
    slow.look()
    assert past() == []
    assert Backlog.objects.filter(key="flood.level").count() == 1
    with clock.set_to(NOON + LEASE):
        begun()
    assert [alert.known_afterwards for alert in past()] == [True]


def test_past_before_the_rule_held_or_of_maintenance_is_nobodys_news(desk: Desk, city: City) -> None:
    window = Maintenance.objects.create(
        starts=NOON - 200 * MINUTE, ends=NOON - 100 * MINUTE, reason="thay cảm biến", created=NOON
    )
    window.things.add(city.gauge)
    catch_up(city, *FLOOD)
    desk.look()
    assert past() == []
    Maintenance.objects.all().delete()
    Rule.objects.update(valid_from=NOON - timedelta(hours=1))
    revision.bump(rules.CHANGED)
    catch_up(city, *FLOOD, minutes=400)
    desk.look()
    assert past() == []
    assert not Backlog.objects.exists()


@pytest.mark.slow
def test_many_floods_of_the_past_are_written_a_few_at_a_time(
    desk: Desk, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST_WRITTEN", 2)
    measure(city.gauge, NOON - 20 * MINUTE, *(FLOOD * 5), every=300)
    seen = []
    for _look in range(4):
        desk.look()
        seen.append(len(past()))
    assert seen == [2, 4, 5, 5]
    assert not Backlog.objects.exists()


@pytest.mark.slow
def test_page_and_list_say_that_nobody_was_told(desk: Desk, city: City) -> None:
    catch_up(city, *FLOOD)
    desk.look()
    client = Client()
    client.force_login(person("truc", city.west))
    listed = client.get("/console/alerts/?state=all").content.decode()
    assert "Biết sau" in listed
    assert "Chưa ai được báo" in listed
    page = client.get(f"/console/alerts/{past()[0].pk}/").content.decode()
    assert "chưa ai được báo" in page
    assert client.get("/console/alerts/").content.decode().count("Biết sau") == 0
