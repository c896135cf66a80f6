"""Categories as they are on a day, read once until the table or the day changes."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Q
from django.utils.translation import get_language

from toancanh.domains.reports.models import Category
from toancanh.kernel.declare_cases import Term
from toancanh.kernel.runtime import revision
from toancanh.kernel.territory.queries import today

CHANGED = "report_categories"
"""The revision that moves with every change of the table."""

_lock = threading.Lock()
_kept: tuple[tuple[int, date], dict[str, Category]] | None = None


@dataclass(frozen=True)
class Group:
    """A heading and what is chosen below it."""

    head: Category
    members: list[Category] = field(default_factory=list)


def in_force() -> dict[str, Category]:
    """Every category of today by its code, groups too, in their order."""
    global _kept
    mark = (revision.current(CHANGED), today())
    with _lock:
        if _kept is None or _kept[0] != mark:
            day = mark[1]
            rows = Category.objects.filter(Q(valid_to=None) | Q(valid_to__gt=day), valid_from__lte=day)
            found = {row.code: row for row in rows.order_by("position", "pk")}
            if not found:
                # A table that is filled a moment later is not taken for empty until it changes again.
                return found
            _kept = (mark, found)
        return _kept[1]


def choosable() -> dict[str, Category]:
    """Those that a report may bear: active, and below a group."""
    return {code: row for code, row in in_force().items() if row.is_active and row.parent}


def groups() -> list[Group]:
    """The same by group, without empty ones."""
    found = {code: Group(row) for code, row in in_force().items() if not row.parent}
    for row in choosable().values():
        if row.parent in found:
            found[row.parent].members.append(row)
    return [group for group in found.values() if group.members]


def terms(code: str) -> dict[str, Term]:
    """What a category says of the term for the answer; nothing where it leaves it to the kind of work."""
    row = in_force().get(code)
    return {"handle": Term(row.days)} if row is not None and row.days else {}


def title(row: Category) -> str:
    """Its name in the reader's language."""
    return row.title_en if get_language() == "en" else row.title_vi


def forget() -> None:
    """Read the table anew."""
    global _kept
    _kept = None
