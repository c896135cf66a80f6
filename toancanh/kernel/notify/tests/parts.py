"""What tests of messages share: a message, browsers that subscribe, and the service as the worker has it."""

from __future__ import annotations

import asyncio
import os
import queue
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings as django

from tests.city import BY
from tests.peers.push import Keys, PushService, push_service
from toancanh.kernel.declare import ANYONE, Title
from toancanh.kernel.notify import queries, registry, setups, subscriptions, work
from toancanh.kernel.notify.channels import Aside, Outcome, Parcel
from toancanh.kernel.notify.channels.encrypting import b64
from toancanh.kernel.notify.messages import Message, Recipient, Urgency
from toancanh.kernel.notify.models import Delivery, Setup, State, Subscription
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import Refused


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


def set_up(channel: str, /, **values: str) -> Setup:
    """Set a channel up as an administrator does."""
    return setups.change(channel, values, is_on=True, by=BY)


def hand(name: str, most: int | None = None, *, at_end: bool = True) -> tuple[list[Parcel], list[Outcome]]:
    """One slice of a channel, handed over by a sender opened anew, and noted as the service does."""
    channel = registry.channel(name)
    values = setups.values(Setup.objects.get(channel=name))
    parcels = work.lease(channel, most or channel.slice, "test@here:1")
    outcomes: list[Outcome] = []

    async def run(aside: Aside) -> None:
        sender = channel.open(values)
        try:
            outcomes.extend(await sender.hand(parcels, aside))
        finally:
            await sender.close()

    sync(run)
    if at_end:
        work.note(channel, parcels, outcomes, channel.asked_every(values))
    return parcels, outcomes


def sync(run: Callable[[Aside], Coroutine[Any, Any, None]]) -> None:
    """Run it on an event loop beside, while this thread does what waits for the test's own database."""
    calls: queue.Queue[tuple[Callable[..., Any], tuple[object, ...], Future[Any]] | None] = queue.Queue()

    async def aside(call: Callable[..., Any], *said: object) -> Any:
        waiting: Future[Any] = Future()
        calls.put((call, said, waiting))
        return await asyncio.wrap_future(waiting)

    with ThreadPoolExecutor(1) as beside:
        ended = beside.submit(asyncio.run, run(aside))
        ended.add_done_callback(lambda _done: calls.put(None))
        while (asked := calls.get()) is not None:
            call, said, waiting = asked
            try:
                waiting.set_result(call(*said))
            except Exception as fault:  # noqa: BLE001 - raised where it was asked for
                waiting.set_exception(fault)
        ended.result()


@contextmanager
def refused(code: str) -> Iterator[None]:
    """What is done within is refused with this code; its sentence is in whatever language people read."""
    with pytest.raises(Refused) as fault:
        yield
    assert fault.value.code == code


def states(rows: Sequence[Outcome]) -> list[str]:
    """What became of each."""
    return [row.state for row in rows]


def people(n: int, first: int = 1) -> list[Recipient]:
    """So many subscriptions, that need not be there."""
    return [Recipient(f"subscription:{k}", "webpush", str(k), "vi") for k in range(first, first + n)]


def counted(key: str = "warnings.warning:1:1") -> tuple[int, int, int, int]:
    """Waiting, handed, received, failed: as the counts have it, which the rows must bear out."""
    total = queries.progress(key).total
    rows = Delivery.objects.filter(notice__key=key)
    for state in State.values:
        assert getattr(total, state) == rows.filter(state=state).count()
    return total.waiting, total.handed, total.received, total.failed


@contextmanager
def pushing(monkeypatch: pytest.MonkeyPatch) -> Iterator[PushService]:
    """A push service of this machine, which the host's administrator has opened."""
    with push_service() as made:
        monkeypatch.setattr(django, "EGRESS_ALLOW", ("127.0.0.0/8",))
        monkeypatch.setattr(django, "PUSH_HOSTS", (f"127.0.0.1:{made.port}",))
        made.now = clock.now().timestamp()
        set_up("webpush", contact="it@hue.gov.vn")
        yield made


def subscribed(service: PushService, path: str, *units: str, language: str = "vi") -> Subscription:
    """A browser with an endpoint there."""
    browser = Browser()
    service.keys[path] = Keys(browser.private, browser.auth_bytes)
    endpoint = service.endpoint(path)
    return subscriptions.subscribe(
        endpoint, browser.p256dh, browser.auth, units or ("90001",), language, by=ANYONE
    )


def told(*rows: Subscription) -> list[Recipient]:
    return [Recipient(f"subscription:{row.pk}", "webpush", str(row.pk), row.language) for row in rows]
