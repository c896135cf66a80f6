"""A citizen in the rain: no network, a report written all the same, sent once when the network comes back."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing

import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, expect

from tests.browser import Watched, open_page
from tests.running import Program

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("reporting")]
PLACE = {"longitude": 107.565, "latitude": 16.452}
WORDS = "Nắp cống vỡ trước số 12, xe máy dễ sụp"


def phone(browser: Browser, program: Program) -> Watched:
    """A phone that tells its place."""
    more = {"permissions": ["geolocation"], "geolocation": PLACE, "service_workers": "allow"}
    _context, watched = open_page(
        browser, program.url, viewport={"width": 390, "height": 844}, has_touch=True, **more
    )
    return watched


def photo() -> FilePayload:
    """A photo far larger than what is sent."""
    made = io.BytesIO()
    Image.effect_noise((2400, 1800), 60).convert("RGB").save(made, "JPEG", quality=90)
    return {"name": "anh.jpg", "mimeType": "image/jpeg", "buffer": made.getvalue()}


def reports(program: Program) -> list[tuple[str, str, str]]:
    """Code, words and category of every report in the store."""
    with closing(sqlite3.connect(program.folder / "city.db", timeout=10)) as city:
        rows = city.execute("SELECT code, words, category FROM cases_case WHERE kind = 'reports.report'")
        return list(rows)


def test_a_report_written_without_a_network_is_sent_once(browser: Browser, hue: Program) -> None:
    watched = phone(browser, hue)
    page = watched.page
    page.goto(f"{hue.url}/")
    page.locator("a.tc-door[href='/reports/new/']").click()
    expect(page.locator("h1")).to_have_text("Gửi phản ánh")
    page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
    page.wait_for_function("caches.match('/reports/new/').then(found => Boolean(found))", timeout=20_000)
    page.context.set_offline(True)
    page.reload()
    picture = photo()
    page.set_input_files("#r-photo", picture)
    expect(page.locator("[data-report-photos] img")).to_have_count(1)
    page.locator("[data-report-locate]").click()
    expect(page.locator("[data-report-at]")).to_contain_text("Đã đánh dấu vị trí")
    page.fill("#r-words", "Tôi tố cáo ông A")
    expect(page.locator("[data-report-led]")).to_contain_text("không gửi đi")
    page.fill("#r-words", WORDS)
    expect(page.locator("[data-report-led]")).to_be_hidden()
    page.locator("[data-report-proposed] button").first.click()
    expect(page.locator("#r-category")).to_have_value("water.drain")
    page.click(".tc-report-send button")
    expect(page.locator("[data-report-state]")).to_contain_text("Không có mạng")
    assert reports(hue) == []
    page.context.set_offline(False)
    page.wait_for_url(f"{hue.url}/pa/**", timeout=60_000)
    rows = reports(hue)
    assert [(words, category) for _code, words, category in rows] == [(WORDS, "water.drain")]
    code = rows[0][0]
    expect(page.locator(".tc-report-code-big")).to_have_text(code)
    expect(page.locator(".tc-report-qr")).to_be_visible()
    with closing(sqlite3.connect(hue.folder / "city.db", timeout=10)) as city:
        ((size,),) = list(city.execute("SELECT size FROM files_file"))
    assert size < len(picture["buffer"]) / 2, "made smaller before it was sent"
    link = page.url.split("?")[0]
    page.goto(f"{hue.url}/reports/")
    expect(page.locator("[data-report-mine] a")).to_contain_text(code)
    page.locator("summary", has_text="Tra cứu theo mã").click()
    page.fill("#m-field", code.lower())
    page.locator(".tc-report-look button").click()
    expect(page.locator(".tc-report-found")).to_contain_text("Đã nhận")
    page.goto(link)
    expect(page.locator(".tc-report-words").first).to_be_visible()
    assert len(reports(hue)) == 1
    assert [line for line in watched.said if "ERR_INTERNET_DISCONNECTED" not in line] == []
    assert watched.foreign == []
    page.context.close()
