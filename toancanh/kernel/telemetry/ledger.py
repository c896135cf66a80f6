"""The ledger of the ingest in the main database: dead letters and the numbers of devices."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import DatabaseError, connection, transaction

from toancanh.kernel.runtime.web import is_full
from toancanh.kernel.telemetry import letters, numbering
from toancanh.kernel.telemetry.directory import DirectoryUnavailable
from toancanh.kernel.telemetry.intake import Dead, Numbered
from toancanh.kernel.telemetry.store import StoreFull


class DatabaseLedger:
    """Writes to the main database, once more on a new connection when the database closed the old one."""

    def settle(self, dead: Sequence[Dead], numbered: Sequence[Numbered], now: int) -> dict[str, int]:
        try:
            return self._settle(dead, numbered, now)
        except DatabaseError as error:
            if connection.in_atomic_block:
                raise
            connection.close()
            if is_full(error):
                raise StoreFull(str(error)) from error
        try:
            return self._settle(dead, numbered, now)
        except DatabaseError as error:
            connection.close()
            if is_full(error):
                raise StoreFull(str(error)) from error
            raise DirectoryUnavailable(str(error)) from error

    def _settle(self, dead: Sequence[Dead], numbered: Sequence[Numbered], now: int) -> dict[str, int]:
        with transaction.atomic():
            if dead:
                letters.keep(dead, now)
            return numbering.note(numbered, now) if numbered else {}
