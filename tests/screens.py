"""`make screens`: every page at four sizes, in two languages, light and dark, full and empty."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser import Watched, chromium, open_page, sign_in
from tests.running import ROOT, Program

SIZES = {"desktop": (1440, 900), "phone": (390, 844), "wall": (1920, 1080), "office": (1092, 614)}
PUBLIC = {
    "portal": "/",
    "portal-map": "/map/",
    "portal-gauge": "/things/hue-kim-long/",
    "portal-gauge-week": "/things/hue-kim-long/?range=week",
    "portal-gauge-month": "/things/hue-kim-long/?range=month",
    "portal-rain": "/things/hue-rain-19774/",
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
}
OFFICER = ("quantri", "toancanh-demo-2026")
WALL = {"overview-wall": "/console/?wall=1"}


def main() -> None:
    """Take the pictures; of a running installation when --url is given."""
    words = argparse.ArgumentParser()
    words.add_argument("--url", help="a running demo city; without it one is made, and an empty one")
    words.add_argument("--only", default="", help="pages whose name holds this")
    said = words.parse_args()
    out = ROOT / "screens"
    out.mkdir(exist_ok=True)
    with ExitStack() as stack:
        browser = stack.enter_context(chromium())
        cities = {"": said.url or stack.enter_context(made("1"))}
        if not said.url:
            cities["empty-"] = stack.enter_context(made("0"))
        for prefix, base in cities.items():
            for size, language, theme in product(SIZES, ("vi", "en"), ("light", "dark")):
                take(browser, base, out, Shot(prefix, size, language, theme), said.only)


@contextmanager
def made(demo: str) -> Iterator[str]:
    """An installation for the time of the pictures: a demo city, or nothing but an officer's account."""
    folder = Path(tempfile.mkdtemp(prefix="toancanh-screens-"))
    program = Program(folder, variables={"DEMO": demo})
    if demo == "0":
        program.do("migrate")
        program.do("person", "create", *OFFICER[:1], "--password", OFFICER[1])
    program.start()
    try:
        yield program.url
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


def take(browser: Browser, base: str, out: Path, shot: Shot, only: str) -> None:
    """Every page in one size, language and theme."""
    width, height = SIZES[shot.size]
    options: dict[str, object] = {"viewport": {"width": width, "height": height}, "color_scheme": shot.theme}
    options["locale"] = "vi-VN" if shot.language == "vi" else "en-GB"
    context, watched = open_page(browser, base, **options)
    context.add_cookies([{"name": "toancanh_language", "value": shot.language, "url": base}])
    pages = WALL if shot.size == "wall" else {**PUBLIC, **STAFF}
    # An empty store has neither stations nor devices, so their pages are not there to be pictured.
    gone = ("/hue-", "demo") if shot.prefix else ()
    pages = {n: p for n, p in pages.items() if only in n and not any(part in p for part in gone)}
    if set(pages) & {*STAFF, *WALL}:
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
