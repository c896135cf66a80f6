"""The small city as SensorThings: what did not come through the façade is there, whole and linked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from tests.city import NOON, City, measure
from toancanh.kernel.exchange.sensorthings.entities import ENTITIES, SETS, Entity
from toancanh.kernel.exchange.sensorthings.tests.asking import ROOT, Service
from toancanh.kernel.runtime import clock

SPEC = "http://www.opengis.net/spec/iot_sensing/1.1/req"


@pytest.fixture
def service(city: City, client: Client) -> Iterator[Service]:
    """The façade over the small city, where both stations have reported."""
    with clock.set_to(NOON):
        measure(city.gauge, NOON, 2.5, 2.56)
        measure(city.rain, NOON, 1.0, 0.5, 0.0, every=300)
        yield Service(client)


def test_demo_city_shows_itself_at_once(service: Service, city: City) -> None:
    things = service.values("Things", expand="Datastreams/Observations($top=1)", orderby="name")
    assert [thing["name"] for thing in things] == ["Trạm Cầu Gỗ", "Trạm mưa Đồi Thông"]
    stream = things[0]["Datastreams"][0]
    assert stream["name"] == "Mực nước – Trạm Cầu Gỗ"
    assert stream["unitOfMeasurement"]["symbol"] == "m"
    assert [one["result"] for one in stream["Observations"]] == [2.56]
    assert stream["Observations"][0]["phenomenonTime"] == "2026-11-21T05:00:00Z"
    assert stream["phenomenonTime"] == "2026-11-21T04:59:00Z/2026-11-21T05:00:00Z"


def test_root_document(service: Service) -> None:
    told = service.get("")
    assert {one["name"] for one in told["value"]} == set(SETS)
    for one in told["value"]:
        assert service.status(one["url"]) == 200
    assert f"{ROOT}" in told["value"][0]["url"]
    assert (
        "http://www.opengis.net/spec/iot_sensing/1.1/req/datamodel" in told["serverSettings"]["conformance"]
    )


@pytest.mark.slow
@pytest.mark.parametrize("entity", ENTITIES.values(), ids=lambda entity: entity.plural)
def test_every_entity_tells_itself_and_leads_on(service: Service, entity: Entity) -> None:
    page = service.get(entity.plural, count="true")
    assert page["@iot.count"] == len(page["value"]) > 0
    for one in page["value"]:
        assert service.get(one["@iot.selfLink"]) == one
        for prop in entity.properties.values():
            assert prop.is_optional or prop.name in one
        for link in entity.links.values():
            told = service.get(one[f"{link.name}@iot.navigationLink"])
            assert ("value" in told) == link.many
            expanded = service.get(one["@iot.selfLink"], expand=link.name)
            assert expanded[link.name] == (told["value"] if link.many else told)
