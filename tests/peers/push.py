"""A push service: takes what RFC 8030 says, checks who sends (RFC 8292), opens what browsers may (RFC 8291).

The first part of a path says how it behaves: ``ok``, ``gone``, ``missing``, ``large``, ``busy``, ``broken``,
``hang``, ``cut`` (takes the message and hangs up), ``once-broken``. As a program it counts for a benchmark.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httptools
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from toancanh.kernel.notify.channels.encrypting import b64, unb64

CURVE = ec.SECP256R1()


class Keys:
    """What a browser keeps for itself."""

    def __init__(self, private: ec.EllipticCurvePrivateKey, auth: bytes) -> None:
        self.private, self.auth = private, auth
        self.public = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @staticmethod
    def new() -> Keys:
        """Those of another browser."""
        return Keys(ec.generate_private_key(CURVE), secrets.token_bytes(16))

    @property
    def told(self) -> dict[str, str]:
        """What it tells when it subscribes."""
        return {"p256dh": b64(self.public), "auth": b64(self.auth)}

    def opened(self, body: bytes) -> bytes:
        """The text, step by step as the RFC has it; raises where a step does not fit."""
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        assert length == 65
        assert len(body) <= 4096 <= size
        shared = self.private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, sender))
        first = hmac.digest(self.auth, shared, "sha256")
        keying = hmac.digest(first, b"WebPush: info\0" + self.public + sender + b"\1", "sha256")
        second = hmac.digest(salt, keying, "sha256")
        key = hmac.digest(second, b"Content-Encoding: aes128gcm\0\1", "sha256")[:16]
        nonce = hmac.digest(second, b"Content-Encoding: nonce\0\1", "sha256")[:12]
        plain, mark, _padding = AESGCM(key).decrypt(nonce, sealed, None).rpartition(b"\2")
        assert mark
        return plain


def is_signed(header: str, origin: str, now: float | None) -> bool:
    """Whether the Authorization is ours, for this service and not over."""
    scheme, _space, rest = header.partition(" ")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    said, _dot, signature = parts["t"].rpartition(".")
    raw = unb64(signature)
    key = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, unb64(parts["k"]))
    halves = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key.verify(halves, said.encode(), ec.ECDSA(hashes.SHA256()))
    claims = json.loads(unb64(said.partition(".")[2]))
    in_time = now is None or 0 < claims["exp"] - now <= 24 * 3600
    return scheme == "vapid" and claims["aud"] == origin and in_time


@dataclass
class PushService:
    """A running service and what reached it."""

    port: int = 0
    keys: dict[str, Keys] = field(default_factory=dict)
    """By path; where a path has none, its messages are counted and not opened."""
    told: list[tuple[str, dict[str, Any], dict[str, str]]] = field(default_factory=list)
    """Path, text and headers of every message that was opened."""
    topics: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    connections: int = 0
    faults: list[str] = field(default_factory=list)
    now: float | None = None
    opens: bool = True
    delay: float = 0.0
    """Seconds from a message to its answer."""
    keys_of: Callable[[str], Keys | None] | None = None
    """Whose keys open what comes to a path, where they are not in ``keys``."""
    heard: Callable[[str, dict[str, Any], dict[str, str]], None] = lambda _path, _text, _headers: None
    """Told of every message that was opened, as ``told`` keeps it."""

    def endpoint(self, path: str) -> str:
        """The address of a path here."""
        return f"http://127.0.0.1:{self.port}{path}"

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str]] | None:
        """Status and headers; None to hang."""
        self.asked += 1
        how = path.split("/")[1]
        said = {
            "gone": (410, {}),
            "missing": (404, {}),
            "large": (413, {}),
            "busy": (429, {"Retry-After": "120"}),
            "broken": (500, {}),
            "stranger": (403, {}),
        }.get(how)
        if how == "once-broken" and self.topics[headers["topic"]] == 0:
            self.topics[headers["topic"]] += 1
            said = (503, {})
        if said is not None:
            return said
        try:
            self._taken(path, headers, body)
        except Exception as fault:  # noqa: BLE001 - told by the test that looks
            self.faults.append(f"{type(fault).__name__}: {fault}")
            return 400, {}
        return None if how == "hang" else (201, {"Location": f"{path}/m"})

    def _taken(self, path: str, headers: dict[str, str], body: bytes) -> None:
        assert headers["content-encoding"] == "aes128gcm"
        assert int(headers["ttl"]) >= 0
        assert headers["urgency"] in ("very-low", "low", "normal", "high")
        assert len(headers["topic"]) <= 32
        self.topics[headers["topic"]] += 1
        keys = self.keys_of(path) if self.keys_of else self.keys.get(path)
        if keys is not None and self.opens:
            assert is_signed(headers["authorization"], f"http://127.0.0.1:{self.port}", self.now)
            self.told.append((path, json.loads(keys.opened(body)), headers))
            self.heard(*self.told[-1])


class _Wire(asyncio.Protocol):
    def __init__(self, service: PushService) -> None:
        self._service = service
        self._parser = httptools.HttpRequestParser(self)
        self._path, self._headers, self._body = b"", {}, bytearray()
        service.connections += 1

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._path, self._headers, self._body = b"", {}, bytearray()

    def on_url(self, url: bytes) -> None:
        self._path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        path = self._path.decode()
        said = self._service.answer(path, self._headers, bytes(self._body))
        if path.startswith("/cut/"):
            self._transport.abort()
        elif said is not None:
            status, headers = said
            lines = [
                f"HTTP/1.1 {status} Said",
                "Content-Length: 0",
                *(f"{k}: {v}" for k, v in headers.items()),
            ]
            answer = "\r\n".join((*lines, "", "")).encode()
            if self._service.delay:
                asyncio.get_running_loop().call_later(self._service.delay, self._transport.write, answer)
            else:
                self._transport.write(answer)


@contextmanager
def push_service() -> Iterator[PushService]:
    """A service on a free port of this machine, in a thread of its own."""
    service = PushService()
    loop = asyncio.new_event_loop()
    is_open = threading.Event()

    def serve() -> None:
        # All of it here: a browser's driver has a loop of its own in the thread of the tests.
        server = loop.run_until_complete(loop.create_server(lambda: _Wire(service), "127.0.0.1", 0))
        service.port = server.sockets[0].getsockname()[1]
        is_open.set()
        loop.run_forever()
        server.close()
        loop.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert is_open.wait(10), "the push service could not open a port"
    try:
        yield service
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)


async def _serve() -> None:
    """Count until the input ends; every line of it is answered with what was counted.

    A line with a number says how many seconds answers take from now on.
    """
    loop = asyncio.get_running_loop()
    service = PushService()
    private = ec.derive_private_key(int(sys.argv[1]), CURVE)
    keys = Keys(private, bytes(16))
    every = int(sys.argv[2])
    service.keys_of = lambda _path: None if service.asked % every else keys
    server = await loop.create_server(lambda: _Wire(service), "127.0.0.1", 0, backlog=1000)
    service.port = server.sockets[0].getsockname()[1]
    print(service.port, flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        service.delay = float(line.strip() or service.delay)
        told = {
            "asked": service.asked,
            "different": len(service.topics),
            "most": max(service.topics.values(), default=0),
            "opened": len(service.told),
            "faults": service.faults[:5],
            "connections": service.connections,
        }
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve())
