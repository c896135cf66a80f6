"""Open data: what the list shows, as files that spreadsheets, maps and programs read."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from django.test import Client

from tests.office import Office, at
from toancanh.domains.reports.public import open_data
from toancanh.domains.reports.public.tests.making import answered, published
from toancanh.domains.reports.triage import actions
from toancanh.kernel.runtime import rates

pytestmark = pytest.mark.django_db
CSV, GEOJSON = "/reports/open-data/reports.csv", "/reports/open-data/reports.geojson"


def table(client: Client, query: str = "") -> list[dict[str, str]]:
    text = client.get(f"{CSV}{query}").getvalue().decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


def features(client: Client, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"{GEOJSON}{query}")
    assert answer.headers["Content-Type"] == "application/geo+json"
    found = json.loads(answer.getvalue())
    assert found["type"] == "FeatureCollection"
    return list(found["features"])


def test_both_files_hold_what_the_list_shows(desk: Office, client: Client) -> None:
    assert table(client) == features(client) == []
    desk.report()
    case = answered(desk, published(desk, "Nắp cống vỡ", lon=107.0512345, lat=16.0567891), "Đã thay; 2 nắp")
    other = published(desk, "Không rõ chỗ", lon=None, lat=None)
    rows = table(client)
    assert [row["code"] for row in rows] == [other.code, case.code]
    assert (rows[1]["answer"], rows[1]["state"], rows[1]["term"]) == ("Đã thay; 2 nắp", "answered", "on_time")
    assert (rows[1]["lon"], rows[1]["lat"], rows[0]["lon"]) == ("107.051", "16.057", "")
    assert rows[1]["received_at"] == "2026-11-20T08:00:00+07:00"
    told = features(client)
    assert [one["id"] for one in told] == [other.code, case.code]
    assert told[0]["geometry"] is None
    assert told[1]["geometry"] == {"type": "Point", "coordinates": [107.051, 16.057]}
    named = set(open_data.meanings())
    assert set(rows[0]) == named
    assert set(told[0]["properties"]) == named - {"lon", "lat"}
    assert [row["code"] for row in table(client, "?q=nap")] == [case.code]
    assert [one["id"] for one in features(client, "?state=received")] == [other.code]
    assert client.get("/reports/open-data/reports.xml").status_code == 404


def test_files_go_on_beyond_one_batch(desk: Office, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_data, "BATCH", 2)
    made = [published(desk, f"Việc {n}").code for n in range(5)]
    assert [row["code"] for row in table(client)] == made[::-1]
    assert [one["id"] for one in features(client)] == made[::-1]


def test_a_cell_is_never_a_formula(desk: Office, client: Client) -> None:
    published(desk, '=HYPERLINK("http://x")')
    assert table(client)[0]["title"] == '\'=HYPERLINK("http://x")'
    assert features(client)[0]["properties"]["title"] == '=HYPERLINK("http://x")'


def test_a_copy_is_asked_for_again_only_when_something_changed(desk: Office, client: Client) -> None:
    case = published(desk)
    first = client.get(CSV)
    mark, changed = first.headers["ETag"], first.headers["Last-Modified"]
    assert changed == "Fri, 20 Nov 2026 01:00:00 GMT"
    same = client.get(CSV, headers={"If-None-Match": mark})
    assert (same.status_code, same.getvalue(), same.headers["ETag"]) == (304, b"", mark)
    assert client.get(CSV, headers={"If-Modified-Since": changed}).status_code == 304
    assert client.get(f"{CSV}?q=x", headers={"If-None-Match": mark}).status_code == 200
    desk.report()
    assert client.get(CSV, headers={"If-None-Match": mark}).status_code == 304, "nobody may know of it"
    with at("2026-11-20 09:00"):
        actions.publish_text(case, "Nắp cống", "", by=desk.desk, is_published=False)
        taken_down = client.get(CSV, headers={"If-None-Match": mark})
        assert (taken_down.status_code, len(table(client))) == (200, 0)
        assert client.get(CSV, headers={"If-Modified-Since": changed}).status_code == 200
    head = client.head(GEOJSON)
    assert (head.status_code, head.getvalue()) == (200, b"")
    assert head.headers["Cache-Control"] == "public, max-age=60"


def test_whoever_asks_too_often_waits(desk: Office, client: Client) -> None:
    rates.forget()
    told = [client.head(CSV).status_code for _turn in range(30)]
    assert (told[:24], told[-1]) == ([200] * 24, 429)
    rates.forget()


def test_the_page_names_every_field_in_both_languages(desk: Office, client: Client) -> None:
    for root in ("", "/en"):
        text = client.get(f"{root}/reports/open-data/?state=answered").content.decode()
        for name in open_data.meanings():
            assert f"<code>{name}</code>" in text
        assert "reports.csv?state=answered" in text
        assert open_data.LICENCE in text
