"""The façade over HTTP: who may write, what stands in the headers, and that no body makes it fall over."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.city import BY, City, person
from toancanh.kernel.exchange.sensorthings.tests.test_batch import MULTIPART
from toancanh.kernel.exchange.sensorthings.tests.writers import sensor, thing, tree
from toancanh.kernel.people import actions as people
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.telemetry.store import StoreFull, StoreUnavailable

ROOT = "/sta/v1.1"


def bearer(name: str = "writer", **more: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {people.create_token(name, by=BY, **more).secret}"}


def post(client: Client, path: str, told: Any, headers: dict[str, str]) -> Any:
    return client.post(f"{ROOT}/{path}", told, "application/json", headers=headers)


def test_thing_is_made_changed_and_deleted(city: City, client: Client) -> None:
    headers = bearer()
    answer = post(client, "Things", thing(), headers)
    assert answer.status_code == 201
    address = answer.headers["Location"]
    assert address == answer.json()["@iot.selfLink"]
    assert address.startswith("http://testserver/sta/v1.1/Things(")
    path = address.removeprefix("http://testserver")
    assert client.patch(path, {"name": "Mới"}, "application/json", headers=headers).status_code == 200
    assert client.put(path, thing("Khác"), "application/json", headers=headers).status_code == 200
    assert Thing.objects.get(code="tram-thu").name == "Khác"
    assert client.delete(path, headers=headers).status_code == 200
    assert client.delete(path, headers=headers).status_code == 404


def test_only_a_token_in_force_writes(city: City, client: Client) -> None:
    secret = people.create_token("basic", by=BY).secret
    said = base64.b64encode(f"x:{secret}".encode()).decode()
    assert post(client, "Sensors", sensor(), {"Authorization": f"Basic {said}"}).status_code == 201
    people.revoke_token("basic", by=BY)
    client.force_login(person("admin", rights=people.ADMINISTRATOR))
    for header in ({}, {"Authorization": f"Basic {said}"}, {"Authorization": "Bearer x"}):
        answer = post(client, "Sensors", sensor(), header)
        assert (answer.status_code, answer.json()["code"]) == (401, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Basic")
    listed = bearer("listed", things=["gauge"])
    assert post(client, "Sensors", sensor(), listed).status_code == 403


def test_batches_of_both_sorts_are_answered(city: City, client: Client) -> None:
    headers = bearer()
    told = {"requests": [{"id": "1", "method": "post", "url": "Things", "body": thing()}]}
    answer = post(client, "$batch", told, headers)
    (response,) = answer.json()["responses"]
    assert (response["id"], response["status"]) == ("1", 201)
    answer = client.post(f"{ROOT}/$batch", MULTIPART, "multipart/mixed; boundary=b", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("multipart/mixed; boundary=")


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{", 400), (b'"\xff"', 400), (b'{"name":"\\u0000","description":""}', 400), (b"[]", 400)],
)
def test_body_that_is_none_is_refused(city: City, client: Client, body: bytes, status: int) -> None:
    answer = client.post(f"{ROOT}/Things", body, "application/json", headers=bearer())
    assert (answer.status_code, answer.json()["type"]) == (status, "error")


@pytest.mark.parametrize(("fault", "status"), [(StoreUnavailable("x"), 503), (StoreFull("x"), 507)])
def test_store_that_fails_is_told(
    city: City, client: Client, monkeypatch: pytest.MonkeyPatch, fault: Exception, status: int
) -> None:
    from toancanh.kernel.exchange.sensorthings import keeping

    def fail(*_given: Any) -> Any:
        raise fault

    headers = bearer()
    monkeypatch.setattr(keeping, "take", fail)
    told = {"result": 1, "resultTime": "2026-11-21T04:00:00Z"}
    path = f"Datastreams({city.level.pk})/Observations"
    assert post(client, path, told, headers).status_code == status
    answer = post(client, "Things", tree(Observations=[{"result": 1}]), headers)
    assert answer.status_code == 503
    assert Thing.objects.filter(code="tram-thu").exists()


WORDS = """name description @iot.id Things Thing Locations Datastreams Sensor location result properties time
encodingType feature metadata Observations requests url"""
NAMES = st.sampled_from(WORDS.split())
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)
SETS = """Things Locations Sensors Datastreams Observations HistoricalLocations FeaturesOfInterest
ObservedProperties CreateObservations Things(1)/Locations Things(1) $batch x"""
PATHS = st.sampled_from(SETS.split())


@pytest.fixture
def headers(city: City) -> dict[str, str]:
    return bearer()


@pytest.mark.slow
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["post", "put", "patch", "delete"]), PATHS, VALUES)
def test_any_json_is_done_or_refused(headers: dict[str, str], method: str, path: str, told: Any) -> None:
    answer = getattr(Client(), method)(f"{ROOT}/{path}", told, "application/json", headers=headers)
    assert answer.status_code < 500, answer.content
