"""Whoever asks, however it is asked: nothing of what is hidden from him is told, counted or to be guessed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.city import BY, NOON, City, measure, person, thing
from toancanh.kernel.exchange.sensorthings import deriving, models
from toancanh.kernel.exchange.sensorthings.entities import ENTITIES
from toancanh.kernel.exchange.sensorthings.tests.asking import Service
from toancanh.kernel.people import actions as people
from toancanh.kernel.registry import actions as registry
from toancanh.kernel.runtime import clock

pytestmark = pytest.mark.slow

CODES = ("gauge", "rain", "an-1", "an-2", "an-3", "xa-4")
PUBLIC = {"gauge", "rain"}


@pytest.fixture
def town(city: City) -> Iterator[City]:
    """Two public stations, three hidden ones in the west, one in the east, one retired; rows they share."""
    with clock.set_to(NOON):
        measure(city.gauge, NOON, 2.5, 2.56)
        measure(city.rain, NOON, 1.0)
        for number, code in enumerate(CODES[2:], start=1):
            lon = 107.15 if code.startswith("xa") else 107.02 + number / 100
            measure(thing(code, name=f"Kín {code}", public=False, lon=lon), NOON, 10.0 + number)
        gone = thing("an-9", name="Kín an-9")
        measure(gone, NOON, 19.0)
        registry.retire(gone, by=BY)
        deriving.follow()
        shared = models.Location.objects.create(
            name="Kho chung", shape={"type": "Point", "coordinates": [1, 1]}
        )
        shared.things.set([city.gauge, *city.gauge.__class__.objects.filter(code__in=("an-1", "an-9"))])
        for place in models.Location.objects.exclude(pk=shared.pk):
            named = place.things.first()
            models.Location.objects.filter(pk=place.pk).update(name=f"Chỗ {named.code if named else ''}")
        models.Sensor.objects.create(name="Mới", made_by="token:own", metadata="x")
        yield city


def seen_by(codes: set[str]) -> set[str]:
    """What a sight of those codes adds to."""
    return PUBLIC | codes


def hidden(seen: set[str]) -> list[str]:
    """Words that only things have which are not seen."""
    return [word for code in {*CODES, "an-9"} - seen for word in (f"Kín {code}", f'"{code}"', f"Chỗ {code}")]


QUESTIONS: list[tuple[str, dict[str, Any]]] = [
    *((entity.plural, {"count": "true"}) for entity in ENTITIES.values()),
    ("Things", {"expand": "Locations($expand=Things,HistoricalLocations/Thing),Datastreams/Observations"}),
    ("Locations", {"expand": "Things($count=true;$expand=Datastreams),HistoricalLocations($expand=Thing)"}),
    ("HistoricalLocations", {"expand": "Thing/Datastreams,Locations/Things"}),
    ("Datastreams", {"expand": "Thing,Sensor/Datastreams/Thing,ObservedProperty/Datastreams($count=true)"}),
    ("Sensors", {"expand": "Datastreams($count=true;$expand=Thing,Observations)"}),
    ("ObservedProperties", {"expand": "Datastreams($expand=Thing/Locations)"}),
    ("FeaturesOfInterest", {"expand": "Observations($count=true;$expand=Datastream/Thing)"}),
    ("Observations", {"expand": "Datastream/Thing,FeatureOfInterest", "count": "true"}),
    ("Observations", {"resultFormat": "dataArray", "orderby": "result desc"}),
    ("Observations", {"filter": "result ge 10", "count": "true"}),
    ("Observations", {"filter": "result mul 1 ge 10", "count": "true"}),
    ("Things", {"filter": "startswith(name, 'Kín')", "count": "true"}),
    ("Things", {"filter": "tolower(name) ne 'x'", "count": "true"}),
    ("Locations", {"filter": "startswith(Things/name, 'Kín')", "expand": "Things"}),
    ("Locations", {"filter": "st_within(location, geography'POLYGON((0 0, 180 0, 180 90, 0 90, 0 0))')"}),
    ("Datastreams", {"filter": "Observations/result ge 10", "count": "true"}),
    ("Datastreams", {"orderby": "phenomenonTime desc,Thing/name"}),
    ("HistoricalLocations", {"filter": "startswith(Thing/name, 'Kín')"}),
]


def asked(service: Service, seen: set[str]) -> None:
    """Put every question; nothing hidden is told, and everything counted is seen."""
    for address, options in QUESTIONS:
        whole = service.all(address, **options)
        text = json.dumps(whole, ensure_ascii=False)
        assert [word for word in hidden(seen) if word in text] == [], (address, options)
        first = service.get(address, **options)
        if "count" in options and "resultFormat" not in options:
            assert first["@iot.count"] == len(whole), (address, options)
    assert {one["properties"]["code"] for one in service.all("Things")} == seen
    assert service.get("Datastreams", count="true")["@iot.count"] == len(seen)
    assert len(service.all("Observations")) == len(seen) + 1
    counted = service.get("Observations", filter="result ge 10", count="true")["@iot.count"]
    assert counted == len(seen - PUBLIC)
    guessed = service.names("Sensors", filter="Datastreams/Thing/properties/code eq 'an-3'")
    assert bool(guessed) == ("an-3" in seen)
    shared = service.values("Locations", filter="name eq 'Kho chung'", expand="Things")[0]["Things"]
    assert {one["properties"]["code"] for one in shared} == {"gauge", "an-1"} & seen


@given(st.sets(st.sampled_from(CODES)))
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_token_sees_public_things_and_its_own(town: City, client: Client, codes: set[str]) -> None:
    name = f"trạm {len(codes)} {'-'.join(sorted(codes))}"
    made = people.create_token(name, by=BY, things=codes)
    asked(Service(client, made.secret), seen_by(codes))
    people.revoke_token(name, by=BY)


def test_stranger_sees_public_things_alone(town: City, client: Client) -> None:
    asked(Service(client), PUBLIC)


def test_token_of_everything_sees_everything_in_use(town: City, client: Client) -> None:
    asked(Service(client, people.create_token("tất cả", by=BY).secret), set(CODES))


def test_officer_sees_the_things_of_his_unit(town: City, client: Client) -> None:
    client.force_login(person("tay", town.west))
    asked(Service(client), PUBLIC | {"an-1", "an-2", "an-3"})


def test_what_is_hidden_is_as_if_it_were_not(town: City, client: Client) -> None:
    whole = Service(client, people.create_token("tất cả", by=BY).secret)
    stranger = Service(client)
    secret = whole.values("Things", filter="properties/code eq 'an-2'", expand="Datastreams/Observations")[0]
    stream = secret["Datastreams"][0]
    number, observation = stream["@iot.id"], stream["Observations"][0]["@iot.id"]
    nothing = stranger.response("Things(999999)").json()["message"]
    for address in (
        f"Things({secret['@iot.id']})",
        f"Things({secret['@iot.id']})/name",
        f"Things({secret['@iot.id']})/Datastreams",
        f"Things({secret['@iot.id']})/Locations/$ref",
        f"Datastreams({number})",
        f"Datastreams({number})/Observations",
        f"Datastreams({number})/Thing",
        f"Observations('{observation}')",
        f"Observations('{observation}')/Datastream",
        f"Observations('{observation}')/result/$value",
        f"Datastreams({number})/Observations('{observation}')",
    ):
        assert whole.status(address) == 200, address
        answer = stranger.response(address)
        assert answer.status_code == 404, address
        assert answer.json()["message"].partition(" ")[0] == nothing.partition(" ")[0]


def test_shared_row_of_nobody_is_seen_by_who_made_it(town: City, client: Client) -> None:
    made = people.create_token("own", by=BY, things=[])
    models.Sensor.objects.filter(name="Mới").update(made_by=f"token:{made.token.name}")
    assert "Mới" in Service(client, made.secret).names("Sensors")
    assert "Mới" not in Service(client).names("Sensors")


def test_token_that_is_not_in_force_opens_nothing(town: City, client: Client) -> None:
    made = people.create_token("cũ", by=BY, expires_at=NOON + timedelta(hours=1))
    ended = people.create_token("thu hồi", by=BY)
    people.revoke_token("thu hồi", by=BY)
    assert Service(client, made.secret).status("Things") == 200
    with clock.set_to(NOON + timedelta(hours=2)):
        assert Service(client, made.secret).status("Things") == 401
    for header in (f"Bearer {ended.secret}", "Bearer x", "Basic !!!", "Basic eDp5", "Digest a", "Bearer"):
        answer = client.get("/sta/v1.1/Things", headers={"Authorization": header})
        assert answer.status_code == 401, header
        assert "Bearer" in answer.headers["WWW-Authenticate"]


def test_password_of_basic_may_be_the_token(town: City, client: Client) -> None:
    import base64

    secret = people.create_token("cơ bản", by=BY, things=["an-1"]).secret
    for user in ("cơ bản", "", "ai đó"):
        told = base64.b64encode(f"{user}:{secret}".encode()).decode()
        found = client.get("/sta/v1.1/Things?$count=true", headers={"Authorization": f"Basic {told}"})
        assert found.json()["@iot.count"] == len(PUBLIC) + 1
