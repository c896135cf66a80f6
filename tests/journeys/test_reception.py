"""Reception by keyboard: pass on, undo, say no, publish; no key does anything while somebody types."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser import FLAT, open_page, sign_in
from tests.journeys.test_everyone import AXE, axe
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


def colour(drawn: Image.Image, x: float, y: float) -> int:
    """How bright a picture is at a place in shares of it: 0 is black, 765 white."""
    found = drawn.getpixel((int(drawn.width * x), int(drawn.height * y)))
    assert isinstance(found, tuple)
    return sum(int(one) for one in found)


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


def test_desk_covers_a_face_by_keyboard_and_pointer_and_merges_by_one_key(
    browser: Browser, centre: tuple[Program, list[str]]
) -> None:
    program, _codes = centre
    said = {"unit": "46", "lon": 107.55, "lat": 16.43}
    photographed, beside = json.loads(program.module("tests.journeys.photographed", said).splitlines()[-1])
    context, watched = open_page(browser, program.url, viewport={"width": 1366, "height": 768})
    context.add_init_script(FLAT)
    page = watched.page
    sign_in(page, program.url, *OFFICER)
    page.goto(f"{program.url}/console/reports/triage/?case={photographed}")
    waits(page, photographed)
    page.keyboard.press("p")
    expect(page.locator("[data-cover-form][data-ready]")).to_be_visible()
    # By keyboard: a box in the middle, moved up by three hundredths and made wider by two.
    page.keyboard.press("n")
    box = page.locator(".tc-cover-box")
    expect(box).to_be_focused()
    for key in ("ArrowUp", "ArrowUp", "ArrowUp", "Shift+ArrowRight", "Shift+ArrowRight"):
        page.keyboard.press(key)
    x, y, width, height, way = json.loads(page.locator("[data-boxes]").input_value())[0]
    assert [round(one, 2) for one in (x, y, width, height)] == [0.44, 0.41, 0.14, 0.12]
    assert way == "black"
    # By pointer: another one drawn, and taken away by a key.
    photo = page.locator("[data-photo] img").bounding_box()
    assert photo is not None
    page.mouse.move(photo["x"] + 20, photo["y"] + 20)
    page.mouse.down()
    page.mouse.move(photo["x"] + 120, photo["y"] + 90, steps=4)
    page.mouse.up()
    expect(box).to_have_count(2)
    page.keyboard.press("Delete")
    expect(box).to_have_count(1)
    page.evaluate(AXE.read_text())
    assert axe(page) == []
    page.get_by_role("button", name="Che các ô này và cho xem").click()
    waits(page, photographed)
    looked_at = page.locator(".tc-photo-look")
    expect(looked_at).to_contain_text("đã che")
    # What the public is led to is black where the face was, and the photo elsewhere.
    looked_at.click()
    seen = page.locator(".tc-cover-now").get_attribute("src")
    drawn = Image.open(io.BytesIO(context.request.get(f"{program.url}{seen}").body())).convert("RGB")
    assert colour(drawn, 0.5, 0.47) < 120
    assert colour(drawn, 0.1, 0.1) > 450
    page.goto(f"{program.url}/console/reports/triage/?case={beside}")
    waits(page, beside)
    page.keyboard.press("g")
    page.locator("#t-into").select_option(photographed)
    page.locator("#t-other").press("Enter")
    expect(page.get_by_text(f"Đã gộp {beside} vào {photographed}")).to_be_visible()
    assert [one for one in watched.said if "WebGL" not in one] == []
    assert watched.foreign == []
    context.close()
