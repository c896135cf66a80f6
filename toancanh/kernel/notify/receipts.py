"""Receipts: the gateway or the device says that a copy arrived, or that it never will. Twice is once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import OperationalError, transaction
from django.utils.crypto import salted_hmac

from toancanh.kernel.notify import registry, tallies
from toancanh.kernel.notify.channels import Reply
from toancanh.kernel.notify.models import Answered, Delivery, EarlyReceipt, State
from toancanh.kernel.runtime import clock

KEPT = timedelta(days=2)
"""For receipts whose copy nobody knows, and for answers that a gateway may pass on twice."""


@transaction.atomic
def receive(
    channel: str, *, reference: str = "", peer_id: str = "", state: str = State.RECEIVED, said: str = ""
) -> bool:
    """Note a receipt by our reference, or by the number that the gateway gave; false where it is unknown.

    One for a number that is not known yet is kept: its answer may still be on the way.
    """
    rows = Delivery.objects.select_for_update().filter(channel=channel)
    row = rows.filter(reference=reference).first() if reference else None
    if row is None and peer_id:
        row = rows.filter(peer_id=peer_id[:100]).first()
    if row is not None:
        settle(row, state, said[:200], clock.now())
        return True
    if peer_id:
        kept = {"state": state, "said": said[:200], "at": clock.now()}
        EarlyReceipt.objects.get_or_create(channel=channel, peer_id=peer_id[:100], defaults=kept)
    return False


def settle(row: Delivery, state: str, said: str, at: datetime) -> None:
    """What a receipt makes of a locked row. What was received stays so, whatever is said later."""
    if row.state == State.RECEIVED or state not in (State.RECEIVED, State.FAILED) or row.state == state:
        return
    moved = tallies.moves()
    tallies.move(moved, row.notice_id, row.channel, row.state, state)
    row.state, row.next_at, row.holder = State(state), None, ""
    row.handed_at = row.handed_at or at
    if state == State.RECEIVED:
        row.received_at, row.ended_at, row.reason, row.said = at, None, "", ""
    else:
        row.ended_at, row.reason, row.said = at, "undelivered", said
    row.save()
    tallies.keep(moved)


AGAIN = timedelta(minutes=10)
"""An answer without a number of its own is the same one for so long. A second person at the same telephone
who says the same meanwhile is called up by an officer; counted for both, nobody would call him."""


def answered(channel: str, replies: Sequence[Reply]) -> int:
    """Pass on what people answered; returns how many answers meant something to somebody.

    Each counts by itself: one that breaks a listener is raised when the others are through, and comes again
    with the gateway's next attempt.
    """
    meant, faults = 0, []
    for reply in replies:
        try:
            meant += _answered(channel, reply)
        except OperationalError:
            raise  # the database is away, for the others too
        except Exception as fault:  # noqa: BLE001 - raised below
            faults.append(fault)
    if faults:
        raise faults[0]
    return meant


@transaction.atomic
def _answered(channel: str, reply: Reply) -> bool:
    if not _is_new(channel, reply):
        return False
    return sum(listener(reply.number, reply.text) for listener in registry.listeners()) > 0


def _is_new(channel: str, reply: Reply) -> bool:
    """Whether the gateway passes it on for the first time."""
    now, key = clock.now(), reply.peer_id.replace("\0", "")[:100]
    if not key:
        # Numbers are few enough to try them all: only with a key nobody reads them out of what is kept.
        key = salted_hmac("notify.answered", f"{reply.number}|{reply.text}", algorithm="sha256").hexdigest()
    rows = Answered.objects.select_for_update()
    row, is_new = rows.get_or_create(channel=channel, peer_id=key, defaults={"at": now})
    if not is_new and not reply.peer_id and row.at <= now - AGAIN:
        row.at = now
        row.save(update_fields=["at"])
        return True
    return is_new


def forget() -> int:
    """Drop receipts that belong to nobody, and what is known of answers that nobody passes on again."""
    before = clock.now() - KEPT
    gone, _kinds = EarlyReceipt.objects.filter(at__lt=before).delete()
    old, _kinds = Answered.objects.filter(at__lt=before).delete()
    return gone + old
