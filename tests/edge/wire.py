"""Speaks HTTP byte by byte, as clients that err do."""

from __future__ import annotations

import json
import re
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Answer:
    """What came back: status (0 where nothing did), headers, body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def connect(port: int, seconds: float = 20.0) -> socket.socket:
    """A connection to the program."""
    return socket.create_connection(("127.0.0.1", port), timeout=seconds)


def read(wire: socket.socket, *, head: bool = False) -> Answer:
    """One answer from the wire."""
    data = b""
    try:
        while b"\r\n\r\n" not in data:
            part = wire.recv(65536)
            if not part:
                return Answer(0, {}, data)
            data += part
        top, _, body = data.partition(b"\r\n\r\n")
        lines = top.decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        length = headers.get("content-length")
        while not head and (length is None or len(body) < int(length)):
            part = wire.recv(65536)
            if not part:
                break
            body += part
            if length is None and body.endswith(b"0\r\n\r\n"):
                break
        return Answer(int(lines[0].split()[1]), headers, body)
    except (ConnectionResetError, BrokenPipeError, TimeoutError):
        return Answer(0, {}, data)


def send(port: int, raw: bytes, *, head: bool = False) -> Answer:
    """Send these bytes and read one answer."""
    with connect(port) as wire:
        wire.sendall(raw)
        return read(wire, head=head)


def ask(port: int, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> Answer:
    """An ordinary request."""
    told = {
        "Host": "localhost",
        "Connection": "close",
        **{k.replace("_", "-"): v for k, v in headers.items()},
    }
    if body or method == "POST":
        told["Content-Length"] = str(len(body))
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    raw = f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body
    return send(port, raw, head=method == "HEAD")


def pour(port: int, head: bytes, size: int, seconds: float = 60.0) -> tuple[Answer, int]:
    """Write a head and ``size`` bytes before reading, as simple clients do; the answer, bytes written."""
    part, written = b"x" * 262_144, 0
    with connect(port, seconds) as wire:
        wire.sendall(head)
        try:
            while written < size:
                wire.sendall(part[: min(len(part), size - written)])
                written += len(part)
        except (ConnectionResetError, BrokenPipeError):
            pass
        return read(wire), written


def memory_mb(pid: int) -> float:
    """Resident memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def open_temporary(pid: int) -> list[str]:
    """Files of the temporary folder that a process holds open, deleted ones too."""
    held = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(link.readlink())
        except OSError:
            continue
        if target.startswith(("/tmp/tmp", "/var/tmp/")):
            held.append(target)
    return held


def until(wire: socket.socket, pattern: bytes, seconds: float = 10.0) -> bytes:
    """What came up to where the pattern is found; fails when the other end closes or time is over."""
    data, end = b"", time.monotonic() + seconds
    while not re.search(pattern, data):
        wire.settimeout(max(0.01, end - time.monotonic()))
        part = wire.recv(65536)
        assert part, f"closed after {data!r}"
        data += part
    return data


def wait(condition: Any, seconds: float) -> bool:
    """Whether the condition comes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())
