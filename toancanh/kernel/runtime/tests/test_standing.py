"""Finished pages from memory: what is served, as what, and what never is."""

from __future__ import annotations

import asyncio
import gzip
import os
from pathlib import Path

import pytest

from toancanh.kernel.runtime import standing
from toancanh.kernel.runtime.edge import Message, Scope
from toancanh.kernel.runtime.standing import Standing

PREFIXES = ("/warnings/", "/sw.js")


def put(folder: Path, name: str, text: str) -> Path:
    """A page and its packed twin."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(text.encode()))
    return file


def ask(
    app: Standing, path: str, method: str = "GET", **headers: str
) -> tuple[int, dict[bytes, bytes], bytes]:
    """Status, headers and body; 0 where it is not taken."""
    said: list[Message] = []

    async def send(message: Message) -> None:
        said.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope: Scope = {"type": "http", "method": method, "path": path, "headers": named}
    if not app.takes(scope):
        return 0, {}, b""
    asyncio.run(app(scope, receive, send))
    return said[0]["status"], dict(said[0]["headers"]), said[1]["body"]


def test_page_is_served_plain_packed_and_not_at_all_when_it_is_known(tmp_path: Path) -> None:
    put(tmp_path, "warnings/index.html", "<p>nước lên</p>")
    app = Standing(tmp_path, PREFIXES)
    status, headers, body = ask(app, "/warnings/")
    assert (status, body.decode()) == (200, "<p>nước lên</p>")
    assert headers[b"content-type"] == b"text/html; charset=utf-8"
    assert b"nonce" not in headers[b"content-security-policy"]
    assert b"script-src 'self';" in headers[b"content-security-policy"]
    status, packed_headers, packed = ask(app, "/warnings/", accept_encoding="br, gzip")
    assert gzip.decompress(packed).decode() == "<p>nước lên</p>"
    assert packed_headers[b"content-encoding"] == b"gzip"
    assert packed_headers[b"content-length"] == str(len(packed)).encode()
    tag = headers[b"etag"].decode()
    for told in (tag, tag.removeprefix("W/"), f'"other", {tag}'):
        assert ask(app, "/warnings/", if_none_match=told)[::2] == (304, b"")
    assert ask(app, "/warnings/", if_none_match='"other"')[0] == 200
    assert ask(app, "/warnings/", "HEAD")[::2] == (200, b"")
    assert ask(app, "/warnings/", "POST")[0] == 0


def test_what_is_replaced_is_seen_and_what_is_gone_is_left_to_the_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "LOOK_AGAIN", 0.0)
    file = put(tmp_path, "warnings/a/index.html", "one")
    app = Standing(tmp_path, PREFIXES)
    first = ask(app, "/warnings/a/")
    aside = tmp_path / "aside"
    aside.write_text("other")
    os.utime(aside, ns=(2**61, 2**61))
    aside.replace(file)
    status, headers, body = ask(app, "/warnings/a/", accept_encoding="gzip")
    assert (status, body) == (200, b"other"), "a packed twin that says something else is not believed"
    assert headers[b"etag"] != first[1][b"etag"]
    file.unlink()
    assert ask(app, "/warnings/a/")[0] == 0


def test_nothing_but_the_pages_is_ever_served(tmp_path: Path) -> None:
    folder = tmp_path / "public"
    put(folder, "warnings/index.html", "page")
    put(folder, "warnings/.hidden.html", "hidden")
    put(folder, "warnings/key.pem", "secret")
    (tmp_path / "secret.html").write_text("secret")
    app = Standing(folder, PREFIXES)
    assert ask(app, "/warnings/")[0] == 200
    paths = ("/warnings/../../secret.html", "/warnings/..", "/warnings//index.html", "/warnings/.hidden.html")
    more = ("/warnings/key.pem", "/warnings/index.html.gz", "/warnings/\0", "/warnings", "/", "/warnings/\n")
    for path in (
        *paths,
        *more,
        "/warnings/%2e%2e/",
        "/warnings/a\\..\\b.html",
        "/static/x.html",
        "/warnings/é/",
    ):
        assert ask(app, path)[0] == 0, path
