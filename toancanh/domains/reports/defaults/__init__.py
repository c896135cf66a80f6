"""Categories and words as the product brings them, until a locality changes them."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

from django.db import transaction

from toancanh.domains.reports.models import Category, Marker
from toancanh.kernel.declare import program
from toancanh.kernel.journal import actions as journal

FOLDER = Path(__file__).parent
SINCE = date(2020, 1, 1)
BY = program("migrate")


@transaction.atomic
def declare() -> int:
    """Put into the tables what is not there yet; what stands there stays. Returns how many were new."""
    known = set(Category.objects.values_list("code", flat=True))
    categories = [row for row in categories_said() if row.code not in known]
    phrases = set(Marker.objects.values_list("kind", "phrase", "valid_from"))
    markers = [row for row in markers_said() if (row.kind, row.phrase, row.valid_from) not in phrases]
    Category.objects.bulk_create(categories)
    Marker.objects.bulk_create(markers)
    if made := len(categories) + len(markers):
        told = {"categories": [row.code for row in categories], "markers": len(markers)}
        journal.record("reports.defaults_declared", "reports:defaults", by=BY, content=told)
        return made
    return 0


def categories_said() -> list[Category]:
    """The categories of the file, in its order."""
    return [
        Category(
            code=row["code"],
            parent=row["parent"],
            title_vi=row["title_vi"],
            title_en=row["title_en"],
            icon=row["icon"],
            keywords=[word.strip() for word in row["keywords"].split(";") if word.strip()],
            days=int(row["days"]) if row["days"] else None,
            near_m=int(row["near_m"] or 100),
            position=position,
            valid_from=SINCE,
        )
        for position, row in enumerate(_rows("categories.csv"), 1)
    ]


def markers_said() -> list[Marker]:
    """The words of the file that lead elsewhere."""
    return [
        Marker(
            kind=row["kind"],
            phrase=row["phrase"],
            is_certain=row["certain"] == "yes",
            is_plain=row["plain"] == "yes",
            valid_from=date.fromisoformat(row["valid_from"]),
            valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
            basis=row["basis"],
        )
        for row in _rows("markers.csv")
    ]


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
