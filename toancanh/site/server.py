"""Runs a role of the house: a process that listens, by HTTPS where others reach it."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from types import FrameType
from typing import Any, Literal

import uvicorn
import uvicorn.server
from django.conf import settings
from django.utils.translation import gettext as _
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from toancanh.kernel.runtime.edge import App
from toancanh.kernel.runtime.front import Front, Redirect
from toancanh.kernel.runtime.loops import Loop
from toancanh.site import tls
from toancanh.site.listening import Listening

HEAD_DEADLINE = 10.0
"""Seconds in which a request's head must be complete; whoever keeps it half open is let go."""
HEAD_LIMIT = 64 * 1024


TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class HeadTooLarge(Exception):
    """Stops the parser; the caller has been answered."""


class Listener(HttpToolsProtocol):
    """uvicorn's protocol with a deadline and a size for the head of every request, which it lacks."""

    _late: asyncio.TimerHandle | None = None
    _came = 0
    _head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_complete()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._late is not None:
            # The parser tells of a header only when it is whole: what it gathers until then is counted here.
            self._came += len(data)
            if self._came - len(data) > HEAD_LIMIT:
                return self._let_go(TOO_LARGE)
        super().data_received(data)

    def on_message_begin(self) -> None:
        self._expect_head()
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(name, value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._head_complete()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def _count(self, *parts: bytes) -> None:
        self._head += sum(map(len, parts))
        if self._head > HEAD_LIMIT:
            self._let_go(TOO_LARGE)
            raise HeadTooLarge

    def _expect_head(self) -> None:
        self._head_complete()
        self._late = self.loop.call_later(HEAD_DEADLINE, self._let_go, TOO_SLOW)

    def _head_complete(self) -> None:
        self._came = self._head = 0
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _let_go(self, said: bytes) -> None:
        self._head_complete()
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(said)
            self.transport.close()


class Server(uvicorn.Server):
    """uvicorn's server that ends with a clean exit on Ctrl-C instead of raising the signal again."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._captured_signals.clear()


def listen(port: int, host: str = "127.0.0.1", variable: str = "PORT") -> socket.socket:
    """A listening socket; says what to do when the port is taken or the address is not this machine's."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        door = socket.socket(family, kind, protocol)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(address)
    except OSError as fault:
        facts = {"port": port, "host": host, "fault": fault.strerror, "variable": variable}
        if fault.errno == errno.EADDRINUSE:
            facts["other"] = f"{variable}={port + 1 if port < 65535 else 8000}"
            text = _("Port %(port)s is taken by another program. Choose another one: %(other)s")
        else:
            text = _("Cannot listen on %(host)s port %(port)s (%(fault)s): look at %(variable)s.")
        raise SystemExit(text % facts) from fault
    door.listen(1024)
    return door


@dataclass
class Ports:
    """The sockets of a process, bound before anything else is begun."""

    main: socket.socket
    redirect: socket.socket | None = None
    """Leads from http to https."""
    inner: socket.socket | None = None
    """Plain HTTP for the simulator on this machine, where the main one speaks TLS."""


def serve(
    role: str, listening: Listening, ports: Ports, simulator: list[str] | None = None, token: str = ""
) -> int:
    """Serve until told to stop; returns the exit code."""
    from toancanh.site import roles  # app ready: needs Django set up

    server: Server
    number = ports.main.getsockname()[1]
    house = roles.house(role, number, lambda: server.should_exit)
    hosts = settings.ALLOWED_HOSTS
    front = Front(house.edge, proxies=listening.proxies, hosts=hosts, lasting=listening.is_lasting)
    config = configured(front)
    if listening.speaks_tls:
        certificates = tls.certificates(listening, settings.DATA)
        config.ssl_context_factory = lambda _config, _usual: certificates.context
        house.loops.append(Loop("certificate", certificates.look, tls.EVERY))
    if ports.redirect is not None:
        house.services.append(Beside(ports.redirect, Redirect(hosts, number)))
    if ports.inner is not None:
        house.services.append(Beside(ports.inner, front))
    if simulator:
        from toancanh.site import demo_day

        here = (ports.inner or ports.main).getsockname()[1]
        house.loops.append(Loop("demo's day", demo_day.Day(f"http://127.0.0.1:{here}").look, demo_day.EVERY))
    server = Server(config)
    child = start_simulator(simulator, token) if simulator else None
    try:
        server.run(sockets=[ports.main])
    finally:
        if child is not None:
            stop(child)
    return 0 if server.started else 1


def configured(app: App, *, lifespan: Literal["on", "off"] = "on") -> uvicorn.Config:
    """How every port of ours is served."""
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=Listener,
        ws="none",
        lifespan=lifespan,
        log_config=None,
        access_log=False,
        server_header=False,
        # Who may be believed about who calls is settled by `Front`.
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=8,
        backlog=1024,
    )


class Beside:
    """A further port of the process, without a life of its own."""

    def __init__(self, door: socket.socket, app: App) -> None:
        self._door = door
        self._app = app

    async def start(self) -> None:
        """Listen."""
        config = configured(self._app, lifespan="off")
        config.load()
        state = uvicorn.server.ServerState()

        def protocol() -> Listener:
            return Listener(config=config, server_state=state, app_state={})

        self._server = await asyncio.get_running_loop().create_server(protocol, sock=self._door, backlog=1024)

    async def stop(self) -> None:
        """Let nobody in any more."""
        self._server.close()


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
    simulate = [sys.executable, "-m", "toancanh.site.commands", "simulate", "--url", url, "--parent-pipe"]
    # So that the waiting room of the demo city is not empty, and something rings while somebody looks.
    return [*simulate, "--stranger", "tram-bao-vinh", "--flood", "-60", "--flood-at", "hue-kim-long"]
