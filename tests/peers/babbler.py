"""A pushing process gone wrong: it answers the first slice as HOW in the environment says, and stays."""

from __future__ import annotations

import os
import sys
import time

import msgspec

from toancanh.kernel.notify.channels.child import Done, Slice, framed

ANSWERS = {
    "no message": b"Warning: something printed a line\n",
    "no MessagePack": (3).to_bytes(4, "big") + b"\xc1\xc1\xc1",
    "something else": framed(Slice(0, [])),
    "too few": framed(Done(0, [])),
}


def told() -> bytes:
    """The next frame of the input."""
    return sys.stdin.buffer.read(int.from_bytes(sys.stdin.buffer.read(4), "big"))


if __name__ == "__main__":
    told()
    number = msgspec.msgpack.decode(told(), type=Slice).number
    assert number == 0
    sys.stdout.buffer.write(ANSWERS[os.environ["HOW"]])
    sys.stdout.buffer.flush()
    time.sleep(600)
