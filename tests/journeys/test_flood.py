"""A night of flood from the first reading to the last figure, with everybody who has to do with it.

Chromium subscribes to pushes by the page's own script; only the endpoint, which its maker would give out, is
that of a push service of the tests (`tests.browser.take_pushes`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser import FLAT, Watched, open_page, sign_in, take_pushes
from tests.centre import LEADER, OFFICER
from tests.edge.wire import wait
from tests.journeys.town import ANSWERS, HUONG_AN, KIM_LONG, SILENT, SOON, Town, check_each_once, night
from tests.peers.push import Keys
from tests.running import SLOWER
from toancanh.kernel.runtime.clock import VIETNAM

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SLOW = 60_000 * SLOWER
"""Milliseconds in which a page answers, also where other tests use the machine."""
PHONE: dict[str, object] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
DRAWS = f"if (!location.search.includes('template=')) {{ {FLAT} }}"
"""A draft that begins with a template draws its map, no other page does."""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Huế with everybody around it."""
    with night(Path(tmp_path_factory.mktemp("flood"))) as found:
        yield found


def enter(browser: Browser, town: Town, who: tuple[str, str], **options: object) -> Watched:
    """Somebody of the centre, signed in; maps are drawn where this module looks at them."""
    context, watched = open_page(browser, town.program.url, **options)
    context.set_default_timeout(SLOW)
    context.add_init_script(DRAWS)
    sign_in(watched.page, town.program.url, *who)
    return watched


def leave(*pages: Watched) -> None:
    """Close them; nothing went wrong on any, but that maps were not drawn."""
    for one in pages:
        assert one.foreign == []
        assert [line for line in one.said if "map" not in line] == []
        one.page.context.close()


def subscribe(browser: Browser, town: Town, commune: str) -> BrowserContext:
    """A citizen's phone asks to be warned of its commune, in two touches."""
    path = f"/ok/{commune}"
    keys = town.push.keys[path] = Keys.new()
    context, watched = open_page(browser, town.program.url, **PHONE)
    take_pushes(watched.page, town.push.endpoint(path), keys.told)
    watched.page.goto(f"{town.program.url}/warnings/")
    watched.page.select_option("[data-commune]", commune)
    watched.page.locator("[data-on]").tap()
    expect(watched.page.locator("[data-subscribed]")).to_contain_text("Máy này nhận cảnh báo", timeout=SLOW)
    return context


def approve(page: Page, headline: str) -> str:
    """Two touches on what came up by itself on the open page, which says who is told; its number."""
    expect(page.locator("#waiting")).to_contain_text(headline, timeout=SLOW)
    page.locator("#waiting a").first.tap()
    expect(page.locator(".tc-order .tc-telling")).to_contain_text("xã, phường", timeout=SLOW)
    page.locator(".tc-second summary", has_text="Duyệt").tap()
    page.get_by_role("button", name="Đồng ý, phát ngay").tap()
    expect(page.locator("h1")).to_contain_text("CB-", timeout=SLOW)
    number = re.search(r"CB-\d{4}-\d{4}", page.locator("h1").inner_text())
    assert number is not None
    return number[0]


def saved(page: Page) -> None:
    """The draft goes to whoever may order it."""
    page.get_by_role("button", name="Lưu và trình duyệt").click()
    expect(page.locator(".tc-warn-state").first).to_contain_text("Chờ duyệt", timeout=SLOW)


def wait_at(page: Page, town: Town) -> None:
    """The list of what waits, open and live."""
    page.goto(f"{town.program.url}/console/warnings/")
    page.wait_for_selector("html[data-live=live]")


def test_river_rises_and_everyone_concerned_is_told_once_until_the_all_clear(
    browser: Browser, town: Town
) -> None:
    url = town.program.url
    citizens = [subscribe(browser, town, commune) for commune in (KIM_LONG, HUONG_AN)]
    desk, phone = enter(browser, town, OFFICER), enter(browser, town, LEADER, **PHONE)
    officer, leader = desk.page, phone.page
    officer.wait_for_selector("html[data-live=live]")
    town.rise(0.62, 0.95)
    officer.evaluate("window.same = true")
    expect(officer.locator("#ringing")).to_contain_text("Không có cảnh báo", timeout=SLOW)
    town.rise(1.30, 1.85, 2.35)
    ring = officer.locator("#ringing .tc-ring").first
    expect(ring).to_contain_text("2,35 m, trên BĐ2 0,35 m", timeout=SLOW)
    assert officer.evaluate("window.same") is True, "it came without a reload"
    ring.click()
    officer.get_by_role("button", name="Xác nhận đã nhận").first.click()
    expect(officer.locator("#facts")).to_contain_text("Nguyễn truc", timeout=SLOW)

    # He drafts: filled from the alert, a second commune by its box.
    officer.get_by_role("link", name="Soạn bản tin cảnh báo").click()
    headline = "Nước sông tại Trạm thủy văn Kim Long: 2,35 m, trên BĐ2 0,35 m"
    expect(officer.locator("#id_headline_vi")).to_have_value(headline, timeout=SLOW)
    expect(officer.locator('input[name="units"]:checked')).to_have_count(1, timeout=SLOW)
    officer.fill("#units-find", "duong no")
    officer.locator(".tc-units-list label:visible").first.click()
    officer.locator('.tc-level-choice[data-risk="2"]').click()
    wait_at(leader, town)
    saved(officer)
    public = f"{url}/warnings/{approve(leader, headline)}/"

    # All who are concerned have it, and nobody else.
    check_each_once(town, 1)
    town.devices_tell()
    assert all("2,35 m" in json.dumps(said, ensure_ascii=False) for said in town.zalo.told)
    assert town.sirens[0].sounded[0]["title"].startswith("Bản tin cảnh báo")

    # The officer's open page knows who has received it: nobody of the two communes has confirmed.
    counts = officer.locator("#receipts .tc-received")
    expect(officer.locator(".tc-warn-state").first).to_contain_text("Hiệu lực", timeout=SLOW)
    expect(counts).to_contain_text("Đã nhận 0/2 xã, phường", timeout=SLOW)
    expect(counts).to_contain_text("0 trên 3 người", timeout=SLOW)
    (answered,) = [said for said in town.sms.texts.values() if said["to"] == ANSWERS]
    link = re.search(r"http\S+/r/\S+", answered["text"])
    assert link is not None, answered["text"]
    ward = citizens[0].new_page()
    ward.goto(link[0])
    ward.get_by_role("button", name="Tôi đã nhận").tap()
    expect(counts).to_contain_text("Đã nhận 1/2 xã, phường", timeout=SLOW)
    expect(counts).to_contain_text("đã đến máy của 2", timeout=SLOW)
    # Whose phone is off is called: the page shows the number, and takes down that he knows now.
    officer.locator("#receipts .tc-missing a", has_text="Dương Nỗ").click()
    officer.locator("#people li", has_text="Phạm Văn Năm").get_by_role("button", name="Gọi").click()
    expect(officer.locator(f'.tc-call a[href="tel:+{SILENT}"]')).to_be_visible(timeout=SLOW)
    officer.get_by_role("button", name="Đã gọi, đã nhận").click()
    officer.goto(f"{url}/console/warnings/")
    officer.locator("#warnings tbody a", has_text="2,35 m").click()
    expect(counts).to_contain_text("Đã nhận 2/2 xã, phường", timeout=SLOW)

    # It is over: ordered as the warning was, told to the same, and said on the public page.
    wait_at(leader, town)
    officer.get_by_role("button", name="Phát tin kết thúc").click()
    over = "Kết thúc cảnh báo nước sông dâng cao"
    expect(officer.locator("#id_headline_vi")).to_have_value(over, timeout=SLOW)
    saved(officer)
    approve(leader, over)
    check_each_once(town, 2)
    assert over in town.sirens[0].sounded[1]["title"]
    seen = citizens[1].pages[0]
    # Its file is written within a second or so of the order.
    assert wait(lambda: seen.goto(public) is not None and seen.get_by_text(over).count() > 0, SOON)
    expect(seen.locator(".alert-info")).to_contain_text(over)
    seen.goto(f"{url}/warnings/")
    expect(seen.locator(".tc-pub-calm")).to_be_visible(timeout=SLOW)
    expect(seen.locator("[aria-labelledby=w-ended]")).to_contain_text(over, timeout=SLOW)
    leave(desk, phone)
    for citizen in citizens:
        citizen.close()


def test_area_is_drawn_on_the_map_and_stays_when_it_is_updated(browser: Browser, town: Town) -> None:
    url = town.program.url
    desk, phone = enter(browser, town, OFFICER), enter(browser, town, LEADER, **PHONE)
    page, leader = desk.page, phone.page
    wait_at(leader, town)
    page.goto(f"{url}/console/warnings/new/?template=")
    page.locator("tc-map").scroll_into_view_if_needed()
    page.wait_for_selector("tc-map[data-ready]", timeout=2 * SLOW)
    box = page.locator("tc-map canvas.maplibregl-canvas").bounding_box()
    assert box is not None
    # South of the middle of the city, where a commune is wide enough for a finger.
    x, y = box["x"] + box["width"] / 2 - 15, box["y"] + box["height"] / 2 + 42

    # A tap chooses the commune there, another one leaves it out.
    page.mouse.click(x, y)
    chosen = page.locator('input[name="units"]:checked')
    expect(chosen).to_have_count(1)
    commune = page.locator("label", has=chosen).inner_text().strip()
    page.mouse.click(x, y)
    expect(chosen).to_have_count(0)

    # Now the taps are corners; one is set without a finger, and taken back.
    said, area = page.locator("[data-draw-said]"), page.locator("input[name=area]")
    page.get_by_role("button", name="Vẽ vùng").click()
    for corner in ((x - 6, y - 6), (x + 6, y - 6)):
        page.mouse.click(*corner)
    page.get_by_role("button", name="Đặt đỉnh ở giữa bản đồ").click()
    expect(said).to_contain_text("3 đỉnh")
    page.get_by_role("button", name="Bỏ đỉnh vừa đặt").click()
    expect(area).to_have_value("")
    page.mouse.click(x, y + 6)
    page.get_by_role("button", name="Vẽ vùng").click()
    expect(said).to_contain_text("Đã vẽ một vùng 3 đỉnh")
    expect(chosen).to_have_count(0)
    drawn = json.loads(area.input_value())["coordinates"][0]
    assert drawn[0] == drawn[-1]
    assert len(drawn) == 4
    page.locator('.tc-level-choice[data-risk="3"]').click()
    page.fill("#id_headline_vi", "Sạt lở bờ sông")
    page.fill("#id_what_vi", "Bờ sông sạt lở dài 50 m.")
    page.fill("#id_instruction_vi", "Không đến gần bờ sông.")
    page.fill("#id_valid_until", f"{datetime.now(VIETNAM) + timedelta(hours=6):%d/%m/%Y %H:%M}")
    saved(page)

    # It is for the commune on which it was drawn, before and after the update.
    first = approve(leader, "Sạt lở bờ sông")
    wait_at(leader, town)
    page.get_by_role("button", name="Cập nhật").click()
    page.fill("#id_headline_vi", "Sạt lở bờ sông lan rộng")
    saved(page)
    second = approve(leader, "Sạt lở bờ sông lan rộng")
    expect(page.locator("[aria-labelledby=thread-title] li")).to_have_count(2, timeout=SLOW)
    for number in (first, second):
        leader.goto(f"{url}/warnings/{number}/")
        expect(leader.locator("[aria-labelledby=m-where]")).to_contain_text(commune)
        expect(leader.locator(".tc-area-concerned path")).to_have_count(1)
        expect(leader.locator(".tc-area-drawn")).to_have_count(1)
    leave(desk, phone)


def test_damage_is_reported_once_by_a_phone_that_loses_its_network(browser: Browser, town: Town) -> None:
    desk = enter(browser, town, OFFICER)
    page = desk.page
    page.goto(f"{town.program.url}/console/damage/new/")
    page.fill("#f-title", "Ngập do lũ sông Hương")
    page.check(f"#u-{KIM_LONG}")
    page.get_by_role("button", name="Gửi yêu cầu").click()
    page.locator("#count th a", has_text="Kim Long").click()
    link = page.locator("#link").inner_text()
    context, phone = open_page(browser, town.program.url, **PHONE)
    form, state = phone.page, "[data-once-state]"
    form.goto(link)
    context.set_offline(True)
    form.fill("#f-name", "Trần Thị Hoa, Phó Chủ tịch")
    form.fill("#f-flooded", "37")
    form.get_by_role("button", name="Gửi số liệu").tap()
    expect(form.locator(state)).to_contain_text("Không có mạng")
    form.close()
    context.set_offline(False)

    # Opened again it is sent by itself; the centre keeps it, but its answer is lost on the way.
    lost: list[Route] = []

    def lose(route: Route) -> None:
        if route.request.method != "POST" or lost:
            return route.continue_()
        lost.append(route)
        route.fetch()
        return route.abort()

    form = context.new_page()
    form.route(link, lose)
    form.goto(link)
    expect(form.locator(state)).to_contain_text("Không có mạng")
    expect(form.locator("#f-flooded")).to_have_value("37")
    assert len(lost) == 1
    with form.expect_request(lambda request: request.method == "POST"):
        context.set_offline(True)
        context.set_offline(False)
    expect(form.locator(".tc-note")).to_contain_text(
        "Trung tâm đã có báo cáo số 1 do Trần Thị Hoa", timeout=SLOW
    )
    form.reload()
    left = form.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('tc-once:'))")
    assert left == [], "nothing is left to be sent"
    context.close()
    page.reload()
    expect(page.locator("#history li")).to_have_count(1)
    expect(page.locator("#history")).to_contain_text("Số hộ bị ngập: 37")
    leave(desk)
