"""Reception by keyboard: pass on, undo, say no, publish; no key does anything while somebody types."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import FLAT, open_page, sign_in
from tests.running import Program, city

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]
OFFICER = ("tiepnhan", "mat-khau-cua-tiep-nhan-2026")
REPORTS = (
    ("Nắp cống vỡ", "Nắp cống vỡ trước nhà ông Ba, gọi 0905 123 456"),
    ("Nắp cống kêu", "Xe chạy qua kêu to"),
    ("Quán ồn", "Hát đến khuya"),
)


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, list[str]]]:
    """Huế and its working time, with a rule and three reports that wait."""
    folder: Path = tmp_path_factory.mktemp("reception")
    with city(folder, "vietnam", "hue") as program:
        program.do(
            "person", "create", OFFICER[0], "--name", "Lê Thị Nhận", "--officer", "--password", OFFICER[1]
        )
        said = {"unit": "46", "lon": 107.58, "lat": 16.46, "reports": REPORTS}
        yield program, json.loads(program.module("tests.journeys.reception", said).splitlines()[-1])


def waits(page: Page, code: str) -> None:
    """The report of that code stands on the screen, and keys are heard."""
    expect(page.locator("[data-triage][data-ready]")).to_be_visible()
    expect(page.locator(".tc-triage-facts a")).to_have_text(code)


def test_desk_works_through_reports_by_keyboard(browser: Browser, centre: tuple[Program, list[str]]) -> None:
    program, codes = centre
    context, watched = open_page(browser, program.url, viewport={"width": 1366, "height": 768})
    context.add_init_script(FLAT)
    page = watched.page
    sign_in(page, program.url, *OFFICER)
    page.goto(f"{program.url}/console/reports/triage/")
    waits(page, codes[0])
    expect(page.locator("#t-organisation")).to_have_value("qlhtgt")
    # All that is decided by is on the screen of an office PC without scrolling.
    expect(page.get_by_role("button", name="Tiếp nhận và chuyển")).to_be_in_viewport()
    # Passing on waits, and is undone before anything is sent.
    page.keyboard.press("a")
    told = page.locator("[data-hold-text]")
    expect(told).to_be_visible()
    page.keyboard.press("z")
    expect(told).to_be_hidden()
    page.wait_for_timeout(5000)
    waits(page, codes[0])
    # The public text: the number is covered, the name by hand.
    page.keyboard.press("c")
    words = page.locator("#t-public-words")
    expect(words).to_have_value("Nắp cống vỡ trước nhà ông Ba, gọi ●●●")
    words.evaluate(
        "field => { const at = field.value.indexOf('ông Ba'); field.setSelectionRange(at, at + 6) }"
    )
    page.locator("[data-cover]").click()
    expect(words).to_have_value("Nắp cống vỡ trước nhà ●●●, gọi ●●●")
    # Typed as Telex does: none of these letters is a command, whether composed or not.
    words.press_sequentially("aaskkhhz")
    waits(page, codes[0])
    expect(told).to_be_hidden()
    page.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown',"
        " {key: 'a', isComposing: true, bubbles: true, cancelable: true}))"
    )
    expect(told).to_be_hidden()
    words.fill("Nắp cống vỡ, gọi ●●●")
    words.press("Control+Enter")
    expect(page.locator("[data-panel=c] summary")).to_contain_text("đang công khai")
    # Passed on at once.
    waits(page, codes[0])
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    waits(page, codes[1])
    # Skipped, and back.
    page.keyboard.press("s")
    waits(page, codes[2])
    page.keyboard.press("z")
    waits(page, codes[1])
    page.keyboard.press("e")
    expect(page.locator(".tc-triage-facts .tc-tag").first).to_be_visible()
    waits(page, codes[1])
    page.keyboard.press("a")
    # Left alone it is sent by itself.
    waits(page, codes[2])
    page.keyboard.press("k")
    page.locator("#t-refusal").select_option(label="Việc giữa cá nhân với nhau")
    expect(page.locator("#t-reason")).not_to_be_empty()
    page.locator("#t-reason").press("Control+Enter")
    expect(page.get_by_text("Không có phản ánh chờ")).to_be_visible()
    # The map says that it has nothing to draw with: that was taken from it here.
    assert [one for one in watched.said if "WebGL" not in one] == []
    assert watched.foreign == []
    context.close()
