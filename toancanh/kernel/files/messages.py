"""What parent and child process say to each other: MessagePack behind its length. No Django."""

from __future__ import annotations

from typing import BinaryIO

import msgspec

MAX_PIXELS = 120_000_000
"""What the largest telephones take in one piece; told by the head of a picture, before it is decoded."""
LONGEST = 256 * 1024 * 1024


class Box(msgspec.Struct, frozen=True, array_like=True):
    """A rectangle in shares of the picture, from its upper left corner."""

    x: float
    y: float
    width: float
    height: float
    way: str = "black"
    """``black``, or ``coarse``: squares too large to tell a face or a plate by."""


class Check(msgspec.Struct, frozen=True, tag="check"):
    """See whether this is what it seems to be; draw a picture anew."""

    media: str
    content: bytes


class Cover(msgspec.Struct, frozen=True, tag="cover"):
    """Draw this JPEG with parts of it covered."""

    content: bytes
    boxes: list[Box]


class Drawn(msgspec.Struct, frozen=True):
    """A JPEG that holds a picture and nothing else."""

    content: bytes
    width: int
    height: int


class Good(msgspec.Struct, frozen=True, tag="good"):
    """It can be shown; without pictures: as it came."""

    full: Drawn | None = None
    small: Drawn | None = None
    taken: str = ""
    """Time of the camera's clock (ISO 8601), with its offset where the camera knew it."""
    lon: float | None = None
    lat: float | None = None


class Bad(msgspec.Struct, frozen=True, tag="bad"):
    """It cannot."""

    code: str


Job = Check | Cover
Answer = Good | Bad
read_job: msgspec.msgpack.Decoder[Job] = msgspec.msgpack.Decoder(Job)
read_answer: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


def send(said: msgspec.Struct, to: BinaryIO) -> None:
    """Write one message."""
    body = msgspec.msgpack.encode(said)
    to.write(len(body).to_bytes(4, "big"))
    to.write(body)
    to.flush()


def receive(file: BinaryIO) -> bytes:
    """The next message; empty where nothing more comes. Raises EOFError where one is cut off."""
    head = file.read(4)
    if not head:
        return b""
    size = int.from_bytes(head, "big")
    if len(head) < 4 or size > LONGEST:
        raise EOFError
    body = file.read(size)
    if len(body) < size:
        raise EOFError
    return body
