"""Another term for a clock that runs already: its due time moves, and the event says by what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from toancanh.kernel.cases import clocks, reckoning, times
from toancanh.kernel.cases.clocks import Told
from toancanh.kernel.cases.models import Case, Clock, Pause
from toancanh.kernel.cases.writing import Writing
from toancanh.kernel.declare_cases import Term

TermsOf = Callable[[Case], Mapping[str, Term]]
"""What a domain says of the terms of a case as it stands, by clock; told by `CASE_TERMS`."""


def main_of(case: Case) -> Clock | None:
    """The clock by which a case is on time or late, where it runs."""
    rows = case.clocks.filter(is_main=True, round=case.round, stopped_at=None)
    return rows.select_related("calendar").first()


def category_changed(on: Writing) -> Told:
    """Give the main clock the term of the case's category of now; empty where it is the same."""
    row = main_of(on.case)
    said = next((one for one in on.said.clocks if row is not None and one.name == row.name), None)
    maker = settings.CASE_TERMS.get(on.case.kind)
    if row is None or said is None or maker is None:
        return []
    terms_of: TermsOf = import_string(maker)
    term = terms_of(on.case).get(row.name, said.term)
    counted = times.calendar_of(on.case.unit_path)
    minutes = times.minutes_of(term, counted, row.begins_at)
    if minutes == row.term:
        return []
    row.term, row.calendar = minutes, None if term.of == "wall" else counted.row
    return _kept(on, row)


def handed_down(on: Writing, whole: Clock) -> Told:
    """Let the main clock of a part count as that of the whole does, with what was granted and its pauses."""
    row = main_of(on.case)
    if row is None:
        return []
    before = (row.begins_at, row.term, row.calendar_id)
    row.begins_at, row.term, row.calendar = whole.begins_at, whole.term + whole.extended, whole.calendar
    still = reckoning.closed(clocks.pauses_of(whole), on.now)
    if not still and before == (row.begins_at, row.term, row.calendar_id):
        return []
    Pause.objects.bulk_create(Pause(clock=row, since=since, until=until) for since, until in still)
    return _kept(on, row)


def _kept(on: Writing, row: Clock) -> Told:
    pauses = clocks.pauses_of(row)
    clocks.reckon(row, pauses)
    row.save()
    clocks.settle(on.case)
    told: dict[str, Any] = {
        "clock": row.name,
        "round": row.round,
        "run": row.run,
        "what": "retermed",
        "due": _text(row.due_at),
        "minutes": row.term + row.extended,
        "begins": _text(row.begins_at),
        "calendar": row.calendar.code if row.calendar else None,
        "pauses": [[_text(since), _text(until)] for since, until in pauses],
    }
    return [told]


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
