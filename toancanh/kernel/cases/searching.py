"""Finding cases by words, with or without tone marks, among a million."""

from __future__ import annotations

from django.db.models import QuerySet

from toancanh.kernel.cases.models import Case
from toancanh.lib.fold import fold


def narrowed(found: QuerySet[Case], query: str) -> QuerySet[Case]:
    """Those that hold a word beginning with each word of the query."""
    for word in fold(query).split():
        found = found.filter(folded__contains=word)
    return found
