"""Asks a broker over MQTT 5 whether it lets us in, listen and answer; four packets, then good-bye."""

from __future__ import annotations

import secrets
import socket
import ssl
import struct
from typing import Protocol

CONNECT, CONNACK, PUBLISH_ONCE, PUBACK = 0x10, 0x20, 0x32, 0x40
SUBSCRIBE, SUBACK, DISCONNECT = 0x82, 0x90, 0xE0
REFUSED = 0x80
"""Reason codes from here on say no."""
UNSUPPORTED = (0x01, 0x84)
LONGEST = 65_536


class Address(Protocol):
    """Where the broker is and who we are there."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def is_tls(self) -> bool: ...
    @property
    def user(self) -> str: ...
    @property
    def password(self) -> str: ...


def ask(address: Address, seconds: float) -> str:
    """What is refused: password, version, subscribe or publish; empty where all is allowed."""
    authority = getattr(address, "authority", None)
    with socket.create_connection((address.host, address.port), seconds) as plain:
        plain.settimeout(seconds)
        if not address.is_tls:
            return _ask(plain, address)
        context = ssl.create_default_context(cafile=str(authority) if authority else None)
        with context.wrap_socket(plain, server_hostname=address.host) as secured:
            return _ask(secured, address)


def _ask(wire: socket.socket, address: Address) -> str:
    flags = 0x02 | (0x80 if address.user else 0) | (0x40 if address.password else 0)
    head = _text("MQTT") + struct.pack(">BBH", 5, flags, 10) + b"\0"
    who = [f"toancanh-doctor-{secrets.token_hex(4)}", address.user, address.password]
    _send(wire, CONNECT, head + b"".join(_text(word) for word in who[:1] + [w for w in who[1:] if w]))
    reason = _read(wire, CONNACK)[1]
    if reason in UNSUPPORTED:
        return "version"
    if reason:
        return "password"
    # Not in the shared group: there the doctor would take messages away from who keeps them.
    _send(wire, SUBSCRIBE, struct.pack(">H", 1) + b"\0" + _text("toancanh/+/+") + b"\0")
    if _read(wire, SUBACK)[-1] >= REFUSED:
        return "subscribe"
    _send(wire, PUBLISH_ONCE, _text("toancanh/toancanh-doctor/ack") + struct.pack(">H", 2) + b"\0{}")
    told = _read(wire, PUBACK)
    if len(told) > 2 and told[2] >= REFUSED:
        return "publish"
    _send(wire, DISCONNECT, b"")
    return ""


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack(">H", len(raw)) + raw


def _send(wire: socket.socket, kind: int, body: bytes) -> None:
    length, left = b"", len(body)
    while True:
        left, digit = divmod(left, 128)
        length += bytes([digit | (0x80 if left else 0)])
        if not left:
            break
    wire.sendall(bytes([kind]) + length + body)


def _read(wire: socket.socket, kind: int) -> bytes:
    """The body of the next packet of that kind; messages that come meanwhile are passed over."""
    while True:
        (found,) = _exactly(wire, 1)
        length = shift = 0
        while True:
            (digit,) = _exactly(wire, 1)
            length |= (digit & 0x7F) << shift
            shift += 7
            if digit < 0x80:
                break
            if shift > 21:
                raise ValueError("this is not MQTT")
        if length > LONGEST:
            raise ValueError("this is not MQTT")
        body = _exactly(wire, length)
        if found & 0xF0 == kind & 0xF0:
            return body
        if found & 0xF0 != 0x30:
            raise ValueError("this is not MQTT" if kind == CONNACK else "the broker hung up")


def _exactly(wire: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = wire.recv(count - len(data))
        if not part:
            raise EOFError
        data += part
    return data
