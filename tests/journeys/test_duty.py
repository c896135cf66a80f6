"""The shift: an urgent alert is heard until somebody acknowledges it, then the post is handed over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import open_page, sign_in
from tests.running import Program, city

pytestmark = [pytest.mark.browser, pytest.mark.slow]
KEEPER = ("quantri", "mat-khau-cua-quan-tri-2026")
OFFICER = ("truc", "mat-khau-cua-ca-truc-2026")
NEXT = ("casau", "mat-khau-cua-ca-sau-2026")
LIVE = "html[data-live=live]"
EAR = """
window.heard = 0
const connect = AudioNode.prototype.connect
AudioNode.prototype.connect = function (to, ...more) {
  if (to instanceof AudioDestinationNode) {
    const ear = this.context.createAnalyser()
    connect.call(this, ear)
    const wave = new Float32Array(ear.fftSize)
    const listen = setInterval(() => {
      if (this.context.state !== 'running') return
      ear.getFloatTimeDomainData(wave)
      if (Math.max(...wave.map(Math.abs)) > 0.01) { window.heard += 1; clearInterval(listen) }
    }, 10)
    setTimeout(() => clearInterval(listen), 2000)
  }
  return connect.call(this, to, ...more)
}
"""
"""Listens to what reaches the loudspeaker: counts tones whose samples are not silence, not calls."""


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Huế with an administrator and two officers."""
    folder: Path = tmp_path_factory.mktemp("duty")
    with city(folder, "hue") as program:
        program.do("person", "create", KEEPER[0], "--password", KEEPER[1])
        for name, password in (OFFICER, NEXT):
            program.do(
                "person", "create", name, "--name", f"Nguyễn {name}", "--officer", "--password", password
            )
        yield program


def write_roster(page: Page, url: str) -> None:
    """The administrator puts both officers on the roster: one round the clock today, one beside him."""
    page.goto(f"{url}/console/duty/posts/new/")
    centre = page.get_by_label("Cơ quan, đơn vị").locator("option", has_not_text="Quản trị").first
    page.get_by_label("Cơ quan, đơn vị").select_option(label=centre.inner_text())
    page.get_by_label("Tên vị trí trực").fill("Cán bộ trực")
    page.get_by_role("button", name="Đưa vào lịch trực").click()
    page.get_by_label("Người trực", exact=True).select_option(label=f"Nguyễn {OFFICER[0]}")
    for box in page.locator("input[name=weekdays]").all():
        box.check()
    page.get_by_label("Từ", exact=True).fill("00:00")
    page.get_by_label("Đến", exact=True).fill("24:00")
    page.get_by_role("button", name="Đưa vào lịch trực").click()
    expect(page.locator("table")).to_contain_text(f"Nguyễn {OFFICER[0]}")


def heard(page: Page) -> int:
    """Tones that reached the loudspeaker so far."""
    found: int = page.evaluate("window.heard")
    return found


def test_urgent_alert_sounds_until_acknowledged_and_the_shift_is_handed_over(
    browser: Browser, centre: Program
) -> None:
    token, url = centre.token("kim-long", "--thing", "hue-kim-long"), centre.url
    office, arranged = open_page(browser, url)
    sign_in(arranged.page, url, *KEEPER)
    write_roster(arranged.page, url)
    office.close()
    desk, watched = open_page(browser, url)
    page = watched.page
    page.add_init_script(EAR)
    sign_in(page, url, *OFFICER)
    page.wait_for_selector(LIVE)
    page.locator("[data-sound]").first.click()
    assert heard(page) == 0, "nothing rings, nothing sounds"
    now = datetime.now(UTC).isoformat()
    centre.observe(token, {"thing": "hue-kim-long", "series": "level", "value": 3.75, "time": now})
    ring = page.locator("#ringing .tc-ring").first
    expect(ring).to_contain_text("trên BĐ3", timeout=30_000)
    expect(ring).to_contain_text("Đã báo đến bạn", timeout=20_000)
    page.wait_for_function("() => window.heard >= 3", timeout=60_000)
    before = heard(page)
    page.wait_for_function("before => window.heard > before", arg=before, timeout=20_000)
    ring.click()
    expect(page.locator("#ladder")).to_contain_text("đã báo lúc")
    page.get_by_role("button", name="Xác nhận đã nhận").first.click()
    page.wait_for_load_state()
    page.wait_for_function("() => document.getElementById('bell').dataset.sounding === '0'")
    # A tone that had begun may end; from then on it is silent for longer than between two tones.
    page.wait_for_timeout(700)
    quiet = heard(page)
    page.wait_for_timeout(3_500)
    assert heard(page) == quiet

    page.goto(f"{url}/console/duty/book/")
    page.get_by_role("link", name="Giao ca").first.click()
    page.locator("#brief").fill("Kim Long trên BĐ3, đã gọi phường.")
    page.get_by_role("button", name="Ký giao ca").click()
    expect(page.locator(".tc-signatures")).to_contain_text("chưa có ai nhận")
    page.locator("#who").select_option(label=f"Nguyễn {NEXT[0]}")
    page.locator("#password").fill("không phải mật khẩu này")
    page.get_by_role("button", name="Ký nhận ca").click()
    expect(page.locator("#fault")).to_contain_text("Mật khẩu không đúng")
    page.locator("#who").select_option(label=f"Nguyễn {NEXT[0]}")
    page.locator("#password").fill(NEXT[1])
    page.get_by_role("button", name="Ký nhận ca").click()
    expect(page.locator(".tc-signatures")).to_contain_text("bằng mật khẩu trên máy của người giao")
    expect(page.locator(".tc-open").first).to_contain_text("trên BĐ3")
    # The refused password, and the page opened anew, which browsers keep silent until it is touched.
    unexpected = [line for line in watched.said if "422" not in line and "AudioContext" not in line]
    assert unexpected == []
    assert watched.foreign == []
    desk.close()
