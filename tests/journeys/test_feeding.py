"""A feed's whole way: tried and seen, kept; its first reading appears; then it fails and says so."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import follow, open_page, sign_in
from tests.journeys.conftest import OFFICER, SERVICE
from tests.journeys.test_everyone import faults
from tests.running import Program
from tests.web_peer import Heard, Said, peer

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]
KEY = "khoa-cua-trung-tam"


def levels(heard: Heard) -> Said:
    """Five readings of a station, the last of them of now, for who has the key."""
    if heard.headers.get("x-api-key") != KEY:
        return Said(status=401)
    last = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=1)
    values = [{"time": (last - timedelta(minutes=10 * n)).isoformat(), "mm": 812 + n} for n in range(5)]
    return Said(json.dumps({"data": {"stations": [{"code": "Phú Ốc", "values": values}]}}).encode())


def test_feed_is_tried_kept_and_its_reading_appears(browser: Browser, hue: Program) -> None:
    context, watched = open_page(browser, hue.url)
    page = watched.page
    sign_in(page, hue.url, *OFFICER)
    with peer(SERVICE) as service:
        service.says["/levels"] = levels
        follow(page, "Nhập số liệu")
        page.get_by_role("link", name="Nguồn số liệu").click()
        expect(page.get_by_text("Chưa có nguồn số liệu nào")).to_be_visible()
        assert faults(watched, page.url) == []
        page.get_by_role("link", name="Thêm nguồn số liệu").click()
        assert faults(watched, page.url) == []
        page.get_by_label("Tên", exact=True).first.fill("Mực nước Phú Ốc")
        page.get_by_label("Địa chỉ", exact=True).fill(service.url("/levels"))
        page.locator("#f-secret-0").fill("X-Api-Key")
        page.locator("#f-value-0").fill(KEY)
        page.get_by_role("button", name="Lưu và thử ngay").click()
        expect(page.get_by_label("Danh sách trong nội dung")).to_have_value("$.data.stations.values")
        page.get_by_label("Cột thời gian").select_option("time")
        page.get_by_label("Cột trị số").select_option("mm")
        page.locator("#m-thing").select_option("data.stations.code")
        page.get_by_label("Đại lượng chung cho cả bảng").fill("Mực nước")
        page.get_by_text("Thời gian, số và đơn vị").click()
        page.get_by_label("Nhân trị số với").fill("0,001")
        page.get_by_role("button", name="Xem trước kết quả").click()
        expect(page.locator("[data-tile=new]")).to_contain_text("5")
        expect(page.locator("#preview")).to_contain_text("Phú Ốc")
        assert faults(watched, page.url) == []
        page.get_by_role("button", name="Giữ lại và bật nguồn").click()
        expect(page.get_by_text("Hoạt động tốt")).to_be_visible(timeout=20_000)
        expect(page.get_by_role("cell", name="Có số liệu mới")).to_be_visible()
        here = page.url
        assert faults(watched, here) == []
        assert KEY not in page.content()
        page.goto(f"{hue.url}/console/things/hue-phu-oc/")
        expect(page.get_by_text("0,81 m").first).to_be_visible()
        page.goto(here)
        page.get_by_role("button", name="Lấy ngay").click()
        expect(page.get_by_text("thủ công")).to_be_visible(timeout=20_000)
        service.says["/levels"] = Said(status=503)
        page.get_by_role("button", name="Lấy ngay").click()
        expect(page.get_by_text("Bị lỗi")).to_be_visible(timeout=20_000)
        expect(page.get_by_text("Bên cung cấp đang gặp lỗi").first).to_be_visible()
        page.goto(f"{hue.url}/console/feeds/")
        assert faults(watched, page.url) == []
        page.goto(here)
        page.get_by_text("Xóa nguồn", exact=True).click()
        page.get_by_role("button", name="Xóa nguồn này").click()
        expect(page.get_by_text("Chưa có nguồn số liệu nào")).to_be_visible()
    context.close()
    assert watched.said == []
    assert watched.foreign == []
