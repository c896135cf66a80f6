"""Crowds and idlers on the real program: what they take is theirs, officers and devices keep their own."""

from __future__ import annotations

import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.edge.conftest import House
from tests.running import Program

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("edge")]

PAGES = ["/", "/sign-in/", "/api/v1/things", "/layers/flood.gauges.json", "/live/poll", "/healthz"]


@contextmanager
def held(house: House, count: int, path: str, buffer: int = 0) -> Iterator[list[socket.socket]]:
    """Connections that asked for a path and do not read on."""
    found = []
    try:
        for _ in range(count):
            one = socket.socket()
            if buffer:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            one.connect(("127.0.0.1", house.port))
            one.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            found.append(one)
        yield found
    finally:
        for one in found:
            one.close()


def answered(house: House, path: str) -> float:
    """Seconds until a path answers 200."""
    began = time.monotonic()
    with urllib.request.urlopen(f"{house.program.url}{path}", timeout=10) as answer:
        answer.read()
        assert answer.status == 200
    return time.monotonic() - began


def test_open_streams_take_no_place_of_a_page(house: House) -> None:
    with held(house, 300, "/live"):
        time.sleep(1)
        for path in PAGES:
            answered(house, path)


def test_clients_that_stop_reading_hold_no_thread(house: House) -> None:
    path = "/boundaries/46.json"
    with held(house, 12, path, buffer=1024):
        time.sleep(1)
        for page in PAGES:
            answered(house, page)


def test_error_page_stands_without_its_database(house: House) -> None:
    program: Program = house.program
    request = urllib.request.Request(f"{program.url}/nowhere/", headers={"Accept": "text/html"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    assert refused.value.code == 404
    assert "Không tìm thấy" in refused.value.read().decode()
