"""The API's document names every route of the API and describes what they answer."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from tests.city import NOON, City, measure
from toancanh.kernel.runtime import clock, doors

PARTS = {"get", "post", "put", "patch", "delete", "head", "options", "parameters"}


@pytest.fixture
def document(db: None, client: Client) -> dict[str, Any]:
    """The document as an integrator gets it."""
    found: dict[str, Any] = client.get("/api/v1/openapi.json").json()
    return found


def references(part: Any) -> list[str]:
    """Every $ref in a part of the document."""
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [ref for value in part.values() for ref in references(value)]
    return [ref for value in part for ref in references(value)] if isinstance(part, list) else []


def test_document_names_every_route_and_no_other(document: dict[str, Any]) -> None:
    routes = {r.pattern for r in doors.routes() if r.pattern.startswith("/api/v1/")} | {
        "/api/v1/observations"
    }
    routes = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", pattern) for pattern in routes}
    # The root only carries the namespace of the framework.
    assert set(document["paths"]) == routes - {"/api/v1/openapi.json", "/api/v1/"}


def test_document_is_well_formed(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"]
    assert document["info"]["version"]
    seen = set()
    for path, item in document["paths"].items():
        assert set(item) <= PARTS
        for method, operation in item.items():
            assert operation["operationId"] not in seen
            seen.add(operation["operationId"])
            assert operation["summary"], path
            assert operation["responses"], path
            named = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path)), path
            assert all(re.fullmatch(r"[1-5]\d\d", str(code)) for code in operation["responses"])
            assert method in PARTS


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = references(document)
    assert found
    for ref in found:
        part: Any = document
        for name in ref.removeprefix("#/").split("/"):
            part = part[name]


def test_door_of_observations_is_told_with_its_token(document: dict[str, Any]) -> None:
    operation = document["paths"]["/api/v1/observations"]["post"]
    assert operation["security"] == [{"token": []}]
    assert document["components"]["securitySchemes"]["token"] == {"type": "http", "scheme": "bearer"}
    assert set(operation["responses"]) >= {"200", "400", "401", "408", "409", "413", "429", "503", "507"}


def fits(value: Any, schema: dict[str, Any], document: dict[str, Any]) -> None:
    """Fail unless a value is as the schema says, as far as this document uses schemas."""
    if "$ref" in schema:
        return fits(value, document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], document)
    if "anyOf" in schema:
        kinds = {"null": value is None}
        return None if kinds["null"] else fits(value, schema["anyOf"][0], document)
    kinds = {
        "string": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
        "array": list,
        "object": dict,
    }
    if "type" in schema:
        assert isinstance(value, kinds[schema["type"]]), (value, schema)
    if schema.get("type") == "array":
        for item in value:
            fits(item, schema["items"], document)
    if "properties" in schema:
        assert set(schema.get("required", ())) <= set(value)
        assert set(value) <= set(schema["properties"]), (value, schema)
        for name, item in value.items():
            fits(item, schema["properties"][name], document)
    return None


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/api/v1/things", "/api/v1/things"),
        ("/api/v1/things/gauge", "/api/v1/things/{code}"),
        (
            "/api/v1/things/gauge/series/level/observations",
            "/api/v1/things/{code}/series/{name}/observations",
        ),
        (
            "/api/v1/things/gauge/series/level/observations?step=10m",
            "/api/v1/things/{code}/series/{name}/observations",
        ),
        ("/api/v1/units/90001", "/api/v1/units/{code}"),
        ("/api/v1/units/at?lon=107.05&lat=16.05", "/api/v1/units/at"),
        ("/api/v1/things/nobody", "/api/v1/things/{code}"),
        ("/api/v1/units/at?lon=x", "/api/v1/units/at"),
        ("/api/v1/units/77777", "/api/v1/units/{code}"),
        ("/api/v1/things?limit=0", "/api/v1/things"),
    ],
)
def test_answer_is_as_the_document_says(city: City, client: Client, path: str, operation: str) -> None:
    document = client.get("/api/v1/openapi.json").json()
    with clock.set_to(NOON):
        measure(city.gauge, NOON, 1.0, 99.0)
        answer = client.get(path)
    told = document["paths"][operation]["get"]["responses"][str(answer.status_code)]
    (kind,) = told["content"]
    assert answer["Content-Type"].split(";")[0] in (kind, "application/problem+json")
    fits(answer.json(), told["content"][kind]["schema"], document)
