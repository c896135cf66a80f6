"""Which copies are due, who hands them over, and what became of them.

A slice is held by a lease. Whatever kills the worker between handing over and noting it, the slice is handed
over again under the same references, at once where a process comes back in the same place.
"""

from __future__ import annotations

import secrets as randomness
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F, Q

from toancanh.kernel.notify import receipts, registry, tallies
from toancanh.kernel.notify.breaker import pause
from toancanh.kernel.notify.channels import Channel, Outcome, Parcel
from toancanh.kernel.notify.models import Delivery, EarlyReceipt, Notice, Setup, State
from toancanh.kernel.runtime import clock

LEASE = timedelta(seconds=90)
"""Longer than a slice may take."""
AHEAD = timedelta(days=2)
"""No wait is longer: what seems due later was put off before the clock was set back."""
RANKS = (3, 2, 1, 0)
MOST_TRIES = 12
"""After so many attempts at one copy that is at fault itself it is given up."""
OTHERS = ("broken", "busy", "fault", "too_slow", "unreachable")
"""Reasons that lie with the other side, or with our own program: for these a copy is tried until its message
is over."""
SELDOM = 3600.0
"""Seconds between attempts beyond those, where each may have arrived: nobody gets dozens of the same."""


TAKEN = ("pk", "notice_id", "reference", "address", "language", "name", "link", "attempts", "peer_id")


def due_channels() -> list[Setup]:
    """Set-ups of channels that are on, not paused, and have something to do: a few looks without locks."""
    now = clock.now()
    found = []
    for setup in Setup.objects.filter(is_on=True):
        is_paused = setup.paused_until is not None and now < setup.paused_until < now + AHEAD
        if setup.channel in registry.channels() and not is_paused:
            rows = Delivery.objects.filter(channel=setup.channel)
            waits = rows.filter(_is_due(now), state=State.WAITING)
            asked = rows.filter(next_at__lte=now, state=State.HANDED)
            if waits.exists() or asked.exists():
                found.append(setup)
    return found


def _is_due(now: datetime) -> Q:
    return Q(next_at__lte=now) | Q(next_at__gt=now + AHEAD)


def lease(channel: Channel, most: int, slot: str) -> list[Parcel]:
    """Copies to be handed over, the most urgent first, held for a while."""
    now = clock.now()
    holder = f"{slot}#{randomness.token_hex(8)}"
    taken: list[tuple[Any, ...]] = []
    due = Delivery.objects.filter(_is_due(now), channel=channel.name, state=State.WAITING)
    due = due.filter(notice__cancelled_at=None, notice__expires_at__gt=now)
    if not due.filter(rank__in=RANKS).exists():
        return []  # without the lock on writing that a transaction takes in SQLite
    with transaction.atomic():
        for rank in RANKS:
            rows = due.filter(rank=rank).select_for_update(skip_locked=True, of=("self",))
            taken += rows.order_by("next_at").values_list(*TAKEN)[: most - len(taken)]
            if len(taken) >= most:
                break
        pks = [pk for pk, *_rest in taken]
        Delivery.objects.filter(pk__in=pks).update(next_at=now + LEASE, holder=holder)
    return _parcels(taken, holder)


def lease_questions(channel: Channel, most: int) -> list[Parcel]:
    """Copies that were handed over and whose receipt is to be asked for."""
    now = clock.now()
    with transaction.atomic():
        rows = Delivery.objects.select_for_update(skip_locked=True)
        rows = rows.filter(channel=channel.name, state=State.HANDED, next_at__lte=now)
        taken = list(rows.order_by("next_at").values_list(*TAKEN)[:most])
        Delivery.objects.filter(pk__in=[pk for pk, *_rest in taken]).update(next_at=now + LEASE)
    return _parcels(taken, "")


def _parcels(rows: Sequence[tuple[Any, ...]], holder: str) -> list[Parcel]:
    """What senders are given, made of columns: rows as objects would cost more than handing them over."""
    notices = Notice.objects.in_bulk({notice for _pk, notice, *_rest in rows})
    return [
        Parcel(pk, reference, address, language, name, notices[notice], link, attempts, peer_id, holder)
        for pk, notice, reference, address, language, name, link, attempts, peer_id in rows
    ]


def let_go(slot: str) -> int:
    """Free what a process in this place held when it ended: nobody else is there to finish it."""
    rows = Delivery.objects.filter(state=State.WAITING, holder__startswith=f"{slot}#")
    return rows.update(next_at=clock.now(), holder="")


def note(channel: Channel, parcels: Sequence[Parcel], outcomes: Sequence[Outcome], every: int) -> None:
    """Write down what became of a slice; ``every`` seconds later receipts are asked for, where not 0."""
    now = clock.now()
    ask_at = now + timedelta(seconds=every) if every else None
    moved = tallies.moves()
    with transaction.atomic():
        rows = Delivery.objects.select_for_update().filter(pk__in=[parcel.pk for parcel in parcels])
        found = rows.filter(state=State.WAITING).order_by("pk").values_list("pk", "holder", "attempts")
        known = {pk: (holder, attempts) for pk, holder, attempts in found}
        groups: dict[Changes, list[int]] = {}
        for parcel, outcome in zip(parcels, outcomes, strict=True):
            if parcel.pk not in known:
                continue  # its receipt was here first, or it was taken back
            holder, attempts = known[parcel.pk]
            if holder != parcel.holder and outcome.state == "waiting":
                continue  # somebody else tries already
            changes = _judged(outcome, attempts, now, ask_at)
            tallies.move(moved, parcel.notice.pk, channel.name, State.WAITING, changes.state)
            groups.setdefault(changes, []).append(parcel.pk)
        for changes, pks in groups.items():
            Delivery.objects.filter(pk__in=pks).update(holder="", **changes._asdict())
        tallies.keep(moved)
        _early(channel, [changes.peer_id for changes in groups if changes.peer_id])
        if channel.after is not None:
            channel.after(list(zip(parcels, outcomes, strict=True)))
        _tell(channel, outcomes, now)


class Changes(NamedTuple):
    """Columns of rows that end a slice alike."""

    state: State
    next_at: datetime | None
    attempts: int
    reason: str
    said: str
    peer_id: str = ""
    handed_at: datetime | None = None
    received_at: datetime | None = None
    ended_at: datetime | None = None


def _judged(outcome: Outcome, tried: int, now: datetime, ask_at: datetime | None) -> Changes:
    """What an outcome makes of a row that waits and was tried so often before."""
    attempts = tried + outcome.tried
    said = outcome.reason, outcome.said
    if outcome.state == "waiting":
        own_fault = outcome.tried and not outcome.whole
        if own_fault and attempts >= MOST_TRIES and outcome.reason not in OTHERS:
            return Changes(State.FAILED, None, attempts, "tries", outcome.said, ended_at=now)
        wait = max(outcome.wait, pause(attempts) if own_fault else 0.0)
        if own_fault and attempts >= MOST_TRIES and outcome.reason == "too_slow":
            wait = max(wait, SELDOM)
        # In whole seconds, so that most of a slice that waits changes alike.
        next_at = now + min(timedelta(seconds=round(wait)), AHEAD / 2)
        return Changes(State.WAITING, next_at, attempts, *said)
    peer_id = outcome.peer_id[:100]
    if outcome.state == "failed":
        return Changes(State.FAILED, None, attempts, *said, peer_id, ended_at=now)
    if outcome.state == "received":
        return Changes(State.RECEIVED, None, attempts, *said, peer_id, now, now)
    return Changes(State.HANDED, ask_at, attempts, *said, peer_id, now)


def _early(channel: Channel, numbers: Sequence[str]) -> None:
    """Receipts that came before the answer that told the gateway's number."""
    for early in list(EarlyReceipt.objects.filter(channel=channel.name, peer_id__in=numbers)):
        row = Delivery.objects.select_for_update().filter(channel=channel.name, peer_id=early.peer_id).first()
        if row is not None:
            receipts.settle(row, early.state, early.said, early.at)
        early.delete()


def _tell(channel: Channel, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Pause a channel whose other side takes nothing, and say why; or that it works."""
    setup = Setup.objects.select_for_update().filter(channel=channel.name)
    works = any(outcome.state in ("handed", "received") for outcome in outcomes)
    down = next((outcome for outcome in outcomes if outcome.whole), None)
    row = setup.first() if not works else None
    if down is None and row is not None and row.failures:
        # One copy went ahead to see whether the trouble is over: it is not.
        down = next((one for one in outcomes if one.tried and one.reason in OTHERS), None)
    if down is not None:
        row = row or setup.first()
        if row is not None:
            wait = pause(row.failures + 1, down.wait)
            setup.update(
                paused_until=now + timedelta(seconds=wait),
                failures=F("failures") + 1,
                failing_since=row.failing_since or now,
                reason=down.reason,
                said=down.said,
            )
    elif works:
        well = {"paused_until": None, "failures": 0, "failing_since": None, "reason": "", "said": ""}
        setup.update(worked_at=now, **well)
