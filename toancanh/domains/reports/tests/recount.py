"""Counts the figures of field reports from an exported CSV; imports nothing of the product.

python recount.py phan-anh.csv organisation
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median

Line = dict[str, str]
COLUMN = {
    "organisation": "organisation_code", "area": "area_code", "category": "category", "channel": "channel",
}  # fmt: skip


def read(path: str) -> list[Line]:
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def number(text: str) -> int:
    return int(text) if text else 0


def middle(rows: list[Line], column: str, is_counted: Callable[[Line], bool]) -> float | None:
    values = [int(row[column]) for row in rows if row[column] and is_counted(row)]
    return float(median(values)) if values else None


def share(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def is_answered(row: Line) -> bool:
    return row["outcome"] == "answered"


def figures(rows: list[Line], returned: int) -> dict[str, float | None]:
    answered = [row for row in rows if is_answered(row)]
    first = [row for row in rows if row["round"] == "1"]
    rated = [row for row in rows if row["rating"]]
    on_time = [row for row in answered if row["first_lateness"] == "0"]
    no_term = [row for row in answered if not row["first_lateness"]]
    late = [row for row in answered if number(row["lateness"])]
    overdue = [row for row in rows if row["is_overdue"] == "1"]
    content = [row for row in rated if int(row["rating"]) >= 2]
    return {
        "received": len(first),
        "accepted": len([row for row in first if row["accepted_at"]]),
        "refused": len([row for row in rows if row["outcome"] == "refused"]),
        "answered": len(answered),
        "on_time": len(on_time),
        "extended": len(answered) - len(no_term) - len(on_time) - len(late),
        "late": len(late),
        "no_term": len(no_term),
        "overdue": len(overdue),
        "on_time_share": share(len(on_time), len(answered) - len(no_term) + len(overdue)),
        "sent_back": returned,
        "reopened": len(rows) - len(first),
        "satisfaction": share(len(content), len(rated)),
        "minutes_first": middle(rows, "minutes_first", lambda _row: True),
        "minutes_desk": middle(rows, "minutes_desk", is_answered),
        "minutes_organisation": middle(rows, "minutes_organisation", is_answered),
        "minutes_approval": middle(rows, "minutes_approval", is_answered),
    }


def recount(path: str, by: str) -> dict[str, dict[str, float | None]]:
    """Figures by key of the group; those of all rows together under ``*``."""
    groups: dict[str, list[Line]] = defaultdict(list)
    returned: Counter[str] = Counter()
    rows = read(path)
    for row in rows:
        key = row[COLUMN[by]]
        groups[key].append(row)
        for code in filter(None, row["sent_back_by"].split("|")):
            returned[code if by == "organisation" else key] += 1
    found = {key: figures(groups.get(key, []), returned[key]) for key in {*groups, *returned}}
    return found | {"*": figures(rows, sum(returned.values()))}


if __name__ == "__main__":
    told = json.dumps(recount(sys.argv[1], sys.argv[2]), ensure_ascii=False, indent=1)
    sys.stdout.write(f"{told}\n")
