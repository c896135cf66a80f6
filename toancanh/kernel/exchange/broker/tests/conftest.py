"""Seats are locks of a database session: none of one test is held in the next."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db import connection

LEFT = """SELECT pg_terminate_backend(pid) FROM pg_locks
    WHERE locktype = 'advisory' AND pid <> pg_backend_pid()
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


@pytest.fixture(autouse=True)
def nobody_sits(request: pytest.FixtureRequest) -> None:
    """Begin with every seat free, also those of threads that an earlier test left behind."""
    is_on_database = "db" in request.fixturenames or request.node.get_closest_marker("django_db") is not None
    if not settings.DATABASE_URL or not is_on_database:
        return
    request.getfixturevalue("transactional_db" if _is_transactional(request) else "db")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock_all()")
        cursor.execute(LEFT)


def _is_transactional(request: pytest.FixtureRequest) -> bool:
    mark = request.node.get_closest_marker("django_db")
    return mark is not None and bool(mark.kwargs.get("transaction"))
