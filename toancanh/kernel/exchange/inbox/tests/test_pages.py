"""The page of the watched folder, as an administrator uses it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.city import NOON, City, person
from toancanh.kernel.exchange.inbox import work
from toancanh.kernel.exchange.inbox.models import Arrival, Rule, Watched
from toancanh.kernel.exchange.inbox.tests.test_work import LONG, Place
from toancanh.kernel.exchange.sheets.models import Import, SavedMapping
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.access import actor
from toancanh.kernel.runtime import clock

HOME = "/console/imports/folder/"


@pytest.fixture
def ada(city: City) -> Client:
    """The administrator of everything, signed in."""
    client = Client()
    client.force_login(person("ada", None, people.ADMINISTRATOR))
    return client


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder."""
    return Place(tmp_path)


def page(client: Client, at: str = HOME, status: int = 200) -> str:
    """A page's text."""
    answer = client.get(at)
    assert answer.status_code == status
    return answer.content.decode()


def ask(client: Client, path: str) -> str:
    """Click on a waiting file; where that leads."""
    number = str(Watched.objects.get().pk)
    return client.post(HOME, {"do": "ask", "number": number, "path": path})["Location"]


@pytest.mark.slow
def test_waiting_file_becomes_a_rule_and_is_taken_in(ada: Client, place: Place) -> None:
    assert "Chưa có tiến trình nào" in page(ada)
    place.put("mực nước/a.csv", LONG)
    place.work()
    text = page(ada)
    assert str(place.folder) in text
    assert "mực nước/a.csv" in text
    assert "Chưa có cách đọc" in text
    sample = ask(ada, "mực nước/a.csv")
    assert "Đang mở tệp" in page(ada, sample)
    assert "data-reload" not in page(ada, f"{sample}?part=1")
    place.duty()
    assert "data-reload" in page(ada, f"{sample}?part=1")
    draft = ada.get(sample)["Location"]
    text = page(ada, draft)
    assert 'value="confirm"' not in text, "what waits in the folder is not taken in twice"
    settle = re.search(r'href="(/console/imports/folder/settle/\d+/)"', text)
    assert settle is not None
    text = page(ada, settle[1])
    assert 'value="mực nước"' in text
    said = {"folder": "mực nước", "pattern": "*", "name": ""}
    assert "Hãy đặt tên" in ada.post(settle[1], said).content.decode()
    assert ada.post(settle[1], {**said, "name": "Sổ mực nước"})["Location"] == HOME
    assert (Rule.objects.get().mapping.name, Import.objects.count()) == ("Sổ mực nước", 0)
    place.work()
    text = page(ada)
    assert "Đã nhập" in text
    assert "Không có tệp nào chờ" in text
    assert "a.csv" in page(ada, "/console/imports/")


@pytest.mark.slow
def test_file_that_cannot_be_opened_is_told(ada: Client, place: Place) -> None:
    place.put("a.csv", b"<html></html>")
    place.work()
    sample = ask(ada, "a.csv")
    place.duty()
    assert "trang web" in page(ada, sample)


@pytest.mark.slow
def test_rules_are_set_switched_and_removed(ada: Client, city: City, place: Place) -> None:
    place.duty()
    assert "cần một cách đọc" in page(ada)
    SavedMapping.objects.create(name="Sổ", folder="so", said={}, scope=[""], saved_by="x", used_at=NOON)
    said = {"do": "set", "folder": "../x", "pattern": "mưa-*.csv", "mapping": "Sổ", "replaces": "1"}
    answer = ada.post(HOME, said)
    assert answer.status_code == 422
    assert all(one in answer.content.decode() for one in ("không phải là thư mục", "../x", "mưa-*.csv"))
    assert ada.post(HOME, {**said, "folder": "a/b/"}).status_code == 302
    rule = Rule.objects.get()
    assert (rule.folder, rule.pattern, rule.replaces, rule.is_on) == ("a/b", "mưa-*.csv", True, True)
    ada.post(HOME, {"do": "off", "number": rule.pk})
    assert "đang tắt" in page(ada)
    ada.post(HOME, {"do": "drop", "number": rule.pk})
    assert not Rule.objects.exists()
    assert ada.post(HOME, {"do": "drop", "number": rule.pk}).status_code == 404
    assert ada.post(HOME, {"do": "ask", "number": "x", "path": "y"}).status_code == 404


@pytest.mark.slow
def test_folder_that_nobody_looks_at_or_that_is_broken_is_told(ada: Client, place: Place) -> None:
    place.duty()
    assert "Hiện không tiến trình nào" not in page(ada)
    Watched.objects.update(looked_at=NOON - work.LEASE * 2)
    assert "Hiện không tiến trình nào" in page(ada)
    Watched.objects.update(looked_at=NOON, trouble="Permission denied: /x")
    assert "Permission denied: /x" in page(ada)


@pytest.mark.slow
def test_each_sees_what_is_his(ada: Client, city: City, place: Place) -> None:
    west, east = (person(name, unit, ("console.see", "telemetry.arrange"))
                  for name, unit in (("tay", city.west), ("dong", city.east)))  # fmt: skip
    clients = []
    for one in (west, east):
        client = Client()
        client.force_login(one)
        clients.append(client)
    facts = {"scope": [city.west.path], "root": city.west.path, "set_by": "x", "set_at": clock.now()}
    saved = SavedMapping.objects.create(
        name="Sổ", folder="so", said={}, scope=[city.west.path], saved_by="x", used_at=NOON
    )
    Rule.objects.create(folder="w", mapping=saved, is_on=False, actor=actor(west).key, **facts)
    place.put("w/x.csv")
    place.put("y.csv")
    place.duty()
    Arrival.objects.create(
        watched=Watched.objects.get(), claim="c", path="w/z.csv", size=1, stamp="", at=clock.now(),
        root=city.west.path, actor=actor(west).key, outcome="refused", fault="?",
    )  # fmt: skip
    for client, sees in ((ada, True), (clients[0], True), (clients[1], False)):
        text = page(client)
        assert "y.csv" in text
        assert [name in text for name in ("w/x.csv", "w/z.csv")] == [sees, sees]
    other = Client()
    other.force_login(person("truc", city.province, people.STAFF))
    assert other.get(HOME).status_code == 403


@pytest.mark.slow
def test_page_costs_the_same_queries_whatever_it_holds(ada: Client, city: City, place: Place) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as caught:
            page(ada)
        return len(caught)

    place.duty()
    page(ada)
    few = count()
    for number in range(12):
        saved = SavedMapping.objects.create(
            name=f"s{number}", folder=f"s{number}", said={}, scope=[""], saved_by="x", used_at=NOON
        )
        facts = {"scope": [""], "root": "", "actor": "x", "set_by": "x", "set_at": NOON}
        Rule.objects.create(folder=f"f{number}", mapping=saved, is_on=False, **facts)
        place.put(f"f{number}/a.csv")
        one = Import.objects.create(
            made_at=NOON, made_by="x", actor="x", scope=[""], door="folder", file="a", size=1, digest="d"
        )
        Arrival.objects.create(
            watched=Watched.objects.get(), claim=f"c{number}", path="a.csv", size=1, stamp="", at=NOON,
            actor="x", outcome="done", of=one,
        )  # fmt: skip
    place.duty()
    assert count() == few
