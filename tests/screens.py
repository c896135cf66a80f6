"""`make screens`: every page at four sizes, in two languages, light and dark, full and empty."""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, FilePayload

from tests.browser import Watched, chromium, open_page, sign_in
from tests.running import ROOT, Program, troubled

Pages = dict[str, str]
"""Names of pictures and their addresses."""
SIZES = {"desktop": (1440, 900), "phone": (390, 844), "wall": (1920, 1080), "office": (1092, 614)}
PUBLIC = {
    "portal": "/",
    "portal-map": "/map/",
    "portal-gauge": "/things/hue-kim-long/",
    "portal-gauge-week": "/things/hue-kim-long/?range=week",
    "portal-gauge-month": "/things/hue-kim-long/?range=month",
    "portal-rain": "/things/hue-rain-19774/",
    "portal-warnings": "/warnings/",
    "portal-warnings-past": "/warnings/past/",
    "portal-trust": "/trust/",
    "sign-in": "/sign-in/",
    "not-found": "/nowhere/",
}
STAFF = {
    "overview": "/console/",
    "overview-unit": "/console/?unit=19909",
    "stations": "/console/things/",
    "stations-none": "/console/things/?q=zzz",
    "gauge": "/console/things/hue-kim-long/",
    "rain": "/console/things/hue-rain-19774/?range=week",
    "health": "/console/health/",
    "devices": "/console/devices/",
    "device": "/console/devices/tr%C3%ACnh%20m%C3%B4%20ph%E1%BB%8Fng%20(demo)/",
    "gateway-new": "/console/gateways/new/",
    "sensor-kinds": "/console/sensors/new/",
    "sensor-new": "/console/sensors/new/?kind=flood.gauge",
    "sensor-open": "/console/sensors/new/?kind=sensors.station",
    "waiting": "/console/waiting/",
    "waiting-aside": "/console/waiting/?state=dismissed",
    "letters": "/console/letters/",
    "letters-none": "/console/letters/?q=zzz",
    "letters-keeping": "/console/letters/keeping/",
    "letter-rows": "/console/letters/rows/?code=unknown_series",
    "imports": "/console/imports/",
    "report-imports": "/console/reports/import/",
    "report-words": "/console/reports/words/",
    "folder": "/console/imports/folder/",
    "feeds": "/console/feeds/",
    "messages": "/console/messages/",
    "channels": "/console/messages/channels/",
    "channel": "/console/messages/channels/sms/",
    "feed-new": "/console/feeds/new/",
    "alerts": "/console/alerts/?state=all",
    "contacts": "/console/contacts/",
    "contacts-commune": "/console/contacts/units/19774/",
    "contacts-new": "/console/contacts/units/19774/new/",
    "contacts-rules": "/console/contacts/rules/",
    "contacts-lists": "/console/contacts/lists/",
    "receipts": "/console/contacts/receipts/",
    "alert-rules": "/console/alerts/rules/",
    "maintenance": "/console/alerts/maintenance/",
    "maintenance-new": "/console/alerts/maintenance/new/?thing=hue-kim-long",
    "escalation": "/console/alerts/escalation/",
    "roster": "/console/duty/",
    "calendar": "/console/calendar/?at=20/11/2026+15:30&days=5&begin=cutoff",
    "calendar-unknown": "/console/calendar/hue/?year=2028",
    "calendar-days": "/console/calendar/hue/days/",
    "calendar-hours": "/console/calendar/hue/hours/",
    "calendar-new": "/console/calendar/new/",
    "handover-book": "/console/duty/book/",
    "handover-new": "/console/duty/book/new/1/",
    "duty-post": "/console/duty/posts/1/",
    "received": "/console/received/",
    "reception": "/console/reports/triage/",
    "report-figures": "/console/reports/figures/",
    "report-routing": "/console/reports/routing/",
    "report-rule-new": "/console/reports/routing/new/",
    "report-learning": "/console/reports/learning/",
    "report-disclosure": "/console/reports/disclosure/",
    "directives": "/console/directives/?whose=all",
    "directives-owed": "/console/directives/owed/",
    "directives-record": "/console/directives/record/",
    "damage": "/console/damage/",
    "damage-new": "/console/damage/new/",
    "damage-count": "/console/damage/1/",
    "alert-rule": "/console/alerts/rules/flood.level/",
    "alert-rule-station": "/console/alerts/rules/flood.level/?thing=hue-kim-long",
    "warnings": "/console/warnings/?state=all",
    "warning-new": "/console/warnings/new/?template=flood.river.level",
    "warning-orders": "/console/warnings/orders/",
    "warning-templates": "/console/warnings/templates/",
    "warning-template": "/console/warnings/templates/flood.river.level/",
    "warning-terms": "/console/warnings/terms/",
}
OFFICER = ("quantri", "toancanh-demo-2026")
WALL = {"overview-wall": "/console/?wall=1"}
TROUBLED = {"health": "/console/health/", "overview": "/console/", "devices": "/console/devices/"}
GATEWAY = "cong-thu-kim-long"
WRONG = [
    {"thing": "hue-kim-long", "series": "depth", "value": 1.25},
    {"thing": "hue-rain-19774", "series": "rain", "value": 0.2, "time": "2031-01-01T00:00:00+07:00"},
    {"thing": "do-mua-a-luoi", "series": "rain", "value": 0.4},
]
"""What a gateway sends that cannot be kept, each for another reason."""
TABLE = "Ngày;Giờ;Trạm;Mực nước (m)\n" + "".join(
    f"{1 + n // 24:02}/09/2026;{n % 24};Kim Long;{0.5 + n / 100:.2f}\n".replace(".", ",") for n in range(48)
)
FAULTY = TABLE + "03/09/2026;7;Kim Long;cao\n03/09/2026;8;Nơi Nào;1,5\n"


def main() -> None:
    """Take the pictures; of a running installation when --url is given."""
    words = argparse.ArgumentParser()
    words.add_argument("--url", help="a running demo city; without it one is made, and an empty one")
    words.add_argument("--only", default="", help="pages whose name holds this pattern")
    words.add_argument("--sizes", default=",".join(SIZES), help="some of them")
    said = words.parse_args()
    sizes = said.sizes.split(",")
    out = ROOT / "screens"
    out.mkdir(exist_ok=True)
    with ExitStack() as stack:
        browser = stack.enter_context(chromium())
        cities: dict[str, tuple[str, Pages]] = {"": (said.url, STAFF)}
        full = None if said.url else stack.enter_context(made("1"))
        if full is not None:
            empty = stack.enter_context(made("0"))
            cities[""] = full.url, {**STAFF, **busy(browser, full)}
            cities["empty-"] = empty.url, STAFF
        for size, language, theme in product(sizes, ("vi", "en"), ("light", "dark")):
            for prefix, (base, staff) in cities.items():
                take(browser, base, out, Shot(prefix, size, language, theme), staff, said.only)
            if full is not None:
                with troubled(full):
                    shot = Shot("troubled-", size, language, theme)
                    take(browser, full.url, out, shot, TROUBLED, said.only)


def busy(browser: Browser, city: Program) -> Pages:
    """What an administrator's day leaves behind: refused rows, a table taken in, one that is looked at."""
    token = city.token(GATEWAY)
    now = datetime.now(UTC).isoformat()
    city.observe(token, *({"time": now, **row} for row in WRONG))
    context, watched = open_page(browser, city.url)
    page = watched.page
    sign_in(page, city.url, *OFFICER)
    pages = {}
    for name, table in (("import-done", FAULTY), ("import-draft", FAULTY.replace("/09/", "/10/"))):
        page.goto(f"{city.url}/console/imports/")
        file = FilePayload(name="kim long tháng 9.csv", mimeType="text/csv", buffer=table.encode())
        page.locator("input[type=file]").set_input_files(file)
        page.get_by_role("button", name="Tải lên và xem trước").click()
        page.locator("#preview").wait_for()
        pages[name] = page.url.removeprefix(city.url)
        if name == "import-done":
            page.get_by_role("button", name="Nhập 48 số liệu").click()
            page.get_by_role("heading", name="Các dòng bị từ chối").wait_for()
    context.close()
    return pages


@contextmanager
def made(demo: str) -> Iterator[Program]:
    """An installation for the time of the pictures: a demo city, or nothing but an officer's account."""
    folder = Path(tempfile.mkdtemp(prefix="toancanh-screens-"))
    program = Program(folder, variables={"DEMO": demo})
    if demo == "0":
        program.do("migrate")
        program.do("person", "create", *OFFICER[:1], "--password", OFFICER[1])
    program.begin()
    # A demo city is built first.
    program.wait(300)
    try:
        yield program
    finally:
        program.stop()
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Shot:
    """Which city, and how it is looked at."""

    prefix: str
    size: str
    language: str
    theme: str

    def name(self, page: str) -> str:
        """The file's name."""
        return f"{self.prefix}{page}-{self.size}-{self.language}-{self.theme}.png"


def take(browser: Browser, base: str, out: Path, shot: Shot, staff: Pages, only: str) -> None:
    """Every page in one size, language and theme."""
    width, height = SIZES[shot.size]
    options: dict[str, object] = {"viewport": {"width": width, "height": height}, "color_scheme": shot.theme}
    options["locale"] = "vi-VN" if shot.language == "vi" else "en-GB"
    context, watched = open_page(browser, base, **options)
    context.add_cookies([{"name": "toancanh_language", "value": shot.language, "url": base}])
    pages = WALL if shot.size == "wall" else staff if staff is TROUBLED else {**PUBLIC, **staff}
    # An empty store has neither stations nor devices, so their pages are not there to be pictured.
    gone = ("/hue-", "demo") if shot.prefix == "empty-" else ()
    wanted = re.compile(only)
    pages = {n: p for n, p in pages.items() if wanted.search(n) and not any(part in p for part in gone)}
    if set(pages) & {*staff, *WALL}:
        sign_in(watched.page, base, *OFFICER)
    for name, path in pages.items():
        picture(watched, base + path, out / shot.name(name))
    for line in [*watched.said, *watched.foreign]:
        print(f"{shot.size} {shot.language} {shot.theme}: {line}")
    context.close()


def picture(watched: Watched, url: str, path: Path) -> None:
    """One picture, once map and charts say that they are drawn."""
    page = watched.page
    page.goto(url)
    for element in ("tc-map", "tc-chart"):
        for found in page.query_selector_all(element):
            found.scroll_into_view_if_needed()
            page.wait_for_function("e => e.hasAttribute('data-ready')", arg=found)
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(400)
    page.screenshot(path=path, full_page="overview" not in path.name and "portal-map" not in path.name)
    print(path.name, flush=True)


if __name__ == "__main__":
    main()
