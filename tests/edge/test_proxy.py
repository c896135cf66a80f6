"""The real program behind a real proxy that ends TLS."""

from __future__ import annotations

import http.client
import re
import ssl
import urllib.parse
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import running
from tests.edge.https import made
from tests.edge.wire import ask
from tests.nginx import PROXY, nginx
from tests.running import Program

pytestmark = [pytest.mark.slow, pytest.mark.nginx, pytest.mark.xdist_group("proxy")]
NAME = "ioc.thu.vn"
OFFICER = ("truc", "mat-khau-cua-ca-truc-2026")


@dataclass
class Behind:
    """The program, and the ports of nginx before it."""

    program: Program
    cert: Path
    key: Path
    https: int
    http: int
    folder: Path


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    """nginx as the handbook has it, the program behind."""
    folder = Path(tmp_path_factory.mktemp("proxy"))
    cert, key = made(folder, "proxy", f"DNS:{NAME}", "DNS:localhost")
    program = Program(folder / "data", variables={"TRUSTED_PROXIES": "127.0.0.1/32", "TOANCANH_HOSTS": NAME})
    program.folder.mkdir()
    running.lay_out(program)
    program.do("person", "create", OFFICER[0], "--password", OFFICER[1])
    try:
        program.start()
        with nginx(folder, program.port, cert, key) as (https, http):
            yield Behind(program, cert, key, https, http, folder)
    finally:
        program.end()


class Browser:
    """A client with cookies that comes to nginx by HTTPS, as a browser would to a name."""

    def __init__(self, behind: Behind, port: int, origin: str) -> None:
        trust = ssl.create_default_context(cafile=str(behind.cert))
        self._line = http.client.HTTPSConnection("localhost", port, timeout=20, context=trust)
        self._origin = origin
        self.cookies: dict[str, str] = {}
        self.told: list[str] = []

    def ask(self, path: str, form: dict[str, str] | None = None) -> tuple[int, dict[str, str], str]:
        """Status, headers and text; cookies are kept."""
        body = urllib.parse.urlencode(form) if form else None
        headers = {"Host": urllib.parse.urlsplit(self._origin).netloc, "Accept": "text/html"}
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if form:
            headers |= {"Origin": self._origin, "Content-Type": "application/x-www-form-urlencoded"}
        self._line.request("POST" if form else "GET", path, body, headers)
        answer = self._line.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            self.told.append(cookie)
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode()

    def sign_in(self) -> tuple[int, dict[str, str], str]:
        """What the form answers."""
        text = self.ask("/sign-in/")[2]
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text)
        assert token is not None
        form = {"csrfmiddlewaretoken": token[1], "login": OFFICER[0], "password": OFFICER[1]}
        return self.ask("/sign-in/", form)

    def close(self) -> None:
        self._line.close()


def test_sign_in_works_behind_the_proxy_and_cookies_are_secure(behind: Behind) -> None:
    with closing(Browser(behind, behind.https, f"https://{NAME}:{behind.https}")) as browser:
        status, headers, text = browser.sign_in()
        assert (status, headers.get("location")) == (302, "/console/"), text
        assert browser.ask("/console/")[0] == 200
        assert len(browser.told) >= 2
        assert all("; Secure" in cookie for cookie in browser.told)
        assert headers["strict-transport-security"] == "max-age=31536000"


def test_form_from_another_origin_is_refused(behind: Behind) -> None:
    with closing(Browser(behind, behind.https, f"https://{NAME}")) as browser:
        browser.ask("/sign-in/")
        form = {"csrfmiddlewaretoken": browser.cookies["toancanh_csrf"], "login": "x", "password": "y"}
        browser._origin = "https://evil.example"
        assert browser.ask("/sign-in/", form)[0] in (400, 403)


def test_sign_in_works_also_where_the_proxy_hides_the_name(behind: Behind, tmp_path: Path) -> None:
    hidden = PROXY.replace("proxy_set_header Host $http_host;", "")
    front = nginx(tmp_path, behind.program.port, behind.cert, behind.key, proxy=hidden)
    with front as (https, _http), closing(Browser(behind, https, f"https://{NAME}")) as browser:
        assert browser.sign_in()[0] == 302


def test_plain_http_at_the_proxy_is_led_to_https(behind: Behind) -> None:
    answer = ask(behind.http, "/map/?unit=7", Host=NAME)
    assert (answer.status, answer.headers["location"]) == (308, f"https://{NAME}/map/?unit=7")
    assert "strict-transport-security" not in answer.headers


def test_figures_are_told_to_nobody_through_the_proxy_but_this_machine(behind: Behind) -> None:
    """nginx writes its word behind what a stranger wrote into the header; that alone is believed."""
    for told, status in (("198.51.100.7", 403), ("127.0.0.1, 198.51.100.7", 403), ("", 200)):
        answer = ask(behind.program.port, "/metrics", X_Forwarded_For=told, X_Forwarded_Proto="https")
        assert answer.status == status, told
    assert ask(behind.program.port, "/metrics").status == 200
