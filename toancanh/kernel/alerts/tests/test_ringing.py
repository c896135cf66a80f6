"""An alert rings, and its rule changes, its station is renamed, who judges dies, two officers answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from tests.city import BY, NOON, City, actor, measure
from toancanh.kernel.alerts import actions, rules, ruling
from toancanh.kernel.alerts.desk import LEASE, Desk
from toancanh.kernel.alerts.models import Alert, Chapter
from toancanh.kernel.declare import Actor, Bands, Line
from toancanh.kernel.registry import actions as registry
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import Refused

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def begun() -> Desk:
    made = Desk(clock_s=0, save_s=0, quiet_s=0)
    made.look()
    return made


def level() -> Alert:
    return Alert.objects.get(key="flood.level")


def ringing(city: City) -> Desk:
    """BĐ1 rings since noon."""
    with clock.set_to(NOON):
        rules.declare()
        desk = begun()
        measure(city.gauge, NOON, 1.3)
        desk.look()
    assert level().severity == 1
    return desk


def rises(city: City, desk: Desk, at: int, value: float) -> None:
    with clock.set_to(NOON + at * MINUTE):
        measure(city.gauge, NOON + at * MINUTE, value)
        desk.look()


def test_rule_that_changes_while_it_rings_makes_no_second_alert_whoever_judges(city: City) -> None:
    desk = ringing(city)
    worse = Bands(series="level", lines=(Line(at=1.0, severity=2), Line(at=2.0, severity=3)), calm_s=1800)
    with clock.set_to(NOON + MINUTE):
        ruling.set_rule("flood.level", city.gauge, worse, by=BY, reason="kè yếu")
        desk.look()
        assert (level().severity, level().state) == (2, "open")
    # Changed again, and who judges dies before it has seen that.
    with clock.set_to(NOON + 2 * MINUTE):
        milder = Bands(series="level", lines=(Line(at=1.0, severity=1),), calm_s=1800)
        ruling.set_rule("flood.level", city.gauge, milder, by=BY, reason="kè đã gia cố")
    with clock.set_to(NOON + 2 * MINUTE + LEASE):
        second = begun()
        assert (level().severity, level().highest) == (1, 2)
    rises(city, second, 40, 0.4)
    rises(city, second, 80, 0.4)
    assert level().state == "closed"


def test_station_that_is_renamed_while_it_rings_keeps_its_alert(city: City) -> None:
    desk = ringing(city)
    gauge = city.gauge
    with clock.set_to(NOON + MINUTE):
        registry.register(gauge.code, gauge.kind, "Trạm Cầu Gỗ mới", gauge.lon, gauge.lat, by=BY)
        desk.look()
        desk.leave()
        second = begun()
    rises(city, second, 2, 2.2)
    assert (level().thing.name, level().severity) == ("Trạm Cầu Gỗ mới", 2)
    assert [chapter.what for chapter in level().story.all()] == ["opened", "raised"]


@pytest.mark.slow
def test_ten_minutes_of_flapping_around_a_line_are_one_alert_over_three_processes(city: City) -> None:
    desk = ringing(city)
    for number in range(1, 121):
        moment = NOON + number * 5 * SECOND
        with clock.set_to(moment):
            if number % 40 == 0:
                # It dies and the next one folds what it knew from the store.
                desk.leave()
                desk = begun()
            measure(city.gauge, moment, 1.03 if number % 2 else 0.97)
            desk.look()
    assert (level().state, level().highest) == ("open", 1)
    assert Chapter.objects.filter(alert=level()).count() == 1


# The SQLite of tests lives in memory, where threads cannot wait for each other.
@pytest.mark.several
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_officers_acknowledge_at_once_and_one_of_them_has(city: City) -> None:
    ringing(city)
    alert, start = level(), Barrier(2)
    officers = [actor("một", city.west), actor("hai", city.west)]

    def acknowledge(by: Actor) -> str:
        try:
            start.wait(10)
            actions.acknowledge(alert, by=by)
        except Refused as refused:
            return refused.code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(2) as both:
        said = sorted(both.map(acknowledge, officers))
    assert said == ["acknowledged", "done"]
    assert level().state == "acknowledged"
    assert Chapter.objects.filter(what="acknowledged").count() == 1
