"""An officer is told in his browser: switched on, tried, shown, renewed by any console page, switched off.

Chromium runs the page's own script and service worker; only the endpoint, which its maker would give out, is
that of a push service of the tests (`tests.browser.take_pushes`).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import FLAT, open_page, sign_in, take_pushes
from tests.edge.wire import wait
from tests.peers.push import Keys, PushService, push_service
from tests.running import Program, city

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]
OFFICER = ("truc", "mat-khau-cua-ca-truc-2026")
REACH = "/console/duty/reach/"
PATIENCE = 60
TOLD = {
    "id": "x",
    "key": "alerts.step:1",
    "title": "Khẩn cấp: mực nước",
    "body": "Trạm Kim Long",
    "link": "/console/alerts/1/",
    "urgency": "high",
    "language": "vi",
    "expires": "",
}
SHOWN = """async () => {
  const found = await navigator.serviceWorker.getRegistration('/console/')
  return (await found.getNotifications()).map((one) => [one.title, one.data.link])
}"""


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, PushService]]:
    """Huế with an officer, and a push service that it may reach."""
    folder: Path = tmp_path_factory.mktemp("officer-push")
    with push_service() as push:
        hosts = {"EGRESS_ALLOW": "127.0.0.0/8", "PUSH_HOSTS": f"127.0.0.1:{push.port}"}
        with city(folder, "hue", **hosts) as program:
            program.do("person", "create", OFFICER[0], "--officer", "--password", OFFICER[1])
            yield program, push


def endpoints(program: Program) -> list[str]:
    """Where somebody is told, as the store has it."""
    rows = "SELECT endpoint FROM contacts_device JOIN notify_subscription s ON s.id = subscription_id"
    with closing(sqlite3.connect(program.folder / "city.db", timeout=10)) as store:
        return [endpoint for (endpoint,) in store.execute(rows)]


def test_officer_is_told_in_his_browser_until_he_switches_it_off(
    browser: Browser, centre: tuple[Program, PushService]
) -> None:
    program, push = centre
    for path in ("/ok/desk", "/ok/renewed"):
        push.keys[path] = Keys.new()
    context, watched = open_page(browser, program.url, permissions=["notifications"])
    page = watched.page
    page.add_init_script(FLAT)
    take_pushes(page, push.endpoint("/ok/desk"), push.keys["/ok/desk"].told)
    sign_in(page, program.url, *OFFICER)
    page.goto(program.url + REACH)
    page.get_by_role("button", name="Báo cho tôi trên trình duyệt này").click()
    devices = page.locator(".tc-browsers li")
    expect(devices).to_contain_text("Chrome · Linux")
    expect(page.locator("[data-line]")).to_contain_text("Bạn đang được báo trên trình duyệt này")
    assert endpoints(program) == [push.endpoint("/ok/desk")]
    devices.get_by_role("button", name="Gửi thử").click()
    expect(page.locator(".tc-main")).to_contain_text("Đang gửi thử")
    assert wait(lambda: len(push.told) == 1, PATIENCE)
    path, text, _headers = push.told[0]
    assert (path, text["title"]) == ("/ok/desk", "Tin thử: bạn được báo bằng cách này")
    assert push.faults == []

    # What the push service would bring is shown by the console's own worker.
    registered: dict[str, str] = {}
    devtools = context.new_cdp_session(page)
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda said: registered.update(
            {one["scopeURL"]: one["registrationId"] for one in said["registrations"]}
        ),
    )
    devtools.send("ServiceWorker.enable")
    scope = f"{program.url}/console/"
    assert wait(lambda: page.evaluate("1") and scope in registered, PATIENCE)
    said = {"origin": program.url, "registrationId": registered[scope], "data": json.dumps(TOLD)}
    devtools.send("ServiceWorker.deliverPushMessage", said)
    assert wait(lambda: page.evaluate(SHOWN) == [[TOLD["title"], TOLD["link"]]], PATIENCE)

    # The browser has another address by now: any page of the console tells it, in place of the old one.
    later = context.new_page()
    later.add_init_script(FLAT)
    take_pushes(later, push.endpoint("/ok/renewed"), push.keys["/ok/renewed"].told)
    later.goto(f"{program.url}/console/duty/")
    assert wait(
        lambda: later.evaluate("1") and endpoints(program) == [push.endpoint("/ok/renewed")], PATIENCE
    )
    later.goto(program.url + REACH)
    later.get_by_role("button", name="Thôi báo trên trình duyệt này").click()
    expect(later.get_by_role("button", name="Báo cho tôi trên trình duyệt này")).to_be_visible()
    expect(later.locator(".tc-browsers")).to_have_count(0)
    assert endpoints(program) == []
    assert (watched.said, watched.foreign) == ([], [])
    context.close()
