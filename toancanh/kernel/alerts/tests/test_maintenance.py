"""While a station is worked at nothing of it rings; when the work is over what stands is told, once."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.city import BY, LEVELS, NOON, START, City, actor, measure, person, series_of, thing
from toancanh.kernel.alerts import queries, rules
from toancanh.kernel.alerts.desk import Desk
from toancanh.kernel.alerts.maintenance import actions
from toancanh.kernel.alerts.maintenance import queries as maintenance
from toancanh.kernel.alerts.maintenance.models import Maintenance
from toancanh.kernel.alerts.models import Alert, Chapter
from toancanh.kernel.alerts.tests.test_desk import begun
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.people import access
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import actions as telemetry
from toancanh.lib.errors import NotAllowed, Refused

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
HOME = "/console/alerts/maintenance/"


@pytest.fixture
def desk(city: City) -> Desk:
    """A desk that has begun to read."""
    rules.declare()
    return begun()


def at(desk: Desk, of: Thing, minutes: float, *values: float) -> None:
    """Let the thing measure up to so many minutes after noon, and be judged."""
    moment = NOON + minutes * MINUTE
    with clock.set_to(moment):
        if values:
            measure(of, moment, *values)
        desk.look()


def window(city: City, start: float, end: float, *things: Thing, **more: object) -> Maintenance:
    """A window over the gauge (or other things), in minutes after noon."""
    facts: dict[str, Any] = {"starts": NOON + start * MINUTE, "ends": NOON + end * MINUTE}
    facts |= {"reason": "thay pin", "by": BY, **more}
    return actions.begin(list(things or (city.gauge,)), **facts)


def levels() -> list[tuple[str, int]]:
    """State and severity of every alert of water levels."""
    rows = Alert.objects.filter(key="flood.level").order_by("pk")
    return [(row.state, row.severity) for row in rows]


def test_nothing_rings_in_the_window_and_what_stands_is_told_when_it_ends(desk: Desk, city: City) -> None:
    made = window(city, 1, 10)
    at(desk, city.gauge, 0.5, 0.5)
    for minute in range(2, 10):
        at(desk, city.gauge, minute, 2.1)
    assert levels() == []
    at(desk, city.gauge, 10)
    assert levels() == [("open", 2)]
    made.refresh_from_db()
    assert made.settled_at == NOON + 10 * MINUTE
    at(desk, city.gauge, 11, 2.1)
    assert Chapter.objects.filter(what="opened").count() == 1


@pytest.mark.slow
def test_what_rose_and_fell_in_the_window_never_rings(desk: Desk, city: City) -> None:
    window(city, 0, 60)
    for minute in range(1, 60, 3):
        at(desk, city.gauge, minute, 2.1 if minute < 10 else 0.3)
    at(desk, city.gauge, 61, 0.3)
    assert Alert.objects.count() == 0


@pytest.mark.slow
def test_alert_that_stands_grows_no_worse_and_may_end(desk: Desk, city: City) -> None:
    at(desk, city.gauge, 0, 1.2)
    window(city, 0, 60)
    at(desk, city.gauge, 1, 2.4)
    assert levels() == [("open", 1)]
    for minute in range(2, 50, 4):
        at(desk, city.gauge, minute, 0.3)
    assert levels() == [("closed", 1)]
    assert [one.what for one in Alert.objects.get().story.all()] == ["opened", "muted", "closed"]


@pytest.mark.slow
def test_other_stations_ring_and_a_kind_is_muted_in_its_unit_alone(desk: Desk, city: City) -> None:
    east = thing("dong", lon=107.15)
    west = thing("tay", lon=107.02)
    for one in (east, west):
        for name, value in LEVELS:
            telemetry.set_threshold(series_of(one), name, value, START, by=BY, source="kiểm thử")
    actions.begin([], kind="flood.gauge", unit=city.west, ends=NOON + 60 * MINUTE, reason="hiệu chuẩn", by=BY)
    for one in (city.gauge, west, east):
        at(desk, one, 1, 2.1)
    assert [row.thing for row in Alert.objects.filter(key="flood.level")] == [east]


def test_overlapping_windows_mute_until_the_last_ends(desk: Desk, city: City) -> None:
    first = window(city, 0, 10)
    second = window(city, 5, 20)
    at(desk, city.gauge, 6, 2.1)
    at(desk, city.gauge, 11, 2.1)
    assert levels() == []
    at(desk, city.gauge, 20)
    assert levels() == [("open", 2)]
    assert not Maintenance.objects.filter(pk__in=[first.pk, second.pk], settled_at=None).exists()


def test_window_is_made_shorter_longer_and_ended(desk: Desk, city: City) -> None:
    made = window(city, 0, 60)
    at(desk, city.gauge, 1, 2.1)
    with clock.set_to(NOON + 2 * MINUTE):
        actions.change(made, NOON + 5 * MINUTE, by=BY)
    at(desk, city.gauge, 4)
    assert levels() == []
    at(desk, city.gauge, 5)
    assert levels() == [("open", 2)]
    with clock.set_to(NOON + 6 * MINUTE), pytest.raises(Refused):
        actions.change(made, NOON + 90 * MINUTE, by=BY)
    with clock.set_to(NOON + 6 * MINUTE):
        other = window(city, 7, 60)
        actions.change(other, NOON + 120 * MINUTE, by=BY)
    at(desk, city.gauge, 8, 3.0, 3.9)
    assert levels() == [("open", 2)]
    with clock.set_to(NOON + 9 * MINUTE):
        actions.end(other, by=BY)
        desk.look()
    assert levels() == [("open", 3)]
    said = Entry.objects.filter(subject=f"maintenance:{other.pk}").order_by("pk")
    assert [one.action.rpartition("_")[2] for one in said] == ["begun", "changed", "ended"]


def test_window_whose_end_nobody_saw_is_settled_by_who_comes_next(desk: Desk, city: City) -> None:
    window(city, 0, 10)
    at(desk, city.gauge, 1, 2.1)
    # Nobody judges for an hour, and the station has said nothing since.
    with clock.set_to(NOON + 70 * MINUTE):
        begun().look()
    assert ("open", 2) in levels()


def test_reading_committed_before_the_window_rings_though_it_is_judged_within(desk: Desk, city: City) -> None:
    with clock.set_to(NOON + MINUTE):
        measure(city.gauge, NOON + MINUTE, 2.1)
    with clock.set_to(NOON + 2 * MINUTE):
        window(city, 2, 60)
        desk.look()
    assert levels() == [("open", 2)]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_after_random_windows_kills_and_water_the_same_stands(desk: Desk, city: City, seed: int) -> None:
    """Whatever was muted when and whoever died: in no window anything begins, and at the end all is told."""
    chance = random.Random(seed)
    spans = sorted(sorted(chance.sample(range(1, 90), 2)) for _ in range(3))
    for start, end in spans:
        window(city, start, end)
    water, judging = 0.5, desk
    for minute in range(1, 100):
        water = min(4.0, max(0.2, water + chance.choice((-0.6, -0.3, 0.0, 0.3, 0.6))))
        at(judging, city.gauge, minute, water)
        if chance.random() < 0.1:
            with clock.set_to(NOON + minute * MINUTE):
                judging.leave()
                judging = begun()
    told = {(one.what, one.at) for one in Chapter.objects.filter(alert__key="flood.level")}
    for what, moment in told:
        passed = (moment - NOON) / MINUTE
        if what in ("opened", "raised"):
            assert not any(start <= passed < end for start, end in spans), (what, passed, spans)
    standing = Alert.objects.filter(key="flood.level", over_at=None).first()
    (board,) = [judging._board]
    assert board is not None
    severity = board.watched["flood.level", city.gauge.pk].severity(clock.to_us(NOON + 99 * MINUTE))
    assert (standing.severity if standing else 0) == severity
    assert not Maintenance.objects.filter(settled_at=None).exists()


def test_only_who_answers_there_mutes_and_only_with_reason_and_end(city: City) -> None:
    rules.declare()
    west, east = actor("tay", city.west), actor("dong", city.east)
    window(city, 0, 10, by=west)
    strangers: tuple[dict[str, Any], ...] = (
        {"by": east},
        {"by": west, "kind": "flood.gauge"},
        {"by": west, "things": [city.gauge, city.rain]},
    )
    for wrong in strangers:
        facts: dict[str, Any] = {"things": [city.gauge], "ends": NOON + MINUTE, "reason": "r", **wrong}
        with pytest.raises(NotAllowed):
            actions.begin(**facts)
    impossible: tuple[dict[str, Any], ...] = (
        {"reason": "  "},
        {"ends": NOON},
        {"ends": NOON + timedelta(days=31)},
        {"starts": NOON - timedelta(hours=1)},
        {"things": []},
        {"kind": "flood.nothing"},
    )
    for wrong in impossible:
        facts = {"things": [city.gauge], "ends": NOON + MINUTE, "reason": "r", "by": BY, **wrong}
        with pytest.raises(Refused):
            actions.begin(**facts)


@pytest.fixture
def client(city: City) -> Client:
    """The duty officer of the west."""
    made = Client()
    made.force_login(person("truc", city.west))
    return made


def form(**changed: str) -> dict[str, str]:
    """What the page sends."""
    return {"everything": "0", "things": "gauge", "span": "60", "reason": "Thay pin", **changed}


@pytest.mark.slow
def test_window_is_set_from_an_alert_in_one_form_and_shown_everywhere(
    desk: Desk, city: City, client: Client
) -> None:
    at(desk, city.gauge, 0, 2.1)
    alert = Alert.objects.get()
    page = client.get(f"/console/alerts/{alert.pk}/").content.decode()
    link = f"{HOME}new/?thing=gauge&amp;back=/console/alerts/{alert.pk}/"
    assert link in page
    assert 'data-sounding="1"' in client.get("/console/alerts/bell").content.decode()
    answer = client.post(link.replace("&amp;", "&"), form())
    assert answer.headers["Location"] == f"/console/alerts/{alert.pk}/"
    made = Maintenance.objects.get()
    assert (made.ends, made.reason) == (NOON + timedelta(hours=1), "Thay pin")
    bell = client.get("/console/alerts/bell").content.decode()
    assert 'data-sounding="0"' in bell
    assert 'data-open="0"' in bell
    where = ("/console/alerts/column", "/console/alerts/", f"/console/alerts/{alert.pk}/", HOME)
    for path in (*where, "/console/things/gauge/", "/console/alerts/rules/flood.level/"):
        told = client.get(path).content.decode()
        assert f"{HOME}{made.pk}/" in told or "bảo trì đến" in told, path
    assert "Nguyễn truc" in client.get("/console/things/gauge/").content.decode()
    client.post(f"{HOME}{made.pk}/", {"do": "end"})
    assert "bảo trì đến" not in client.get("/console/alerts/column").content.decode()
    with clock.set_to(NOON + MINUTE):
        assert client.post(f"{HOME}{made.pk}/", {"do": "end"}).status_code == 422


@pytest.mark.slow
def test_kind_until_a_moment_and_what_cannot_be(city: City, client: Client) -> None:
    said = form(everything="1", kind="flood.gauge", span="until", ends="21/11/2026 20:00")
    assert client.post(f"{HOME}new/", said).status_code == 302
    made = Maintenance.objects.get()
    assert (made.kind, made.unit, made.ends) == ("flood.gauge", city.west, NOON + timedelta(hours=8))
    for wrong in (
        form(things="không-có"),
        form(things=""),
        form(things="rain"),
        form(reason=""),
        form(span="until", ends="mai"),
        form(span="until", ends=""),
        form(everything="1", kind=""),
        form(starts="01/01/2026 00:00"),
    ):
        assert client.post(f"{HOME}new/", wrong).status_code == 422
    assert Maintenance.objects.count() == 1
    url = f"{HOME}{made.pk}/"
    assert client.post(url, {"span": "30"}).status_code == 302
    made.refresh_from_db()
    assert made.ends == NOON + timedelta(minutes=30)
    assert client.post(url, {"span": "until", "ends": "01/01/2026 00:00"}).status_code == 422


@pytest.mark.slow
def test_who_only_looks_or_answers_elsewhere_sets_and_sees_nothing(city: City) -> None:
    made = window(city, 0, 60)
    client = Client()
    client.force_login(person("xem", city.west, ("console.see",)))
    assert client.get(f"{HOME}{made.pk}/").status_code == 200
    assert client.post(f"{HOME}{made.pk}/", {"do": "end"}).status_code == 422
    assert client.post(f"{HOME}new/", form()).status_code == 403
    client.force_login(person("dong", city.east))
    assert client.get(f"{HOME}{made.pk}/").status_code == 404
    assert f"{HOME}{made.pk}/" not in client.get(HOME).content.decode()


@pytest.mark.slow
def test_list_goes_on_by_key_at_the_same_cost(
    city: City, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(60):
        window(city, number // 2, 90)
    to, seen, after = access.actor(person("truc", city.west)), [], ""
    while True:
        with django_assert_num_queries(3):
            page = maintenance.page(to, after)
        seen += [row.pk for row in page.rows]
        if not page.next_url:
            break
        after = page.next_url.partition("after=")[2]
    assert len(seen) == len(set(seen)) == 60
    for mangled in ("x", "9-", "99999999999999999999-1", "-"):
        assert maintenance.page(to, mangled).rows
    queries.forget()
    with clock.set_to(NOON + 45 * MINUTE), django_assert_num_queries(5):
        queries.bell(to)
