"""The Toàn cảnh page of a signed-in officer while 200 streams are open."""

from __future__ import annotations

import http.cookiejar
import re
import socket
import time
import urllib.parse
import urllib.request

from benchmarks.figure import Figure, percentile
from benchmarks.installation import PASSWORD, Installation

TITLE = "Toàn cảnh page with 200 streams open"
STREAMS = 200
TIMES = 40


def measure(city: Installation, seconds: float) -> list[Figure]:
    opener = signed_in(city.program.url)
    streams = [_stream(city.program.port) for _ in range(STREAMS)]
    try:
        time.sleep(1)
        times = []
        for _ in range(TIMES):
            began = time.perf_counter()
            with opener.open(f"{city.program.url}/console/") as answer:
                page = answer.read()
            times.append((time.perf_counter() - began) * 1000)
            assert answer.url.endswith("/console/"), answer.url
        memory = city.rss_mb()
    finally:
        for stream in streams:
            stream.close()
    return [
        Figure("page p50", percentile(times, 0.5), "ms"),
        Figure("page p95", percentile(times, 0.95), "ms", 200),
        Figure("page size", len(page) / 1024, "KB"),
        Figure("memory with 200 streams", memory, "MB"),
    ]


def signed_in(url: str) -> urllib.request.OpenerDirector:
    """An officer's browser, signed in."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    with opener.open(f"{url}/sign-in/") as answer:
        form = answer.read().decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    assert found is not None, "the sign-in page has no form"
    field = re.search(r'name="(login|username)"', form)
    assert field is not None, "the sign-in page asks for no name"
    data = {"csrfmiddlewaretoken": found[1], field[1]: "bench", "password": PASSWORD}
    request = urllib.request.Request(f"{url}/sign-in/", urllib.parse.urlencode(data).encode())
    request.add_header("Referer", f"{url}/sign-in/")
    opener.open(request).read()
    return opener


def _stream(port: int) -> socket.socket:
    stream = socket.create_connection(("127.0.0.1", port))
    stream.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
    assert b" 200 " in stream.recv(64)
    return stream
