"""Finding published reports by words of the published text alone, with or without tone marks.

Looked for in the sender's words, a telephone number could be tried out digit by digit.
"""

from __future__ import annotations

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from toancanh.domains.reports.triage.indexes import PublicWords
from toancanh.domains.reports.triage.models import Report
from toancanh.kernel.cases.models import Case
from toancanh.kernel.cases.searching import MOST_WORDS
from toancanh.lib.fold import fold


def folded(code: str, title: str, words: str) -> str:
    """What a search looks into."""
    return fold(f"{code} {title} {words}")


def keep(report: Report) -> None:
    """Let the report be found by what is published of it now; in the transaction that wrote it."""
    if connection.vendor == "sqlite":
        put([(report.case_id, report.folded)])


def put(rows: list[tuple[int, str]]) -> None:
    """The same of many on SQLite: primary key of the case, folded text."""
    if connection.vendor == "sqlite":
        sql = f"INSERT OR REPLACE INTO {PublicWords.table} (rowid, folded) VALUES (%s, %s)"
        with connection.cursor() as cursor:
            cursor.executemany(sql, rows)


def forget(keys: list[int]) -> None:
    """Let reports that are destroyed leave no word behind; on PostgreSQL the index follows by itself."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            sql = f"DELETE FROM {PublicWords.table} WHERE rowid = %s"
            cursor.executemany(sql, [(key,) for key in keys])


def narrowed(found: QuerySet[Case], query: str) -> QuerySet[Case]:
    """Those of the cases whose published text has a word beginning with each word of the query."""
    words = fold(query).split()[:MOST_WORDS]
    if not words:
        return found.none()
    if connection.vendor == "sqlite":
        asked = " AND ".join(f'"{word}"*' for word in words)
        sql = f"SELECT rowid FROM {PublicWords.table} WHERE {PublicWords.table} MATCH %s"
    else:
        asked = " & ".join(f"{word}:*" for word in words)
        vector = PublicWords.vector
        sql = f"SELECT case_id FROM {PublicWords.relation} WHERE {vector} @@ to_tsquery('simple', %s)"
    return found.filter(pk__in=RawSQL(sql, [asked]))
