"""A web server of somebody else's, real and at times unkind, and listeners that nobody may ever reach."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Said:
    """What the peer answers: all of it at once, or piece by piece with a pause between."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    pause: float = 0.0
    pieces: int = 1
    repeat: int = 1
    late: float = 0.0
    raw: bytes = b""


@dataclass
class Heard:
    """One request as it came."""

    path: str
    headers: dict[str, str]


@dataclass
class Peer:
    """A running server: what it says by path, and what it heard."""

    port: int
    says: dict[str, Said | Callable[[Heard], Said]] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    scheme: str = "http"
    host: str = "127.0.0.1"

    def url(self, path: str) -> str:
        """The address of a path here."""
        return f"{self.scheme}://{self.host}:{self.port}{path}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    peer: Peer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        peer = self.server.peer
        heard = Heard(self.path, {k.lower(): v for k, v in self.headers.items()})
        peer.heard.append(heard)
        said = peer.says.get(self.path.partition("?")[0], Said(status=404))
        said = said(heard) if callable(said) else said
        self.close_connection = True
        time.sleep(said.late)
        if said.raw:
            self.wfile.write(said.raw)
            return
        self.send_response(said.status)
        headers = {"Content-Type": "application/json", **said.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        if said.repeat == 1 and said.status not in (204, 304) and "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(said.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        size = max(1, len(said.body) // said.pieces)
        for _ in range(said.repeat):
            for start in range(0, len(said.body), size):
                self.wfile.write(said.body[start : start + size])
                self.wfile.flush()
                time.sleep(said.pause)

    def log_message(self, *words: object) -> None:
        """Quiet."""


@contextmanager
def peer(host: str = "127.0.0.1", tls: ssl.SSLContext | None = None, name: str = "") -> Iterator[Peer]:
    """A server on a free port of this machine."""
    server = _Server((host, 0), _Handler)
    server.peer = Peer(server.server_address[1], host=name or host, scheme="https" if tls else "http")
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.peer
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Canary:
    """Listens on every address of this machine and counts who comes."""

    port: int
    came: int = 0


@contextmanager
def canary() -> Iterator[Canary]:
    """One port on all IPv4 and IPv6 addresses, until the block is left."""
    listeners: list[socket.socket] = []
    first = socket.create_server(("0.0.0.0", 0))
    found = Canary(first.getsockname()[1])
    listeners.append(first)
    listeners.append(socket.create_server(("::", found.port), family=socket.AF_INET6))

    def count(listener: socket.socket) -> None:
        while True:
            try:
                wire, _ = listener.accept()
            except OSError:
                return
            found.came += 1
            wire.close()

    for listener in listeners:
        threading.Thread(target=count, args=(listener,), daemon=True).start()
    try:
        yield found
    finally:
        for listener in listeners:
            # A thread in accept() keeps a closed socket listening; shutting it down wakes the thread.
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()


def packed(body: bytes) -> Said:
    """The body as gzip."""
    return Said(gzip.compress(body), headers={"Content-Encoding": "gzip"})
