"""A citizen and a warning: seen, asked about, subscribed to in two touches, kept without a network."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests import running
from tests.browser import Watched, open_page, take_pushes
from tests.edge.wire import ask, wait
from tests.journeys.test_everyone import faults
from tests.peers.push import Keys
from tests.running import Program
from tests.warned import tell
from toancanh.kernel.notify import showing

pytestmark = [pytest.mark.browser, pytest.mark.slow]
HEADLINE = "Nước sông Hương tại Kim Long vượt báo động 3"
KIM_LONG, HUONG_AN = "19774", "19804"
THERE = {"latitude": 16.4605, "longitude": 107.5640}
"""In Kim Long."""
PHONE = {"width": 360, "height": 780}
ENDPOINT = "https://fcm.googleapis.com/fcm/send/journey"


@pytest.fixture(scope="module")
def warned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, str]]:
    """Huế with one warning in force for Kim Long, and its number."""
    with running.city(Path(tmp_path_factory.mktemp("warned")), "hue") as program:
        number = tell(program, HEADLINE, KIM_LONG)
        assert wait(lambda: HEADLINE in ask(program.port, "/warnings/").body.decode(), 20)
        yield program, number


def phone(browser: Browser, program: Program, **options: object) -> Watched:
    """A small phone that tells its place."""
    said = {"viewport": PHONE, "permissions": ["geolocation"], "geolocation": THERE, **options}
    return open_page(browser, program.url, **said)[1]


def kept(program: Program) -> list[tuple[str, str]]:
    """Endpoints and communes in the store."""
    rows = (
        "SELECT endpoint, code FROM notify_subscription JOIN notify_wanted w ON w.subscription_id ="
        " notify_subscription.id JOIN territory_unit u ON u.id = w.unit_id ORDER BY code"
    )
    with closing(sqlite3.connect(program.folder / "city.db", timeout=10)) as city:
        return list(city.execute(rows))


def choose(page: Page, code: str) -> None:
    """As a finger does."""
    page.select_option("[data-commune]", code)


def test_citizen_finds_out_and_subscribes_in_two_touches(
    browser: Browser, warned: tuple[Program, str]
) -> None:
    program, number = warned
    watched = phone(browser, program)
    page = watched.page
    take_pushes(page, ENDPOINT, Keys.new().told)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.post_data or ''}"))
    page.goto(f"{program.url}/")
    page.get_by_role("link", name="Cảnh báo", exact=True).click()
    page.click("[data-locate]")
    expect(page.locator("[data-answer]")).to_contain_text("Có: Phường Kim Long đang được cảnh báo")
    assert not [line for line in sent if "16.46" in line or "107.56" in line], "the place stays on the device"
    choose(page, HUONG_AN)
    expect(page.locator("[data-answer]")).to_contain_text("Hiện không có cảnh báo nào cho Phường Hương An")
    choose(page, KIM_LONG)
    page.click("[data-on]")
    expect(page.locator("[data-subscribed]")).to_contain_text("Máy này nhận cảnh báo của: Phường Kim Long")
    assert kept(program) == [(ENDPOINT, KIM_LONG)]
    choose(page, HUONG_AN)
    page.click("[data-on]")
    expect(page.locator("[data-subscribed]")).to_contain_text("Phường Kim Long, Phường Hương An")
    page.click("[data-off]")
    expect(page.locator("[data-subscribed]")).to_contain_text("không nhận cảnh báo nữa")
    assert kept(program) == []
    page.click(f"a[href='/warnings/{number}/'] >> nth=0")
    expect(page.locator("h1")).to_have_text(HEADLINE)
    assert page.locator(".tc-area-concerned path").count() == 1
    assert watched.said == []
    page.context.close()


def copies(program: Program) -> list[tuple[str, str]]:
    """Reference and state of every push in the store."""
    with closing(sqlite3.connect(program.folder / "city.db", timeout=10)) as city:
        return list(city.execute("SELECT reference, state FROM notify_delivery WHERE channel = 'webpush'"))


def test_browser_shows_a_push_and_says_so_once_and_without_a_cookie(
    browser: Browser, warned: tuple[Program, str]
) -> None:
    program, _number = warned
    watched = phone(browser, program, permissions=["notifications"])
    page = watched.page
    wish = {"endpoint": "https://fcm.googleapis.com/fcm/send/shown", "units": [HUONG_AN]}
    wish["keys"] = Keys.new().told
    page.goto(f"{program.url}/warnings/")
    options = "{method: 'POST', body: JSON.stringify(wish)}"
    assert page.evaluate(f"wish => fetch('/warnings/subscription', {options}).then(said => said.ok)", wish)
    tell(program, "Nước lên ở Hương An", HUONG_AN)
    assert wait(lambda: len(copies(program)) == 1, 20)
    ((reference, _state),) = copies(program)
    secret = (program.folder / "secret.key").read_text().strip()
    told = {"id": reference, "key": "k", "title": "Nước lên", "body": "…", "link": "", "urgency": "high"}
    told |= {"language": "vi", "expires": "", "receipt": showing.token(reference, secret)}
    registered: list[str] = []
    devtools = page.context.new_cdp_session(page)
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda said: registered.extend(one["registrationId"] for one in said["registrations"]),
    )
    devtools.send("ServiceWorker.enable")
    page.evaluate("navigator.serviceWorker.register('/sw.js').then(() => undefined)")
    assert wait(lambda: page.evaluate("1") and bool(registered), 20)
    push = {"origin": program.url, "registrationId": registered[-1], "data": json.dumps(told)}
    devtools.send("ServiceWorker.deliverPushMessage", push)
    assert wait(lambda: copies(program) == [(reference, "received")], 30)
    page.context.close()


def test_pages_serve_everyone(browser: Browser, warned: tuple[Program, str]) -> None:
    program, number = warned
    paths = ("/warnings/", f"/warnings/{number}/", "/en/warnings/", f"/en/warnings/{number}/")
    for theme in ("light", "dark"):
        watched = phone(browser, program, color_scheme=theme)
        wrong = [line for path in paths for line in faults(watched, program.url + path)]
        watched.page.goto(f"{program.url}/warnings/")
        choose(watched.page, KIM_LONG)
        wrong += faults(watched, f"{program.url}/warnings/")
        watched.page.context.close()
        assert (wrong, watched.said, watched.foreign) == ([], [], [])


def look(page: Page, url: str) -> bool:
    """Whether the page could be opened: one that hears the network again opens itself at the same time."""
    try:
        return page.goto(url) is not None
    except Error as fault:
        if "interrupted by another navigation" not in fault.message:
            raise
        return False


def test_last_warnings_are_there_without_a_network_and_say_how_old_they_are(
    browser: Browser, warned: tuple[Program, str]
) -> None:
    program, number = warned
    watched = phone(browser, program)
    page = watched.page
    page.goto(f"{program.url}/warnings/")
    page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
    page.wait_for_function(
        "p => caches.match(p).then(found => Boolean(found))", arg=f"/en/warnings/{number}/", timeout=20_000
    )
    page.context.set_offline(True)
    for path in ("/warnings/", f"/warnings/{number}/", f"/en/warnings/{number}/", "/"):
        page.goto(program.url + path)
        expect(page.get_by_text(HEADLINE).first).to_be_visible()
        line = page.locator("[data-warned-age]")
        expect(line).to_contain_text("No network" if "/en/" in path else "Không có mạng")
    assert page.evaluate("getComputedStyle(document.querySelector('.tc-pub-warn')).display") == "grid"
    later = "Lũ xuống chậm, đường ven sông còn ngập"
    following = tell(program, later, KIM_LONG, follows=number)
    page.context.set_offline(False)
    # Written within a second or so of the commit, and shown from the network where there is one.
    assert wait(lambda: look(page, f"{program.url}/warnings/") and page.get_by_text(later).count() > 0, 30)
    expect(page.locator("[data-warned-age]")).to_be_hidden()
    tell(program, "Nước đã xuống dưới báo động 1", KIM_LONG, follows=following, kind="all_clear")
    assert wait(lambda: later not in ask(program.port, "/warnings/").body.decode(), 15)
    page.context.close()
