"""Finding cases by code, words and address, with or without tone marks, among a million.

SQLite's FTS5 never folds đ, and neither does PostgreSQL's simple dictionary: both are given text that is
folded already. A word of the query finds every word that begins with it.
"""

from __future__ import annotations

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from toancanh.kernel.cases.indexes import TABLE, VECTOR
from toancanh.kernel.cases.models import Case
from toancanh.kernel.declare_cases import CaseType
from toancanh.lib.fold import fold

MOST_WORDS = 8
MARKS = {True: "open", False: "ended"}
"""Beside the words on SQLite: among what is open a frequent word is found without going through all that
ended. PostgreSQL joins two indexes for that."""


def folded(case: Case, said: CaseType) -> str:
    """What a case is found by: its code, title, address, words, and its fields of short text."""
    short = (str(case.facts.get(one.name, "")) for one in said.fields if one.kind == "text")
    return fold(" ".join((case.code, case.title, case.address, case.words, *short)))


def keep(case: Case) -> None:
    """Let the case be found by what it says now; in the transaction that wrote it."""
    if connection.vendor == "sqlite":
        put([(case.pk, case.folded, MARKS[case.is_open])])


def put(rows: list[tuple[int, str, str]]) -> None:
    """The same of many on SQLite: primary key, folded text, mark. Elsewhere the index follows by itself."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT OR REPLACE INTO {TABLE} (rowid, folded, mark) VALUES (%s, %s, %s)",
                rows,
            )


def forget(keys: list[int]) -> None:
    """Let cases that are destroyed leave no word behind."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.executemany(f"DELETE FROM {TABLE} WHERE rowid = %s", [(key,) for key in keys])


def rebuild() -> int:
    """Make the index anew from the rows; returns how many there are. On PostgreSQL there is nothing to do."""
    rows = Case.objects.order_by("pk").values_list("pk", "folded", "is_open")
    count, block = 0, []
    for pk, folded, is_open in rows.iterator(5_000):
        block.append((pk, folded, MARKS[is_open]))
        if len(block) == 5_000:
            put(block)
            count, block = count + len(block), []
    put(block)
    return count + len(block)


def narrowed(found: QuerySet[Case], query: str, *, is_open: bool | None = None) -> QuerySet[Case]:
    """Those of the rows that hold a word beginning with each word of the query.

    ``is_open`` says that the rows are open ones alone (or ended ones), which makes it quicker.
    """
    words = fold(query).split()[:MOST_WORDS]
    if not words:
        # Signs alone are in no text.
        return found.none()
    # A query of its own: the list puts the rows under other names into queries of its own.
    if connection.vendor == "sqlite":
        asked = "{folded} : (" + " AND ".join(f'"{word}"*' for word in words) + ")"
        if is_open is not None:
            asked = f"({asked}) AND {{mark}} : {MARKS[is_open]}"
        keys = RawSQL(f"SELECT rowid FROM {TABLE} WHERE {TABLE} MATCH %s", [asked])
    else:
        asked = " & ".join(f"{word}:*" for word in words)
        keys = RawSQL(f"SELECT id FROM cases_case WHERE {VECTOR} @@ to_tsquery('simple', %s)", [asked])
    return found.filter(pk__in=keys)
