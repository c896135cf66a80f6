"""The operators' pages: whole with data and without, refused without the right, steady in their queries."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.city import NOON, City, measure, person, thing
from toancanh.kernel.runtime import clock

STAFF_PAGES = ["/console/", "/console/?wall=1", "/console/things/", "/console/things/gauge/"]
STAFF_PAGES += [
    "/console/things/?as=xlsx",
    "/console/search?q=cau",
    "/console/?unit=90001",
    "/console/?thing=gauge",
]


@pytest.fixture
def officer(city: City, client: Client) -> Iterator[Client]:
    """A signed-in officer of the province at noon; the gauge stands at 2.56 m."""
    client.force_login(person("binh", city.province))
    with clock.set_to(NOON):
        measure(city.gauge, NOON, 2.5, 2.56)
        yield client


@pytest.mark.parametrize("path", STAFF_PAGES)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_page_opens_for_an_officer(officer: Client, path: str, language: str) -> None:
    answer = officer.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200
    if answer["Content-Type"].startswith("text/html") and not path.startswith("/console/search"):
        assert f'<html lang="{language}"' in answer.content.decode()


@pytest.mark.parametrize("path", STAFF_PAGES)
def test_page_is_closed_to_strangers(city: City, client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/sign-in/")
    assert answer.content == b""


@pytest.mark.parametrize("path", ["/console/", "/console/?wall=1", "/console/things/", "/console/search?q=a"])
def test_page_opens_in_an_empty_store(db: None, client: Client, path: str) -> None:
    client.force_login(person("binh"))
    assert client.get(path).status_code == 200


def test_home_names_the_map_its_layers_and_figures(officer: Client) -> None:
    text = officer.get("/console/").content.decode()
    assert 'boundaries="/boundaries/90.json"' in text
    assert "/layers/flood.gauges.json" in text
    assert "/layers/flood.rain.json" in text
    assert text.count("data-tile=") == 3
    assert "2,56 m" in text
    assert 'focus-unit="90001"' in officer.get("/console/?unit=90001").content.decode()


def test_home_gives_its_figures_alone(officer: Client) -> None:
    text = officer.get("/console/?part=figures").content.decode()
    assert "<html" not in text
    assert (text.count("data-tile="), text.count('id="watched"')) == (3, 1)
    assert "2,56 m" in text


def test_station_page_gives_its_totals_alone(officer: Client, city: City) -> None:
    measure(city.rain, NOON, *([1.5] * 36), every=300)
    text = officer.get("/console/things/rain/?part=totals").content.decode()
    assert "<html" not in text
    assert [part in text for part in ('id="totals-rain"', "18,0", "54,0", "tc-chart")] == [True] * 3 + [False]


def test_home_of_a_commune_officer_is_the_commune(city: City, client: Client) -> None:
    client.force_login(person("west", city.west))
    assert 'boundaries="/boundaries/90001.json"' in client.get("/console/").content.decode()


@pytest.mark.parametrize("attack", ['"><script>alert(1)</script>', "'onload=alert(1) x='", "{{7*7}}", "\0"])
def test_what_the_address_says_is_text_and_nothing_else(officer: Client, attack: str) -> None:
    for path in ("/console/", "/console/things/", "/console/search", "/search", "/map/"):
        answer = officer.get(
            path, {"unit": attack, "thing": attack, "q": attack, "kind": attack, "state": attack}
        )
        assert answer.status_code == 200
        text = answer.content.decode()
        assert attack not in text or attack in ("{{7*7}}", "\0")
        assert "<script>alert" not in text


def codes(client: Client, query: str = "") -> list[str]:
    """Codes of the stations listed, in order."""
    text = client.get(f"/console/things/{query}").content.decode()
    return re.findall(r'href="/console/things/([a-z0-9-]+)/"', text)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["gauge", "rain"]),
        ("?kind=flood.gauge", ["gauge"]),
        ("?kind=nonsense", ["gauge", "rain"]),
        ("?state=silent", ["rain"]),
        ("?state=raised", ["gauge"]),
        ("?q=doi+thong", ["rain"]),
        ("?q=kh%C3%B4ng", []),
        ("?kind=flood.gauge&state=silent", []),
    ],
)
def test_list_is_filtered_as_the_address_says(officer: Client, query: str, found: list[str]) -> None:
    assert codes(officer, query) == found


@pytest.mark.slow
def test_list_goes_on_page_by_page(officer: Client) -> None:
    for n in range(205):
        thing(f"s{n:03}")
    seen: list[str] = []
    lengths: list[int] = []
    query = ""
    while len(lengths) < 9:
        text = officer.get(f"/console/things/{query}").content.decode()
        page = re.findall(r'href="/console/things/([a-z0-9-]+)/"', text)
        seen += page
        lengths.append(len(page))
        following = re.search(r'rel="next" href="([^"]+)"', text)
        if following is None:
            break
        query = following[1].replace("&amp;", "&")
    assert lengths == [100, 100, 7]
    assert seen == sorted(["gauge", "rain", *(f"s{n:03}" for n in range(205))])


@pytest.mark.slow
def test_list_as_a_workbook_holds_every_row(officer: Client) -> None:
    for n in range(120):
        thing(f"s{n:03}", name="=1+1")
    answer = officer.get("/console/things/?as=xlsx")
    book = zipfile.ZipFile(io.BytesIO(answer.content))
    sheet, words = book.read("xl/worksheets/sheet1.xml").decode(), book.read("xl/sharedStrings.xml").decode()
    assert sheet.count("<row ") == 123
    # A name is text, never a formula.
    assert "<f>" not in sheet
    assert "=1+1" in words


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/console/", "/console/things/", "/console/things/gauge/"])
def test_page_asks_as_often_for_forty_stations_as_for_one(
    officer: Client, path: str, fresh: Callable[[], None]
) -> None:
    asked = []
    for count in (1, 3, 40):
        for n in range(count):
            thing(f"g{n}")
            thing(f"r{n}", "flood.rain_station", "rain")
        fresh()
        with CaptureQueriesContext(connection) as queries:
            assert officer.get(path).status_code == 200
        asked.append(len(queries))
    assert asked == [asked[0]] * 3
    assert asked[0] <= 28


@pytest.mark.slow
def test_station_page_shows_sentence_thresholds_and_rows(officer: Client) -> None:
    text = officer.get("/console/things/gauge/").content.decode()
    for part in ("2,56 m", "BĐ2", "kiểm thử", "tc-chart", "/things/gauge/level.xlsx", "Trạm Cầu Gỗ"):
        assert part in text, part
    for span in ("day", "week", "month", "century"):
        shown = "day" if span == "century" else span
        assert f'range="{shown}"' in officer.get(f"/console/things/gauge/?range={span}").content.decode()


def test_station_page_of_rain_shows_what_fell(officer: Client, city: City) -> None:
    measure(city.rain, NOON, *([1.5] * 36), every=300)
    text = officer.get("/console/things/rain/").content.decode()
    assert [part in text for part in ("18,0", "54,0")] == [True, True]


def test_layer_is_not_kept_by_anyone_between(officer: Client) -> None:
    answer = officer.get("/layers/flood.gauges.json")
    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Type"] == "application/geo+json"


@pytest.mark.parametrize("key", ["flood.nothing", "flood", "x.y", "..", "flood.gauges.json"])
def test_layer_that_nobody_declares_is_nowhere(officer: Client, key: str) -> None:
    assert officer.get(f"/layers/{key}.json").status_code == 404


def test_silent_station_says_since_when(officer: Client, city: City) -> None:
    with clock.set_to(NOON + timedelta(minutes=10)):
        text = officer.get("/console/things/?state=silent").content.decode()
    assert "data-stale" in text
