"""Who is believed about whom."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import Any

import pytest

from toancanh.kernel.runtime.edge import Message, Receive, Scope, Send
from toancanh.kernel.runtime.front import Front

PROXY = ipaddress.ip_network("10.0.0.0/24")
HOSTS = ["ioc.vn", ".hue.vn", "[::1]"]


def came(peer: str, scheme: str = "http", **claims: str) -> tuple[Scope, list[Message]]:
    """The scope as the application got it (empty: not at all), and what was answered."""
    got: Scope = {}
    said: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        got.update(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        said.append(message)

    names = {name.replace("_", "-").encode(): value.encode() for name, value in claims.items()}
    headers = [*({b"host": b"ioc.vn"} | names).items()]
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/a b", "raw_path": b"/a%20b"}
    scope |= {"query_string": b"q=1", "scheme": scheme, "client": (peer, 5), "headers": headers}
    front = Front(app, proxies=[PROXY], hosts=HOSTS, lasting=True)
    asyncio.run(front(scope, receive, send))
    return got, said


def test_proxy_is_believed_about_caller_scheme_and_name() -> None:
    got, said = came(
        "10.0.0.5",
        x_forwarded_for="203.0.113.9",
        x_forwarded_proto="https",
        x_forwarded_host="a.hue.vn",
    )
    assert (got["client"], got["scheme"]) == (("203.0.113.9", 0), "https")
    assert got["headers"] == [(b"host", b"a.hue.vn")]
    assert said[0]["headers"] == [(b"strict-transport-security", b"max-age=31536000")]


@pytest.mark.parametrize(
    ("told", "caller"),
    [
        ("1.1.1.1, 203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, 10.0.0.7", "203.0.113.9"),
        ("1.1.1.1, nobody, 10.0.0.7", "10.0.0.7"),
        ("", "10.0.0.5"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
    ],
)
def test_caller_is_the_nearest_address_that_is_no_proxy(told: str, caller: str) -> None:
    got, _ = came("10.0.0.5", x_forwarded_for=told, x_forwarded_proto="https")
    assert got["client"][0] == caller


def test_who_is_no_proxy_is_not_believed_and_is_led_to_https() -> None:
    got, said = came("203.0.113.9", x_forwarded_for="127.0.0.1", x_forwarded_proto="https")
    assert got == {}
    assert said[0]["status"] == 308
    assert (b"location", b"https://ioc.vn/a%20b?q=1") in said[0]["headers"]


def test_this_machine_itself_may_come_plainly_and_claims_nothing() -> None:
    for peer in ("127.0.0.1", "::1"):
        got, _ = came(peer, x_forwarded_for="8.8.8.8", forwarded="for=8.8.8.8", x_forwarded_proto="https")
        assert (got["client"], got["scheme"]) == ((peer, 5), "http")
        assert got["headers"] == [(b"host", b"ioc.vn")]


def test_proxy_that_says_nothing_is_taken_as_it_comes() -> None:
    got, said = came("10.0.0.5")
    assert (got["client"], got["scheme"]) == (("10.0.0.5", 5), "http")
    assert said[0]["headers"] == []


@pytest.mark.parametrize("host", ["evil.example", "ioc.vn@evil.example", "", "ioc.vn/x"])
def test_nobody_is_led_to_another_site(host: str) -> None:
    got, said = came("10.0.0.5", x_forwarded_proto="http", host=host)
    assert got == {}
    assert said[0]["status"] == 400
