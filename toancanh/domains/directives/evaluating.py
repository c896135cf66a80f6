"""Figures of the record, each with the formula by which it is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import fmean

from django.utils.translation import gettext as _

from toancanh.domains.directives.record import Row

CHOSEN: dict[str, Callable[[Row], bool]] = {
    "given": lambda row: True,
    "done": lambda row: row.state == "done",
    "on_time": lambda row: row.outcome == "on_time",
    "extended": lambda row: row.outcome == "extended",
    "late": lambda row: row.outcome == "late",
    "overdue": lambda row: row.outcome == "overdue",
    "open": lambda row: row.outcome == "open",
    "revoked": lambda row: row.outcome == "revoked",
    "returned": lambda row: row.returned > 0,
}
"""Which rows a count counts."""


@dataclass(frozen=True)
class Figures:
    """What one organisation did, or all of them."""

    code: str
    name: str
    counts: dict[str, int]
    days: float | None
    """Mean of working days, of what is done."""

    @property
    def share(self) -> float | None:
        """Percent done within the term as first given, of what is done or overdue."""
        whole = self.counts["done"] + self.counts["overdue"]
        return 100 * self.counts["on_time"] / whole if whole else None


def figures(rows: Iterable[Row]) -> tuple[Figures, list[Figures]]:
    """All rows together, and by organisation in charge, the most given first."""
    kept = list(rows)
    groups: dict[str, list[Row]] = {}
    for row in kept:
        groups.setdefault(row.organisation_code, []).append(row)
    each = [_of(code, own[-1].organisation, own) for code, own in groups.items()]
    return _of("", _("All"), kept), sorted(each, key=lambda one: (-one.counts["given"], one.name))


def _of(code: str, name: str, rows: list[Row]) -> Figures:
    counts = {what: sum(map(is_counted, rows)) for what, is_counted in CHOSEN.items()}
    days = [row.days for row in rows if row.days is not None]
    return Figures(code, name, counts, fmean(days) if days else None)


def formulas() -> dict[str, tuple[str, str]]:
    """Each figure's name and how it is counted, in the order of the columns."""
    return {
        "given": (_("Orders given"), _("orders given in the period")),
        "done": (_("Done"), _("of them: accepted by who gave them")),
        "on_time": (
            _("Done on time"),
            _(
                "accepted, result reported within the term as first given; "
                "the time until acceptance does not count"
            ),
        ),
        "extended": (
            _("Done in time by extension"),
            _("accepted, reported after the term first given and within the one granted"),
        ),
        "late": (_("Done late"), _("accepted, reported after the term as extended")),
        "overdue": (_("Overdue now"), _("open, its term over, no result reported")),
        "open": (_("Open, not overdue"), _("open, its term not over or the result waiting for acceptance")),
        "revoked": (_("Revoked"), _("taken back by who gave them: neither done nor late")),
        "returned": (_("Returned"), _("orders whose result was returned at least once")),
        "share": (
            _("On time, percent"),
            _("done on time ÷ (done + overdue now): what drags on counts as well"),
        ),
        "days": (
            _("Mean working days"),
            _("mean of working days from giving to the accepted result, without waiting for acceptance"),
        ),
    }
