"""The pages of counts: for officers by their units, and for whoever holds a commune's link."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client

from tests.city import City, person
from toancanh.domains.damage import actions
from toancanh.domains.damage.models import Count, Report
from toancanh.domains.damage.tests.test_counts import HOUR, TITLE, of, secret
from toancanh.kernel.people import actions as people
from toancanh.kernel.warnings.tests.making import full, leader, officer, told

HOME = "/console/damage/"


@pytest.fixture(autouse=True)
def own_keys(settings: Any, tmp_path: Any) -> None:
    """Keys lie in a folder of the test."""
    settings.DATA = tmp_path


@pytest.fixture
def count(city: City) -> Count:
    return actions.ask(TITLE, ["90001", "90002"], HOUR, by=officer(city))


@pytest.fixture
def eve(city: City, client: Client) -> Client:
    """An officer of the province, signed in."""
    client.force_login(person("eve", city.province, people.STAFF))
    return client


def text(client: Client, path: str, language: str = "vi") -> str:
    answer = client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200
    return answer.content.decode()


def test_empty_list_says_what_to_do(eve: Client) -> None:
    assert "Chưa hỏi đợt nào" in text(eve, HOME)
    assert "Nothing was asked yet" in text(eve, HOME, "en")


@pytest.mark.slow
def test_an_officer_asks_after_a_warning(city: City, eve: Client) -> None:
    warning = told(officer(city), leader(city), full("90001"))
    page = text(eve, f"{HOME}new/?warning={warning.pk}")
    assert warning.number is not None
    assert warning.number in page
    assert 'value="90001" checked' in page
    assert 'value="90002" checked' not in page
    said = {"title": TITLE, "due": "60", "units": ["90001", "90002"], "warning": warning.pk}
    answer = eve.post(f"{HOME}new/", said, follow=True)
    made = Count.objects.get()
    assert (made.warning, made.asks.count()) == (warning, 2)
    assert "0/2 xã, phường đã báo cáo" in answer.content.decode()


def test_what_was_typed_stays_where_something_is_missing(eve: Client) -> None:
    answer = eve.post(f"{HOME}new/", {"title": TITLE, "due": "180"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert TITLE in page
    assert 'value="180" selected' in page
    assert "Hãy chọn" in page


@pytest.mark.slow
def test_the_count_shows_who_has_not_reported_and_totals(eve: Client, count: Count) -> None:
    eve.post(f"{HOME}{count.pk}/90001/", {"flooded": "1.250", "dead": "0", "key": str(uuid.uuid4())})
    page = text(eve, f"{HOME}{count.pk}/")
    for said in (
        "1/2 xã, phường đã báo cáo",
        "1.250",
        "chưa báo",
        "areas.json",
        "/console/contacts/units/90002/",
    ):
        assert said in page, said
    (feature,) = eve.get(f"{HOME}{count.pk}/areas.json").json()["features"]
    assert feature["properties"]["code"] == "90001"
    assert eve.get(f"{HOME}{count.pk}/damage.xlsx").content.startswith(b"PK")


def test_doubts_are_shown_and_confirmed(eve: Client, count: Count) -> None:
    path, once = f"{HOME}{count.pk}/90001/", str(uuid.uuid4())
    answer = eve.post(path, {"dead": "300", "key": once})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Số liệu này có đúng không?" in page
    assert once in page
    assert eve.post(path, {"dead": "300", "key": once, "sure": "1"}).status_code == 302
    assert Report.objects.get().dead == 300


def test_a_link_answers_without_account_cookie_or_script(city: City, count: Count) -> None:
    phone = Client(enforce_csrf_checks=True)
    path = f"/d/{secret(of(count, '90001'))}/"
    page = text(phone, path)
    assert "Phường Dương Nỗ" in page
    assert TITLE in page
    assert 'name="name"' in page
    said = {"name": "Nguyễn Văn An, trưởng thôn", "flooded": "12", "key": str(uuid.uuid4())}
    for _n in range(2):
        answer = phone.post(path, said)
        assert "báo cáo số 1" in answer.content.decode()
    report = Report.objects.get()
    assert (report.name, report.by_link, report.person) == ("Nguyễn Văn An, trưởng thôn", True, None)
    assert answer["Cache-Control"] == "private, no-store"
    assert (answer["Referrer-Policy"], answer["X-Robots-Tag"]) == ("no-referrer", "noindex")
    assert "toancanh_session" not in phone.cookies
    assert "12" in text(phone, path)


def test_a_phone_is_told_in_json_what_became_of_its_sending(count: Count, client: Client) -> None:
    path, json = f"/d/{secret(of(count, '90001'))}/", {"Accept": "application/json"}
    said = {"name": "An", "flooded": "12", "key": str(uuid.uuid4())}
    assert client.post(path, said, headers=json).json()["kept"] == 1
    assert client.post(path, said, headers=json).json()["kept"] == 1
    answer = client.post(path, {**said, "key": str(uuid.uuid4()), "flooded": "x"}, headers=json)
    assert (answer.status_code, "số nguyên" in answer.json()["fault"]) == (422, True)
    answer = client.post(path, {**said, "key": str(uuid.uuid4()), "dead": "90"}, headers=json)
    assert (answer.status_code, len(answer.json()["questions"])) == (422, 1)
    assert client.post(path, {**said, "name": ""}, headers=json).status_code == 422
    assert Report.objects.count() == 1


def test_a_link_opens_its_commune_alone_and_stray_ones_nothing(
    city: City, count: Count, client: Client
) -> None:
    path = f"/d/{secret(of(count, '90001'))}/"
    page = text(client, path)
    assert "Xã Kim Bình" not in page
    for stray in ("/d/x/", f"{path[:-2]}/", "/d/aaaaaaaaaaaaaaaaaaaaaa/"):
        assert client.get(stray).status_code == 404
        assert client.post(stray, {"flooded": "1", "key": "k" * 20, "name": "An"}).status_code == 404
    assert Report.objects.count() == 0


def test_a_closed_count_says_so_by_its_link(city: City, count: Count, client: Client) -> None:
    actions.close(count, by=officer(city, "khac"))
    path = f"/d/{secret(of(count, '90001'))}/"
    assert "đã khép lại" in text(client, path)
    answer = client.post(path, {"name": "An", "flooded": "1", "key": str(uuid.uuid4())})
    assert answer.status_code == 422


@pytest.mark.slow
def test_links_are_tried_slowly(client: Client, city: City) -> None:
    answers = [client.get("/d/x/").status_code for _n in range(90)]
    assert answers[0] == 404
    assert 429 in answers


def test_words_of_strangers_stay_words(eve: Client, count: Count) -> None:
    path = f"/d/{secret(of(count, '90001'))}/"
    eve.post(path, {"name": "<b>An</b>", "note": "<script>1</script>", "key": str(uuid.uuid4())})
    for page in (text(eve, f"{HOME}{count.pk}/"), text(eve, f"{HOME}{count.pk}/90001/")):
        assert "&lt;b&gt;An" in page
        assert "<script>1" not in page


@pytest.mark.slow
def test_the_link_stands_on_the_page_of_who_answers_for_the_commune(
    city: City, count: Count, client: Client
) -> None:
    west = of(count, "90001")
    path = f"{HOME}{count.pk}/90001/"
    client.force_login(person("xem", city.province, ("console.see",)))
    assert secret(west) not in text(client, path)
    client.force_login(person("eve", city.west, people.STAFF))
    assert secret(west) in text(client, path)
    assert client.get(f"{HOME}{count.pk}/90002/").status_code == 404
    client.post(f"{HOME}{count.pk}/", {"do": "renew", "unit": "90001"})
    west.refresh_from_db()
    assert secret(west) in text(client, path)


def test_strangers_see_nothing(count: Count, client: Client) -> None:
    for rest in ("", "new/", f"{count.pk}/", f"{count.pk}/areas.json", f"{count.pk}/damage.xlsx",
                 f"{count.pk}/damage.pdf", f"{count.pk}/90001/"):  # fmt: skip
        assert client.get(HOME + rest).status_code == 302


@pytest.mark.slow
def test_the_pdf_comes_as_a_file(eve: Client, count: Count) -> None:
    answer = eve.get(f"{HOME}{count.pk}/damage.pdf")
    assert answer.content.startswith(b"%PDF")
    assert answer["Content-Disposition"] == f'attachment; filename="thiet-hai-{count.pk}.pdf"'
