"""What tests of messages share: a message, browsers that subscribe, and the service as the worker has it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.city import BY
from toancanh.kernel.declare import Title
from toancanh.kernel.notify import registry, setups, work
from toancanh.kernel.notify.channels import Outcome, Parcel
from toancanh.kernel.notify.channels.encrypting import b64
from toancanh.kernel.notify.messages import Message, Urgency
from toancanh.kernel.notify.models import Setup
from toancanh.kernel.runtime import clock


def message(key: str = "warnings.warning:1:1", **other: Any) -> Message:
    """A warning that is good for an hour."""
    said: dict[str, Any] = {
        "kind": "warnings.warning",
        "subject": "warnings.warning:1",
        "title": Title("Lũ trên sông Hương đang lên", "The Hương river is rising"),
        "body": Title("Di chuyển đến nơi cao trước 20 giờ.", "Move to higher ground before 20:00."),
        "link": "/warnings/1/",
        "urgency": Urgency.HIGH,
        "expires": clock.now() + timedelta(hours=1),
    }
    return Message(key=key, **{**said, **other})


class Browser:
    """The keys of one browser."""

    def __init__(self) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        public = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.auth_bytes = os.urandom(16)
        self.p256dh, self.auth = b64(public), b64(self.auth_bytes)


def set_up(name: str, *, is_on: bool = True, **values: str) -> Setup:
    """Set a channel up as an administrator does."""
    return setups.change(name, values, is_on=is_on, by=BY)


async def aside(call: Callable[..., Any], *said: object) -> Any:
    """Runs it here: tests of one thread share one connection."""
    return call(*said)


def hand(name: str, most: int | None = None, *, at_end: bool = True) -> tuple[list[Parcel], list[Outcome]]:
    """One slice of a channel, handed over by a sender opened anew, and noted as the service does."""
    channel = registry.channel(name)
    values = setups.values(Setup.objects.get(channel=name))
    parcels = work.lease(channel, most or channel.slice, "test@here:1")
    outcomes: list[Outcome] = []

    async def run() -> None:
        sender = channel.open(values)
        try:
            outcomes.extend(await sender.hand(parcels, aside))
        finally:
            await sender.close()

    sync(run)
    if at_end:
        work.note(channel, parcels, outcomes, channel.asked_every(values))
    return parcels, outcomes


def sync(run: Callable[[], Awaitable[None]]) -> None:
    """Run it on an event loop of this thread, where Django's rows may be read."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    try:
        asyncio.run(run())  # type: ignore[arg-type]
    finally:
        if before is None:
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def states(rows: Sequence[Outcome]) -> list[str]:
    """What became of each."""
    return [row.state for row in rows]
