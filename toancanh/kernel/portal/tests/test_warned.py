"""The public's warnings: what is told, what is not, and the same in files as over the wire."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.city import NOON, City
from toancanh.kernel.notify.models import Subscription
from toancanh.kernel.notify.tests.parts import Browser
from toancanh.kernel.portal import bulletins, copies
from toancanh.kernel.runtime import clock
from toancanh.kernel.warnings import actions
from toancanh.kernel.warnings.models import Warning
from toancanh.kernel.warnings.tests.making import EN, VI, approved, full, leader, officer, told
from toancanh.web import built

EXERCISE = replace(VI, headline="Diễn tập sơ tán phường ven sông", what="Tình huống giả định.")


@pytest.fixture
def warned(city: City) -> Iterator[tuple[City, Warning]]:
    """One warning in force, one exercise, one draft."""
    with clock.set_to(NOON):
        by, order = officer(city), leader(city)
        told(by, order, full(vi=EXERCISE, en=EXERCISE), is_exercise=True)
        actions.draft(full(vi=replace(VI, headline="Bản nháp chưa duyệt")), by=by)
        yield city, told(by, order)


@pytest.mark.slow
def test_public_sees_what_is_in_force_in_both_languages(warned: tuple[City, Warning], client: Client) -> None:
    _, warning = warned
    for root, words in (("/warnings/", VI), ("/en/warnings/", EN)):
        listed = client.get(root).content.decode()
        assert words.headline in listed
        page = client.get(f"{root}{warning.number}/")
        text = page.content.decode()
        assert (page.status_code, page["Content-Language"]) == (200, "en" if "/en/" in root else "vi")
        for said in (words.headline, words.what, words.instruction, words.where, str(warning.number)):
            assert said in text
        assert "vàng nhạt" in text or "light yellow" in text, "the colour stands in words too"
        assert '<path d="M' in text, "the area is drawn"
        assert text.count('class="tc-area-concerned"') == 1


@pytest.mark.slow
def test_exercise_and_draft_are_nowhere_outside(
    warned: tuple[City, Warning], client: Client, tmp_path: Path
) -> None:
    exercise = Warning.objects.get(is_exercise=True)
    copies.Copies(tmp_path).look()
    for address in (f"/warnings/{exercise.number}/", f"/en/warnings/{exercise.number}/"):
        answer = client.get(address)
        assert answer.status_code == 404
        assert "Diễn tập" not in answer.content.decode()
    written = [path for path in tmp_path.rglob("*") if path.suffix in (".html", ".json", ".xml")]
    assert len(written) > 8
    for path in written:
        for word in ("Diễn tập", "DIỄN TẬP", "giả định", str(exercise.number), "Bản nháp"):
            assert word not in path.read_text(), path
    for address in ("/", "/warnings/", "/warnings/past/", "/warnings/now.json", "/warnings/rss.xml"):
        assert "Diễn tập" not in client.get(address).content.decode()


@pytest.mark.slow
def test_message_leads_to_what_followed_and_the_all_clear_ends_it(
    warned: tuple[City, Warning], client: Client
) -> None:
    city, first = warned
    by, order = officer(city, "truc2"), leader(city, "lanhdao2")
    update = approved(actions.follow(first, "update", full(level=3), by=by), by, order)
    text = client.get(f"/warnings/{first.number}/").content.decode()
    assert f'href="/warnings/{update.number}/"' in text
    assert "có bản tin mới hơn" in text
    listed = client.get("/warnings/").content.decode()
    assert str(update.number) in listed
    assert str(first.number) not in listed
    clear = replace(VI, headline="Nước đã xuống dưới báo động 1")
    end = approved(actions.follow(update, "all_clear", full(vi=clear, en=EN), by=by), by, order)
    listed = client.get("/warnings/").content.decode()
    assert "Hiện không có cảnh báo nào" in listed
    assert clear.headline in listed
    assert clear.headline in client.get("/warnings/past/").content.decode()
    story = client.get(f"/warnings/{end.number}/").content.decode()
    assert [n for n in (first.number, update.number) if f'href="/warnings/{n}/"' not in story] == []
    assert json.loads(client.get("/warnings/now.json").content)["warnings"] == []


def test_scripts_learn_which_communes_are_concerned(warned: tuple[City, Warning], client: Client) -> None:
    city, _ = warned
    by, order = officer(city, "truc2"), leader(city, "lanhdao2")
    told(by, order, full("90", level=4))
    rows = json.loads(client.get("/warnings/now.json").content)["warnings"]
    communes = {
        feature["properties"]["code"]
        for feature in json.loads(client.get("/warnings/places.json").content)["features"]
    }
    assert [row["level"] for row in rows] == [4, 2], "the gravest first"
    assert set(rows[0]["communes"]) == communes, "a province is all its communes"
    assert rows[1]["communes"] == ["90001"]
    assert rows[0]["url"] == {"vi": "/warnings/CB-2026-0002/", "en": "/en/warnings/CB-2026-0002/"}


def test_feeds_are_sound_and_name_every_message(warned: tuple[City, Warning], client: Client) -> None:
    _, warning = warned
    rss = ElementTree.fromstring(client.get("/warnings/rss.xml").content)
    assert [item.findtext("title") for item in rss.iter("item")] == [f"Bản tin cảnh báo: {VI.headline}"]
    assert str(rss.findtext("channel/item/link")).endswith(f"/warnings/{warning.number}/")
    atom = ElementTree.fromstring(client.get("/en/warnings/atom.xml").content)
    name = "{http://www.w3.org/2005/Atom}"
    assert [entry.findtext(f"{name}title") for entry in atom.iter(f"{name}entry")] == [
        f"Warning: {EN.headline}"
    ]


@pytest.mark.slow
def test_words_that_nobody_translated_are_marked_as_vietnamese(city: City, client: Client) -> None:
    with clock.set_to(NOON):
        none = replace(EN, headline="", what="", where="", instruction="")
        warning = told(officer(city), leader(city), full(en=none))
        text = client.get(f"/en/warnings/{warning.number}/").content.decode()
    assert f'<h1 lang="vi">{VI.headline}</h1>' in text
    assert "in Vietnamese only" in text


@pytest.mark.slow
def test_words_of_authors_are_no_markup(city: City, client: Client) -> None:
    with clock.set_to(NOON):
        bad = replace(VI, headline="<script>alert(1)</script>", what='"><img src=x onerror=alert(1)>')
        warning = told(officer(city), leader(city), full(vi=bad))
        for path in ("/warnings/", f"/warnings/{warning.number}/", "/warnings/rss.xml"):
            text = client.get(path).content.decode()
            assert "<script>alert" not in text
            assert "<img src=x" not in text


@pytest.mark.parametrize("path", ["/warnings/CB-2026-9999/", "/warnings/x/", "/en/warnings/a b/"])
def test_message_that_is_not_there_says_so(city: City, client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.slow
def test_list_asks_as_often_for_ten_as_for_two(city: City, client: Client) -> None:
    with clock.set_to(NOON):
        by, order = officer(city), leader(city)
        asked = []
        for count in (2, 8):
            for _ in range(count):
                told(by, order)
            bulletins.listing("vi")
            with CaptureQueriesContext(connection) as queries:
                bulletins.listing("vi")
            asked.append(len(queries))
    assert asked[0] == asked[1]


# --- files


@pytest.mark.slow
def test_files_follow_the_commit_and_time_itself(warned: tuple[City, Warning], tmp_path: Path) -> None:
    city, warning = warned
    writer = copies.Copies(tmp_path)
    writer.look()
    page = tmp_path / "warnings" / "index.html"
    assert VI.headline in page.read_text()
    before = page.stat().st_ino
    writer.look()
    assert page.stat().st_ino == before, "nothing changed, nothing is written"
    by, order = officer(city, "truc2"), leader(city, "lanhdao2")
    later = replace(VI, headline="Hồ chứa xả lũ")
    told(by, order, full(vi=later, valid_until=NOON + timedelta(hours=2)))
    writer.look()
    assert "Hồ chứa xả lũ" in page.read_text()
    with clock.set_to(NOON + timedelta(hours=3)):
        writer.look()
    assert "Hồ chứa xả lũ" not in page.read_text(), "its time ran out without any commit"
    assert VI.headline in page.read_text()
    assert (tmp_path / "warnings" / str(warning.number) / "index.html").exists()
    assert not [path.name for path in tmp_path.rglob("*") if path.name.startswith(".")]


@pytest.mark.slow
def test_files_stand_alone_with_all_that_they_load(warned: tuple[City, Warning], tmp_path: Path) -> None:
    copies.Copies(tmp_path).look()
    for page in tmp_path.rglob("*.html"):
        for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page.read_text()):
            assert (tmp_path / address[1:]).is_file(), address
        assert "nonce" not in page.read_text()
        assert "csrf" not in page.read_text()
    assert sum(path.stat().st_size for path in tmp_path.rglob("*")) < 3_000_000


# --- subscribing


def test_subscription_takes_keys_tells_and_forgets(warned: tuple[City, Warning], client: Client) -> None:
    browser = Browser()
    endpoint = "https://fcm.googleapis.com/fcm/send/abc"

    def post(**said: object) -> tuple[int, dict[str, object]]:
        answer = client.post(
            "/warnings/subscription",
            json.dumps({"endpoint": endpoint, **said}),
            content_type="application/json",
            headers={"Accept": "application/json"},
        )
        return answer.status_code, answer.json()

    assert len(client.get("/warnings/subscription").json()["key"]) == 87
    keys = {"p256dh": browser.p256dh, "auth": browser.auth}
    assert post(keys=keys, units=["90001"]) == (200, {"units": ["90001"]})
    assert post(keys=keys, units=["90001"], language="en")[0] == 200
    assert Subscription.objects.count() == 1
    assert post(ask=True) == (200, {"units": ["90001"]})
    assert post(units=["nowhere"])[0] == 422
    assert post(keys={"p256dh": "x", "auth": "y"}, units=["90001"])[0] == 422
    assert post() == (200, {"was_subscribed": True})
    assert Subscription.objects.count() == 0
    assert post(ask=True) == (200, {"units": None})
    endpoint = "https://push.example/send/abc"
    assert post(keys=keys, units=["90001"])[0] == 422


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"endpoint": 5}', b'{"units": ["90001"]}', b"\xff"])
def test_subscription_refuses_what_is_none(city: City, client: Client, body: bytes) -> None:
    answer = client.post(
        "/warnings/subscription",
        body,
        content_type="application/json",
        headers={"Accept": "application/json"},
    )
    assert answer.status_code == 422
    assert answer.json()["code"] == "bad_json"


def test_another_site_subscribes_nobody(city: City, client: Client) -> None:
    answer = client.post(
        "/warnings/subscription",
        b'{"endpoint": "https://fcm.googleapis.com/x"}',
        content_type="application/json",
        headers={"Sec-Fetch-Site": "cross-site", "Accept": "application/json"},
    )
    assert answer.status_code == 403


def test_portal_is_an_app(city: City, client: Client) -> None:
    said = client.get("/manifest.webmanifest").json()
    assert said["start_url"] == "/warnings/"
    for icon in said["icons"]:
        assert (Path(built.MANIFEST.parent) / icon["src"].rpartition("/")[2]).is_file()
    worker = client.get("/sw.js")
    assert worker["Content-Type"].startswith("text/javascript")
    assert b"showNotification" in worker.content
