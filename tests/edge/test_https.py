"""The real program beyond this machine, as openssl, curl and Chromium see it."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests import running
from tests.browser import FLAGS
from tests.edge.https import Secure, made, shown
from tests.edge.wire import send, wait
from tests.ports import free_port
from tests.running import PROGRAM, ROOT, Program

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("https")]
NAMES = "ioc.thu.vn,192.0.2.7"
OFFICER = ("truc", "mat-khau-cua-ca-truc-2026")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    """One that makes its certificate itself and leads from http to https."""
    folder = Path(tmp_path_factory.mktemp("own"))
    variables = {"HOST": "0.0.0.0", "TOANCANH_HOSTS": NAMES, "HTTP_PORT": str(free_port())}
    program = Secure(folder, variables=variables, ca=folder / "tls" / "root.crt")
    running.lay_out(program)
    program.do("person", "create", OFFICER[0], "--password", OFFICER[1])
    try:
        program.start()
        yield program
    finally:
        program.end()


def test_openssl_and_curl_trust_it_by_the_root_for_every_name(own: Secure) -> None:
    for name in ("localhost", "ioc.thu.vn"):
        assert shown(own.port, own.ca, name).startswith("serial=")
    words = ["--resolve", f"ioc.thu.vn:{own.port}:127.0.0.1", f"https://ioc.thu.vn:{own.port}/healthz"]
    curl = ["curl", "--silent", "--show-error", "--max-time", "10"]
    said = subprocess.run(
        [*curl, "--cacert", str(own.ca), *words], capture_output=True, text=True, check=True
    )
    assert '"status": "ok"' in said.stdout
    refused = subprocess.run([*curl, *words], capture_output=True, text=True, check=False)
    assert refused.returncode == 60, "nobody trusts it who was not told to"
    address = [*curl, "--cacert", str(own.ca), "--connect-to", f"192.0.2.7:443:127.0.0.1:{own.port}"]
    subprocess.run([*address, "https://192.0.2.7/healthz"], check=True, capture_output=True)


def test_root_is_downloaded_and_its_key_stays_at_home(own: Secure) -> None:
    status, headers, body = own.ask("/trust/root.crt")
    assert (status, headers["content-type"]) == (200, "application/x-x509-ca-cert")
    assert ssl.DER_cert_to_PEM_cert(body).strip() == own.ca.read_text().strip()
    page = own.ask("/trust/")[2].decode()
    printed = (own.folder / "log.txt").read_text()
    fingerprint = page.split('tc-fingerprint">')[1].split("<")[0]
    assert len(fingerprint) == 95
    assert fingerprint in printed
    for name in ("root.pem", "server.pem"):
        assert (own.folder / "tls" / name).stat().st_mode & 0o077 == 0
    # A browser that trusts another root of ours tomorrow must not be locked out today.
    assert "strict-transport-security" not in headers


def test_plain_http_is_led_to_https_under_our_names_alone(own: Secure) -> None:
    port = int(own.variables["HTTP_PORT"])
    for host in ("ioc.thu.vn", f"localhost:{port}"):
        raw = f"GET /map/?unit=1&q=%C3%A1 HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        answer = send(port, raw)
        assert answer.status == 308
        assert answer.headers["location"] == f"https://{host.split(':')[0]}:{own.port}/map/?unit=1&q=%c3%a1"
    for host in ("evil.example", "", "a@evil.example"):
        answer = send(port, f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert (answer.status, answer.headers.get("location")) == (400, None)
    assert send(own.port, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 0


def test_old_versions_of_tls_are_not_spoken(own: Secure) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.load_verify_locations(str(own.ca))
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", own.port)) as wire, pytest.raises(OSError):  # noqa: PT011 - closed or refused, as the library sees it
        old.wrap_socket(wire, server_hostname="localhost")


def test_doctor_finds_nothing_of_the_certificates_and_tells_what_is_missing(own: Secure) -> None:
    assert "certificate" not in doctored(own)
    other = {**own.variables, "TOANCANH_HOSTS": f"{NAMES},moi.thu.vn"}
    assert "certificate_name" in doctored(Program(own.folder, own.port, other))
    assert "certificate_missing" in doctored(Program(own.folder.parent, own.port, own.variables))


def doctored(program: Program, **variables: str) -> str:
    """What `doctor --json` says."""
    env = {**program.environment, **variables}
    done = subprocess.run([PROGRAM, "doctor", "--json"], env=env, cwd=ROOT, capture_output=True, text=True)
    return done.stdout


@pytest.mark.browser
@pytest.mark.certutil
def test_chromium_trusts_the_root_signs_in_and_has_what_needs_https(own: Secure, tmp_path: Path) -> None:
    store = tmp_path / ".pki" / "nssdb"
    store.mkdir(parents=True)
    for words in (["-N", "--empty-password"], ["-A", "-t", "C,,", "-n", "toancanh", "-i", str(own.ca)]):
        subprocess.run(["certutil", *words, "-d", f"sql:{store}"], check=True, capture_output=True)
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        for home, trusts in ((tmp_path, True), (tmp_path / "other", False)):
            env = {**os.environ, "HOME": str(home)}
            start = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS, env=env)
            with closing(start) as browser:
                page = browser.new_page()
                if not trusts:
                    with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
                        page.goto(f"{own.url}/")
                    continue
                page.goto(f"{own.url}/sign-in/?next=/console/")
                page.fill("#id_login", OFFICER[0])
                page.fill("#id_password", OFFICER[1])
                page.click("form button.btn-primary")
                page.wait_for_url(f"{own.url}/console/**")
                kept = {cookie["name"]: cookie["secure"] for cookie in page.context.cookies()}
                assert kept["toancanh_session"]
                assert kept["toancanh_csrf"]
                assert page.evaluate(
                    "isSecureContext && 'serviceWorker' in navigator && 'geolocation' in navigator"
                )


def answers(line: http.client.HTTPSConnection) -> bool:
    """Whether the connection is kept; asked often enough not to count as idle."""
    line.request("GET", "/healthz")
    answer = line.getresponse()
    answer.read()
    return answer.status == 200


def test_given_certificate_is_taken_up_when_it_is_replaced(tmp_path: Path) -> None:
    cert, key = made(tmp_path, "first", "DNS:localhost", "IP:127.0.0.1")
    variables = {"HOST": "0.0.0.0", "TLS_CERT": str(cert), "TLS_KEY": str(key)}
    folder = tmp_path / "data"
    folder.mkdir()
    program = Secure(folder, variables=variables, ca=cert)
    running.lay_out(program)
    try:
        program.start()
        assert "strict-transport-security" in program.ask("/healthz")[1]
        before = shown(program.port, cert)
        trust = ssl.create_default_context(cafile=str(cert))
        with closing(
            http.client.HTTPSConnection("localhost", program.port, timeout=20, context=trust)
        ) as line:
            line.connect()
            new, new_key = made(tmp_path, "second", "DNS:localhost", "IP:127.0.0.1")
            cert.write_bytes(new.read_bytes())  # for a moment of another key: the old pair is shown on
            assert not wait(lambda: not answers(line) or changed(program.port, new, before), 7)
            key.write_bytes(new_key.read_bytes())
            assert wait(lambda: answers(line) and changed(program.port, new, before), 15)
            assert answers(line), "who was connected stays so"
        log = (folder / "log.txt").read_text()
        assert log.count("cannot be used") == 1
    finally:
        program.end()


def changed(port: int, ca: Path, before: str) -> bool:
    """Whether another certificate than before is shown."""
    try:
        return shown(port, ca) != before
    except AssertionError:
        return False


@pytest.mark.parametrize(
    ("variables", "word"),
    [
        ({"HOST": "0.0.0.0"}, "TOANCANH_HOSTS"),
        ({"HOST": "0.0.0.0", "TLS_CERT": "/nowhere.pem", "TLS_KEY": "/nowhere.pem"}, "TLS_CERT"),
        ({"HOST": "0.0.0.0", "TOANCANH_HOSTS": "a.vn", "TRUSTED_PROXIES": "all"}, "TRUSTED_PROXIES"),
        ({"HTTP_PORT": "8080"}, "HTTP_PORT"),
        ({"HOST": "192.0.2.9"}, "192.0.2.9"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    tmp_path: Path, variables: dict[str, str], word: str
) -> None:
    env = {**Program(tmp_path).environment, **variables}
    done = subprocess.run([PROGRAM, "run"], env=env, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert word in done.stderr
    assert "Traceback" not in done.stderr
