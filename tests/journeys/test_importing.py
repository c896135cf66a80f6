"""A table's whole way: chosen, seen, taken in, its faults mended and sent again, taken back."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from python_calamine import CalamineWorkbook

from tests.browser import follow, open_page, sign_in
from tests.journeys.conftest import OFFICER
from tests.journeys.test_everyone import faults
from tests.running import Program

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]
GAUGE = "hue-kim-long"
HEAD = "Ngày;Giờ;Trạm;Mực nước (m)\n"
ROWS = [
    f"{day:02}/09/2026;{hour};Kim Long;{day / 2 + hour / 100:.2f}" for day in (1, 2) for hour in range(24)
]
TABLE = HEAD + "\n".join(ROWS).replace(".", ",") + "\n03/09/2026;7;Kim Long;cao\n03/09/2026;8;Nơi Nào;1,5\n"


def test_table_is_seen_taken_in_mended_and_taken_back(browser: Browser, hue: Program, tmp_path: Path) -> None:
    context, watched = open_page(browser, hue.url)
    page = watched.page
    sign_in(page, hue.url, *OFFICER)
    follow(page, "Nhập số liệu")
    expect(page.get_by_role("heading", name="Nhập số liệu từ tệp")).to_be_visible()
    file = tmp_path / "kim long.csv"
    file.write_bytes(TABLE.encode("utf-16"))
    page.get_by_label("Bảng số liệu").set_input_files(file)
    page.get_by_role("button", name="Tải lên và xem trước").click()
    expect(page.locator("#preview")).to_contain_text("Trạm thủy văn Kim Long")
    expect(page.locator("[data-tile=new]")).to_contain_text("48")
    expect(page.locator("[data-tile=refused]")).to_contain_text("2")
    draft = page.url
    assert faults(watched, draft) == []
    page.get_by_role("button", name="Nhập 48 số liệu").click()
    expect(page.get_by_role("heading", name="Các dòng bị từ chối")).to_be_visible(timeout=20_000)
    expect(page.locator("[data-tile=new]")).to_contain_text("48")
    assert faults(watched, page.url) == []
    with page.expect_download() as coming:
        page.get_by_role("link", name="Tệp Excel").click()
    book = CalamineWorkbook.from_filelike(io.BytesIO(Path(coming.value.path()).read_bytes()))
    rows = book.get_sheet_by_index(0).to_python()
    assert [row[2:4] for row in rows[1:]] == [["Kim Long", "cao"], ["Nơi Nào", "1,5"]]
    assert faults(watched, f"{hue.url}/console/imports/") == []
    mended = [[*row[:3], "1,25", row[4]] if row[3] == "cao" else row for row in rows]
    again = tmp_path / "đã sửa.csv"
    again.write_text("\n".join(";".join(str(cell) for cell in row) for row in mended), encoding="utf-8")
    page.get_by_label("Bảng số liệu").set_input_files(again)
    page.get_by_role("button", name="Tải lên và xem trước").click()
    page.get_by_role("button", name="Nhập 1 số liệu").click()
    expect(page.locator(".tc-state").first).to_contain_text("Đã nhập", timeout=20_000)
    table = f"{hue.url}/things/{GAUGE}/level.csv?from=2026-08-31T17:00:00Z&to=2026-09-04T00:00:00Z"
    assert len(page.request.get(table).text().splitlines()) == 1 + 49
    for address, count in ((page.url, 1), (draft, 48)):
        page.goto(address)
        page.get_by_text("Hoàn tác", exact=True).click()
        page.get_by_role("button", name="Hoàn tác lần nhập này").click()
        told = re.compile(f"đã hoàn tác: {count} số liệu")
        expect(page.get_by_text(told)).to_be_visible(timeout=20_000)
    assert len(page.request.get(table).text().splitlines()) == 1
    context.close()
    assert watched.said == []
    assert watched.foreign == []
