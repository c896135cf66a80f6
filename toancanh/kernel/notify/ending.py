"""Closes copies whose message was over, or taken back, before they could leave."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from toancanh.kernel.notify import tallies
from toancanh.kernel.notify.models import Delivery, Setup, Spread, State, Tally
from toancanh.kernel.runtime import clock

SLICE = 1_000


def look() -> int:
    """Close a slice of one message; returns how many, so that the rest follows at once."""
    now = clock.now()
    over = Q(notice__expires_at__lte=now) | Q(notice__cancelled_at__isnull=False)
    # By the counts: a message with nothing left to do costs nothing.
    waiting = Tally.objects.filter(over, state=State.WAITING, n__gt=0).select_related("notice")
    for tally in waiting[:20]:
        if done := _end(tally, now):
            return done
    Spread.objects.filter(over, next_at__isnull=False).update(next_at=None)
    return 0


def _end(tally: Tally, now: object) -> int:
    is_cancelled = tally.notice.cancelled_at is not None
    state = State.CANCELLED if is_cancelled else State.EXPIRED
    reason = "cancelled"
    if not is_cancelled:
        is_on = Setup.objects.filter(channel=tally.channel, is_on=True).exists()
        reason = "expired" if is_on else "not_ready"
    idle = Q(holder="") | Q(next_at__lte=now)
    with transaction.atomic():
        rows = Delivery.objects.select_for_update(skip_locked=True)
        rows = rows.filter(idle, notice=tally.notice_id, channel=tally.channel, state=State.WAITING)
        pks = list(rows.order_by("pk").values_list("pk", flat=True)[:SLICE])
        found = Delivery.objects.filter(pk__in=pks)
        n = found.update(state=state, next_at=None, holder="", ended_at=now, reason=reason)
        moved = tallies.moves()
        tallies.move(moved, tally.notice_id, tally.channel, State.WAITING, state, n)
        tallies.keep(moved)
    return n
