"""A reading's whole way: sent by a gauge, kept, moved on the map and in the chart without reload."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.browser import Watched, open_page, sign_in
from tests.journeys.conftest import OFFICER
from tests.running import Program

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]
GAUGE, OTHER, RAIN = "hue-kim-long", "hue-phu-oc", "hue-rain-19753"
LIVE = "html[data-live=live]"
"""The page hears the stream: what is sent from now on reaches it."""


def send(city: Program, token: str, *readings: tuple[str, str, datetime, float]) -> dict[str, object]:
    """Post readings through the public door."""
    rows = [{"thing": t, "series": s, "time": at.isoformat(), "value": v} for t, s, at, v in readings]
    return city.observe(token, *rows)


@pytest.fixture(scope="module")
def token(hue: Program) -> str:
    """A gateway's token, and an hour of Kim Long at 0,90 m before the story begins."""
    made = hue.token("tram-ha-luu")
    now = datetime.now(UTC).replace(microsecond=0)
    past = [(GAUGE, "level", now - timedelta(minutes=m), 0.90) for m in range(60, 1, -1)]
    assert send(hue, made, *past) == {"accepted": 59, "rejected": []}
    return made


@pytest.fixture
def officer(browser: Browser, hue: Program) -> Iterator[Watched]:
    """The duty officer, signed in at the desktop."""
    context, watched = open_page(browser, hue.url)
    sign_in(watched.page, hue.url, *OFFICER)
    yield watched
    context.close()
    assert watched.said == []
    assert watched.foreign == []


def test_reading_moves_map_and_side_list_without_reload(officer: Watched, hue: Program, token: str) -> None:
    page = officer.page
    page.wait_for_selector("tc-map[data-ready]")
    page.wait_for_selector(LIVE)
    row = page.locator(f"[data-reading='{GAUGE}/level']").first
    expect(row.locator("[data-part=value]")).to_have_text("0,90")
    page.evaluate("window.same = true")
    send(hue, token, (GAUGE, "level", datetime.now(UTC), 2.56))
    expect(row.locator("[data-part=value]")).to_have_text("2,56")
    expect(row.locator("[data-part=level]")).to_have_text("BĐ2")
    shown = f"() => document.querySelector('tc-map').readings.get('{GAUGE}') === 2.56"
    page.wait_for_function(shown)
    highest = page.locator("[data-tile='flood.highest']")
    expect(highest).to_contain_text("2,56 m", timeout=15_000)
    expect(highest).to_contain_text("Trạm thủy văn Kim Long: trên BĐ2 0,56 m")
    assert page.evaluate("window.same") is True


def test_reading_between_page_and_stream_is_shown(officer: Watched, hue: Program, token: str) -> None:
    page = officer.page
    held: list[Route] = []
    page.add_init_script("delete window.SharedWorker")
    page.route("**/live", lambda route: held.append(route))
    page.goto(f"{hue.url}/console/things/{GAUGE}/")
    page.wait_for_timeout(200)
    send(hue, token, (GAUGE, "level", datetime.now(UTC), 1.23))
    assert held, "the page opened no stream"
    page.wait_for_timeout(1_000)  # until its frame was told to whoever listened
    expect(page.locator("[data-sentence]")).not_to_contain_text("1,23")
    held[0].continue_()
    expect(page.locator("[data-sentence]")).to_contain_text("1,23", timeout=4_000)
    page.unroute("**/live")


def test_side_list_follows_who_speaks_without_losing_focus(
    officer: Watched, hue: Program, token: str
) -> None:
    page = officer.page
    # Kim Long speaks now, however long ago its last story was; screens ask the store every few seconds.
    send(hue, token, (GAUGE, "level", datetime.now(UTC), 0.90))
    page.wait_for_timeout(4_500)
    page.goto(f"{hue.url}/console/")
    page.wait_for_selector(LIVE)
    judged, silent = page.locator("[data-key=judged]"), page.locator("[data-key=silent]")
    expect(silent.locator("a", has_text="Phú Ốc")).to_be_visible()
    judged.locator("a", has_text="Kim Long").focus()
    page.evaluate("window.same = true")
    send(hue, token, (OTHER, "level", datetime.now(UTC), 4.80))
    expect(judged.locator("a").first).to_contain_text("Phú Ốc", timeout=15_000)
    expect(silent.locator("a", has_text="Phú Ốc")).to_have_count(0)
    assert page.evaluate("document.activeElement.textContent.includes('Kim Long')") is True
    assert page.evaluate("window.same") is True


def test_reading_extends_chart_sentence_and_table(officer: Watched, hue: Program, token: str) -> None:
    page = officer.page
    page.goto(f"{hue.url}/console/things/{GAUGE}/")
    page.wait_for_selector("tc-chart[data-ready]")
    page.wait_for_selector(LIVE)
    before = int(page.get_attribute("tc-chart", "data-points") or 0)
    page.evaluate("window.same = true")
    page.locator("summary", has_text="Số liệu mới nhất").click()
    send(hue, token, (GAUGE, "level", datetime.now(UTC), 5.16))
    grown = "n => Number(document.querySelector('tc-chart').dataset.points) > n"
    page.wait_for_function(grown, arg=before)
    expect(page.locator("[data-sentence]")).to_have_text("5,16 m, trên BĐ3 1,66 m")
    rows = page.locator("[data-rows] tbody tr")
    expect(rows.first.locator("td").nth(1)).to_have_text("5,16")
    expect(rows).to_have_count(60)
    send(hue, token, (GAUGE, "level", datetime.now(UTC), 40.0))
    expect(page.locator("[data-sentence]")).to_have_text("")
    expect(rows.first.locator("[data-remark]")).to_have_text("ngoài khoảng hợp lý")
    told = rows.first.inner_text()
    assert page.evaluate("window.same") is True
    page.reload()
    page.locator("summary", has_text="Số liệu mới nhất").click()
    assert rows.first.inner_text() == told


def test_rain_totals_grow_without_reload(officer: Watched, hue: Program, token: str) -> None:
    page = officer.page
    page.goto(f"{hue.url}/console/things/{RAIN}/")
    first = page.locator(".tc-totals div", has_text="1 giờ").locator("dd")
    expect(first).to_contain_text("—")
    page.evaluate("window.same = true")
    send(hue, token, (RAIN, "rain", datetime.now(UTC), 7.5))
    expect(first).to_contain_text("7,5 mm", timeout=15_000)
    expect(page.locator("[data-rows] tbody tr")).to_have_count(1)
    assert page.evaluate("window.same") is True


def test_unverified_levels_and_places_are_marked_wherever_they_show(
    officer: Watched, hue: Program, token: str
) -> None:
    send(hue, token, (GAUGE, "level", datetime.now(UTC), 1.25))
    page = officer.page
    for path in ("/", "/console/things/", f"/console/things/{GAUGE}/", f"/things/{GAUGE}/"):
        page.goto(hue.url + path)
        here = page.locator(f"[data-reading='{GAUGE}/level']").first
        expect(here.locator("[data-part=unverified]")).to_be_visible()
        expect(page.get_by_text("vị trí chưa kiểm chứng").first).to_be_visible()
    send(hue, token, (GAUGE, "level", datetime.now(UTC), 2.10))
    expect(here.locator("[data-part=unverified]")).to_be_hidden()
    # The layers are drawn anew every other second.
    page.wait_for_timeout(3_000)
    page.goto(f"{hue.url}/map/?thing={GAUGE}")
    expect(page.locator(".tc-map-card")).to_contain_text("vị trí chưa kiểm chứng")
    pill = page.locator(f".tc-pill[data-code='{GAUGE}']")
    expect(pill).to_have_attribute("title", re.compile("BĐ2, vị trí chưa kiểm chứng"))


def test_search_without_marks_lands_on_ward(officer: Watched, hue: Program) -> None:
    page = officer.page
    page.wait_for_selector("tc-map[data-ready]")
    page.keyboard.press("Control+k")
    page.keyboard.type("duong no")
    hit = page.locator("[data-results] a").first
    expect(hit).to_contain_text("Phường Dương Nỗ")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/?unit=19909")
    page.wait_for_selector("tc-map[data-ready]")


def test_search_of_gauge_opens_its_page(officer: Watched, hue: Program) -> None:
    page = officer.page
    page.keyboard.press("Control+k")
    page.keyboard.type("kim long")
    page.locator("[data-results] a", has_text="Trạm thủy văn Kim Long").click()
    expect(page.locator("h1")).to_have_text("Trạm thủy văn Kim Long")


def test_public_reads_gauge_on_phone(browser: Browser, hue: Program, token: str) -> None:
    send(hue, token, (GAUGE, "level", datetime.now(UTC), 1.25))
    size = {"width": 390, "height": 844}
    context, watched = open_page(browser, hue.url, viewport=size, is_mobile=True, has_touch=True)
    page = watched.page
    page.goto(hue.url)
    page.locator("a.tc-station", has_text="Kim Long").first.click()
    expect(page.locator("[data-sentence]")).to_contain_text("1,25 m, trên BĐ1 0,25 m")
    wide = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert wide is True
    context.close()
    assert watched.said == []
    assert watched.foreign == []
