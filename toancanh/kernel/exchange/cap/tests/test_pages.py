"""The pages of received warnings, for officers and for nobody else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.city import City, person
from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange.cap.models import Received
from toancanh.kernel.exchange.cap.tests.conftest import SAMPLES, STORM, update
from toancanh.kernel.exchange.cap.tests.test_intake import bring
from toancanh.kernel.people import actions as people
from toancanh.lib.cap.writing import write

HOME = "/console/received/"


@pytest.fixture
def eve(city: City, client: Client) -> Client:
    """An officer, signed in."""
    client.force_login(person("eve", city.province, people.STAFF))
    return client


def text(client: Client, path: str, language: str = "vi") -> str:
    answer = client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200
    return answer.content.decode()


def sent(client: Client, content: bytes, name: str = "tin.xml") -> str:
    """The page after a file was sent."""
    answer = client.post(f"{HOME}upload", {"file": SimpleUploadedFile(name, content)}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.slow
def test_an_officer_takes_in_a_file_and_reads_it(eve: Client) -> None:
    assert "Không có bản tin nào đang có hiệu lực" in text(eve, HOME)
    page = sent(eve, write(STORM))
    row = Received.objects.get()
    for said in (
        "Lũ trên sông Hương lên mức báo động 2",
        "Nhận từ",
        STORM.sender,
        "Nghiêm trọng",
        "Chuẩn bị kê cao tài sản.",
        "Hạ lưu sông Hương",
        f"{HOME}{row.pk}/areas.json",
    ):
        assert said in page, said
    assert "Lũ trên sông Hương lên mức báo động 2" in text(eve, HOME)
    assert "đã có ở đây" in sent(eve, write(STORM))


@pytest.mark.slow
def test_english_readers_get_the_words_of_the_pages_in_english(eve: Client) -> None:
    sent(eve, write(STORM))
    page = text(eve, f"{HOME}{Received.objects.get().pk}/", "en")
    assert "Received from" in page
    assert "Weather and floods" in page


def test_what_is_odd_is_told_in_words(eve: Client) -> None:
    page = sent(eve, (SAMPLES / "google_invalid.cap").read_bytes())
    assert "scope" in page
    assert "Không đọc được" in page
    page = sent(eve, (SAMPLES / "google_noaa_errors.cap").read_bytes())
    assert "không đúng tiêu chuẩn:" in page


def test_refusals_come_back_as_words(eve: Client) -> None:
    assert "không phải là bản tin CAP" in sent(eve, b"<html/>")
    assert "Hãy chọn" in eve.post(f"{HOME}upload", follow=True).content.decode()
    assert Received.objects.count() == 0


def test_words_of_strangers_stay_words(eve: Client) -> None:
    hostile = write(STORM).replace(b"Chu\xe1\xba\xa9n", b"&lt;script&gt;alert(1)&lt;/script&gt;")
    page = sent(eve, hostile)
    assert "&lt;script&gt;alert" in page
    assert "<script>alert" not in page


def test_the_original_is_a_file_and_never_a_page(eve: Client) -> None:
    sent(eve, write(STORM))
    answer = eve.get(f"{HOME}{Received.objects.get().pk}/original.xml")
    assert answer.content == write(STORM)
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")


def test_updates_lead_to_each_other(eve: Client, ada: Actor) -> None:
    storm, later = bring(ada, STORM, update())
    assert f"{HOME}{later.pk}/" in text(eve, f"{HOME}{storm.pk}/")
    assert f"{HOME}{storm.pk}/" in text(eve, f"{HOME}{later.pk}/")


@pytest.mark.slow
def test_filters_narrow_and_mangled_ones_do_not_break(eve: Client, ada: Actor) -> None:
    bring(ada, STORM)
    for query, is_there in (
        ("", True), ("?severity=3", True), ("?severity=4", False), ("?state=unread", False),
        ("?feed=99", False), ("?state=x&severity=x&feed=x&before=x-y", True),
    ):  # fmt: skip
        assert (STORM.infos[0].headline in text(eve, HOME + query)) == is_there, query


@pytest.mark.slow
def test_the_list_asks_as_often_for_one_as_for_many(eve: Client, ada: Actor) -> None:
    bring(ada, STORM)
    text(eve, HOME)
    with CaptureQueriesContext(connection) as few:
        text(eve, HOME)
    bring(ada, *(replace(STORM, identifier=f"x{n}") for n in range(12)))
    with CaptureQueriesContext(connection) as many:
        text(eve, HOME)
    assert len(many) == len(few)


def test_strangers_and_people_without_a_post_see_nothing(city: City, ada: Actor, client: Client) -> None:
    (row,) = bring(ada, STORM)
    for path in (HOME, f"{HOME}{row.pk}/", f"{HOME}{row.pk}/areas.json", f"{HOME}{row.pk}/original.xml"):
        assert client.get(path).status_code == 302
    client.force_login(person("bob", city.west, ("nothing.here",)))
    assert client.get(HOME).status_code == 403
    assert client.post(f"{HOME}upload").status_code == 403


def test_what_is_not_there_is_not_found(eve: Client) -> None:
    assert eve.get(f"{HOME}999/").status_code == 404
