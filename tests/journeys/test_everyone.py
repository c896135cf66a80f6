"""Every page for everyone: axe finds nothing, nothing is cut, the console is silent, no request goes out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import Watched, open_page, sign_in
from tests.journeys.conftest import OFFICER
from tests.running import ROOT, Program, troubled

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("everyone")]

AXE = ROOT / "assets" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
OFFICE = (1092, 614)
PUBLIC = [
    "/",
    "/map/",
    "/map/?unit=19909",
    "/things/hue-kim-long/",
    "/things/hue-rain-19774/?range=week",
    "/warnings/",
    "/en/warnings/past/",
    "/reports/",
    "/en/reports/?q=zzz",
    "/reports/open-data/",
    "/trust/",
]
OTHER = ["/sign-in/", "/nowhere/"]
STAFF = [
    "/console/",
    "/console/things/",
    "/console/things/?q=zzz",
    "/console/things/hue-kim-long/?range=month",
    "/console/things/hue-rain-19774/",
    "/console/health/",
    "/console/devices/",
    "/console/devices/hue-kim-long/",
    "/console/gateways/new/",
    "/console/sensors/new/",
    "/console/sensors/new/?kind=flood.gauge",
    "/console/sensors/new/?kind=sensors.station&series=pm25",
    "/console/imports/",
    "/console/reports/import/",
    "/console/reports/words/",
    "/console/work/?stand=all",
    "/console/waiting/",
    "/console/letters/",
    "/console/letters/?q=zzz",
    "/console/letters/keeping/",
    "/console/imports/folder/",
    "/console/feeds/",
    "/console/feeds/new/",
    "/console/calendar/?at=20/11/2026+15:30&days=5&begin=cutoff",
    "/console/calendar/hue/?year=2028",
    "/console/calendar/hue/days/",
    "/console/calendar/hue/hours/",
    "/console/calendar/new/",
    "/console/messages/",
    "/console/messages/channels/",
    "/console/messages/channels/sms/",
    "/console/alerts/?state=all",
    "/console/contacts/",
    "/console/contacts/units/19774/",
    "/console/contacts/units/19774/new/",
    "/console/contacts/lists/",
    "/console/contacts/receipts/",
    "/console/contacts/rules/",
    "/console/alerts/rules/",
    "/console/alerts/maintenance/",
    "/console/alerts/maintenance/new/?thing=hue-kim-long",
    "/console/alerts/escalation/",
    "/console/duty/",
    "/console/duty/book/",
    "/console/received/",
    "/console/reports/triage/",
    "/console/reports/figures/",
    "/console/reports/routing/",
    "/console/reports/routing/new/",
    "/console/reports/learning/",
    "/console/damage/",
    "/console/damage/new/",
    "/console/alerts/rules/flood.level/",
    "/console/alerts/rules/flood.level/?thing=hue-kim-long",
    "/console/warnings/?state=all",
    "/console/warnings/new/?template=flood.river.level",
    "/console/warnings/orders/",
    "/console/warnings/templates/",
    "/console/warnings/templates/flood.river.level/",
    "/console/warnings/terms/",
]


def faults(watched: Watched, url: str, *, smaller: tuple[int, int] | None = None) -> list[str]:
    """What is wrong with one page, and with its width in a smaller window."""
    page = watched.page
    page.goto(url)
    for element in ("tc-map", "tc-chart"):
        for found in page.query_selector_all(element):
            found.scroll_into_view_if_needed()
            page.wait_for_function("e => e.hasAttribute('data-ready')", arg=found)
    page.evaluate(AXE.read_text())
    wrong = axe(page)
    if any(line.startswith("target-size") for line in wrong):
        # What a bar covers is a matter of how far one has scrolled: ask once more where all is seen at once.
        wrong = unscrolled(page)
    if not fits(page):
        wrong.append("wider than the screen")
    if smaller is not None:
        before = page.viewport_size
        assert before is not None
        page.set_viewport_size({"width": smaller[0], "height": smaller[1]})
        if not fits(page):
            wrong.append(f"wider than a window of {smaller[0]} by {smaller[1]}")
        page.set_viewport_size(before)
    return [f"{url}: {line}" for line in wrong]


def axe(page: Page) -> list[str]:
    """What axe, already there, finds in the page."""
    told: dict[str, Any] = page.evaluate(
        f"axe.run(document, {{runOnly: {json.dumps(RULES)}, resultTypes: ['violations']}})"
    )
    return [f"{v['id']}: {[n['html'][:160] for n in v['nodes'][:3]]}" for v in told["violations"]]


def unscrolled(page: Page) -> list[str]:
    """What axe finds in a window that is as tall as the page."""
    before = page.viewport_size
    assert before is not None
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": before["width"], "height": height + 200})
    wrong = axe(page)
    page.set_viewport_size(before)
    return wrong


def fits(page: Page) -> bool:
    """Whether nothing stands beyond the right edge."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"))


# Colours and words depend on theme and language, which two pairings meet; an old office PC brings only less
# room. `make screens` pictures all of them.
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("size", "language", "theme", "smaller"),
    [("desktop", "vi", "light", OFFICE), ("phone", "en", "dark", None)],
)
def test_page_serves_everyone(
    browser: Browser, hue: Program, size: str, language: str, theme: str, smaller: tuple[int, int] | None
) -> None:
    width, height = SIZES[size]
    options: dict[str, object] = {"viewport": {"width": width, "height": height}, "color_scheme": theme}
    context, watched = open_page(browser, hue.url, **options)
    context.add_cookies([{"name": "toancanh_language", "value": language, "url": hue.url}])
    wrong = [line for path in [*PUBLIC, *OTHER] for line in faults(watched, hue.url + path, smaller=smaller)]
    sign_in(watched.page, hue.url, *OFFICER)
    wrong += [line for path in STAFF for line in faults(watched, hue.url + path, smaller=smaller)]
    context.close()
    expected = [line for line in watched.said if "status of 404" not in line]
    assert wrong == []
    assert expected == []
    assert watched.foreign == []


def test_trouble_is_told_to_everyone_without_reload(browser: Browser, hue: Program) -> None:
    options: dict[str, object] = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
    context, watched = open_page(browser, hue.url, **options)
    sign_in(watched.page, hue.url, *OFFICER)
    watched.page.goto(f"{hue.url}/console/health/")
    with troubled(hue):
        expect(watched.page.locator("#health")).to_contain_text("Ổ đĩa của kho đã đầy 96 %", timeout=20_000)
        wrong = [
            line for path in ("/console/health/", "/console/") for line in faults(watched, hue.url + path)
        ]
        expect(watched.page.locator("#alarms")).to_contain_text("Ổ đĩa của kho đã đầy 96 %")
    context.close()
    assert (wrong, watched.said, watched.foreign) == ([], [], [])


def test_wall_serves_everyone(browser: Browser, hue: Program) -> None:
    context, watched = open_page(browser, hue.url, viewport={"width": 1920, "height": 1080})
    sign_in(watched.page, hue.url, *OFFICER)
    assert faults(watched, f"{hue.url}/console/?wall=1") == []
    context.close()
    assert watched.said == []
