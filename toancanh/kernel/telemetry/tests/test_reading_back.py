"""The API gives back what was kept: each reading once, in order, between the times asked for."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from tests.city import NOON, City, measure, person, thing
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.api import gathered
from toancanh.kernel.telemetry.store import SECOND, Row

PAST = "/api/v1/things/gauge/series/level/observations"


def z(at: datetime) -> str:
    """A time as the API writes it."""
    return at.isoformat().replace("+00:00", "Z")


def pages(client: Client, path: str) -> list[list[dict[str, Any]]]:
    """Every page from ``path`` on, by following next."""
    found: list[list[dict[str, Any]]] = []
    following: str | None = path
    while following is not None:
        assert following.startswith("/")
        answer = client.get(following)
        assert answer.status_code == 200, answer.content
        said = answer.json()
        assert set(said) == {"items", "next"}
        found.append(said["items"])
        following = said["next"]
        assert len(found) < 100
    return found


def refused(client: Client, path: str, code: str) -> None:
    """The path is answered 400 as a problem document of that code."""
    answer = client.get(path)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    said = answer.json()
    assert (said["status"], said["code"]) == (400, code)
    assert said["title"]


@pytest.fixture
def measured(city: City) -> Iterator[City]:
    """250 readings, one a minute, the last at noon: 0.00, 0.01, … 2.49 m."""
    with clock.set_to(NOON):
        measure(city.gauge, NOON, *(n / 100 for n in range(250)))
        yield city


def span(start: datetime, end: datetime, **more: object) -> str:
    """The path of the past with a span."""
    asked = {"from": z(start), "to": z(end), **more}
    return f"{PAST}?" + "&".join(f"{key}={quote(str(value))}" for key, value in asked.items())


@pytest.mark.parametrize("limit", [1, 49, 50, 100, 249, 250, 251, 100_000])
def test_pages_bring_every_reading_once_in_order(measured: City, client: Client, limit: int) -> None:
    start = NOON - timedelta(minutes=249)
    if limit == 1:
        start = NOON - timedelta(minutes=9)
    found = pages(client, span(start, NOON + timedelta(minutes=1), limit=limit))
    rows = [row for page in found for row in page]
    count = 10 if limit == 1 else 250
    values = [n / 100 for n in range(250 - count, 250)]
    assert [row["value"] for row in rows] == values
    assert [row["time"] for row in rows] == [z(start + timedelta(minutes=n)) for n in range(count)]
    assert {row["quality"] for row in rows} == {"good"}
    assert [len(page) for page in found[:-1]] == [limit] * (len(found) - 1)


def test_page_is_a_hundred_unless_told(measured: City, client: Client) -> None:
    found = pages(client, span(NOON - timedelta(days=1), NOON + timedelta(minutes=1)))
    assert [len(page) for page in found] == [100, 100, 50]


def test_from_is_inclusive_and_to_exclusive(measured: City, client: Client) -> None:
    answer = client.get(span(NOON - timedelta(minutes=2), NOON)).json()
    assert [row["time"] for row in answer["items"]] == [
        z(NOON - timedelta(minutes=2)),
        z(NOON - timedelta(minutes=1)),
    ]
    micro = timedelta(microseconds=1)
    answer = client.get(span(NOON - timedelta(minutes=2) + micro, NOON + micro)).json()
    assert [row["time"] for row in answer["items"]] == [z(NOON - timedelta(minutes=1)), z(NOON)]


def test_paging_keeps_readings_of_the_same_second_apart(city: City, client: Client) -> None:
    with clock.set_to(NOON):
        measure(city.gauge, NOON, *(n / 100 for n in range(7)), every=0.000001)
    found = pages(client, span(NOON - timedelta(minutes=2), NOON + timedelta(minutes=2), limit=2))
    assert [[row["value"] for row in page] for page in found] == [
        [0.0, 0.01],
        [0.02, 0.03],
        [0.04, 0.05],
        [0.06],
    ]


def test_a_day_is_shown_unless_told(measured: City, client: Client) -> None:
    with clock.set_to(NOON):
        answer = client.get(f"{PAST}?limit=1000").json()
    assert len(answer["items"]) == 250
    with clock.set_to(NOON + timedelta(days=3)):
        assert client.get(PAST).json() == {"items": [], "next": None}


def test_steps_gather_readings_and_follow_pages(measured: City, client: Client) -> None:
    start = NOON - timedelta(minutes=240)
    path = span(start, NOON, step="10m", limit=7)
    found = pages(client, path)
    rows = [row for page in found for row in page]
    assert [len(page) for page in found] == [7, 7, 7, 3]
    assert [row["time"] for row in rows] == [z(start + timedelta(minutes=10 * n)) for n in range(24)]
    assert {row["count"] for row in rows} == {10}
    first = rows[0]
    assert (first["min"], first["max"]) == (0.09, 0.18)
    assert first["value"] == pytest.approx(0.135)
    assert rows == client.get(span(start, NOON, step="10m", limit=1000)).json()["items"]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("step", "most"), [(60, 3), (600, 1), (600, 7), (3600, 2), (86_400, 50)])
def test_steps_of_a_page_are_those_of_the_whole_span(city: City, seed: int, step: int, most: int) -> None:
    chance = random.Random(seed)
    end = clock.to_us(NOON)
    gaps = [chance.choice((1.0, 47.0, 61.0, 700.0, 9000.0, 200_000.0)) for _ in range(120)]
    times = [end - round(sum(gaps[:n]) * SECOND) for n in range(120)]
    level = city.level.pk
    engine.store().put([Row(level, at, float(n)) for n, at in enumerate(times)], end)
    start = times[-1] + 12_345
    whole = engine.store().buckets(level, start, end, step * SECOND, "mean")
    assert gathered(level, start, end, step * SECOND, "mean", most)[:most] == whole[:most]
    assert gathered(level, start, end, step * SECOND, "mean", 10_000) == whole


def test_step_in_which_one_look_ends_is_told_once(city: City) -> None:
    half, most = clock.to_us(NOON.replace(second=30)), 5
    apart = (0.0, 60 * most - 0.5, 60 * most + 0.5)
    rows = [Row(city.level.pk, half + round(s * SECOND), 1.0) for s in apart]
    engine.store().put(rows, half)
    found = gathered(city.level.pk, half, half + 3600 * SECOND, 60 * SECOND, "mean", most)
    assert [bucket.count for bucket in found] == [1, 2]


def test_steps_of_rain_are_sums(city: City, client: Client) -> None:
    with clock.set_to(NOON):
        measure(city.rain, NOON, *([0.5] * 24), every=300)
    path = span(NOON - timedelta(hours=2), NOON, step="1h").replace("gauge", "rain").replace("level", "rain")
    rows = client.get(path).json()["items"]
    assert [(row["value"], row["count"]) for row in rows] == [(6.0, 12), (6.0, 12)]


def test_pages_of_rain_count_every_reading_once(city: City, client: Client) -> None:
    with clock.set_to(NOON):
        measure(city.rain, NOON, *([0.1] * 100), every=300)
    path = span(NOON - timedelta(hours=12), NOON, step="1h", limit=2)
    found = pages(client, path.replace("gauge", "rain").replace("level", "rain"))
    rows = [row for page in found for row in page]
    assert sum(row["count"] for row in rows) == 100
    assert [row["value"] for row in rows] == [0.4, *[1.2] * 8]
    assert rows[-1]["time"] == z(NOON - timedelta(hours=1))


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/things?after=%00",
        "/api/v1/things/%00",
        "/api/v1/things/a%00/series/level/observations",
        "/api/v1/things/gauge/series/l%00/observations",
        "/api/v1/units/%00",
        "/api/v1/units/90?date=%00",
    ],
)
def test_zero_character_is_refused(city: City, client: Client, path: str) -> None:
    refused(client, path, "bad_request")


def test_search_for_a_zero_character_finds_nothing(city: City, client: Client) -> None:
    client.force_login(person("west", city.west))
    for path in ("/search?q=%00", "/console/search?q=%00", "/console/things/?q=%00&after=%00&kind=%00"):
        assert client.get(path).status_code == 200, path


def test_day_steps_begin_at_midnight_in_viet_nam(measured: City, client: Client) -> None:
    rows = client.get(span(NOON - timedelta(days=2), NOON, step="1d")).json()["items"]
    assert [row["time"] for row in rows] == ["2026-11-20T17:00:00Z"]


def test_steps_without_a_reading_are_left_out(measured: City, client: Client) -> None:
    rows = client.get(span(NOON - timedelta(days=30), NOON + timedelta(days=30), step="1h")).json()["items"]
    assert [row["count"] for row in rows] == [9, 60, 60, 60, 60, 1]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("limit=0", "bad_limit"),
        ("limit=-1", "bad_limit"),
        ("limit=100001", "bad_limit"),
        ("limit=ten", "bad_request"),
        ("limit=99999999999999999999999", "bad_limit"),
        ("from=yesterday", "bad_time"),
        ("from=2026-11-21", "bad_time"),
        ("from=2026-11-21T00:00:00", "bad_time"),
        ("from=2026-13-01T00:00:00Z", "bad_time"),
        ("from=2026-11-21T25:00:00Z", "bad_time"),
        ("to=%00", "bad_request"),
        ("%00=1", "bad_request"),
        ("from=20261121T070000%2B0700", "bad_time"),
        ("from=2026-11-21T07:00%2B07:00", "bad_time"),
        ("from=2026-W47-6T07:00:00Z", "bad_time"),
        ("to=0", "bad_time"),
        ("to=2026-11-21%2000:00:00Z", "bad_time"),
        ("step=0s", "bad_step"),
        ("step=-10m", "bad_step"),
        ("step=10", "bad_step"),
        ("step=m", "bad_step"),
        ("step=10y", "bad_step"),
        ("step=999999d", "bad_step"),
        ("step=1.5h", "bad_step"),
        ("step=%D9%A1m", "bad_step"),
    ],
)
def test_what_cannot_be_is_told_as_a_problem(measured: City, client: Client, asked: str, code: str) -> None:
    refused(client, f"{PAST}?{asked}", code)


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-21T12:00:00+07:00",
        "2026-11-21T12:00:00 07:00",
        "2026-11-21T05:00:00Z",
        "2026-11-21T05:00:00.000Z",
    ],
)
def test_offset_is_understood_also_where_plus_became_a_space(
    measured: City, client: Client, written: str
) -> None:
    answer = client.get(PAST, {"from": written, "to": "2026-11-21T12:01:00+07:00"})
    assert [row["value"] for row in answer.json()["items"]] == [2.49]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
        ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
        ("1970-01-01T00:00:00Z", "1969-12-31T00:00:00Z"),
        ("2030-01-01T00:00:00Z", "2020-01-01T00:00:00Z"),
    ],
)
@pytest.mark.parametrize("step", ["", "1s", "1d", "366d"])
def test_far_and_reversed_spans_are_answered(
    measured: City, client: Client, start: str, end: str, step: str
) -> None:
    answer = client.get(PAST, {"from": start, "to": end, "step": step, "limit": "1000"})
    assert answer.status_code == 200
    rows = answer.json()["items"]
    assert bool(rows) == (start < end and end > "2020")


def test_implausible_value_is_read_back_with_its_mark(city: City, client: Client) -> None:
    with clock.set_to(NOON):
        measure(city.gauge, NOON, 1.0, 99.0, 1.1)
        rows = client.get(PAST).json()["items"]
        latest = client.get("/api/v1/things/gauge").json()["latest"]["level"]
    assert [(row["value"], row["quality"]) for row in rows] == [
        (1.0, "good"),
        (99.0, "out_of_range"),
        (1.1, "good"),
    ]
    assert latest == {"time": z(NOON), "value": 1.1, "quality": "good"}


def test_corrected_value_is_read_back_with_its_flag(city: City, client: Client) -> None:
    with clock.set_to(NOON):
        measure(city.gauge, NOON, 1.0)
        row = Row(city.level.pk, clock.to_us(NOON), 1.2, 0, "gateway")
        engine.store().put([row], clock.now_us())
        assert client.get(PAST).json()["items"] == [
            {"time": z(NOON), "value": 1.2, "quality": "good", "corrected": True}
        ]


@pytest.mark.slow
def test_things_are_paged_in_the_order_of_their_codes(city: City, client: Client) -> None:
    for n in range(23):
        thing(f"t{n:02}")
    found = pages(client, "/api/v1/things?limit=10")
    codes = [item["code"] for page in found for item in page]
    assert codes == sorted(["gauge", "rain", *(f"t{n:02}" for n in range(23))])
    assert [len(page) for page in found] == [10, 10, 5]
    assert pages(client, "/api/v1/things?limit=25")[0] == [item for page in found for item in page]


@pytest.mark.parametrize("limit", ["0", "1001", "-5", "x"])
def test_page_of_things_has_bounds(city: City, client: Client, limit: str) -> None:
    refused(client, f"/api/v1/things?limit={limit}", "bad_request" if limit == "x" else "bad_limit")


def test_thing_is_told_with_its_newest_readings(city: City, client: Client) -> None:
    with clock.set_to(NOON):
        measure(city.gauge, NOON, 1.25)
    assert client.get("/api/v1/things/gauge").json() == {
        "code": "gauge",
        "kind": "flood.gauge",
        "name": "Trạm Cầu Gỗ",
        "location": {"lon": 107.05, "lat": 16.05},
        "unit": {"code": "90001", "name": "Phường Dương Nỗ"},
        "sample": False,
        "series": [{"name": "level", "unit": "m", "period": 60}],
        "latest": {"level": {"time": z(NOON), "value": 1.25, "quality": "good"}},
    }
    assert client.get("/api/v1/things/rain").json()["latest"] == {}


HIDDEN = [
    "/api/v1/things/kin-dao",
    "/api/v1/things/kin-dao/series/level/observations",
    "/things/kin-dao/",
    "/things/kin-dao/level.csv",
    "/things/kin-dao/level.xlsx",
]


@pytest.mark.parametrize("path", HIDDEN)
@pytest.mark.parametrize("who", ["stranger", "elsewhere", "there", "retired"])
def test_hidden_thing_is_there_only_for_who_works_there(
    city: City, client: Client, path: str, who: str
) -> None:
    thing("kin-dao", public=who == "retired", is_active=who != "retired")
    if who == "elsewhere":
        client.force_login(person("east", city.east))
    if who == "there":
        client.force_login(person("west", city.west))
    nobody = client.get(path.replace("kin-dao", "no-body"))
    answer = client.get(path)
    assert answer.status_code == (200 if who == "there" else 404)
    if who != "there":
        # The answer does not tell a hidden thing from none.
        assert len(answer.content) == len(nobody.content)


@pytest.mark.slow
def test_hidden_thing_is_in_no_list_layer_or_search_of_a_stranger(city: City, client: Client) -> None:
    secret = thing("kin-dao", name="Trạm Bí Mật", public=False)
    with clock.set_to(NOON):
        measure(secret, NOON, 1.0)
        for path in ("/api/v1/things", "/layers/flood.gauges.json", "/search?q=bi+mat", "/"):
            assert b"kin-dao" not in client.get(path).content, path
        client.force_login(person("west", city.west))
        for path in ("/api/v1/things", "/layers/flood.gauges.json", "/console/search?q=bi+mat"):
            assert b"kin-dao" in client.get(path).content, path
        assert b"kin-dao" in client.get("/console/things/").content


@pytest.mark.parametrize("path", ["/api/v1/things/gauge/series/rain/observations", "/api/v1/nothing"])
def test_what_is_nowhere_is_told_as_a_problem(city: City, client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_csv_is_every_reading_of_the_span(measured: City, client: Client) -> None:
    answer = client.get("/things/gauge/level.csv", {"from": z(NOON - timedelta(minutes=2)), "to": z(NOON)})
    text = answer.getvalue().decode()
    assert text.splitlines() == [
        "time,value (m),quality",
        "2026-11-21T04:58:00Z,2.47,good",
        "2026-11-21T04:59:00Z,2.48,good",
    ]
    assert answer["Content-Disposition"] == 'attachment; filename="gauge-level.csv"'


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("asked", ["from=x", "to=2026-11-21", "from=%00"])
def test_download_of_an_impossible_span_says_so(
    measured: City, client: Client, kind: str, asked: str
) -> None:
    path = f"/things/gauge/level.{kind}?{asked}"
    assert client.get(path).status_code == 400
    answer = client.get(path, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_time")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_download_of_a_time_before_all_readings_is_empty(measured: City, client: Client, kind: str) -> None:
    assert client.get(f"/things/gauge/level.{kind}?to=0001-01-01T00:00:00Z").status_code == 200


@pytest.mark.slow
def test_table_holds_all_of_a_long_span_and_a_workbook_says_that_it_cannot(
    city: City, client: Client
) -> None:
    first, count, key = clock.to_us(NOON), 100_001, city.level.pk
    engine.store().put([Row(key, first + n, n / 100) for n in range(count)], first)
    asked = {"from": z(NOON), "to": z(NOON + timedelta(seconds=1))}
    answer = client.get("/things/gauge/level.csv", asked)
    rows = answer.getvalue().decode().splitlines()
    assert (len(rows), len(set(rows))) == (count + 1, count + 1)
    assert rows[-1].split(",")[1] == "1000.0"
    refusal = client.get("/things/gauge/level.xlsx", asked)
    assert refusal.status_code == 400
    assert "100.000" in refusal.content.decode()
    assert "CSV" in refusal.content.decode()
    asked["to"] = z(NOON + timedelta(microseconds=100_000))
    assert client.get("/things/gauge/level.xlsx", asked).status_code == 200


def test_workbook_speaks_the_language_of_its_reader(city: City, client: Client) -> None:
    with clock.set_to(NOON):
        thing("long", name="Trạm Cầu", name_en="Bridge gauge")
        english = client.get("/things/long/level.xlsx", headers={"Accept-Language": "en"}).content
        vietnamese = client.get("/things/long/level.xlsx").content
    for content, sheet, name in (
        (english, "Water level", "Bridge gauge"),
        (vietnamese, "Mực nước", "Trạm Cầu"),
    ):
        book = zipfile.ZipFile(io.BytesIO(content))
        assert f'name="{sheet}"' in book.read("xl/workbook.xml").decode()
        assert name in book.read("xl/worksheets/sheet1.xml").decode()


def test_workbook_holds_the_readings_as_numbers_and_times(measured: City, client: Client) -> None:
    path = f"/things/gauge/level.xlsx?from={z(NOON - timedelta(minutes=2))}&to={z(NOON)}"
    answer = client.get(path)
    assert answer["Content-Disposition"] == 'attachment; filename="gauge-level.xlsx"'
    book = zipfile.ZipFile(io.BytesIO(answer.content))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    values = re.findall(r'<c r="B[0-9]+" s="\d+"><v>([^<]+)</v>', sheet)
    assert [float(value) for value in values] == [2.47, 2.48]
    # 11:58 and 11:59 in Việt Nam as days since 1899-12-30.
    times = [float(v) for v in re.findall(r'<c r="A[0-9]+" s="\d+"><v>([\d.]+)</v></c><c r="B', sheet)]
    assert times[-2:] == pytest.approx([46347 + (11 * 60 + 58) / 1440, 46347 + (11 * 60 + 59) / 1440])
