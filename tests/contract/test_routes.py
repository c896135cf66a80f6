"""Every route of the register of doors, whoever stands before it: what is not granted is not given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client

from tests.city import BY, NOON, PASSWORD, City, measure, person, thing
from toancanh.kernel.declare import ANYONE
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Person
from toancanh.kernel.registry import queries as registry
from toancanh.kernel.runtime import clock, doors
from toancanh.kernel.runtime.doors import Route
from toancanh.kernel.warnings.tests.making import leader, officer, told

FILLED = {
    "rest": "Things",
    "number": "1",
    "file": "1",
    "kind": "xlsx",
    "form": "csv",
    "code": "gauge",
    "series": "level",
    "name": "level",
    "key": "flood.gauges",
    "subject": "warnings.warning:1",
    "secret": "abcdefghijklmnopqrstuvwxyz",
    "channel": "sms",
    "signed": "abcdefghijklmnopqrstuvwxyz",
}
# The first that is told to the public.
NUMBERS = dict.fromkeys(("/warnings/<str:number>/", "/en/warnings/<str:number>/"), "CB-2026-0001")
UNITS = {"/boundaries/<slug:code>.json": "90", "/api/v1/units/<code>": "90001"}
QUERIES = {"/api/v1/units/at": "?lon=107.05&lat=16.05", "/search": "?q=cau", "/console/search": "?q=cau"}
# The frame of the API has a name and no page; who is signed in is led on from the form, and a stranger out.
# Where no authority of its own made the certificate, there is no root to download.
# Nobody was sent a link with that secret or signature; the city has told no warning.
# Nothing is published of any report, and the locality has not made its figures public.
# A channel that nobody has set up takes no receipts and no answers.
HOOK = "/hooks/messages/<slug:channel>"
HOOKS = (HOOK, f"{HOOK}/<str:secret>", f"{HOOK}/<str:secret>/replies")
LINKS = ("/r/<slug:secret>/", "/d/<slug:secret>/", "/pa/<slug:secret>/", "/files/<slug:signed>/<str:name>")
# No service, request or token of other programs is called like the gauge.
OPEN311 = [
    f"/open311/v2/{one}.{form}"
    for one in ("services/<str:code>", "requests/<str:code>", "tokens/<str:secret>")
    for form in ("json", "xml")
]
UNPUBLISHED = (
    "/reports/<str:code>/",
    "/en/reports/<str:code>/",
    "/reports/<str:code>/photos/<int:number>.jpg",
    "/reports/figures/",
    "/en/reports/figures/",
)
NOWHERE = ("/api/v1/", "/trust/root.crt", "/cap/<slug:number>.xml", *OPEN311, *LINKS, *HOOKS, *UNPUBLISHED)
LED_ON, LED_OUT = "/sign-in/", "/sign-out/"
SECRETS = ("Trạm Bí Mật", "kin-dao", "7.77", "7,77")


def routes() -> list[Route]:
    """Every route that Django serves; raw doors are tested in tests/edge and by their owners."""
    return [route for route in doors.routes() if route.pattern not in doors.mounted]


def address(route: Route) -> str:
    """The route's pattern with the small city's names in it."""
    facts = dict(FILLED)
    if route.pattern in UNITS:
        facts["code"] = UNITS[route.pattern]
    facts["number"] = NUMBERS.get(route.pattern, facts["number"])
    path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: facts[found[1]], route.pattern)
    return path + QUERIES.get(route.pattern, "")


ALL = sorted({route.pattern: route for route in routes()}.values(), key=lambda route: route.pattern)
READABLE = [route for route in ALL if "GET" in route.door.methods]
each = pytest.mark.parametrize("route", READABLE, ids=lambda route: route.pattern)


@pytest.fixture(scope="module", autouse=True)
def own_store() -> None:
    """One store for the module: that of `seen`."""


@pytest.fixture(scope="module")
def seen(standing_city: City) -> City:
    """The small city at noon, with one thing that only its own officers may see, and two others."""
    measure(standing_city.gauge, NOON, 2.5, 2.56)
    measure(standing_city.rain, NOON, 1.0)
    measure(thing("kin-dao", name="Trạm Bí Mật", public=False), NOON, 7.77)
    people.create_token("level", by=BY, things=["gauge", "kin-dao"])
    told(officer(standing_city), leader(standing_city))
    person("khac", standing_city.province, ("another.right",))
    person("dong", standing_city.east)
    return standing_city


@pytest.fixture
def measured(seen: City, db: None) -> Iterator[City]:
    """It again for each test, who takes back what he wrote."""
    with clock.set_to(NOON):
        yield seen


def due(route: Route, signed_in: bool = False) -> int:
    """The status that a caller without the right is due."""
    if route.door.right:
        return 403 if signed_in else 302
    if route.pattern in NOWHERE:
        return 404
    return 302 if route.pattern == (LED_ON if signed_in else LED_OUT) else 200


def text(client: Client, path: str, language: str = "vi") -> tuple[int, str]:
    """Status and body."""
    answer = client.get(path, headers={"Accept-Language": language})
    body = answer.getvalue()
    return answer.status_code, body.decode("utf-8", "replace")


def test_register_knows_the_routes_that_were_promised() -> None:
    promised = {"/", "/map/", "/search", "/console/", "/console/things/", "/console/search", "/sign-in/"}
    promised |= {"/sign-out/", "/language/", "/healthz", "/readyz", "/metrics", "/boundaries/national.json"}
    promised |= {"/api/v1/things", "/api/v1/units/at", "/api/v1/openapi.json", "/things/<slug:code>/"}
    assert promised - {route.pattern for route in ALL} == set()


@each
def test_route_answers_with_data(measured: City, client: Client, route: Route) -> None:
    for language in ("vi", "en"):
        status, body = text(client, address(route), language)
        assert status == due(route), body[:300]


@each
def test_route_shows_a_stranger_nothing_that_is_hidden(measured: City, client: Client, route: Route) -> None:
    hidden = address(route).replace("/gauge/", "/kin-dao/").replace("=cau", "=bi+mat")
    for path in {address(route), hidden, address(route).replace("=cau", "=bi+mat")}:
        status, body = text(client, path)
        # A refusal may repeat the code that the caller typed himself.
        told = [secret for secret in SECRETS if secret in body and secret not in path]
        assert told == [], path
        if route.door.data == "staff":
            assert status == 302


@each
def test_route_asks_for_its_right(measured: City, client: Client, route: Route) -> None:
    client.force_login(Person.objects.get(username="khac"))
    status, body = text(client, address(route))
    assert status == due(route, signed_in=True)
    assert [secret for secret in SECRETS if secret in body] == []


@each
def test_route_shows_an_officer_of_elsewhere_nothing_of_here(
    measured: City, client: Client, route: Route
) -> None:
    client.force_login(Person.objects.get(username="dong"))
    _, body = text(client, address(route).replace("=cau", "=bi+mat"))
    assert [secret for secret in SECRETS if secret in body] == []


@pytest.mark.slow
def test_officer_of_here_sees_what_is_hidden(measured: City, client: Client) -> None:
    """Or the sweeps above would prove nothing."""
    client.force_login(person("tay", measured.west))
    seen = [route.pattern for route in READABLE if "Bí Mật" in text(client, address(route))[1]]
    assert {"/console/things/", "/api/v1/things", "/layers/<str:key>.json"} <= set(seen)
    assert {t.code for t in registry.visible(ANYONE)} == {"gauge", "rain"}


@pytest.mark.parametrize("route", ALL, ids=lambda route: route.pattern)
def test_staff_data_stands_behind_a_right(route: Route) -> None:
    assert (route.door.data == "staff") == bool(route.door.right)


@pytest.mark.parametrize("route", ALL, ids=lambda route: route.pattern)
def test_route_that_takes_a_body_says_how_much(route: Route) -> None:
    takes = bool({"POST", "PUT", "PATCH"} & set(route.door.methods))
    assert (route.door.max_body > 0) == takes


@each
def test_route_answers_head_as_get_without_a_body(measured: City, client: Client, route: Route) -> None:
    answer = client.head(address(route))
    assert answer.status_code == due(route)
    assert answer.streaming or answer.content == b""


NONSENSE = (
    "?limit=%00",
    "?from=%FF",
    "?range[]=x",
    "?after=%F0%9F%98%80",
    "?q=" + "a" * 3000,
    "?as=pdf",
    "?&&=;",
)


@pytest.mark.slow
@each
def test_route_bears_any_query(measured: City, client: Client, route: Route) -> None:
    client.force_login(person("tay", measured.west, people.ADMINISTRATOR))
    for nonsense in NONSENSE:
        path = address(route).split("?")[0] + nonsense
        answer = client.get(path)
        # 403: some set-up is for administrators of the whole alone.
        assert answer.status_code in (200, 302, 400, 403, 404, 422), path
        if answer.streaming:
            answer.getvalue()


@pytest.mark.slow
def test_password_and_secret_key_are_on_no_page(measured: City, client: Client) -> None:
    from django.conf import settings

    client.force_login(person("tay", measured.west, people.ADMINISTRATOR))
    for route in READABLE:
        body = text(client, address(route))[1]
        assert PASSWORD not in body
        assert settings.SECRET_KEY not in body


@pytest.mark.slow
def test_every_icon_named_in_a_declaration_or_page_is_there() -> None:
    root = Path(__file__).resolve().parents[2] / "toancanh"
    named = set()
    for path in [*root.rglob("*.html"), *root.rglob("*.py")]:
        if "tests" in path.parts:
            continue
        found = path.read_text(encoding="utf-8")
        named |= set(re.findall(r'{% icon "([a-z0-9-]+)"', found))
        named |= set(re.findall(r'"?icon"?[=:] ?"([a-z0-9-]+)"', found))
    missing = sorted(name for name in named if not (root / "web" / "icons" / f"{name}.svg").exists())
    assert missing == []
    assert len(named) > 10
