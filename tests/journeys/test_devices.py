"""A sensor's first two minutes: added in the browser, connected by its card, seen to arrive, ended."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import open_page, sign_in
from tests.journeys.conftest import OFFICER
from tests.journeys.test_everyone import faults
from tests.ports import free_port
from tests.running import Program, city

pytestmark = [pytest.mark.browser, pytest.mark.slow]
TWO_MINUTES = 120.0


@pytest.fixture(scope="module")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Huế with its MQTT door open, and an administrator."""
    folder: Path = tmp_path_factory.mktemp("listening")
    with city(folder, "hue", MQTT_PORT=str(free_port())) as program:
        program.do("person", "create", OFFICER[0], "--name", "Trần Văn Trực", "--password", OFFICER[1])
        yield program


def test_new_sensor_is_added_connected_and_ended(browser: Browser, listening: Program) -> None:
    phone: dict[str, object] = {
        "viewport": {"width": 390, "height": 844},
        "geolocation": {"latitude": 16.494, "longitude": 107.607, "accuracy": 8},
        "permissions": ["geolocation", "clipboard-read", "clipboard-write"],
    }
    context, watched = open_page(browser, listening.url, **phone)
    page = watched.page
    sign_in(page, listening.url, *OFFICER)
    page.goto(f"{listening.url}/console/devices/")
    began = time.monotonic()
    page.get_by_role("link", name="Thêm cảm biến").first.click()
    page.get_by_role("link", name="Trạm thủy văn").click()
    page.fill("#id_name", "Cầu Bao Vinh")
    expect(page.locator("#id_code")).to_have_value("cau-bao-vinh")
    page.click("[data-locate]")
    expect(page.locator("#id_lat")).to_have_value("16.494000")
    page.click(".tc-submit")
    expect(page.locator("[data-arrived=no]")).to_be_visible()

    page.click("[data-copy=line-mosquitto]")
    line = page.evaluate("navigator.clipboard.readText()")
    assert line == page.inner_text("#line-mosquitto")
    assert "mosquitto_pub" in line
    sent = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=30)
    assert (sent.returncode, sent.stderr) == (0, "")
    expect(page.locator("[data-arrived=yes]")).to_be_visible()
    assert time.monotonic() - began < TWO_MINUTES
    expect(page.locator(".tc-came .tc-value")).to_contain_text("0,00")

    # What the device says wrongly is told on the card too, with the reason.
    wrong = line.replace("/level", "/depth")
    assert subprocess.run(["sh", "-c", wrong], capture_output=True, timeout=30).returncode == 0
    expect(page.locator(".tc-hitch")).to_contain_text("cau-bao-vinh/depth", timeout=30_000)
    page.click("text=Đã ghi lại, ẩn đi")
    expect(page.locator("#secret")).to_have_count(0)

    page.locator(".tc-manage summary", has_text="Thu hồi").click()
    page.get_by_role("button", name="Thu hồi mã này").click()
    expect(page.locator(".alert")).to_contain_text("Đã thu hồi")
    turned_away = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60)
    assert turned_away.returncode != 0
    page.goto(f"{listening.url}/console/things/cau-bao-vinh/")
    expect(page.locator("tbody tr")).not_to_have_count(0)
    context.close()
    assert watched.said == []
    assert watched.foreign == []


def test_unknown_device_is_taken_in_with_what_it_sent(browser: Browser, listening: Program) -> None:
    secret = listening.token("cong-9")
    publish = [
        "mosquitto_pub",
        "-p",
        listening.variables["MQTT_PORT"],
        "-u",
        "cong-9",
        "-P",
        secret,
        "-q",
        "1",
    ]
    for value in ("0.41", "0.43"):
        subprocess.run([*publish, "-t", "toancanh/cau-la/level", "-m", value], check=True, timeout=30)
    context, watched = open_page(browser, listening.url)
    page = watched.page
    sign_in(page, listening.url, *OFFICER)
    page.goto(f"{listening.url}/console/waiting/")
    guest = page.locator(".tc-letters > li", has_text="cau-la")
    expect(guest).to_contain_text("2 bản tin")
    expect(guest).to_contain_text("0,43")
    assert faults(watched, page.url) == []
    guest.get_by_role("link", name="Tiếp nhận").click()
    expect(page.locator("#id_code")).to_have_value("cau-la")
    page.fill("#id_name", "Cầu Lạ")
    page.fill("#id_lat", "16.48")
    page.fill("#id_lon", "107.58")
    page.click(".tc-submit")
    expect(page.get_by_text("2 số liệu").first).to_be_visible()
    page.goto(f"{listening.url}/console/things/cau-la/")
    expect(page.locator("h1")).to_contain_text("Cầu Lạ")
    expect(page.locator("tbody")).to_contain_text("0,41")
    expect(page.locator("tbody")).to_contain_text("0,43")
    page.goto(f"{listening.url}/console/waiting/")
    expect(page.get_by_text("cau-la")).to_have_count(0)
    # What comes from now on comes as from any other station.
    subprocess.run([*publish, "-t", "toancanh/cau-la/level", "-m", "0.47"], check=True, timeout=30)
    page.goto(f"{listening.url}/console/letters/?q=cau-la")
    expect(page.get_by_text("Không có gì khớp bộ lọc")).to_be_visible()
    context.close()
    assert watched.said == []
    assert watched.foreign == []


def test_gateway_finds_stations_by_name(browser: Browser, listening: Program) -> None:
    context, watched = open_page(browser, listening.url)
    page = watched.page
    sign_in(page, listening.url, *OFFICER)
    page.goto(f"{listening.url}/console/gateways/new/")
    page.fill("#id_name", "cong-7")
    for name in ("kim long", "phu oc"):
        page.fill("[data-things] input[type=search]", name)
        page.locator(".tc-hits button").first.click()
    expect(page.locator("#id_things")).to_have_value(re.compile(r"^hue-kim-long\s+hue-phu-oc$"))
    page.get_by_role("button", name="Tạo và hiện mã truy cập").click()
    expect(page.locator("#secret")).to_be_visible()
    expect(page.locator(".tc-facts")).to_contain_text("hue-phu-oc")
    context.close()
    assert watched.said == []
