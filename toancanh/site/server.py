"""Runs the house: one process that listens on this machine, and beside it the demo's simulator."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import IO, Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_DEADLINE = 10.0
"""Seconds in which a request's head must be complete; whoever keeps it half open is let go."""
HEAD_LIMIT = 64 * 1024


class Listener(HttpToolsProtocol):
    """uvicorn's protocol with a deadline and a size for the head of every request, which it lacks."""

    _late: asyncio.TimerHandle | None = None
    _head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_complete()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._late is not None:
            self._head += len(data)
            if self._head > HEAD_LIMIT + 64 * 1024 and not self._has_head():
                return self._let_go()
        super().data_received(data)

    def on_message_begin(self) -> None:
        self._expect_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head_complete()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()

    def _has_head(self) -> bool:
        return self._late is None

    def _expect_head(self) -> None:
        self._head_complete()
        self._late = self.loop.call_later(HEAD_DEADLINE, self._let_go)

    def _head_complete(self) -> None:
        self._head = 0
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _let_go(self) -> None:
        self._late = None
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(
                b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            )
            self.transport.close()


class Server(uvicorn.Server):
    """uvicorn's server that ends with a clean exit on Ctrl-C instead of raising the signal again."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._captured_signals.clear()


def listen(port: int) -> socket.socket:
    """A listening socket on this machine; says what to do when the port is taken."""
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind(("127.0.0.1", port))
    except OSError as fault:
        told = f"Cổng {port} đang bị chương trình khác dùng ({fault.strerror}). "
        told += f"Hãy chọn cổng khác: PORT={port + 1} make run"
        raise SystemExit(told) from fault
    door.listen(1024)
    return door


def alone(data: Path) -> IO[str]:
    """Hold the data folder for this process; two programs on one store would serve stale pages."""
    data.mkdir(parents=True, exist_ok=True)
    lock = (data / "run.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        raise SystemExit(
            f"Một Toàn Cảnh khác đang chạy trên {data}. Hãy dừng nó trước, hoặc đặt TOANCANH_DATA khác."
        ) from fault
    return lock


def serve(door: socket.socket, port: int, simulator: list[str] | None, token: str) -> int:
    """Serve until told to stop; returns the exit code."""
    from toancanh.site.asgi import House  # app ready: needs Django set up

    server: Server
    house = House(is_stopping=lambda: server.should_exit)
    config = uvicorn.Config(
        house.edge,
        loop="uvloop",
        http=Listener,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=8,
        backlog=1024,
    )
    server = Server(config)
    child = start_simulator(simulator, token) if simulator else None
    try:
        server.run(sockets=[door])
    finally:
        if child is not None:
            stop(child)
    return 0


def start_simulator(command: list[str], token: str) -> subprocess.Popen[Any]:
    """Start the simulator; it ends by itself when this process dies, because its input closes."""
    env = {**os.environ, "TOANCANH_TOKEN": token}
    return subprocess.Popen(command, stdin=subprocess.PIPE, env=env)


def stop(child: subprocess.Popen[Any]) -> None:
    """End the child and wait for it."""
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(timeout=5)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def simulator_command(url: str) -> list[str]:
    """How the simulator is called."""
    return [sys.executable, "-m", "toancanh.site.commands", "simulate", "--url", url, "--parent-pipe"]
