"""A small real HTTP server that keeps what it acknowledges and misbehaves on request."""

import json
import socket
import struct
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "tc-secret"


class Peer:
    """The door as the simulator sees it; ``mishaps`` are used up one a POST."""

    def __init__(self, things: list[dict[str, Any]], mishaps: list[str] | None = None) -> None:
        self.things = things
        self.mishaps = deque(mishaps or [])
        self.kept: dict[tuple[str, str, str], float] = {}
        self.posts: list[tuple[str, int]] = []
        self.conflicts = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "Peer":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def keep(self, key: str, rows: list[dict[str, Any]]) -> None:
        with self._lock:
            self.posts.append((key, len(rows)))
            for row in rows:
                name = row["thing"], row["series"], row["time"]
                if self.kept.setdefault(name, row["value"]) != row["value"]:
                    self.conflicts += 1

    def times(self, thing: str) -> list[str]:
        with self._lock:
            return sorted(time for code, _, time in self.kept if code == thing)


def _handler(peer: Peer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            second = self.path.endswith("after=2")
            half = len(peer.things) // 2
            items = peer.things[half:] if second else peer.things[:half]
            self._answer(200, {"items": items, "next": None if second else "/api/v1/things?after=2"})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            mishap = peer.mishaps.popleft() if peer.mishaps else "none"
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                self._answer(401, {"detail": "no such token"})
            elif mishap == "503":
                self._answer(503, {"detail": "busy"}, {"Retry-After": "0"})
            elif mishap == "507":
                self._answer(507, {"detail": "disk full"})
            elif mishap == "reset":
                self._reset()
            else:
                rows = json.loads(body)
                if mishap == "late":
                    time.sleep(0.4)
                peer.keep(self.headers["Idempotency-Key"], rows)
                if mishap == "kept then reset":
                    self._reset()
                elif mishap == "close":
                    self._answer(200, {"accepted": len(rows), "rejected": []}, {"Connection": "close"})
                elif mishap == "gibberish":
                    self._answer(200, None)
                else:
                    self._answer(200, {"accepted": len(rows), "rejected": []})

        def _reset(self) -> None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()

        def _answer(self, status: int, content: object, headers: dict[str, str] | None = None) -> None:
            data = b"<html>" if content is None else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def finish(self) -> None:
            if not self.wfile.closed and self.connection.fileno() >= 0:
                super().finish()

        def log_message(self, *_: object) -> None:
            pass

    return Handler
