"""A rule that also reads a station elsewhere: while somebody works there, that part says nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.city import BY, NOON, City, measure, thing
from toancanh.kernel.alerts import conditions, history, rules, words
from toancanh.kernel.alerts.desk import Desk
from toancanh.kernel.alerts.maintenance import actions
from toancanh.kernel.alerts.maintenance.models import Maintenance
from toancanh.kernel.alerts.models import Alert, Chapter, Rule
from toancanh.kernel.alerts.tests.test_desk import begun
from toancanh.kernel.declare import Bands, Condition, Either, Every, Line
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock, revision

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
LEVEL = Bands(series="level", lines=(Line(at=1.5, severity=1),))
RAIN = Bands(series="rain/rain", lines=(Line(at=20.0, severity=3),))
BOTH = Every(parts=(LEVEL, RAIN), valid_s=3600)
ANY = Either(parts=(LEVEL, RAIN))
READ = rules.read


def desk(city: City, condition: Condition) -> Desk:
    """A desk that judges this one rule on the gauge."""
    Rule.objects.create(
        key="flood.level",
        thing=city.gauge,
        condition=conditions.to_json(condition),
        valid_from=NOON - timedelta(days=1),
        created=NOON,
        made_by="program:tests",
    )
    return begun()


def at(by: Desk, minutes: float, **values: float) -> list[tuple[str, int]]:
    """Let stations measure at so many minutes after noon; state and severity of every alert."""
    moment = NOON + minutes * MINUTE
    with clock.set_to(moment):
        for code, value in values.items():
            measure(Thing.objects.get(code=code), moment, value)
        by.look()
    return [(row.state, row.severity) for row in Alert.objects.filter(key="flood.level").order_by("pk")]


def working(city: City, start: float, end: float) -> Maintenance:
    """Somebody works at the rain gauge."""
    times: dict[str, Any] = {"starts": NOON + start * MINUTE, "ends": NOON + end * MINUTE}
    return actions.begin([city.rain], reason="thay pin", by=BY, **times)


def story() -> list[tuple[str, str]]:
    return list(Chapter.objects.order_by("pk").values_list("what", "text"))


def test_all_at_once_waits_for_the_part_and_is_told_when_the_work_is_over(city: City) -> None:
    working(city, 0, 10)
    by = desk(city, BOTH)
    assert at(by, 1, gauge=1.6) == []
    assert at(by, 2, rain=30.0) == []
    assert at(by, 9, gauge=1.7) == []
    assert at(by, 10) == [("open", 1)]
    assert story() == [("opened", "")]
    assert at(by, 11, gauge=1.7) == [("open", 1)]


def test_any_one_rings_by_the_others_and_says_what_was_left_out(city: City) -> None:
    working(city, 0, 30)
    by = desk(city, ANY)
    assert at(by, 1, rain=30.0) == []
    assert at(by, 2, gauge=1.6) == [("open", 1)]
    alert = Alert.objects.get()
    assert (alert.series, alert.value) == ("level", 1.6)
    assert story() == [("opened", ""), ("part_muted", "Trạm mưa Đồi Thông")]
    told = alert.story.get(what="part_muted")
    assert words.chapter(told) == "Không xét: trạm khác mà quy tắc cũng đọc đang bảo trì"
    assert at(by, 3, rain=40.0) == [("open", 1)]
    assert at(by, 30) == [("open", 3)], "what stands when the work is over is told"
    assert story()[-1] == ("raised", "")


def test_what_stands_is_told_of_the_work_and_may_end(city: City) -> None:
    by = desk(city, BOTH)
    at(by, 0, gauge=1.6, rain=30.0)
    with clock.set_to(NOON + MINUTE):
        working(city, 1, 60)
    what, text = story()[-1]
    assert what == "part_muted"
    assert text.startswith("Trạm mưa Đồi Thông: ")
    assert text.endswith("thay pin")
    assert at(by, 2, rain=0.0) == [("closed", 1)]


@pytest.mark.slow
def test_of_what_stands_only_what_reads_elsewhere_is_looked_at(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    by = desk(city, BOTH)
    for number in range(3):
        Rule.objects.create(
            key="flood.level",
            thing=thing(f"g{number}"),
            condition=conditions.to_json(LEVEL),
            valid_from=NOON - timedelta(days=1),
            created=NOON,
            made_by="program:tests",
        )
    revision.bump(rules.CHANGED)
    assert len(at(by, 0, gauge=1.6, rain=30.0, g0=1.6, g1=1.6, g2=1.6)) == 4
    read: list[int] = []

    def noted(version: Rule) -> Condition | None:
        read.append(version.thing_id or 0)
        return READ(version)

    monkeypatch.setattr(rules, "read", noted)
    with clock.set_to(NOON + MINUTE):
        working(city, 1, 60)
    assert read == [city.gauge.pk]
    assert [alert.thing for alert in Alert.objects.filter(story__what="part_muted")] == [city.gauge]


def test_work_at_a_station_that_nobody_reads_mutes_nothing_elsewhere(city: City) -> None:
    working(city, 0, 30)
    by = desk(city, LEVEL)
    assert at(by, 1, gauge=1.6) == [("open", 1)]
    assert story() == [("opened", "")]


@pytest.mark.parametrize(
    ("condition", "may"),
    [(LEVEL, True), (RAIN, False), (BOTH, False), (ANY, True), (Either(parts=(BOTH, RAIN)), False)],
)
def test_what_can_ring_without_a_part(condition: Condition, may: bool) -> None:
    assert conditions.may_ring(condition, {"rain/rain"}) is may


@pytest.mark.parametrize(("condition", "expected"), [(BOTH, 0), (ANY, 1)])
def test_late_readings_of_the_time_are_judged_alike(city: City, condition: Condition, expected: int) -> None:
    with clock.set_to(NOON - 180 * MINUTE):
        working(city, -180, -60)
    by = desk(city, condition)
    at(by, 0)
    moment = NOON - 100 * MINUTE
    with clock.set_to(NOON + MINUTE):
        measure(city.gauge, moment, 1.6, 0.1, every=600)
        measure(city.rain, moment, 30.0, 0.1, every=600)
        by.look()
    with clock.set_to(NOON + 2 * MINUTE):
        spec = rules.specs(clock.now())["flood.level", city.gauge.pk]
        past = history.History(0.0)
        made = sum(past.write(past.look_at(key, spec)) for key in past.due())
    assert made == expected
