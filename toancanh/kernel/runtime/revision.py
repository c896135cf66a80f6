"""Revision numbers: bump within the transaction that changes, compare where a snapshot is kept."""

from django.db import connection
from django.db.models import F

from toancanh.kernel.runtime.models import Revision


def bump(name: str) -> None:
    """Count one more change of ``name``; seen by others when the transaction commits."""
    if not Revision.objects.filter(name=name).update(number=F("number") + 1):
        Revision.objects.create(name=name, number=1)


def hold(name: str) -> None:
    """Let nobody else bump ``name`` until the transaction ends."""
    Revision.objects.select_for_update().filter(name=name).first()


def current(name: str) -> int:
    """The number of ``name`` now; 0 before the first change. One query by primary key."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM runtime_revision WHERE name = %s", [name])
        row = cursor.fetchone()
    return int(row[0]) if row else 0
