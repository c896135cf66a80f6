"""The public's pages: no account, no hidden thing, whole with data and without."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.city import NOON, City, measure, thing
from toancanh.kernel.runtime import clock

PAGES = ["/", "/map/", "/map/?unit=90001", "/search?q=cau", "/things/gauge/", "/things/rain/?range=month"]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("has_spoken", [True, False])
def test_page_opens_for_anyone(
    city: City, client: Client, path: str, language: str, has_spoken: bool
) -> None:
    with clock.set_to(NOON):
        if has_spoken:
            measure(city.gauge, NOON, 2.5, 2.56)
            measure(city.rain, NOON, 1.0)
        answer = client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200
    assert answer["Content-Language"] == language


@pytest.mark.parametrize("path", ["/", "/map/", "/search?q=a", "/sign-in/"])
def test_page_opens_in_an_empty_store(db: None, client: Client, path: str) -> None:
    assert client.get(path).status_code == 200


@pytest.mark.slow
def test_home_puts_the_most_urgent_first(city: City, client: Client) -> None:
    for code, value in (("low", 0.2), ("high", 3.0), ("gauge", 2.5)):
        at = city.gauge if code == "gauge" else thing(code)
        with clock.set_to(NOON):
            measure(at, NOON, value)
    thing("mute")
    thing("sample", is_sample=True)
    with clock.set_to(NOON):
        text = client.get("/").content.decode()
    order = [c for c in re.findall(r'href="/things/([a-z0-9-]+)/"', text) if c != "rain"]
    assert order == ["gauge", "high", "low", "mute", "sample"]


def test_home_puts_the_wettest_day_first_and_tells_its_sum(city: City, client: Client) -> None:
    wet = thing("wet", "flood.rain_station", "rain")
    with clock.set_to(NOON):
        measure(city.rain, NOON, 0.5, 9.0, every=300)
        measure(wet, NOON, *([4.0] * 30 + [0.1]), every=300)
        text = client.get("/").content.decode()
        part = client.get("/?part=stations").content.decode()
    for told in (text, part):
        assert [c for c in re.findall(r'href="/things/([a-z0-9-]+)/"', told) if c != "gauge"] == [
            "wet",
            "rain",
        ]
        assert re.search(r"120,1 <small>mm trong 24 giờ", told)
    assert "<html" not in part


@pytest.mark.slow
def test_every_public_station_is_one_touch_away(city: City, client: Client) -> None:
    for n in range(30):
        thing(f"g{n:02}")
    thing("kin-dao", public=False)
    text = client.get("/").content.decode()
    found = set(re.findall(r'href="/things/([a-z0-9-]+)/"', text))
    assert found == {"gauge", "rain", *(f"g{n:02}" for n in range(30))}


@pytest.mark.slow
def test_home_asks_as_often_for_forty_stations_as_for_one(
    city: City, client: Client, fresh: Callable[[], None]
) -> None:
    asked = []
    for count in (1, 3, 40):
        for n in range(count):
            thing(f"g{n}")
        fresh()
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/").status_code == 200
        asked.append(len(queries))
    assert asked == [asked[0]] * 3
    assert asked[0] <= 15


def test_search_finds_stations_and_places(city: City, client: Client) -> None:
    text = client.get("/search?q=duong+no").content.decode()
    assert re.findall(r'href="([^"]+)"', text) == ["/map/?unit=90001"]
    text = client.get("/search?q=c%E1%BA%A7u").content.decode()
    assert re.findall(r'href="([^"]+)"', text) == ["/things/gauge/"]


def test_portal_names_whose_data_it_shows(city: City, client: Client) -> None:
    text = client.get("/").content.decode()
    assert "nguồn" in text
    assert "Tỉnh Thử" in text


@pytest.mark.slow
def test_language_is_kept_and_leads_to_no_other_site(city: City, client: Client) -> None:
    answer = client.post("/language/", {"language": "en", "next": "/map/"})
    assert (answer.status_code, answer["Location"]) == (302, "/map/")
    assert client.get("/")["Content-Language"] == "en"
    answer = client.post("/language/", {"language": "vi", "next": "https://evil.example/"})
    assert answer["Location"].startswith("/")
    assert client.get("/")["Content-Language"] == "vi"
    client.post("/language/", {"language": "xx", "next": "/"})
    assert client.get("/")["Content-Language"] == "vi"


def test_page_carries_the_headers_that_guard_it(city: City, client: Client) -> None:
    answer = client.get("/")
    policy = answer["Content-Security-Policy"]
    nonce = re.search(r"'nonce-([^']+)'", policy)
    assert nonce is not None
    assert f'nonce="{nonce[1]}"' in answer.content.decode()
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    assert (answer["X-Content-Type-Options"], answer["Referrer-Policy"]) == ("nosniff", "same-origin")
    other = re.search(r"'nonce-([^']+)'", client.get("/")["Content-Security-Policy"])
    assert other is not None
    assert other[1] != nonce[1]


@pytest.mark.parametrize(
    "path", ["/nothing", "/things/nobody/", "/boundaries/99999.json", "/console/nothing"]
)
def test_page_that_is_nowhere_says_so(city: City, client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")
