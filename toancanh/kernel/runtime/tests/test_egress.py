"""The egress door against every disguise of an address, and against peers that misbehave."""

from __future__ import annotations

import ipaddress
import re
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.web_peer import Canary, Peer, Said, canary, packed, peer
from toancanh.kernel.runtime import reach
from toancanh.kernel.runtime.egress import Asked, Egress, Limits, Stopped
from toancanh.lib.errors import Refused

PEER = "127.0.0.3"
"""The only address of this machine that these tests open; the canaries listen on all others."""

# {p} is the canary's port: whatever gets through is counted there.
FORBIDDEN = [
    # this machine, plainly and in the spellings that resolvers understand
    "http://127.0.0.1:{p}/", "http://localhost:{p}/", "http://LOCALHOST:{p}/", "http://localhost.:{p}/",
    "http://127.0.0.2:{p}/", "http://127.255.255.254:{p}/", "http://127.1:{p}/", "http://127.0.1:{p}/",
    "http://2130706433:{p}/", "http://017700000001:{p}/", "http://0x7f000001:{p}/", "http://0x7f.1:{p}/",
    "http://0177.0.0.1:{p}/", "http://0177.0.0.01:{p}/", "http://127.0.0.01:{p}/", "http://0x7f.0.0.0x1:{p}/",
    "http://0:{p}/", "http://0.0.0.0:{p}/", "http://127.0.0.1.:{p}/", "http://00000177.0.0.1:{p}/",
    "http://4294967295:{p}/", "http://１２７.0.0.1:{p}/", "http://①②⑦.⓪.⓪.①:{p}/", "http://127。0。0。1:{p}/",
    "http://%31%32%37.0.0.1:{p}/", "http://127.0.0.1%00.example:{p}/", "http://127.0.0.1%2eexample:{p}/",
    # IPv6, plain, mapped, compatible, translated, tunnelled
    "http://[::1]:{p}/", "http://[::]:{p}/", "http://[0:0:0:0:0:0:0:1]:{p}/", "http://[::ffff:127.0.0.1]:{p}/",
    "http://[::ffff:7f00:1]:{p}/", "http://[::127.0.0.1]:{p}/", "http://[64:ff9b::7f00:1]:{p}/",
    "http://[64:ff9b:1::7f00:1]:{p}/", "http://[2002:7f00:1::]:{p}/", "http://[2001:0:7f00:1::]:{p}/",
    "http://[fe80::1]:{p}/", "http://[fe80::1%25lo]:{p}/", "http://[fec0::1]:{p}/", "http://[ff02::1]:{p}/",
    "http://[fd00::1]:{p}/", "http://[fc00::1]:{p}/", "http://[2001:db8::1]:{p}/",
    "http://[::ffff:169.254.169.254]/", "http://[fd00:ec2::254]/",
    # the link, the office, the carrier, groups, keys of clouds, numbers for documents
    "http://169.254.169.254/latest/meta-data/", "http://169.254.1.1:{p}/", "http://2852039166/",
    "http://100.100.100.200/", "http://168.63.129.16/", "http://192.0.0.192/", "http://10.0.0.1:{p}/",
    "http://172.16.0.1:{p}/", "http://172.31.255.255:{p}/", "http://192.168.1.1:{p}/", "http://100.64.0.1:{p}/",
    "http://100.127.255.254:{p}/", "http://198.18.0.1:{p}/", "http://192.0.2.1:{p}/", "http://203.0.113.9:{p}/",
    "http://224.0.0.1:{p}/", "http://239.255.255.250:{p}/", "http://240.0.0.1:{p}/",
    "http://255.255.255.255:{p}/",
    # somebody before @, other schemes, arguments, tricks with the parser
    "http://example.vn@127.0.0.1:{p}/", "http://127.0.0.1:{p}@example.vn/", "http://user:pw@example.vn/",
    "http://a%40127.0.0.1:{p}/", "file:///etc/passwd", "file://localhost/etc/passwd", "gopher://127.0.0.1:{p}/x",
    "ftp://127.0.0.1:{p}/", "dict://127.0.0.1:{p}/", "exec:touch x", "concat:/etc/passwd",
    "data:text/plain,x", "javascript:alert(1)", "jar:http://127.0.0.1:{p}!/", "//127.0.0.1:{p}/",
    "http:/127.0.0.1:{p}/",
    "http:///127.0.0.1:{p}/", "http://-oProxyCommand=x:{p}/", "-http://127.0.0.1:{p}/", "--url=http://127.0.0.1/",
    "http://127.0.0.1:{p}\\@example.vn/", "http://example.vn\\@127.0.0.1:{p}/", "http://127.0.0.1 :{p}/",
    "http://exa mple.vn/", "http://127.0.0.1:{p}\r\nHost: x/", "http://\t127.0.0.1:{p}/",
    "\x00http://127.0.0.1:{p}/", "http://127.0.0.1:0/", "http://127.0.0.1:99999/", "http://127.0.0.1:-1/", "",
    "http://", "http://.:{p}/", "http://a..b:{p}/", "http://[::1:{p}/", "http://[127.0.0.1]:{p}/",
]  # fmt: skip


@pytest.fixture(scope="module")
def trap() -> Iterator[Canary]:
    """Counts every connection that should not have been made."""
    with canary() as found:
        yield found


@pytest.fixture(scope="module")
def kind() -> Iterator[Peer]:
    """A peer at the one address that is open."""
    with peer(PEER) as found:
        yield found


DOOR = Egress(always=[f"{PEER}/32"])


def test_there_are_enough_disguises() -> None:
    assert len(set(FORBIDDEN)) == len(FORBIDDEN) >= 60


@pytest.mark.parametrize("url", FORBIDDEN)
def test_forbidden_address_is_never_reached(trap: Canary, url: str) -> None:
    before = trap.came
    with pytest.raises(Stopped) as told:
        DOOR.fetch(Asked(url=url.replace("{p}", str(trap.port))), Limits(seconds=5))
    assert told.value.message
    assert told.value.code in ("bad_url", "bad_scheme", "userinfo", "denied", "unresolved")
    assert trap.came == before


@pytest.mark.parametrize("url", [url for url in FORBIDDEN if url])
def test_redirect_leads_to_no_forbidden_address(trap: Canary, kind: Peer, url: str) -> None:
    target = url.replace("{p}", str(trap.port)).replace("\r\n", "%0d%0a").replace("\x00", "%00")
    kind.says["/onward"] = Said(status=302, headers={"Location": target.encode().decode("latin-1")})
    kind.says["/"] = Said(b"home")
    before = trap.came
    # Some of the texts are, seen from the peer, paths of its own; those it may answer.
    with suppress(Stopped):
        assert DOOR.fetch(Asked(url=kind.url("/onward")), Limits(seconds=5)).url.startswith(kind.url("/"))
    assert trap.came == before


def test_name_that_changes_its_mind_leads_only_where_it_was_judged(trap: Canary, kind: Peer) -> None:
    kind.says["/"] = Said(b"judged")
    answers = iter([[PEER], ["127.0.0.1"], ["127.0.0.1"]])
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    door = Egress(always=[f"{PEER}/32"], resolve=rebinding)
    before = trap.came
    assert door.fetch(Asked(url=f"http://rebind.example:{kind.port}/")).body == b"judged"
    assert asked == ["rebind.example"]
    with pytest.raises(Stopped, match=r"127\.0\.0\.1"):
        door.fetch(Asked(url=f"http://rebind.example:{trap.port}/"))
    assert trap.came == before


def test_one_denied_address_of_several_denies_the_name(trap: Canary) -> None:
    door = Egress(resolve=lambda host, port: ["1.1.1.1", "127.0.0.1"])
    with pytest.raises(Stopped) as told:
        door.fetch(Asked(url=f"http://both.example:{trap.port}/"))
    assert (told.value.code, trap.came) == ("denied", 0)


@pytest.mark.parametrize(
    ("address", "opened", "always", "allowed"),
    [
        ("8.8.8.8", (), (), True),
        ("2606:4700::1111", (), (), True),
        ("10.1.2.3", (), (), False),
        ("10.1.2.3", ("10.1.0.0/16",), (), True),
        ("10.2.2.3", ("10.1.0.0/16",), (), False),
        ("::ffff:10.1.2.3", ("10.1.0.0/16",), (), True),
        ("64:ff9b::808:808", (), (), True),
        ("64:ff9b::a01:203", (), (), False),
        ("fd12::1", ("fd12::/16",), (), True),
        ("127.0.0.1", (), ("127.0.0.0/8",), True),
        ("::1", (), ("127.0.0.0/8",), False),
        ("::1", (), ("::1/128",), True),
        ("169.254.9.9", (), ("169.254.0.0/16",), True),
        ("169.254.169.254", (), ("0.0.0.0/0",), False),
        ("100.100.100.200", ("100.64.0.0/10",), (), False),
        ("224.0.0.251", (), (), False),
        ("192.88.99.1", (), (), False),
    ],
)
def test_judgement_of_addresses(
    address: str, opened: tuple[str, ...], always: tuple[str, ...], allowed: bool
) -> None:
    of = [tuple(ipaddress.ip_network(text) for text in texts) for texts in (opened, always)]
    assert reach.is_allowed(ipaddress.ip_address(address), *of) is allowed


@pytest.mark.parametrize(
    "text", ["127.0.0.0/8", "169.254.0.0/16", "0.0.0.0/0", "8.8.8.0/24", "::/0", "office"]
)
def test_connector_opens_private_networks_alone(text: str) -> None:
    with pytest.raises(Refused):
        reach.networks([text])


def test_connector_opens_its_networks() -> None:
    assert [str(n) for n in reach.networks([" 192.168.10.7/24", "fd00:1::/64"])] == [
        "192.168.10.0/24",
        "fd00:1::/64",
    ]


def test_host_and_conditions_are_kept(kind: Peer) -> None:
    def answer(heard: object) -> Said:
        headers = kind.heard[-1].headers
        if headers.get("if-none-match") == '"v1"':
            return Said(status=304)
        return Said(b"{}", headers={"ETag": '"v1"', "Last-Modified": "Sat, 21 Nov 2026 00:00:00 GMT"})

    kind.says["/tagged"] = answer
    door = Egress(always=[f"{PEER}/32"], resolve=lambda host, port: [PEER])
    url = f"http://gauges.example:{kind.port}/tagged?a=1"
    first = door.fetch(Asked(url=url, headers={"X-Who": "us"}, secrets={"Authorization": "Bearer s"}))
    assert (first.status, first.body, first.etag) == (200, b"{}", '"v1"')
    heard = kind.heard[-1]
    assert heard.path == "/tagged?a=1"
    assert heard.headers["host"] == f"gauges.example:{kind.port}"
    assert (heard.headers["x-who"], heard.headers["authorization"]) == ("us", "Bearer s")
    again = door.fetch(Asked(url=url, etag=first.etag, last_modified=first.last_modified))
    assert (again.status, again.body) == (304, b"")
    assert kind.heard[-1].headers["if-modified-since"] == "Sat, 21 Nov 2026 00:00:00 GMT"


def test_secret_stays_with_the_first_host(kind: Peer) -> None:
    kind.says["/end"] = Said(b"end")
    kind.says["/near"] = Said(status=307, headers={"Location": "/end"})
    kind.says["/far"] = Said(status=307, headers={"Location": f"http://other.example:{kind.port}/end"})
    door = Egress(always=[f"{PEER}/32"], resolve=lambda host, port: [PEER])
    for path, shown in (("/near", True), ("/far", False)):
        asked = Asked(
            url=f"http://first.example:{kind.port}{path}", secrets={"X-Key": "s"}, headers={"X-A": "a"}
        )
        assert door.fetch(asked).body == b"end"
        assert ("x-key" in kind.heard[-1].headers, kind.heard[-1].headers["x-a"]) == (shown, "a")


def test_environment_sends_no_request_elsewhere(
    kind: Peer, trap: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{trap.port}")
    kind.says["/"] = Said(b"straight")
    assert DOOR.fetch(Asked(url=kind.url("/"))).body == b"straight"
    assert trap.came == 0


ENDLESS = "/endless"
UNKIND = {
    ENDLESS: ("redirect", Said(status=302, headers={"Location": ENDLESS})),
    "/huge": ("too_large", Said(b"x" * 100_000, repeat=40)),
    "/announced": ("too_large", Said(b"x" * 2_000_000)),
    "/bomb": ("too_large", packed(b"\0" * 50_000_000)),
    "/late": ("too_slow", Said(b"{}", late=1.6)),
    "/drip": ("too_slow", Said(b"y" * 100, pieces=100, pause=0.2)),
    "/drip-head": ("too_slow", Said(raw=b"HTTP/1.1 200 OK\r\n", late=0)),
    "/cut": ("unreachable", Said(b"short", headers={"Content-Length": "5000"})),
    "/not-http": ("unreachable", Said(raw=b"SSH-2.0-OpenSSH_9.2\r\n\r\n")),
    "/broken-pack": ("bad_answer", Said(b"not gzip", headers={"Content-Encoding": "gzip"})),
    "/cut-pack": ("bad_answer", Said(packed(b"abc" * 1000).body[:20], headers={"Content-Encoding": "gzip"})),
    "/strange-pack": ("bad_answer", Said(b"...", headers={"Content-Encoding": "br"})),
    "/long-head": ("unreachable", Said(raw=b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n")),
}


@pytest.mark.slow
@pytest.mark.parametrize("path", UNKIND)
def test_unkind_answer_is_stopped(kind: Peer, path: str) -> None:
    code, kind.says[path] = UNKIND[path]
    if path == "/drip-head":
        # The head never ends, and the connection stays open.
        kind.says[path] = lambda heard: Said(raw=b"HTTP/1.1 200 OK\r\nX-A: 1\r\n", late=1.6)
    began = time.monotonic()
    with pytest.raises(Stopped) as told:
        DOOR.fetch(Asked(url=kind.url(path)), Limits(bytes=1_000_000, seconds=0.8))
    assert told.value.code == code, told.value.message
    assert time.monotonic() - began < 2


def test_endless_redirects_are_counted(kind: Peer) -> None:
    kind.says[ENDLESS] = UNKIND[ENDLESS][1]
    before = len(kind.heard)
    with pytest.raises(Stopped):
        DOOR.fetch(Asked(url=kind.url(ENDLESS)), Limits(redirects=3))
    assert len(kind.heard) - before == 4


def test_answers_of_every_status_come_back(kind: Peer) -> None:
    kind.says["/busy"] = Said(b"later", status=503, headers={"Retry-After": "120"})
    found = DOOR.fetch(Asked(url=kind.url("/busy")))
    assert (found.status, found.body, found.retry_after) == (503, b"later", "120")
    kind.says["/packed"] = packed(b"[1, 2, 3]" * 1000)
    assert DOOR.fetch(Asked(url=kind.url("/packed"))).body == b"[1, 2, 3]" * 1000


def test_closed_port_and_unknown_name_are_told() -> None:
    with pytest.raises(Stopped, match=re.escape(PEER)) as told:
        DOOR.fetch(Asked(url=f"http://{PEER}:1/"))
    assert told.value.code == "unreachable"
    with pytest.raises(Stopped, match=r"nowhere\.invalid"):
        DOOR.fetch(Asked(url="http://nowhere.invalid/"))


@pytest.mark.slow
def test_resolver_that_hangs_does_not_hold_the_caller() -> None:
    door = Egress(resolve=lambda host, port: time.sleep(2) or [])  # type: ignore[func-returns-value]
    began = time.monotonic()
    with pytest.raises(Stopped) as told:
        door.fetch(Asked(url="http://slow.example/"), Limits(seconds=0.3))
    assert told.value.code == "too_slow"
    assert time.monotonic() - began < 1.5


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of gauges.example that nobody but these tests trusts, with its key."""
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=gauges.example"
    made = [*command.split(), "-addext", "subjectAltName=DNS:gauges.example"]
    subprocess.run(
        [*made, "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True
    )
    return folder


def test_certificate_is_that_of_the_name_not_of_the_address(authority: Path) -> None:
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(authority / "cert.pem", authority / "key.pem")
    named: list[str | None] = []
    serving.sni_callback = lambda wire, name, context: named.append(name)
    trust = ssl.create_default_context(cafile=str(authority / "cert.pem"))
    with peer(PEER, tls=serving, name="gauges.example") as found:
        found.says["/"] = Said(b"over TLS")
        found.says["/down"] = Said(status=302, headers={"Location": f"http://gauges.example:{found.port}/"})
        door = Egress(always=[f"{PEER}/32"], resolve=lambda host, port: [PEER], trust=trust)
        assert door.fetch(Asked(url=found.url("/"))).body == b"over TLS"
        assert named == ["gauges.example"]
        with pytest.raises(Stopped, match="https"):
            door.fetch(Asked(url=found.url("/down")))
        for url in (f"https://other.example:{found.port}/", f"https://{PEER}:{found.port}/"):
            with pytest.raises(Stopped) as told:
                door.fetch(Asked(url=url))
            assert told.value.code == "unreachable"
        with pytest.raises(Stopped):
            Egress(always=[f"{PEER}/32"], resolve=lambda host, port: [PEER]).fetch(Asked(url=found.url("/")))
