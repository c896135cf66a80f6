"""Figures of rows, each with the formula by which it is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from typing import Literal

from django.utils.translation import gettext as _

from toancanh.domains.reports.figures.rows import Row

By = Literal["organisation", "area", "category", "channel"]
KEYS: dict[By, Callable[[Row], str]] = {
    "organisation": lambda row: row.organisation_code,
    "area": lambda row: row.area_code,
    "category": lambda row: row.category,
    "channel": lambda row: row.channel,
}

CHOSEN: dict[str, Callable[[Row], bool]] = {
    "received": lambda row: row.round == 1,
    "accepted": lambda row: row.round == 1 and row.accepted_at is not None,
    "refused": lambda row: row.outcome == "refused",
    "answered": lambda row: row.outcome == "answered",
    "on_time": lambda row: row.outcome == "answered" and row.first_lateness == 0,
    "extended": lambda row: row.outcome == "answered" and bool(row.first_lateness) and not row.lateness,
    "late": lambda row: row.outcome == "answered" and bool(row.lateness),
    "no_term": lambda row: row.outcome == "answered" and row.first_lateness is None,
    "overdue": lambda row: row.is_overdue == 1,
    "reopened": lambda row: row.round > 1,
    "rated": lambda row: row.rating is not None,
    "content": lambda row: row.rating is not None and row.rating >= 2,
}
"""Which rows a count counts."""
MEDIANS: dict[str, Callable[[Row], int | None]] = {
    "minutes_first": lambda row: row.minutes_first,
    "minutes_desk": lambda row: row.minutes_desk if row.outcome == "answered" else None,
    "minutes_organisation": lambda row: row.minutes_organisation if row.outcome == "answered" else None,
    "minutes_approval": lambda row: row.minutes_approval if row.outcome == "answered" else None,
}
"""Of which rows and of what a median is taken."""


@dataclass(frozen=True)
class Figures:
    """What one organisation, area, category or channel did."""

    key: str
    name: str
    counts: dict[str, int]
    sent_back: int
    medians: dict[str, float | None]

    @property
    def on_time_share(self) -> float | None:
        """Percent answered within the term as promised, of all with a term that are answered or overdue."""
        with_term = self.counts["answered"] - self.counts["no_term"]
        return _share(self.counts["on_time"], with_term + self.counts["overdue"])

    @property
    def satisfaction(self) -> float | None:
        """Percent satisfied or content, of those rated."""
        return _share(self.counts["content"], self.counts["rated"])


def _share(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def figures(rows: Iterable[Row], by: By, names: Callable[[Row], str]) -> tuple[Figures, list[Figures]]:
    """All rows together, and by group, the most received first."""
    kept = list(rows)
    groups: dict[str, list[Row]] = {}
    returned: dict[str, int] = {}
    for row in kept:
        groups.setdefault(KEYS[by](row), []).append(row)
        for code in row.sent_back_by:
            # Who sent it back is not who has it in the end.
            key = code if by == "organisation" else KEYS[by](row)
            returned[key] = returned.get(key, 0) + 1
    found = [_of(key, names(own[-1]), own, returned.get(key, 0)) for key, own in groups.items()]
    missing = [key for key in returned if key not in groups]
    found += [_of(key, key, [], returned[key]) for key in missing]
    whole = _of("", _("All"), kept, sum(returned.values()))
    return whole, sorted(found, key=lambda one: (-one.counts["received"], one.key))


def _of(key: str, name: str, rows: list[Row], returned: int) -> Figures:
    counts = {what: sum(map(is_counted, rows)) for what, is_counted in CHOSEN.items()}
    medians = {}
    for what, value in MEDIANS.items():
        values = [one for one in map(value, rows) if one is not None]
        medians[what] = float(median(values)) if values else None
    return Figures(key, name, counts, returned, medians)


def formulas() -> dict[str, tuple[str, str]]:
    """Each figure's name and how it is counted."""
    return {
        "received": (_("Received"), _("reports that came in the period")),
        "accepted": (_("Accepted"), _("of them: passed on to an organisation")),
        "refused": (_("Not taken on"), _("rounds that ended without acceptance, with a published reason")),
        "answered": (_("Answered"), _("rounds whose answer was approved and published")),
        "on_time": (
            _("On time"),
            _("answered within the term as first promised (lateness without extensions = 0)"),
        ),
        "extended": (
            _("On time by extension"),
            _("answered after the term first promised, within the extended one"),
        ),
        "late": (_("Late"), _("answered after the extended term (lateness above 0, frozen at the end)")),
        "no_term": (
            _("Without a term"),
            _("answered, taken over from an earlier system that names no term: neither on time nor late"),
        ),
        "overdue": (_("Overdue now"), _("open, term running and over")),
        "on_time_share": (
            _("On time, %"),
            _("on time ÷ (answered with a term + overdue now): what waits too long counts as well"),
        ),
        "sent_back": (_("Sent back"), _("times that the organisation sent a report back to the desk")),
        "reopened": (_("Reopened"), _("rounds begun because the answer did not satisfy")),
        "minutes_first": (
            _("First answer"),
            _("median of working time until the sender first heard: accepted, asked, merged or not accepted"),
        ),
        "minutes_desk": (_("At the desk"), _("median of working time at the desk, of answered rounds")),
        "minutes_organisation": (
            _("At the organisation"),
            _("median of working time at organisations, of answered rounds"),
        ),
        "minutes_approval": (_("Approval"), _("median of working time until approval, of answered rounds")),
        "satisfaction": (
            _("Satisfaction, %"),
            _("satisfied or content ÷ rated rounds"),
        ),
    }
