"""A leader's order: given from a report, reported on, given more time, returned once, accepted on a phone."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.browser import FLAT, Watched, open_page, sign_in
from tests.running import Program, city

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]
LEADER = ("chutich", "Trần Văn Lãnh", "mat-khau-cua-lanh-dao-2026", "Chủ tịch")
HANDLER = ("kysu", "Lê Thị Làm", "mat-khau-cua-ky-su-2026", "Chuyên viên")
TITLE = "Nắp cống vỡ trước chợ"


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, str]]:
    """Huế with its working time, a leader, an organisation, and a report."""
    folder: Path = tmp_path_factory.mktemp("directives")
    with city(folder, "vietnam", "hue") as program:
        said = {
            "unit": "46",
            "lon": 107.58,
            "lat": 16.46,
            "title": TITLE,
            "leader": LEADER,
            "handler": HANDLER,
        }
        yield program, json.loads(program.module("tests.journeys.directives", said).splitlines()[-1])


def signed_in(browser: Browser, program: Program, who: tuple[str, ...], **options: object) -> Watched:
    """A browser of that person."""
    context, watched = open_page(browser, program.url, **options)
    context.add_init_script(FLAT)
    sign_in(watched.page, program.url, who[0], who[2])
    return watched


def photo() -> FilePayload:
    """Proof of work."""
    made = io.BytesIO()
    Image.effect_noise((320, 240), 60).convert("RGB").save(made, "JPEG")
    return {"name": "sau-khi-thay.jpg", "mimeType": "image/jpeg", "buffer": made.getvalue()}


def shown(page: Page, name: str) -> None:
    """Wait until a picture was looked through and drawn anew."""
    for _look in range(60):
        if page.get_by_role("img", name=name).count():
            return
        page.wait_for_timeout(1000)
        page.reload()
    raise AssertionError(f"{name} is not shown")


def choose(page: Page, button: str) -> None:
    """A step of the case's page, also one that stands under *More*."""
    link = page.locator(".tc-next").get_by_role("link", name=button, exact=True)
    if not link.is_visible():
        page.locator(".tc-next-more summary").click()
    link.click()


def send(page: Page, button: str, **fields: str) -> None:
    """Fill in the form of a step and send it."""
    for name, text in fields.items():
        page.locator(f"[name={name}]").fill(text)
    page.locator(".tc-step-form").get_by_role("button", name=button, exact=True).click()
    expect(page.locator("h1")).to_contain_text(TITLE)


def test_order_goes_from_a_report_to_its_acceptance_on_a_phone(
    browser: Browser, centre: tuple[Program, str]
) -> None:
    program, report = centre
    leader, handler = (signed_in(browser, program, who) for who in (LEADER, HANDLER))
    page = leader.page
    page.goto(f"{program.url}/console/work/{report}/")
    page.get_by_role("link", name="Giao việc", exact=True).click()
    expect(page.get_by_text(f"{report} {TITLE}")).to_be_visible()
    expect(page.locator("[name=title]")).to_have_value(TITLE)
    page.locator("[name=words]").fill("Thay nắp cống, rào chắn ngay hôm nay.")
    page.locator("[name=lead]").select_option(label="Sở Xây dựng")
    page.get_by_label("Sở Y tế").check()
    page.locator("[name=days]").fill("3")
    page.locator("[name=evidence]").fill("Ảnh trước và sau")
    page.get_by_role("button", name="Xem trước khi giao").click()
    expect(page.locator(".tc-parts")).to_contain_text("Lê Thị Làm, Chuyên viên")
    page.get_by_role("button", name="Giao việc", exact=True).click()
    expect(page.locator(".alert")).to_contain_text("cho Sở Xây dựng")
    # It stands on the report's page.
    page.goto(f"{program.url}/console/work/{report}/")
    expect(page.locator(".tc-box")).to_contain_text("Sở Xây dựng · Mới giao")

    work = handler.page
    work.goto(f"{program.url}/console/directives/")
    work.get_by_role("link", name=TITLE).click()
    here = work.url
    choose(work, "Nhận việc")
    send(work, "Nhận việc")
    choose(work, "Báo cáo tiến độ")
    send(work, "Báo cáo tiến độ", progress="Đã rào chắn, đang đúc nắp mới.", percent="40")
    expect(work.locator(".tc-case-about")).to_contain_text("Đơn vị báo cáo: xong 40 %")
    choose(work, "Xin gia hạn")
    send(work, "Xin gia hạn", days="2", reason="Chờ nắp gang")

    page.goto(f"{program.url}/console/directives/")
    expect(page.locator(".tc-group").first).to_contain_text("Chờ người giao")
    expect(page.locator("table")).to_contain_text("40 %")
    page.get_by_role("link", name="Trả lời").first.click()
    expect(page.get_by_text("Xin thêm 2 ngày")).to_be_visible()
    page.get_by_role("button", name="Đồng ý", exact=True).click()
    expect(page.locator(".alert")).to_contain_text("Đã gia hạn")

    work.goto(here)
    choose(work, "Báo cáo kết quả")
    send(work, "Báo cáo kết quả", answer="Đã thay nắp gang.")
    page.goto(f"{program.url}/console/directives/")
    page.locator("a.tc-judge").click()
    page.get_by_text("Trả lại", exact=True).click()
    page.locator("[name=reason]").fill("Chưa có ảnh sau khi thay")
    page.get_by_role("button", name="Trả lại với lý do này").click()
    expect(page.locator(".alert")).to_contain_text("đơn vị làm tiếp")
    work.goto(here)
    expect(work.locator(".tc-case-last")).to_contain_text("Chưa có ảnh sau khi thay")
    choose(work, "Báo cáo kết quả")
    work.set_input_files("#evidence", photo())
    send(work, "Báo cáo kết quả", answer="Đã thay nắp gang, kèm ảnh.")
    shown(work, "sau-khi-thay.jpg")

    # On the phone: from the list two touches, nothing else.
    phone = signed_in(browser, program, LEADER, viewport={"width": 390, "height": 844}, has_touch=True)
    hand = phone.page
    hand.goto(f"{program.url}/console/directives/")
    hand.locator("a.tc-judge").tap()
    expect(hand.get_by_text("Đã thay nắp gang, kèm ảnh.")).to_be_visible()
    expect(hand.get_by_role("img", name="sau-khi-thay.jpg")).to_be_visible()
    accept = hand.get_by_role("button", name="Nghiệm thu", exact=True)
    expect(accept).to_be_in_viewport()
    accept.tap()
    expect(hand.locator(".alert")).to_contain_text("Đã nghiệm thu")
    expect(hand.locator("a.tc-judge")).to_have_count(0)
    assert hand.evaluate("document.documentElement.scrollWidth <= innerWidth")

    # What the year's record says of it.
    page.goto(f"{program.url}/console/directives/record/")
    row = page.locator("tbody tr", has_text="Sở Xây dựng")
    expect(row.locator("td").nth(0)).to_have_text("1")
    expect(row.locator("td[data-label='Xong đúng hạn']")).to_have_text("1")
    expect(row.locator("td[data-label='Bị trả lại']")).to_have_text("1")
    for watched in (leader, handler, phone):
        assert [one for one in watched.said if "WebGL" not in one] == []
        assert watched.foreign == []
        watched.page.context.close()
