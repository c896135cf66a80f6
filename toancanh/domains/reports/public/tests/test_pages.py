"""The public's list, map and pages of reports: filtered by the address, paged by key, alike for everyone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests.office import Office, at, moment
from toancanh.domains.reports.public import listing
from toancanh.domains.reports.public.tests.making import answered, published
from toancanh.domains.reports.public.wishes import Wish
from toancanh.domains.reports.triage import actions
from toancanh.kernel.cases import moving
from toancanh.kernel.runtime import clock

pytestmark = pytest.mark.django_db


def listed(client: Client, query: str = "", root: str = "/reports/") -> str:
    answer = client.get(f"{root}{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_empty_list_says_why_in_both_languages(desk: Office, client: Client) -> None:
    desk.report()
    assert "Chưa có phản ánh nào được công khai" in listed(client)
    assert "No report is published yet" in listed(client, root="/en/reports/")
    assert "No published report is like that" in listed(client, "?q=zzz", "/en/reports/")


@pytest.mark.parametrize(
    ("query", "is_there"),
    [
        ("?category=water.drain", True),
        ("?category=water", True),
        ("?category=road", False),
        ("?category=wat", False),
        ("?unit=w", True),
        ("?unit=e", False),
        ("?unit=nowhere", False),
        ("?state=answered", True),
        ("?state=working", False),
        ("?state=%00", True),
        ("?organisation=qlhtgt", True),
        ("?organisation=syt", False),
        ("?since=2026-11-20&until=2026-11-20", True),
        ("?since=2026-11-21", False),
        ("?until=2026-11-19", False),
        ("?since=gestern", True),
        ("?q=NAP+cong", True),
        ("?q=d%E1%BA%ADp", False),
        ("?q=dap+vo", False),
        ("?q=đường", True),
        ("?q=duong", True),
        ("?q=%22%29+OR+1", False),
        ("?after=x", True),
        ("?after=99999999999999999999-1", True),
    ],
)
def test_the_address_filters_list_and_map_alike(
    desk: Office, client: Client, query: str, is_there: bool
) -> None:
    units = {"unit=w": desk.city.west, "unit=e": desk.city.east}
    for name, unit in units.items():
        query = query.replace(name, f"unit={unit.code}")
    case = answered(desk, published(desk, "Nắp cống giữa đường"))
    assert (f"/reports/{case.code}/" in listed(client, query)) is is_there
    pins = client.get(f"/reports/pins.json{query}").json()["features"]
    assert [one["properties"]["code"] for one in pins] == [case.code] * is_there


@pytest.mark.slow
def test_pages_go_on_by_key_without_losing_a_row(desk: Office, client: Client) -> None:
    made = []
    for n in range(listing.LENGTH * 2 + 3):
        with at("2026-11-20 08:00"), clock.set_to(moment("2026-11-20 08:00") + timedelta(minutes=n // 4)):
            made.append(published(desk, f"Việc {n}").code)
    seen: list[str] = []
    wish = Wish()
    while True:
        page = listing.page(wish)
        seen += [row.code for row in page.rows]
        if not page.next_url:
            break
        after = page.next_url.removeprefix("?after=")
        wish = Wish(after=after)
    assert seen == made[::-1]
    assert listed(client, page.first_url or "?").count('class="tc-pub-row"') == listing.LENGTH


def test_a_report_shows_its_way_and_its_answer(desk: Office, client: Client) -> None:
    case = answered(desk, published(desk, "Nắp cống vỡ"), "Đã thay nắp cống")
    for root in ("/reports/", "/en/reports/"):
        text = listed(client, f"{case.code}/", root)
        for said in ("Nắp cống vỡ", "Đã vỡ ba ngày", "Đã thay nắp cống", desk.roads.name):
            assert said in text
    card = listed(client, f"{case.code}/?part=card")
    assert "Nắp cống vỡ" in card
    assert "<html" not in card
    assert client.get(f"/reports/{case.code.lower()}/").headers["Location"] == f"/reports/{case.code}/"


def test_what_is_not_published_answers_as_what_is_not_there(desk: Office, client: Client) -> None:
    hidden = desk.report()
    told = [client.get(f"/reports/{code}/") for code in (hidden.code, "PA26-999999", "x" * 200)]
    assert [answer.status_code for answer in told] == [404] * 3
    bodies = {answer.content.replace(b"reference", b"") for answer in told}
    assert len({len(body) for body in bodies}) == 1


def test_a_merged_code_leads_on(desk: Office, client: Client) -> None:
    first, second = published(desk), published(desk)
    moving.move(first, "merge", {"into": second.code}, by=desk.desk)
    assert client.get(f"/en/reports/{first.code}/").headers["Location"] == f"/en/reports/{second.code}/"
    actions.publish_text(second, "x", "", by=desk.desk, is_published=False)
    text = listed(client, f"{first.code}/")
    assert "Đã gộp" in text
    assert second.code not in text


@pytest.mark.slow
def test_pages_are_kept_a_minute_by_caches_and_set_no_cookie(desk: Office, client: Client) -> None:
    case = published(desk)
    for path in ("/reports/", "/en/reports/", f"/reports/{case.code}/", "/reports/pins.json"):
        answer = client.get(path)
        assert answer.headers["Cache-Control"] == "public, max-age=60"
        assert not answer.cookies
    looked_up = client.get(f"/reports/?code={case.code}")
    assert looked_up.headers["Cache-Control"] == "private, no-store"


@pytest.mark.slow
def test_one_row_and_many_take_as_many_queries(
    desk: Office, client: Client, django_assert_max_num_queries: Any
) -> None:
    answered(desk, published(desk))
    listed(client)
    with django_assert_max_num_queries(14) as few:
        listed(client)
    for n in range(5):
        answered(desk, published(desk, f"Việc {n}"))
    with django_assert_max_num_queries(len(few)):
        listed(client)
