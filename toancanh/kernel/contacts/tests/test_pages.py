"""Pages of contacts: what is missing is seen, numbers only when asked for, and that is written down."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from python_calamine import CalamineWorkbook

from tests.city import NOON, City, person
from toancanh.kernel.contacts.models import Contact, Neighbourhood, Setting
from toancanh.kernel.contacts.tests.people import head, merged, official, place
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.people import actions as people
from toancanh.kernel.runtime import clock

pytestmark = pytest.mark.django_db
HOME = "/console/contacts/"


@pytest.fixture
def ada(city: City, client: Client) -> Iterator[Client]:
    """The administrator, signed in at noon."""
    client.force_login(person("ada", None, people.ADMINISTRATOR))
    with clock.set_to(NOON):
        yield client


def officer(city: City) -> Client:
    """A duty officer of the western commune."""
    client = Client()
    client.force_login(person("truc", city.west))
    return client


def page(client: Client, path: str, language: str = "vi") -> str:
    """The text of a page."""
    answer = client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200, path
    return answer.content.decode()


@pytest.mark.slow
def test_list_names_what_is_missing(ada: Client, city: City) -> None:
    assert "Danh bạ chưa có ai" in page(ada, HOME)
    head(city.west)
    place(city.west, "Thôn Hai")
    official(city.west)
    text = page(ada, HOME)
    assert "1/2 thôn, tổ dân phố" in text
    assert "thiếu 1 thôn, tổ dân phố" in text
    assert "914 123" not in text
    assert "Phường Dương Nỗ" not in page(ada, f"{HOME}?only=missing&q=ai%20do")


def test_numbers_are_shown_when_asked_for_and_that_is_written_down(ada: Client, city: City) -> None:
    one = head(city.west)
    client = officer(city)
    text = page(client, f"{HOME}{one.pk}/")
    assert "0914 123 456" not in text
    assert "… 456" in text
    assert not Entry.objects.filter(action="contacts.read").exists()
    shown = client.post(f"{HOME}{one.pk}/", {"do": "read"}).content.decode()
    assert 'href="tel:+84914123456"' in shown
    assert Entry.objects.get(action="contacts.read").content == f'{{"contacts":[{one.pk}]}}'
    assert client.get(f"{HOME}{one.pk}/edit/").status_code == 403
    assert client.post(f"{HOME}export.xlsx").status_code == 403


def test_lists_from_files_are_offered_to_who_may_take_them_in(ada: Client, city: City) -> None:
    assert 'href="/console/contacts/lists/"' in page(ada, f"{HOME}receipts/")
    assert 'href="/console/contacts/lists/"' not in page(officer(city), f"{HOME}receipts/")


def test_officer_of_another_commune_sees_nobody(city: City) -> None:
    one = head(city.west)
    client = Client()
    client.force_login(person("dong", city.east))
    assert client.get(f"{HOME}{one.pk}/").status_code == 404
    assert client.get(f"{HOME}units/90001/").status_code == 404
    assert "Bằng" not in page(client, f"{HOME}?q=bang")
    assert Client().get(HOME).status_code == 302


FORM = {
    "name": "nguyễn thị đào", "kind": "head", "post": "Tổ trưởng tổ dân phố", "place": "new",
    "place_name": "Tổ dân phố 3", "phones": "01234567890", "emails": "", "zalo": "", "language": "vi",
    "ground": "duty", "ground_note": "QĐ 15/QĐ-UBND", "takes_part": "1", "valid_from": "2025-07-01",
}  # fmt: skip


@pytest.mark.slow
def test_somebody_is_added_changed_ended_and_erased(ada: Client, city: City) -> None:
    new = f"{HOME}units/90001/new/"
    wrong = ada.post(new, {**FORM, "phones": "12"})
    assert wrong.status_code == 422
    assert 'value="nguyễn thị đào"' in wrong.content.decode()
    assert not Neighbourhood.objects.exists()
    assert ada.post(new, FORM).status_code == 302
    one = Contact.objects.get()
    assert (one.name, str(one.neighbourhood), one.valid_from.isoformat()) == (
        "Nguyễn Thị Đào", "Tổ dân phố 3", "2025-07-01",
    )  # fmt: skip
    edit = f"{HOME}{one.pk}/edit/"
    assert "0834 567 890" in page(ada, edit)
    changed = {**FORM, "place": str(one.neighbourhood_id), "phones": "0914 000 111", "seen": "0"}
    assert ada.post(edit, changed).status_code == 302
    stale = ada.post(edit, {**changed, "phones": "0914 000 222"})
    assert stale.status_code == 422
    assert "0914 000 222" in stale.content.decode()
    assert ada.post(f"{HOME}{one.pk}/", {"do": "end", "reason": "Chuyển nơi ở"}).status_code == 302
    assert "Chuyển nơi ở" in page(ada, f"{HOME}{one.pk}/")
    assert "Nguyễn Thị Đào" in page(ada, f"{HOME}units/90001/?ended=1")
    ada.post(f"{HOME}{one.pk}/", {"do": "erase", "reason": "Theo yêu cầu"})
    assert "Nguyễn Thị Đào" not in page(ada, f"{HOME}{one.pk}/")


@pytest.mark.slow
def test_places_are_written_and_closed_on_the_page_of_the_commune(ada: Client, city: City) -> None:
    here = f"{HOME}units/90001/"
    ada.post(here, {"do": "found", "name": "Tổ dân phố 10"})
    ada.post(here, {"do": "found", "name": "Tổ dân phố 2"})
    text = page(ada, here)
    assert text.index("Tổ dân phố 2") < text.index("Tổ dân phố 10")
    gone = Neighbourhood.objects.get(name="Tổ dân phố 10")
    ada.post(here, {"do": "close", "place": gone.pk, "basis": "NQ 7/2026"})
    assert "Tổ dân phố 10" not in page(ada, here).split("Đã ghi")[0].split("n-name")[0]


@pytest.mark.slow
def test_page_of_a_merged_commune_says_of_which_former_one_a_place_is(ada: Client, city: City) -> None:
    head(city.west)
    merged(city)
    text = page(ada, f"{HOME}units/90009/")
    assert "thuộc Phường Dương Nỗ trước sắp xếp" in text
    assert ada.get(f"{HOME}units/90001/").status_code == 404
    assert page(ada, f"{HOME}{Contact.objects.get().pk}/edit/")


def test_export_holds_the_columns_of_the_template_and_is_written_down(ada: Client, city: City) -> None:
    head(city.west, phone="0914123456; 0234 3822 123")
    template = rows(ada.get(f"{HOME}template.xlsx").content)
    assert template[0][:5] == ["Xã, phường", "Thôn, tổ dân phố", "Họ và tên", "Chức vụ", "Số điện thoại"]
    found = rows(ada.post(f"{HOME}export.xlsx").content)
    assert found[0] == template[0]
    assert found[1][:5] == [
        "Phường Dương Nỗ", "Thôn Vân Thê", "Trần Văn Bằng", "Trưởng thôn", "0914 123 456; 0234 3822 123",
    ]  # fmt: skip
    assert Entry.objects.get(action="contacts.read").subject == "contacts.export"


def rows(content: bytes) -> list[list[Any]]:
    """The first sheet of a workbook."""
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


def test_rule_is_set_by_the_administrator_of_the_whole(ada: Client, city: City) -> None:
    form = {"counts": "half", "keep_days": "90", "valid_from": "2026-11-21", "reason": "QĐ 20"}
    assert officer(city).post(f"{HOME}rules/", form).status_code == 403
    assert ada.post(f"{HOME}rules/", {**form, "keep_days": "0"}).status_code == 422
    assert ada.post(f"{HOME}rules/", form).status_code == 302
    assert Setting.objects.get().counts == "half"
    assert "một nửa" in page(ada, f"{HOME}rules/")


@pytest.mark.slow
@pytest.mark.parametrize("path", [HOME, f"{HOME}units/90001/", f"{HOME}?q=thon"])
def test_pages_cost_the_same_however_many_there_are(ada: Client, city: City, path: str) -> None:
    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            page(ada, path)
        return len(seen)

    head(city.west)
    page(ada, path)
    few = cost()
    for number in range(6):
        head(city.west, name=f"Lê Văn {'ABCDEF'[number]}", phone=f"091400000{number}", at=f"Thôn {number}")
    assert cost() == few
