"""Debian's Chromium, driven by Playwright, deaf to the world beyond this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
FLAT = "HTMLCanvasElement.prototype.getContext = () => null"
"""For pages whose map other tests draw and look at: without it a test takes seconds instead of minutes."""
PUSHES = """
    const made = %s
    let held = null
    const unsubscribe = async () => (held = null, true)
    const subscription = { endpoint: made.endpoint, toJSON: () => made, unsubscribe }
    PushManager.prototype.getSubscription = async () => held
    PushManager.prototype.subscribe = async (options) => {
      if (options.applicationServerKey.length !== 65) throw new Error('no key')
      return (held = subscription)
    }
    Notification.requestPermission = async () => 'granted'
"""


@dataclass
class Watched:
    """A page, and everything about it that must not happen."""

    page: Page
    base: str
    said: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Note errors of the console and requests that leave the machine."""
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda fault: self.said.append(str(fault)))
        self.page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        # Taking a picture makes the software GL driver remark on it; nobody else reads pixels back.
        if message.type in ("error", "warning") and "GL Driver Message" not in message.text:
            self.said.append(f"{message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.foreign.append(request.url)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser for one test or tool."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def open_page(browser: Browser, base: str, **options: object) -> tuple[BrowserContext, Watched]:
    """A fresh context in Vietnamese unless told otherwise, with a watched page."""
    said: dict[str, object] = {
        "locale": "vi-VN",
        "timezone_id": "Asia/Ho_Chi_Minh",
        "viewport": {"width": 1440, "height": 900},
        **options,
    }
    context = browser.new_context(**said)  # type: ignore[arg-type]
    context.set_default_timeout(45_000)
    watched = Watched(context.new_page(), base)
    watched.listen()
    return context, watched


def sign_in(page: Page, base: str, username: str, password: str) -> None:
    """Sign in through the page, as a person does."""
    page.goto(f"{base}/sign-in/?next=/console/")
    page.fill("#id_login", username)
    page.fill("#id_password", password)
    page.click("form button.btn-primary")
    page.wait_for_url(f"{base}/console/**")


def follow(page: Page, name: str) -> None:
    """Take a link of the rail, also where the screen has room for it only under *Thêm*."""
    link = page.get_by_role("link", name=name)
    if not link.is_visible():
        page.get_by_text("Thêm", exact=True).click()
    link.click()


def take_pushes(page: Page, endpoint: str, keys: dict[str, str]) -> None:
    """Let the pages that follow subscribe at this endpoint with these keys of a browser.

    It stands for what a browser's maker does: Chromium asks a push service of its own for an endpoint, which
    no test may reach. All that the page itself does stays, and is what is tested.
    """
    page.add_init_script(PUSHES % json.dumps({"endpoint": endpoint, "keys": keys}))
