"""Pages of alerts: what rings is seen by who answers for it, and what is done is written down."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.city import NOON, PASSWORD, City, measure, person
from toancanh.kernel.alerts import queries, rules
from toancanh.kernel.alerts.announcing import announcements
from toancanh.kernel.alerts.models import Alert, AlertState, Rule
from toancanh.kernel.alerts.tests.test_desk import begun
from toancanh.kernel.people import access
from toancanh.kernel.people import actions as people
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.live import Hub

pytestmark = pytest.mark.django_db


@pytest.fixture
def rung(city: City) -> Alert:
    """The gauge stands above BĐ2 and nobody has seen it."""
    rules.declare()
    desk = begun()
    measure(city.gauge, NOON, 2.1)
    desk.look()
    return Alert.objects.get()


def client_of(city: City, unit: str = "west", rights: Sequence[str] = people.STAFF) -> Client:
    """Somebody of the centre in that commune."""
    client = Client()
    client.force_login(person(f"truc-{unit}", getattr(city, unit), rights))
    return client


def test_overview_shows_what_rings_and_the_bell_counts_it(rung: Alert, city: City) -> None:
    told = client_of(city).get("/console/").content.decode()
    assert f'href="/console/alerts/{rung.pk}/"' in told
    assert "2,10 m, trên BĐ2 0,10 m" in told
    assert "Chưa ai nhận" in told
    assert 'data-sounding="1"' in told
    part = client_of(city, "province").get("/console/alerts/column").content.decode()
    assert "Trạm Cầu Gỗ" in part


def test_who_answers_elsewhere_sees_nothing(rung: Alert, city: City) -> None:
    client = client_of(city, "east")
    assert "Trạm Cầu Gỗ" not in client.get("/console/alerts/column").content.decode()
    assert 'data-open="0"' in client.get("/console/alerts/bell").content.decode()
    assert client.get(f"/console/alerts/{rung.pk}/").status_code == 404
    assert client.post(f"/console/alerts/{rung.pk}/", {"do": "acknowledge"}).status_code == 404
    assert Client().get("/console/alerts/").status_code == 302


@pytest.mark.slow
def test_alert_is_acknowledged_noted_and_closed_on_its_page(rung: Alert, city: City) -> None:
    client, url = client_of(city), f"/console/alerts/{rung.pk}/"
    assert "Xác nhận đã nhận" in client.get(url).content.decode()
    assert client.post(url, {"do": "acknowledge"}).status_code == 302
    assert 'data-sounding="0"' in client.get("/console/alerts/bell").content.decode()
    again = client.post(url, {"do": "acknowledge"})
    assert again.status_code == 422
    client.post(url, {"do": "note", "text": "Đã gọi <b>trạm</b>"})
    refused = client.post(url, {"do": "close", "text": ""})
    assert refused.status_code == 422
    assert "Cần ghi lý do đóng" in refused.content.decode()
    client.post(url, {"do": "close", "text": "Trạm đang bảo trì"})
    told = client.get(url).content.decode()
    assert "Đã gọi &lt;b&gt;trạm&lt;/b&gt;" in told
    assert "Lý do đóng" in told
    assert "vẫn còn" in told
    rung.refresh_from_db()
    assert (rung.state, rung.reason) == (AlertState.CLOSED, "Trạm đang bảo trì")


@pytest.mark.slow
def test_who_may_only_look_has_no_buttons(rung: Alert, city: City) -> None:
    client, url = client_of(city, rights=("console.see",)), f"/console/alerts/{rung.pk}/"
    assert "Xác nhận đã nhận" not in client.get(url).content.decode()
    assert 'name="do"' not in client.get(url).content.decode()
    assert client.post(url, {"do": "acknowledge"}).status_code == 422


def test_officer_reads_the_rule_that_holds_and_cannot_change_it(rung: Alert, city: City) -> None:
    told = client_of(city).get("/console/alerts/rules/flood.level/?thing=gauge").content.decode()
    assert "Nghiêm trọng: từ BĐ2 trở lên" in told
    assert 'name="do"' not in told


def test_story_says_which_level_was_told(rung: Alert, city: City) -> None:
    rung.story.create(at=NOON, what="told", severity=2, text="1 · Cán bộ trực: Lê An")
    rung.story.create(at=NOON, what="noted", severity=2, text="1 · thuyền")
    told = client_of(city).get(f"/console/alerts/{rung.pk}/").content.decode()
    assert "Cấp 1 · Cán bộ trực: Lê An" in told
    assert "<p>1 · thuyền</p>" in told


def test_what_was_typed_is_not_lost(rung: Alert, city: City) -> None:
    refused = client_of(city).post(f"/console/alerts/{rung.pk}/", {"do": "close", "text": "x" * 301})
    assert "x" * 301 in refused.content.decode()


@pytest.mark.slow
def test_list_is_filtered_by_its_address(rung: Alert, city: City) -> None:
    client = client_of(city)

    def found(query: str) -> bool:
        return f'href="/console/alerts/{rung.pk}/"' in client.get(f"/console/alerts/{query}").content.decode()

    for query in (
        "",
        "?state=open",
        "?severity=2",
        "?key=flood.level",
        "?q=cau go",
        "?thing=gauge",
        "?period=day",
    ):
        assert found(query), query
    for query in ("?state=closed", "?severity=3", "?key=flood.rising", "?q=doi", "?thing=rain"):
        assert not found(query), query
    for query in ("?state=nonsense", "?severity=abc", "?after=9-", "?after=99999999999999999-1", "?q=%00"):
        assert client.get(f"/console/alerts/{query}").status_code == 200


@pytest.mark.slow
def test_list_goes_on_by_key_at_the_same_cost(
    rung: Alert, city: City, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    rule = Rule.objects.first()
    facts = {
        "key": "flood.level",
        "thing": city.gauge,
        "rule": rule,
        "severity": 1,
        "highest": 1,
        "of": "value",
    }
    facts |= {"series": "level", "since": NOON, "state": "closed", "over_at": NOON, "revision": 1}
    times = [NOON - timedelta(minutes=n // 2) for n in range(120)]
    Alert.objects.bulk_create([Alert(**facts, opened_at=at) for at in times])
    to = access.actor(person("truc", city.west))
    wish, seen = queries.Wish(state="all"), []
    while True:
        with django_assert_num_queries(2):
            page = queries.page(to, wish)
        seen += [row.pk for row in page.rows]
        if not page.next_url:
            break
        wish = queries.Wish(state="all", after=page.next_url.partition("after=")[2])
    assert len(seen) == len(set(seen)) == 121
    client = client_of(city)
    client.get("/console/alerts/")
    with django_assert_num_queries(8):
        client.get("/console/alerts/?state=all")


@pytest.mark.slow
def test_page_of_an_alert_costs_the_same_whatever_its_story(
    rung: Alert, city: City, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client, url = client_of(city), f"/console/alerts/{rung.pk}/"
    for number in range(5):
        client.post(url, {"do": "note", "text": f"lần {number}"})
    with django_assert_max_num_queries(34):
        client.get(url)


@pytest.mark.slow
def test_other_processes_hear_of_a_change_as_far_as_their_pages_may(rung: Alert, city: City) -> None:
    hub = Hub()
    telling = announcements(hub)
    telling.look()
    client_of(city).post(f"/console/alerts/{rung.pk}/", {"do": "acknowledge"})
    telling.look()

    async def frames() -> list[dict[str, object]]:
        running = asyncio.create_task(hub.run())
        await asyncio.sleep(0.5)
        running.cancel()
        return [json.loads(hub.since(0, paths)) for paths in ((city.west.path,), (city.east.path,), ())]

    west, east, public = asyncio.run(frames())
    assert west["notes"] == [{"kind": "alert", "key": str(rung.pk), "severity": 2, "state": "acknowledged"}]
    assert "notes" not in east
    assert "notes" not in public


def test_past_alert_shows_the_chart_of_its_time(rung: Alert, city: City) -> None:
    Alert.objects.update(state="closed", closed_at=NOON, over_at=NOON)
    with clock.set_to(NOON + timedelta(days=3)):
        client = Client()
        client.login(username=person("truc", city.west).username, password=PASSWORD)
        assert ' to="2026-11-21T08:00:00' in client.get(f"/console/alerts/{rung.pk}/").content.decode()
