"""A writer of actions, or a worker whose one reaction leaves a trace, as a process of its own."""

from __future__ import annotations

import argparse
import os
import random
import signal
import threading
from collections.abc import Mapping
from typing import Any

import django
import psycopg

TRACES = "CREATE TABLE traces (key integer NOT NULL, process integer NOT NULL)"


def write(first: int, count: int) -> None:
    """Actions with an entry and an event each; every tenth is undone."""
    from django.db import transaction

    from tests.city import BY
    from toancanh.kernel.journal import actions

    chance = random.Random(first)
    for key in range(first, first + count):
        with transaction.atomic():
            actions.record("test.done", f"thing:{key}", by=BY, content={"key": key})
            actions.emit("test.happened", str(key), {"key": key})
            if chance.random() < 0.1:
                transaction.set_rollback(True)


def work() -> None:
    """Seal and deliver as the worker role does, only more often, until told to stop."""
    from toancanh.kernel import catalogue
    from toancanh.kernel.declare import On
    from toancanh.kernel.journal import outbox, sealer
    from toancanh.kernel.runtime.loops import Loop

    traces = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)

    def leave(payload: Mapping[str, Any]) -> None:
        traces.execute("INSERT INTO traces VALUES (%s, %s)", (payload["key"], os.getpid()))

    catalogue.reactions = lambda _event: (On(name="test.happened", react=leave),)
    loops = [Loop("sealer", sealer.seal, 0.005), Loop("outbox", outbox.deliver, 0.005)]
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    for loop in loops:
        loop.start()
    stop.wait()
    for loop in loops:
        loop.stop()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("write", "work"))
    parser.add_argument("first", type=int, nargs="?", default=0)
    parser.add_argument("count", type=int, nargs="?", default=0)
    said = parser.parse_args()
    django.setup()
    if said.what == "write":
        write(said.first, said.count)
    else:
        work()


if __name__ == "__main__":
    main()
