"""The pages of feeds: tried, seen, kept, paused, changed and deleted by whoever may, and by nobody else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.city import NOON, City, actor, person
from tests.web_peer import Peer, Said
from toancanh.kernel.exchange.feeds.models import Feed, Trial
from toancanh.kernel.exchange.feeds.tests.conftest import drive, made
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.access import actor as acting
from toancanh.kernel.people.models import Person, Token
from toancanh.kernel.runtime import clock, secrets
from toancanh.kernel.telemetry import engine

HOME = "/console/feeds/"
WORD = "khoa-rat-mat"
ANSWER = {
    "data": {
        "stations": [
            {"id": "gauge", "values": [{"time": "2026-11-21 07:00", "value": "1,10"},
                                       {"time": "2026-11-21 08:00", "value": "cao"}]},
            {"id": "elsewhere", "values": [{"time": "2026-11-21 07:00", "value": 2}]},
        ]
    }
}  # fmt: skip


@pytest.fixture
def eve(city: City, client: Client) -> Iterator[Client]:
    """The administrator, signed in at noon."""
    client.force_login(person("eve", None, people.ADMINISTRATOR))
    with clock.set_to(NOON):
        yield client


def page(client: Client, path: str, language: str = "vi") -> str:
    """The text of a page."""
    answer = client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200
    return answer.content.decode()


def typed(service: Peer, **said: str) -> dict[str, str]:
    """The form of a new feed, filled in."""
    known = {"name": "Mực nước", "url": service.url("/levels"), "schedule": "daily", "time": "07:30"}
    return {**known, "quiet": "6", **said}


def test_empty_list_says_what_to_do(eve: Client) -> None:
    assert "Chưa có nguồn số liệu nào" in page(eve, HOME)
    assert "Nothing is fetched yet" in page(eve, HOME, "en")


@pytest.mark.child
@pytest.mark.slow
def test_feed_is_tried_seen_and_kept(eve: Client, city: City, service: Peer) -> None:
    service.says["/levels"] = Said(json.dumps(ANSWER).encode())
    secret = {"secret_kind_0": "header", "secret_name_0": "X-Key", "secret_value_0": WORD}
    answer = eve.post(f"{HOME}new/", typed(service, **secret))
    feed = Feed.objects.get()
    trial = f"{HOME}{feed.pk}/trial/"
    assert answer["Location"] == trial
    assert service.heard[-1].headers["x-key"] == WORD
    assert (feed.schedule, feed.is_on) == ("30 7 * * *", False)
    text = page(eve, trial)
    for shown in ("$.data.stations.values", "data.stations.id", "Chưa lưu gì", "cao"):
        assert shown in text
    said = {"do": "understand", "form": "long", "heading": "1", "sheet": "$.data.stations.values",
            "time": "time", "thing": "data.stations.id", "fixed_series": "level", "value": "value",
            "passes_over": "1"}  # fmt: skip
    assert eve.post(trial, said)["Location"] == f"{trial}#preview"
    text = page(eve, trial)
    assert "Bỏ qua 1 dòng của trạm không thuộc ta." in text
    assert "Đây không phải là số" in text
    assert "Keep it and turn it on" in page(eve, trial, "en")
    assert engine.store().latest([city.level.pk]) == {}, "nothing is stored before somebody says yes"
    assert "vừa được thay đổi" in eve.post(trial, {"do": "accept", "seen": "x"}, follow=True).content.decode()
    seal = re.search(r'name="seen" value="(\w+)"', text)
    assert seal is not None
    assert eve.post(trial, {"do": "accept", "seen": seal[1]})["Location"] == f"{HOME}{feed.pk}/"
    assert not Trial.objects.exists()
    assert [run.outcome for run in drive()] == ["taken"]
    assert engine.store().latest([city.level.pk])[city.level.pk].value == 1.1
    for language, words in (("vi", ("Hoạt động tốt", "hằng ngày lúc 07:30")), ("en", ("Works", "07:30"))):
        for shown in (page(eve, f"{HOME}{feed.pk}/", language), page(eve, HOME, language)):
            assert all(word in shown for word in words)
            assert WORD not in shown
    told = Entry.objects.filter(subject=f"feed:{feed.pk}").order_by("pk").values_list("action", flat=True)
    assert list(told) == [f"exchange.feed_{verb}" for verb in ("made", "tried", "kept")]
    assert WORD not in json.dumps(list(Entry.objects.values("content")), default=str)


@pytest.mark.slow
def test_feed_that_fails_says_why_and_since_when(eve: Client, service: Peer) -> None:
    service.says["/levels"] = Said(b"<!doctype html><p>Sign in", headers={"Content-Type": "text/html"})
    answer = eve.post(f"{HOME}new/", typed(service), follow=True).content.decode()
    assert "Nhận được trang web thay vì số liệu" in answer
    assert "Chưa thử" in answer
    feed = made(service, acting(Person.objects.get()), name="Khác")
    drive()
    for path in (HOME, f"{HOME}{feed.pk}/"):
        text = page(eve, path)
        assert "Bị lỗi" in text
        assert "Nhận được trang web thay vì số liệu" in text
    assert "A web page came instead of readings" in page(eve, f"{HOME}{feed.pk}/?part=state", "en")


@pytest.mark.slow
def test_feed_is_paused_fetched_changed_and_deleted(eve: Client, service: Peer) -> None:
    service.says["/levels"] = Said(b'{"data": [{"code": "gauge", "t": "2026-11-21 11:00", "v": 1.5}]}')
    feed = made(service, acting(Person.objects.get()), secrets={"X-Key": WORD})
    here = f"{HOME}{feed.pk}/"
    drive()
    eve.post(here, {"do": "fetch"})
    (run,) = drive()
    assert (run.by_hand, run.same) == (True, 1)
    assert "thủ công" in page(eve, here)
    eve.post(here, {"do": "off"})
    assert "Tạm dừng" in page(eve, here)
    assert "tạm dừng" in eve.post(here, {"do": "fetch"}, follow=True).content.decode()
    eve.post(here, {"do": "on"})
    form = page(eve, f"{here}edit/")
    assert "X-Key" in form
    assert WORD not in form
    kept = {"secret_kind_0": "header", "secret_name_0": "X-Key", "schedule": "own", "cron": "*/20 * * * *"}
    wrong = eve.post(f"{here}edit/", typed(service, **{**kept, "cron": "mỗi giờ"}))
    assert wrong.status_code == 422
    assert "mỗi giờ" in wrong.content.decode(), "nothing typed is lost"
    assert eve.post(f"{here}edit/", typed(service, **kept, secret_name_1="k", secret_kind_1="query",
                                          secret_value_1="two"))["Location"] == here  # fmt: skip
    feed.refresh_from_db()
    assert (feed.schedule, feed.name) == ("*/20 * * * *", "Mực nước")
    assert secrets.unseal(feed.sealed) == {"X-Key": WORD, "?k": "two"}
    eve.post(f"{here}edit/", typed(service, **kept, secret_drop_0="1"))
    feed.refresh_from_db()
    assert feed.sealed == ""
    assert eve.post(here, {"do": "delete"})["Location"] == HOME
    assert not Feed.objects.exists()
    assert Token.objects.get(name=feed.way).revoked_at is not None
    assert eve.get(here).status_code == 404


@pytest.mark.slow
def test_others_see_nothing_of_it(city: City, client: Client, service: Peer) -> None:
    with clock.set_to(NOON):
        feed = made(service, actor("ada", city.west, ("telemetry.arrange",)), mapping=None)
    client.force_login(person("eva", city.east, ("console.see", "telemetry.arrange")))
    for path in ("", "edit/", "trial/"):
        assert client.get(f"{HOME}{feed.pk}/{path}").status_code == 404
    assert client.post(f"{HOME}{feed.pk}/", {"do": "delete"}).status_code == 404
    assert feed.name not in page(client, HOME)
    client.force_login(person("officer", None))
    for path in (HOME, f"{HOME}new/", f"{HOME}{feed.pk}/"):
        assert client.get(path).status_code == 403
    client.logout()
    assert client.get(HOME).status_code in (302, 403)


@pytest.mark.child
@pytest.mark.slow
def test_lists_cost_the_same_however_long_they_are(eve: Client, city: City, service: Peer) -> None:
    service.says["/levels"] = Said(b'{"data": []}')
    by = acting(Person.objects.get())
    feed = made(service, by)
    counts = []
    for round_ in range(2):
        for number in range(4 * round_):
            made(service, by, name=f"Nguồn {number}", secrets={"X-Key": "x"})
            with clock.set_to(NOON + timedelta(minutes=6 * number)):
                drive()
        asked = []
        for path in (HOME, f"{HOME}{feed.pk}/"):
            page(eve, path)
            with CaptureQueriesContext(
                connection,
            ) as found:
                page(eve, path)
            asked.append(len(found))
        counts.append(asked)
    assert counts[0] == counts[1]


def test_long_lists_have_pages(eve: Client, service: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toancanh.kernel.exchange.feeds.queries.LENGTH", 2)
    for number in range(3):
        made(service, acting(Person.objects.get()), name=f"Nguồn {number}", mapping=None)
    first = page(eve, HOME)
    more = re.search(r'rel="next" href="([^"]+)"', first)
    assert more is not None
    assert "Nguồn 0" not in first
    assert "Nguồn 0" in page(eve, HOME + more[1])
