"""A file that a logger put into the watched folder: seen, understood, taken in; the next one by itself."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import open_page, sign_in
from tests.edge.wire import wait
from tests.journeys.conftest import OFFICER
from tests.journeys.test_everyone import faults
from tests.running import Program

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]
TABLE = "Thời điểm đo;Nơi đo;Mực nước (m)\n05/09/2026 07:00;Kim Long;1,21\n05/09/2026 08:00;Kim Long;cao\n"


def test_file_in_the_folder_is_understood_once_and_then_taken_in(browser: Browser, hue: Program) -> None:
    inbox = hue.folder / "inbox"
    assert wait((inbox / "done").exists, 30)
    place = inbox / "trạm đo"
    place.mkdir()
    (place / "sáng.csv").write_text(TABLE)
    context, watched = open_page(browser, hue.url)
    page = watched.page
    sign_in(page, hue.url, *OFFICER)
    page.goto(f"{hue.url}/console/imports/")
    page.get_by_role("link", name="Thư mục nhận tệp").click()
    expect(page.locator("code")).to_have_text(str(inbox))
    waiting = page.get_by_role("row", name="sáng.csv").get_by_role("button")
    expect(waiting).to_be_visible(timeout=30_000)
    assert faults(watched, page.url) == []
    waiting.click()
    page.get_by_role("link", name="Nhập tệp của thư mục này theo cách này").click(timeout=30_000)
    expect(page.get_by_label("Thư mục con")).to_have_value("trạm đo")
    assert faults(watched, page.url) == []
    page.get_by_label("Tên cách đọc này").fill("Máy ghi Kim Long")
    page.get_by_role("button", name="Nhập tệp theo cách này").click()
    expect(page.get_by_role("cell", name="Máy ghi Kim Long")).to_be_visible()
    came = page.get_by_role("link", name="trạm đo/sáng.csv")
    expect(came).to_be_visible(timeout=30_000)
    (place / "chiều.csv").write_text(TABLE.replace("05/09", "06/09"))
    expect(page.get_by_role("link", name="trạm đo/chiều.csv")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("row", name="chiều.csv").get_by_text("Đã nhập")).to_be_visible(timeout=30_000)
    assert faults(watched, page.url) == []
    assert wait(lambda: len(list((inbox / "done" / "trạm đo").glob("*.csv"))) == 4, 20)
    came.click()
    expect(page.locator("[data-tile=new]")).to_contain_text("1")
    page.get_by_text("Hoàn tác", exact=True).click()
    page.get_by_role("button", name="Hoàn tác lần nhập này").click()
    expect(page.get_by_text("đã hoàn tác: 1 số liệu")).to_be_visible(timeout=30_000)
    context.close()
    assert watched.said == []
    assert watched.foreign == []
