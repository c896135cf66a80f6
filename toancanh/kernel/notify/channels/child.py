"""A process that pushes: reads slices from its input, says what became of them, ends with its input.

Encrypting for a hundred thousand browsers takes a core for half a minute, which the process that holds doors
and streams must not lose. Started by `beside`; knows neither database nor settings.
"""

from __future__ import annotations

import asyncio
import os
import sys

import msgspec
from django.conf import settings

from toancanh.kernel.notify.channels.encrypting import Vapid
from toancanh.kernel.notify.channels.pushing import Job, Pusher, Result
from toancanh.kernel.runtime.egress import Egress
from toancanh.kernel.runtime.posting import Poster

AT_ONCE = 64
"""Connections of one process to one push service: where it answers after 50 ms, 1,280 copies a second."""
GIVES_WAY = 5
"""By so much it is nicer than the process that holds doors and streams."""


LARGEST = 64 * 1024 * 1024
"""Bytes of anything that is said: a longer one is no message, but something else in the pipe."""


class Unreadable(Exception):
    """What came through the pipe is no message."""


class Begin(msgspec.Struct, frozen=True):
    """What the process has to know before the first slice."""

    allow: tuple[str, ...]
    private: str
    contact: str
    now: float
    """The parent's time, which the clock of a test may have set."""
    seconds: float


class Slice(msgspec.Struct, frozen=True):
    """Copies, and under which number they are answered."""

    number: int
    jobs: list[Job]


class Done(msgspec.Struct, frozen=True):
    """What became of them, in their order."""

    number: int
    results: list[Result]


def framed(said: msgspec.Struct) -> bytes:
    """As it goes through the pipe: its length in four bytes, then itself."""
    body = msgspec.msgpack.encode(said)
    return len(body).to_bytes(4, "big") + body


async def frame(reader: asyncio.StreamReader) -> bytes:
    """The next one; raises IncompleteReadError at the end, and Unreadable for what is none."""
    size = int.from_bytes(await reader.readexactly(4), "big")
    if size > LARGEST:
        raise Unreadable(f"{size} bytes")
    return await reader.readexactly(size)


async def serve(reader: asyncio.StreamReader) -> None:
    """Push slice after slice, several at once."""
    begin = msgspec.msgpack.decode(await frame(reader), type=Begin)
    loop = asyncio.get_running_loop()
    first = loop.time()
    poster = Poster(Egress(begin.allow), most=AT_ONCE, seconds=begin.seconds)
    vapid = Vapid(begin.private, begin.contact)
    pusher = Pusher(poster, vapid, lambda: begin.now + loop.time() - first)
    running: set[asyncio.Task[None]] = set()

    async def push(slice_: Slice) -> None:
        try:
            results = await pusher.push(slice_.jobs)
        except Exception as fault:  # noqa: BLE001 - whatever it is: who gets no answer waits for ever
            lost = Result("waiting", "fault", type(fault).__name__, 1.0)
            results = [lost] * len(slice_.jobs)
        sys.stdout.buffer.write(framed(Done(slice_.number, results)))
        sys.stdout.buffer.flush()

    while True:
        try:
            slice_ = msgspec.msgpack.decode(await frame(reader), type=Slice)
        except asyncio.IncompleteReadError:
            break
        task = asyncio.create_task(push(slice_))
        running.add(task)
        task.add_done_callback(running.discard)
    for task in running:
        task.cancel()
    await poster.close()


async def main() -> None:
    """Read the input as a stream."""
    reader = asyncio.StreamReader(limit=LARGEST)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(0, "rb")
    )
    await serve(reader)


if __name__ == "__main__":
    import uvloop

    os.nice(GIVES_WAY)
    # Sentences are for logs here: nobody's language is known.
    settings.configure(USE_I18N=False, USE_TZ=True)
    uvloop.run(main())
