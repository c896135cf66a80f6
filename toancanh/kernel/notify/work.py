"""Which copies are due, who hands them over, and what became of them.

A slice is held by a lease. Whatever kills the worker between handing over and noting it, the slice is handed
over again under the same references, at once where a process comes back in the same place.
"""

from __future__ import annotations

import secrets as randomness
from collections.abc import Sequence
from datetime import datetime, timedelta

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
    taken: list[Delivery] = []
    with transaction.atomic():
        for rank in RANKS:
            rows = Delivery.objects.select_for_update(skip_locked=True, of=("self",))
            rows = rows.filter(_is_due(now), channel=channel.name, state=State.WAITING, rank=rank)
            rows = rows.filter(notice__cancelled_at=None, notice__expires_at__gt=now)
            taken += rows.order_by("next_at")[: most - len(taken)]
            if len(taken) >= most:
                break
        pks = [row.pk for row in taken]
        Delivery.objects.filter(pk__in=pks).update(next_at=now + LEASE, holder=holder)
    for row in taken:
        row.holder = holder
    return _parcels(taken)


def lease_questions(channel: Channel, most: int) -> list[Parcel]:
    """Copies that were handed over and whose receipt is to be asked for."""
    now = clock.now()
    with transaction.atomic():
        rows = Delivery.objects.select_for_update(skip_locked=True)
        rows = rows.filter(channel=channel.name, state=State.HANDED, next_at__lte=now)
        taken = list(rows.order_by("next_at")[:most])
        Delivery.objects.filter(pk__in=[row.pk for row in taken]).update(next_at=now + LEASE)
    return _parcels(taken)


def _parcels(rows: Sequence[Delivery]) -> list[Parcel]:
    notices = Notice.objects.in_bulk({row.notice_id for row in rows})
    return [
        Parcel(
            pk=row.pk,
            reference=row.reference,
            address=row.address,
            language=row.language,
            name=row.name,
            own_link=row.link,
            notice=notices[row.notice_id],
            attempts=row.attempts,
            peer_id=row.peer_id,
            handed_at=row.handed_at,
            holder=row.holder,
        )
        for row in rows
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
        pks = [parcel.pk for parcel in parcels]
        rows = Delivery.objects.select_for_update().filter(pk__in=pks).order_by("pk")
        is_ours = {row.pk: row for row in rows}
        groups: dict[tuple[object, ...], list[Delivery]] = {}
        for parcel, outcome in zip(parcels, outcomes, strict=True):
            row = is_ours.get(parcel.pk)
            if row is None or row.state != State.WAITING:
                continue  # its receipt was here first, or it was taken back
            if row.holder != parcel.holder and outcome.state == "waiting":
                continue  # somebody else tries already
            _judge(row, outcome, now, ask_at)
            tallies.move(moved, row.notice_id, row.channel, State.WAITING, row.state)
            said = tuple(getattr(row, name) for name in CHANGED)
            groups.setdefault(said, []).append(row)
        for said, same in groups.items():
            changes = dict(zip(CHANGED, said, strict=True))
            Delivery.objects.filter(pk__in=[row.pk for row in same]).update(**changes)
        tallies.keep(moved)
        _early(channel, [row for same in groups.values() for row in same])
        if channel.after is not None:
            channel.after(list(zip(parcels, outcomes, strict=True)))
        _tell(channel, outcomes, now)


CHANGED = (
    "state", "next_at", "holder", "attempts", "peer_id", "handed_at", "received_at", "ended_at", "reason",
    "said",
)  # fmt: skip


def _judge(row: Delivery, outcome: Outcome, now: datetime, ask_at: datetime | None) -> None:
    """What an outcome makes of a row that waits."""
    row.holder, row.reason, row.said = "", outcome.reason, outcome.said
    row.attempts += outcome.tried
    if outcome.state == "waiting":
        own_fault = outcome.tried and not outcome.whole
        if own_fault and row.attempts >= MOST_TRIES:
            row.state, row.next_at, row.ended_at, row.reason = State.FAILED, None, now, "tries"
            return
        wait = max(outcome.wait, pause(row.attempts) if own_fault else 0.0)
        # In whole seconds, so that a slice that waits is one row of changes.
        row.next_at = now + min(timedelta(seconds=round(wait)), AHEAD / 2)
        return
    row.state, row.peer_id, row.next_at = State(outcome.state), outcome.peer_id[:100], None
    if row.state == State.FAILED:
        row.ended_at = now
        return
    row.handed_at = now
    if row.state == State.RECEIVED:
        row.received_at = now
    else:
        row.next_at = ask_at


def _early(channel: Channel, rows: Sequence[Delivery]) -> None:
    """Receipts that came before the answer that told the gateway's number."""
    numbered = {row.peer_id: row for row in rows if row.peer_id and row.state == State.HANDED}
    found = EarlyReceipt.objects.filter(channel=channel.name, peer_id__in=list(numbered))
    for early in list(found):
        receipts.settle(numbered[early.peer_id], early.state, early.said, early.at)
        early.delete()


def _tell(channel: Channel, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Pause a channel whose other side takes nothing, and say why; or that it works."""
    setup = Setup.objects.select_for_update().filter(channel=channel.name)
    down = next((outcome for outcome in outcomes if outcome.whole), None)
    if down is not None:
        row = setup.first()
        if row is not None:
            wait = pause(row.failures + 1, down.wait)
            setup.update(
                paused_until=now + timedelta(seconds=wait),
                failures=F("failures") + 1,
                failing_since=row.failing_since or now,
                reason=down.reason,
                said=down.said,
            )
    elif any(outcome.state in ("handed", "received") for outcome in outcomes):
        well = {"paused_until": None, "failures": 0, "failing_since": None, "reason": "", "said": ""}
        setup.update(worked_at=now, **well)
