"""Duties that only one process may do at a time, whichever comes first."""

from __future__ import annotations

import hashlib

from django.db import connection


def alone(duty: str) -> bool:
    """Whether this transaction has the duty for itself until it ends; the answer comes at once.

    A process that dies lets go with its connection. On SQLite whoever writes is alone anyway.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a duty is held by a transaction")
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_number(duty)])
        (is_taken,) = cursor.fetchone()
    return bool(is_taken)


def hold(duty: str) -> None:
    """Have the duty for this transaction until it ends; waits for whoever has it."""
    if not connection.in_atomic_block:
        raise RuntimeError("a duty is held by a transaction")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_number(duty)])


def _number(duty: str) -> int:
    return int.from_bytes(hashlib.sha256(duty.encode()).digest()[:8], "big", signed=True)
