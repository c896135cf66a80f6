"""`make screens`: pictures of every page at three sizes, in two languages, light and dark, to be looked at."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from contextlib import ExitStack
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
}
WALL = {"overview-wall": "/console/?wall=1"}


def main() -> None:
    """Take the pictures; from a running installation when --url is given."""
    words = argparse.ArgumentParser()
    words.add_argument("--url", help="a running demo city; without it one is made")
    words.add_argument("--only", default="", help="pages whose name holds this")
    said = words.parse_args()
    out = ROOT / "screens"
    out.mkdir(exist_ok=True)
    with ExitStack() as stack:
        base = said.url or stack.enter_context(demo())
        browser = stack.enter_context(chromium())
        for size in SIZES:
            for language in ("vi", "en"):
                for theme in ("light", "dark"):
                    take(browser, base, out, size, language, theme, said.only)


class demo:  # noqa: N801 - reads as what it gives
    """A demo city of its own for the time of the pictures; empty pages come from a second one."""

    def __enter__(self) -> str:
        self.folder = Path(tempfile.mkdtemp(prefix="toancanh-screens-"))
        self.program = Program(self.folder, variables={"DEMO": "1"})
        self.program.start()
        return self.program.url

    def __exit__(self, *fault: object) -> None:
        self.program.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def take(browser: Browser, base: str, out: Path, size: str, language: str, theme: str, only: str) -> None:
    """Every page in one size, language and theme."""
    width, height = SIZES[size]
    options: dict[str, object] = {"viewport": {"width": width, "height": height}, "color_scheme": theme}
    options["locale"] = "vi-VN" if language == "vi" else "en-GB"
    context, watched = open_page(browser, base, **options)
    context.add_cookies([{"name": "toancanh_language", "value": language, "url": base}])
    pages = WALL if size == "wall" else {**PUBLIC, **STAFF}
    pages = {name: path for name, path in pages.items() if only in name}
    if set(pages) & {*STAFF, *WALL}:
        sign_in(watched.page, base, "canbotruc", "toancanh-demo-2026")
    for name, path in pages.items():
        picture(watched, base + path, out / f"{name}-{size}-{language}-{theme}.png")
    for line in [*watched.said, *watched.foreign]:
        print(f"{size} {language} {theme}: {line}")
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
    page.screenshot(path=path, full_page=path.name.startswith(("portal", "gauge", "rain", "stations")))
    print(path.name, flush=True)


if __name__ == "__main__":
    main()
