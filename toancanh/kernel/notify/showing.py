"""Browsers report that they showed a push: the receipt of Web Push, which push services do not give.

A token that only the browser could read, inside its encrypted message, proves that the message came there; it
says nothing of whose browser that is. Thousands report in the same moments, just when a warning is out:
reports are gathered in memory and written many at once. One that is lost with its process leaves the copy as
handed.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Sequence

import msgspec
from django.db import DatabaseError, transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from toancanh.kernel.notify import tallies
from toancanh.kernel.notify.models import Delivery, State
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.doors import Door
from toancanh.kernel.runtime.edge import Receive, Scope, Send
from toancanh.kernel.runtime.incoming import Gone, Incoming, TooLarge
from toancanh.kernel.runtime.rates import Buckets

PATH = "/warnings/shown"
CHANNEL = "webpush"
SALT = "toancanh.notify.shown"
LONGEST = 1_000
"""Bytes of a report."""
SECONDS = 5.0
DOOR = Door(methods=("POST",), max_body=LONGEST)
EVERY = 1.0
"""Seconds between two writings."""
SLICE = 500
MOST = 200_000
"""Reports that wait in memory; what is beyond is lost."""
A_MINUTE, BURST = 600, 3_000
"""From one address: half a town may be behind the one of its telephone company."""


class Report(msgspec.Struct, forbid_unknown_fields=True):
    """What a service worker says: the reference of the copy, and the token that was in it."""

    id: str
    token: str


def token(reference: str, key: str | None = None) -> str:
    """What only the browser learns: 128 bits that nobody makes without the key of this installation."""
    made = salted_hmac(SALT, reference, secret=key, algorithm="sha256").digest()[:16]
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


class Shown:
    """The door of reports, and what gathers behind it in this process."""

    def __init__(self) -> None:
        self._buckets = Buckets(A_MINUTE, BURST)
        self._lock = threading.Lock()
        self._waiting: dict[str, None] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one report; 204 says that it is believed, not that it is written."""
        incoming = Incoming(receive)
        status = self._limited(scope)
        if not status:
            try:
                status = self.take(await incoming.read(LONGEST, SECONDS))
            except TooLarge:
                status = 413
            except TimeoutError:
                status = 400
            except Gone:
                return
        if not incoming.is_whole:
            await incoming.discard(SECONDS)
        headers = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
        headers += [(b"allow", b"POST")] if status == 405 else []
        headers += [(b"retry-after", b"60")] if status == 429 else []
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _limited(self, scope: Scope) -> int:
        if scope["method"] != "POST":
            return 405
        return 429 if self._buckets.take((scope.get("client") or ("",))[0]) else 0

    def take(self, body: bytes) -> int:
        """The status that a report is answered with; a good one is gathered."""
        try:
            report = msgspec.json.decode(body, type=Report)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return 400
        if len(report.id) > 32 or not constant_time_compare(token(report.id), report.token):
            return 403
        with self._lock:
            if len(self._waiting) < MOST:
                self._waiting[report.id] = None
        return 204

    def write(self) -> int:
        """Write a slice of what was gathered; returns how many, so that the rest follows at once."""
        with self._lock:
            part = list(self._waiting)[:SLICE]
        if not part:
            return 0
        settle(part)
        # Where the database was away they are still here for the next try.
        with self._lock:
            for reference in part:
                self._waiting.pop(reference, None)
        return len(part)

    def end(self) -> None:
        """Write what is left before the process ends."""
        try:
            while self.write():
                pass
        except DatabaseError:
            self._waiting.clear()


@transaction.atomic
def settle(references: Sequence[str]) -> int:
    """Note that these copies were shown; returns how many that is news of."""
    now, moved = clock.now(), tallies.moves()
    rows = Delivery.objects.select_for_update().filter(channel=CHANNEL, reference__in=list(references))
    found = list(rows.exclude(state=State.RECEIVED).order_by("pk").values_list("pk", "notice", "state"))
    pks = [pk for pk, _notice, _state in found]
    for _pk, notice, state in found:
        tallies.move(moved, notice, CHANNEL, state, State.RECEIVED)
    news = Delivery.objects.filter(pk__in=pks)
    # One that its sender has not noted yet left before it was shown.
    news.filter(handed_at=None).update(handed_at=now)
    shown = {"state": State.RECEIVED, "received_at": now, "ended_at": None, "next_at": None}
    news.update(**shown, holder="", reason="", said="")
    tallies.keep(moved)
    return len(found)
