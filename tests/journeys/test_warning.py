"""From a crossed line to the all-clear: drafted by the officer, approved on a phone by another person."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import open_page, sign_in
from tests.running import Program, city

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]
OFFICER = ("truc", "mat-khau-cua-ca-truc-2026")
LEADER = ("lanhdao", "mat-khau-cua-lanh-dao-2026")
SLOW = 60_000
"""Milliseconds in which a page answers, also where other tests use the machine."""
FLAT = "HTMLCanvasElement.prototype.getContext = () => null"
"""Maps are drawn and looked at by other tests; without them this one takes seconds instead of minutes."""
PHONE: dict[str, object] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


@pytest.fixture(scope="module")
def warned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Huế with an officer, a leader and a gauge that speaks."""
    folder: Path = tmp_path_factory.mktemp("warned")
    with city(folder, "hue") as program:
        for (name, password), role in ((OFFICER, "--officer"), (LEADER, "--leader")):
            program.do("person", "create", name, "--name", f"Nguyễn {name}", role, "--password", password)
        yield program


def measure(program: Program, token: str, value: float) -> None:
    """The gauge of Kim Long says how high the water stands."""
    row = {"thing": "hue-kim-long", "series": "level", "value": value, "time": datetime.now(UTC).isoformat()}
    head = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    url = f"{program.url}/api/v1/observations"
    urllib.request.urlopen(urllib.request.Request(url, json.dumps([row]).encode(), head), timeout=20)


def approve(page: Page, url: str) -> None:
    """Two touches; before them the map and who is told are seen."""
    page.goto(f"{url}/console/warnings/")
    page.locator("#waiting a").first.tap()
    expect(page.locator(".tc-order .tc-telling")).to_contain_text("xã, phường", timeout=SLOW)
    page.locator(".tc-second summary", has_text="Duyệt").tap()
    page.get_by_role("button", name="Đồng ý, phát ngay").tap()
    expect(page.locator(".tc-warn-state").first).to_be_visible(timeout=SLOW)


def test_alert_becomes_a_warning_and_ends_with_the_all_clear(browser: Browser, warned: Program) -> None:
    token, url = warned.token("kim-long", "--thing", "hue-kim-long"), warned.url
    desk, watched = open_page(browser, url)
    phone, watched_phone = open_page(browser, url, **PHONE)
    for context in (desk, phone):
        context.set_default_timeout(SLOW)
        context.add_init_script(FLAT)
    officer, leader = watched.page, watched_phone.page
    sign_in(officer, url, *OFFICER)
    sign_in(leader, url, *LEADER)
    measure(warned, token, 2.35)
    ring = officer.locator("#ringing .tc-ring").first
    expect(ring).to_contain_text("2,35 m, trên BĐ2 0,35 m", timeout=SLOW)
    ring.click()

    # The officer drafts: filled from the alert, a second commune by the map's own box.
    officer.get_by_role("link", name="Soạn bản tin cảnh báo").click()
    expect(officer.locator("#id_headline_vi")).to_have_value(
        "Nước sông tại Trạm thủy văn Kim Long: 2,35 m, trên BĐ2 0,35 m", timeout=SLOW
    )
    expect(officer.locator('input[name="units"]:checked')).to_have_count(1, timeout=SLOW)
    officer.fill("#units-find", "duong no")
    officer.locator(".tc-units-list label:visible").first.click()
    officer.locator('.tc-level-choice[data-risk="2"]').click()
    leader.goto(f"{url}/console/warnings/")
    officer.get_by_role("button", name="Lưu và trình duyệt").click()
    expect(officer.locator(".tc-warn-state").first).to_contain_text("Chờ duyệt", timeout=SLOW)

    # The leader's open page shows it without a reload.
    expect(leader.locator("#waiting")).to_contain_text("1 bản tin chờ bạn duyệt", timeout=SLOW)
    approve(leader, url)
    expect(leader.locator("h1")).to_contain_text("CB-", timeout=SLOW)
    number = leader.locator("h1").inner_text().split("CB-")[1][:9]
    expect(officer.locator(".tc-warn-state").first).to_contain_text("Hiệu lực", timeout=SLOW)
    stranger, seen = open_page(browser, url, **PHONE)
    public = f"{url}/warnings/CB-{number}/"
    seen.page.goto(public)
    expect(seen.page.locator("body")).to_contain_text("2,35 m, trên BĐ2 0,35 m", timeout=SLOW)

    # It rises: an update, with what stands; then the all-clear.
    officer.reload()
    officer.get_by_role("button", name="Cập nhật").click()
    officer.fill("#id_headline_vi", "Nước sông tại Kim Long lên 3,10 m")
    officer.get_by_role("button", name="Lưu và trình duyệt").click()
    expect(officer.locator(".tc-warn-state").first).to_contain_text("Chờ duyệt", timeout=SLOW)
    approve(leader, url)
    officer.reload()
    officer.get_by_role("button", name="Phát tin kết thúc").click()
    expect(officer.locator("#id_headline_vi")).to_have_value(
        "Kết thúc cảnh báo nước sông dâng cao", timeout=SLOW
    )
    officer.get_by_role("button", name="Lưu và trình duyệt").click()
    approve(leader, url)
    officer.reload()
    expect(officer.locator(".tc-warn-state").first).to_contain_text("Đã kết thúc", timeout=SLOW)
    expect(officer.locator("[aria-labelledby=thread-title] li")).to_have_count(3, timeout=SLOW)
    assert (watched.foreign, watched_phone.foreign) == ([], [])
    # That a map cannot be drawn is said once a page.
    assert [line for line in (*watched.said, *watched_phone.said) if "map" not in line] == []
    for context in (desk, phone, stranger):
        context.close()
