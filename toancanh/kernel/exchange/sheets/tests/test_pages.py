"""The pages of imports: what an administrator sees and does, and what nobody else does."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.city import NOON, City, person
from toancanh.kernel.exchange.sheets import work
from toancanh.kernel.exchange.sheets.models import Import, SavedMapping, State
from toancanh.kernel.exchange.sheets.tests import files
from toancanh.kernel.people import actions as people
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import engine

HOME = "/console/imports/"
LONG = "Thời gian;Trạm;Mực nước (m)\n21/11/2026 07:00;Cầu Gỗ;1,10\n21/11/2026 08:00;Cầu Gỗ;cao\n"
WIDE = "t;a;b\n21/11/2026 07:00;1,1;2,2\n"


@pytest.fixture
def ada(city: City, client: Client) -> Iterator[Client]:
    """The administrator, signed in at noon."""
    client.force_login(person("ada", None, people.ADMINISTRATOR))
    with clock.set_to(NOON):
        yield client


def upload(client: Client, content: str | bytes, name: str = "so-lieu.csv") -> str:
    """The address to which an upload leads."""
    body = content.encode() if isinstance(content, str) else content
    answer = client.post(f"{HOME}upload", {"file": SimpleUploadedFile(name, body)})
    assert answer.status_code == 302
    return str(answer["Location"])


def page(client: Client, path: str, language: str = "vi") -> str:
    """The text of a page."""
    answer = client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200
    return answer.content.decode()


def drive() -> None:
    """Let the worker do what is due."""
    duty = work.Duty()
    while duty():
        pass


def test_empty_list_says_what_to_do(ada: Client) -> None:
    text = page(ada, HOME)
    assert "Chưa có tệp nào" in text
    assert 'href="/console/imports/" aria-current="page"' in text
    assert "No file was brought yet" in page(ada, HOME, "en")


@pytest.mark.slow
def test_file_is_seen_confirmed_mended_and_taken_back(ada: Client, city: City) -> None:
    here = upload(ada, LONG)
    text = page(ada, here)
    assert "Nhập 1 số liệu" in text
    assert "Trạm Cầu Gỗ" in text
    assert "Đây không phải là số; hãy viết như 5,16, không kèm đơn vị." in text
    assert "Take in 1 readings" in page(ada, here, "en")
    assert engine.store().latest([city.level.pk]) == {}
    seal = re.search(r'name="seen" value="(\w+)"', text)
    assert seal is not None
    assert ada.post(here, {"do": "confirm", "seen": seal[1]}).status_code == 302
    running = page(ada, here)
    assert 'data-renew="2"' in running
    assert "data-reload" not in running
    drive()
    assert "data-reload" in page(ada, f"{here}?part=progress")
    done = page(ada, here)
    assert "Đã nhập" in done
    assert "all taken in <time" in page(ada, here, "en")
    assert engine.store().latest([city.level.pk])[city.level.pk].value == 1.1
    book = ada.get(f"{here}refused.xlsx")
    assert book["Content-Disposition"].startswith("attachment")
    assert book.content.startswith(b"PK")
    assert "cao" in ada.get(f"{here}refused.csv").content.decode("utf-8-sig")
    assert "Tệp này không có" not in page(ada, HOME)
    ada.post(here, {"do": "undo"})
    drive()
    assert "Nguyễn ada đã hoàn tác: 1 số liệu" in page(ada, here)
    assert engine.store().latest([city.level.pk]) == {}
    for language in ("vi", "en"):
        assert "so-lieu.csv" in page(ada, HOME, language)


@pytest.mark.slow
def test_same_file_is_recognised(ada: Client) -> None:
    here = upload(ada, LONG)
    one = Import.objects.get()
    Import.objects.filter(pk=one.pk).update(state=State.DONE)
    again = upload(ada, LONG, "ten-khac.csv")
    assert again != here
    assert "đã nhập đúng tệp này" in page(ada, again)


@pytest.mark.slow
def test_what_cannot_be_guessed_is_asked_for_and_kept_while_it_is_wrong(ada: Client) -> None:
    here = upload(ada, WIDE)
    text = page(ada, here)
    assert "Nhập" in text
    said = {"do": "understand", "form": "wide", "heading": "1", "time": "t", "scale": "0,5"}
    wrong = ada.post(here, {**said, "zone": "Sao Hỏa", "target_1": "gauge/level"})
    assert wrong.status_code == 422
    body = wrong.content.decode()
    assert "Không có múi giờ Sao Hỏa" in body
    assert 'value="Sao Hỏa"' in body
    assert 'value="Trạm Cầu Gỗ / Mực nước"' in body
    good = ada.post(
        here, {**said, "target_1": "Trạm Cầu Gỗ / Mực nước", "target_2": "rain/rain", "name": "Sổ A"}
    )
    assert good["Location"] == f"{here}#preview"
    assert "Nhập 2 số liệu" in page(ada, here)
    one = Import.objects.get()
    assert one.mapping["columns"] == {"a": "gauge/level", "b": "rain/rain"}
    assert one.mapping["scale"] == 0.5
    assert one.mapping_name == "Sổ A"
    assert "Sổ A" in page(ada, HOME)
    other = upload(ada, WIDE + "22/11/2026 07:00;1;2\n")
    assert "Nhập 2 số liệu" in page(ada, other), "of the third, one day ahead, nothing"
    ada.post(f"{HOME}mappings/forget", {"name": "Sổ A"})
    assert not SavedMapping.objects.exists()


@pytest.mark.slow
def test_saved_way_sheet_and_heading_change_the_whole_reading(ada: Client) -> None:
    book = files.workbook(
        {
            "Bìa": [["x"]],
            "A": [["t", "Mực nước"], ["21/11/2026 07:00", 1]],
            "B": [["t", "v"], ["21/11/2026", 2]],
        }
    )
    here = upload(ada, book, "a.xlsx")
    assert Import.objects.get().mapping["sheet"] == "A"
    ada.post(here, {"do": "understand", "sheet": "B", "heading": "1"})
    said = Import.objects.get().mapping
    assert (said["sheet"], said["value"]) == ("A", "Mực nước"), "what says too little is not kept"
    text = ada.post(here, {"do": "understand", "sheet": "B", "heading": "1"}).content.decode()
    assert '<option value="B" selected>' in text
    assert '<option value="v" selected>' in text


@pytest.mark.slow
@pytest.mark.parametrize("do", ["", "nonsense", "go_on", "undo"])
def test_what_cannot_be_done_now_is_told(ada: Client, do: str) -> None:
    here = upload(ada, LONG)
    assert ada.post(here, {"do": do}).status_code == 302
    page(ada, here)
    assert Import.objects.get().state == State.DRAFT


@pytest.mark.slow
def test_draft_is_thrown_away(ada: Client) -> None:
    here = upload(ada, LONG)
    assert ada.post(here, {"do": "discard"})["Location"] == HOME
    assert "không có gì được lưu" in page(ada, HOME)
    assert ada.get(here).status_code == 404


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "told"),
    [(b"", "không có nội dung"), (b"PK\x03\x04x", "bị hỏng"), (b"<html></html>", "trang web")],
)
def test_bad_file_is_told_on_the_list(ada: Client, content: bytes, told: str) -> None:
    if content:
        assert upload(ada, content, "x.xlsx") == HOME
    else:
        assert ada.post(f"{HOME}upload", {"file": SimpleUploadedFile("x.csv", b" ")})["Location"] == HOME
    assert told in page(ada, HOME)
    assert ada.post(f"{HOME}upload", {})["Location"] == HOME
    assert "Hãy chọn tệp" in page(ada, HOME)


@pytest.mark.slow
def test_pages_are_for_administrators_of_the_place(ada: Client, city: City) -> None:
    here = upload(ada, LONG)
    for username, unit, rights, status in (
        ("truc", city.province, people.STAFF, 403),
        ("dong", city.east, ("console.see", "telemetry.arrange"), 404),
        ("tinh", None, ("console.see", "telemetry.arrange"), 200),
    ):
        client = Client()
        client.force_login(person(username, unit, rights))
        assert client.get(here).status_code == status
        assert ("so-lieu.csv" in client.get(HOME).content.decode()) is (status == 200)
        assert ("Nhập số liệu" in client.get("/console/").content.decode()) is (status != 403)
        assert client.get(f"{here}refused.csv").status_code == (403 if status == 403 else 404)
    assert Client().get(here).status_code == 302


@pytest.mark.slow
def test_list_costs_the_same_queries_whatever_it_holds(ada: Client) -> None:
    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            page(ada, HOME)
        return len(caught)

    upload(ada, LONG)
    page(ada, HOME)
    few = count()
    for number in range(60):
        one = Import.objects.latest("pk")
        one.pk, one.file, one.digest = None, f"tep-{number}.csv", f"{number}"
        one.save()
    assert count() == few
    text = page(ada, HOME)
    assert "tep-59.csv" in text
    assert "tep-1.csv" not in text
    more = re.search(r'rel="next" href="(\?before=\d+)"', text)
    assert more is not None
    assert "tep-1.csv" in page(ada, HOME + more[1])
