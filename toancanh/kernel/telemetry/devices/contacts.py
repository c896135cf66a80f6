"""Writes down who was heard, every few seconds in one transaction, and forgets what is older than a day."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection, transaction

from toancanh.kernel.people.models import Token
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.devices.models import Activity, Contact, Knock
from toancanh.kernel.telemetry.devices.tally import Counts, Tally
from toancanh.kernel.telemetry.store import HOUR, SECOND

EVERY_S = 5.0
ACTIVITY_KEPT = 25 * HOUR
"""A day, and the hour in which it is looked at."""
KNOCKS_KEPT = timedelta(days=7)
MOST_KNOCKS = 500
"""Names remembered: those that knocked last."""
PRUNE_EVERY = 600 * SECOND

tally = Tally(clock.now_us)
"""The counts of this process."""
_pruned = 0

_ADD_ROWS = """
INSERT INTO telemetry_activity (token_id, start_us, what, count) VALUES (%s, %s, %s, %s)
ON CONFLICT (token_id, start_us, what) DO UPDATE SET count = telemetry_activity.count + excluded.count
"""
_ADD_KNOCKS = """
INSERT INTO telemetry_knock (name, door, address, count, first_us, last_us) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (name, door, address) DO UPDATE
SET count = telemetry_knock.count + excluded.count, last_us = excluded.last_us
"""


def write(counted: Tally = tally) -> int:
    """Write what this process has counted since the last time; 0, for the loop that waits between two."""
    counts, online = counted.take(), counted.online()
    try:
        _write(counts, online)
    except BaseException:
        counted.give_back(counts)
        raise
    _prune()
    return 0


@transaction.atomic
def _write(counts: Counts, online: set[int]) -> None:
    if counts.heard:
        rows = [
            Contact(token_id=token, at=clock.from_us(heard.at), door=heard.door, address=heard.address)
            for token, heard in sorted(counts.heard.items())
        ]
        _keep(rows, "at", "door", "address")
    if online:
        now = clock.now()
        _keep([Contact(token_id=token, online_at=now) for token in sorted(online)], "online_at")
    with connection.cursor() as cursor:
        # In one order everywhere: two processes that add to the same rows must not wait for each other.
        if counts.rows:
            cursor.executemany(_ADD_ROWS, [(*key, count) for key, count in sorted(counts.rows.items())])
        if counts.knocks:
            knocks = sorted(counts.knocks.items())
            cursor.executemany(_ADD_KNOCKS, [(*key, k.count, k.first, k.last) for key, k in knocks])


def _keep(rows: list[Contact], *fields: str) -> None:
    known = set(Token.objects.filter(pk__in=[row.token_id for row in rows]).values_list("pk", flat=True))
    Contact.objects.bulk_create(
        [row for row in rows if row.token_id in known],
        update_conflicts=True,
        unique_fields=["token"],
        update_fields=fields,
        batch_size=500,
    )


def _prune() -> None:
    global _pruned
    now = clock.now_us()
    if abs(now - _pruned) < PRUNE_EVERY:
        return
    _pruned = now
    Activity.objects.filter(start_us__lt=now - ACTIVITY_KEPT).delete()
    Knock.objects.filter(last_us__lt=now - clock.to_us(clock.EPOCH + KNOCKS_KEPT)).delete()
    surplus = Knock.objects.order_by("-last_us").values_list("pk", flat=True)[MOST_KNOCKS:]
    Knock.objects.filter(pk__in=list(surplus)).delete()
