"""An officer at a page, signed in as people are."""

from __future__ import annotations

import http.cookiejar
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable

from tests.running import SLOWER


class Officer:
    """Keeps the cookies of a session; `seconds` is how long an answer may take at most."""

    def __init__(self, url: str, name: str, password: str, seconds: float = 30 * SLOWER) -> None:
        self.url = url
        self._seconds = seconds
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(cookies)
        form = self.read("/sign-in/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
        assert token is not None
        said = {"csrfmiddlewaretoken": token[1], "login": name, "password": password}
        body = urllib.parse.urlencode(said).encode()
        with self._opener.open(f"{url}/sign-in/?next=/console/", body, timeout=seconds) as answer:
            assert answer.url.startswith(f"{url}/console/"), answer.url

    def post(self, path: str, /, *, pause: Callable[[], object] = int, **said: str | list[str]) -> int:
        """Fill in the form of a page and send it: 302 where it was done, 422 where it was refused.

        Raises OSError or HTTPException where no answer came: then nobody knows whether it was done. ``pause``
        is called between looking at the page and sending.
        """
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.read(path))
        assert token is not None
        body = urllib.parse.urlencode({"csrfmiddlewaretoken": token[1], **said}, doseq=True).encode()
        pause()
        try:
            with self._opener.open(self.url + path, body, timeout=self._seconds) as answer:
                # What is done leads on to a page of its own.
                return 302 if answer.status == 200 else int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code

    def read(self, path: str) -> str:
        """A page; fails where the answer is not 200."""
        with self._opener.open(self.url + path, timeout=self._seconds) as answer:
            assert answer.status == 200
            assert answer.url == self.url + path, f"sent on to {answer.url}"
            text: str = answer.read().decode()
        return text

    def status(self, path: str) -> int:
        """The status of a page, whatever it is."""
        try:
            with self._opener.open(self.url + path, timeout=self._seconds) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code

    def took(self, path: str) -> float:
        """Seconds until the whole page was there."""
        began = time.monotonic()
        self.read(path)
        return time.monotonic() - began


def alarms(officer: Officer) -> set[str]:
    """Codes of what the officer is told on every page."""
    return set(re.findall(r'data-key="([a-z_]+)"', officer.read("/console/alarms")))


def told(officer: Officer, code: str) -> bool:
    """Whether the officer is told of it."""
    return code in alarms(officer)
