"""Clients that open and do not go on, at both doors: whoever means it is served all the while (bar 12)."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.edge.wire import memory_mb, wait
from tests.faults.ledger import compare
from tests.faults.measure import FULL, seconds, seed, tell
from tests.faults.officer import Officer
from tests.faults.senders import gather
from tests.faults.town import DEVICE, OFFICER, Town, flowing, sending

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.xdist_group("idlers")]
HALF_OPEN, SLOW = (1_000, 700) if FULL else (500, 600)
LET_GO = seconds(16, 60)
"""Seconds within which all of them must be gone: the deadline of ten and what answering takes."""
GOOD = seconds(1, 20)
CONNECT = bytes.fromhex("101000044d5154540500003c000004")
"""The beginning of a CONNECT that promises more."""


class Idler:
    """One connection that said a little and says a byte more now and then."""

    def __init__(self, port: int, first: bytes) -> None:
        self.wire = socket.create_connection(("127.0.0.1", port), timeout=20)
        if first:
            self.wire.sendall(first)
        self.wire.setblocking(False)
        self.is_gone = False

    def drip(self) -> None:
        """One byte more, or notice that it was let go."""
        try:
            while self.wire.recv(4096):
                pass
            self.is_gone = True
        except BlockingIOError:
            pass
        except OSError:
            self.is_gone = True
        if not self.is_gone:
            try:
                self.wire.send(b"x")
            except BlockingIOError:
                pass
            except OSError:
                self.is_gone = True


@contextmanager
def idling(idlers: list[Idler]) -> Iterator[None]:
    """All of them send one byte a second."""
    ending = threading.Event()

    def drip() -> None:
        while not ending.wait(1):
            for idler in idlers:
                if not idler.is_gone:
                    idler.drip()

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join(30)
        for idler in idlers:
            idler.wire.close()


def test_good_requests_go_on_among_idlers(town: Town) -> None:
    chosen = seed()
    [program] = town.start("")
    assert program.process is not None
    officer = Officer(program.url, *OFFICER)
    head = "POST /api/v1/observations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n"
    known = f"{head}Authorization: Bearer {town.tokens[DEVICE]}\r\n\r\n".encode()
    stranger = f"{head}Authorization: Bearer nobody\r\n\r\n".encode()
    firsts = [(program.port, b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")] * (HALF_OPEN // 2)
    firsts += [(program.port, b""), (town.mqtt_port, b"")] * (HALF_OPEN // 4)
    firsts += [(program.port, known), (program.port, stranger)] * (SLOW // 2)
    firsts += [(town.mqtt_port, CONNECT)] * (SLOW // 3)
    before = memory_mb(program.process.pid)
    with sending(town.senders(program.port, chosen, 400)) as senders:
        flowing(senders, 30)
        idlers = [Idler(port, first) for port, first in firsts]
        with idling(idlers):
            began, slowest = time.monotonic(), 0.0
            while time.monotonic() < began + (20 if FULL else 5):
                slowest = max(slowest, officer.took("/console/"), flowing(senders, GOOD))
            grown = memory_mb(program.process.pid) - before
            assert wait(lambda: all(idler.is_gone for idler in idlers), LET_GO), sum(
                not idler.is_gone for idler in idlers
            )
        refused = [(s.broken, s.refused) for s in senders if s.broken or s.refused]
        ledgers = gather(senders)
    assert refused == []
    assert slowest < GOOD
    assert grown < 150
    town.end()
    kept = compare(ledgers, town.store(), town.series())
    tell(
        "idlers",
        seed=chosen,
        idlers=len(firsts),
        slowest=slowest,
        memory=f"+{grown:.0f} MB",
        kept=kept,
        lost=0,
    )
