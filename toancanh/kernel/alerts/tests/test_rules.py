"""Rules are changed by who may, with a reason, from now on; and tried on what was measured before."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests.city import BY, NOON, City, actor, measure, person
from toancanh.kernel.alerts import rules, ruling
from toancanh.kernel.alerts.conditions import from_json
from toancanh.kernel.alerts.models import Alert, Rule
from toancanh.kernel.alerts.tests.test_desk import begun
from toancanh.kernel.declare import Bands, Line, Silence
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.people import actions as people
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotAllowed, Refused

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
LOW = Bands(series="level", lines=(Line(at=0.5, severity=1), Line(at="BĐ1", severity=3)))
URL = "/console/alerts/rules/flood.level/"


@pytest.fixture(autouse=True)
def declared(city: City) -> None:
    rules.declare()


def keeper(city: City) -> Client:
    client = Client()
    client.force_login(person("quantri", None, people.ADMINISTRATOR))
    return client


def form(**changed: str) -> dict[str, str]:
    """What the page sends for the level rule."""
    said = {"line_1": "0,5", "line_2": "BĐ1", "line_3": "", "hysteresis": "0", "hold": "0", "calm": "0"}
    return {**said, "spike": "", "reason": "diễn tập", "basis": "QĐ 1", "is_on": "on", "do": "try", **changed}


def test_version_of_a_station_holds_from_its_moment_on_and_rings(city: City) -> None:
    desk = begun()
    ruling.set_rule("flood.level", city.gauge, LOW, by=BY, reason="kênh hẹp", valid_from=NOON + HOUR)
    measure(city.gauge, NOON, 0.6)
    desk.look()
    assert Alert.objects.count() == 0
    with clock.set_to(NOON + HOUR):
        measure(city.gauge, NOON + HOUR, 0.6)
        begun()
    assert Alert.objects.get().severity == 1
    assert Entry.objects.filter(action="alerts.rule_set").count() == 1


def test_later_version_ends_the_one_before_and_dropping_goes_back(city: City) -> None:
    ruling.set_rule("flood.level", None, LOW, by=BY, reason="một")
    with clock.set_to(NOON + HOUR):
        second = ruling.set_rule("flood.level", None, replace(LOW, calm_s=60), by=BY, reason="hai")
        assert rules.in_force(clock.now())["flood.level", None] == second
    assert Rule.objects.get(reason="một").valid_to == NOON + HOUR
    with clock.set_to(NOON + 2 * HOUR):
        ruling.drop_rule("flood.level", None, by=BY, reason="ba")
        assert rules.in_force(clock.now())["flood.level", None].is_declared
        with pytest.raises(Refused):
            ruling.drop_rule("flood.level", None, by=BY, reason="bốn")


def test_only_who_arranges_changes_rules_and_only_with_a_reason(city: City) -> None:
    west = actor("tay", city.west, ("alerts.arrange",))
    ruling.set_rule("flood.level", city.gauge, LOW, by=west, reason="được")
    for thing, by in ((None, west), (city.gauge, actor("dong", city.east, ("alerts.arrange",)))):
        with pytest.raises(NotAllowed):
            ruling.set_rule("flood.level", thing, LOW, by=by, reason="không")
    for change in (
        {"reason": " "},
        {"valid_from": NOON - HOUR},
        {"condition": Bands(series="level", lines=())},
    ):
        facts: Any = {"condition": LOW, "reason": "r", **change}
        with pytest.raises(Refused):
            ruling.set_rule("flood.level", None, by=BY, **facts)
    with pytest.raises(Refused):
        ruling.set_rule("flood.nothing", None, LOW, by=BY, reason="r")


def test_dry_run_tells_what_would_have_rung_and_writes_nothing(city: City) -> None:
    day = [0.2] * 3 + [0.7] * 3 + [0.2] * 3 + [1.2] * 2 + [0.2] * 2
    measure(city.gauge, NOON, *day, every=600)
    before = Rule.objects.count()
    (trial,) = ruling.dry_run("flood.level", [city.gauge], LOW)
    assert [one.severity for one in trial.episodes] == [1, 3]
    assert trial.is_whole
    assert Rule.objects.count() == before
    assert Alert.objects.count() == 0
    assert ruling.dry_run("flood.silence", [city.gauge], Silence(series="level", after_s=60))[0].episodes


@pytest.mark.slow
def test_rule_is_tried_on_its_page_before_it_is_kept(city: City) -> None:
    client = keeper(city)
    measure(city.gauge, NOON, 0.2, 0.7, 0.2, every=600)
    told = client.post(f"{URL}?thing=gauge", form()).content.decode()
    assert "đã có thể báo 1 lần" in told
    assert Rule.objects.filter(is_declared=False).count() == 0
    assert client.post(f"{URL}?thing=gauge", form(do="save")).status_code == 302
    kept = Rule.objects.get(is_declared=False)
    assert (kept.thing, kept.basis, kept.reason) == (city.gauge, "QĐ 1", "diễn tập")
    lines = (Line(at=0.5, severity=1), Line(at="BĐ1", severity=2))
    assert from_json(kept.condition) == Bands(series="level", lines=lines)
    assert "diễn tập" in client.get(f"{URL}?thing=gauge").content.decode()
    client.post(f"{URL}?thing=gauge", form(do="drop"))
    assert rules.specs(clock.now())["flood.level", city.gauge.pk].rule != kept.pk


@pytest.mark.parametrize(
    "wrong",
    [
        {"line_1": "3", "line_2": "2"},
        {"hysteresis": "abc"},
        {"hold": "-1"},
        {"calm": "1e300"},
        {"valid_from": "hôm nay"},
        {"valid_from": "01/01/2020"},
        {"line_1": "", "line_2": ""},
        {"line_1": "nan"},
    ],
)
def test_mistyped_rule_is_refused_and_nothing_typed_is_lost(city: City, wrong: dict[str, str]) -> None:
    answer = keeper(city).post(URL, form(do="save", reason="lý do của tôi", **wrong))
    assert answer.status_code == 422
    assert "lý do của tôi" in answer.content.decode()
    assert Rule.objects.filter(is_declared=False).count() == 0


@pytest.mark.slow
def test_officer_sees_rules_and_cannot_change_them(city: City) -> None:
    client = Client()
    client.force_login(person("truc", city.west))
    told = client.get("/console/alerts/rules/").content.decode()
    assert "từ BĐ2 trở lên" in told
    assert "Giữ quy tắc này" not in client.get(URL).content.decode()
    assert client.post(URL, form(do="save")).status_code == 422
    assert client.get("/console/alerts/rules/flood.none/").status_code == 404
    assert client.get(f"{URL}?thing=rain").status_code == 404
    for key in ("rising", "silence", "downpour"):
        assert client.get(f"/console/alerts/rules/flood.{key}/").status_code == 200


def test_rule_that_is_switched_off_rings_no_more(city: City) -> None:
    keeper(city).post(URL, {k: v for k, v in form(do="save").items() if k != "is_on"})
    measure(city.gauge, NOON, 3.0)
    begun()
    assert Alert.objects.count() == 0


def in_force(city: City, hours: float) -> int | None:
    """Number of the version that people wrote for the gauge and that holds so many hours after noon."""
    found = rules.in_force(NOON + hours * HOUR).get(("flood.level", city.gauge.pk))
    return found.pk if found else None


def test_dropping_lets_nothing_older_hold_again(city: City) -> None:
    ruling.set_rule("flood.level", city.gauge, LOW, by=BY, reason="một")
    ruling.set_rule("flood.level", city.gauge, LOW, by=BY, reason="hai", valid_from=NOON + 5 * HOUR)
    with clock.set_to(NOON + HOUR):
        third = ruling.set_rule("flood.level", city.gauge, LOW, by=BY, reason="ba")
    assert in_force(city, 2) == in_force(city, 6) == third.pk
    with clock.set_to(NOON + 2 * HOUR):
        ruling.drop_rule("flood.level", city.gauge, by=BY, reason="thôi")
    assert [in_force(city, hours) for hours in (1, 3, 6)] == [third.pk, None, None]


def test_dropping_takes_back_what_was_planned_too(city: City) -> None:
    first = ruling.set_rule("flood.level", city.gauge, LOW, by=BY, reason="một")
    ruling.set_rule("flood.level", city.gauge, LOW, by=BY, reason="hai", valid_from=NOON + 5 * HOUR)
    with clock.set_to(NOON + HOUR):
        ruling.drop_rule("flood.level", city.gauge, by=BY, reason="thôi")
    assert [in_force(city, hours) for hours in (0, 2, 6)] == [first.pk, None, None]


def test_rule_set_twice_for_one_minute_keeps_the_version_that_has_rung(city: City) -> None:
    desk = begun()
    first = ruling.set_rule("flood.level", city.gauge, LOW, by=BY, reason="một", valid_from=NOON)
    measure(city.gauge, NOON, 0.6)
    desk.look()
    assert Alert.objects.get().rule_id == first.pk
    with clock.set_to(NOON + HOUR / 60):
        second = ruling.set_rule("flood.level", city.gauge, LOW, by=BY, reason="hai", valid_from=NOON)
    assert in_force(city, 1) == second.pk
    assert Alert.objects.get().rule_id == first.pk


def test_pages_stand_where_a_version_cannot_be_read(city: City) -> None:
    Rule.objects.filter(key="flood.level").update(condition={"is": "of a later program"})
    client = keeper(city)
    assert "bản phát hành khác" in client.get("/console/alerts/rules/").content.decode()
    assert client.get(URL).status_code == 200
