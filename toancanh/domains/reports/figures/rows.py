"""One row for each round of each report, made of its story alone: what figures and the export are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import QuerySet

from toancanh.domains.reports.kind import REPORT
from toancanh.domains.reports.routing.taking import KIND
from toancanh.kernel.cases import access, times
from toancanh.kernel.cases.models import Case, Clock, Event, Rating, Step, StepRole
from toancanh.kernel.declare import Actor
from toancanh.kernel.runtime import clock
from toancanh.lib.worktime.calendar import OutOfReach

MOST = 30_000
"""Reports of one count; a longer period is told to be cut."""
BATCH = 500
PHASES = {
    "received": "desk",
    "waiting_citizen": "sender",
    "accepted": "organisation",
    "working": "organisation",
    "waiting_other": "organisation",
    "decided": "approval",
}
"""Whose time it is while a report stands in a phase."""
OUTCOMES = {"closed": "answered", "refused": "refused", "merged": "merged", "withdrawn": "withdrawn"}
FIRST = ("accept", "refuse", "ask", "merge", "publish")
"""Moves by which a sender first hears what becomes of his report."""
MAIN = next(one.name for one in REPORT.clocks if one.is_main)
STATES: dict[str, str] = {one.name: one.phase for one in REPORT.states}


@dataclass
class Row:
    """One round of a report. Times are of Việt Nam, minutes are working minutes, empty means not yet."""

    code: str
    round: int
    received_at: datetime
    area_code: str
    area: str
    category: str
    channel: str
    organisation_code: str = ""
    """In charge last in this round; of a report that nobody has got: empty."""
    organisation: str = ""
    outcome: str = "open"
    accepted_at: datetime | None = None
    first_answer_at: datetime | None = None
    ended_at: datetime | None = None
    due_at: datetime | None = None
    first_due_at: datetime | None = None
    """As it would be without extensions."""
    lateness: int | None = None
    first_lateness: int | None = None
    is_overdue: int = 0
    """1: open, its term running and over when the rows were made."""
    minutes_first: int | None = None
    """Until the sender first heard."""
    minutes_desk: int | None = 0
    minutes_sender: int | None = 0
    minutes_organisation: int | None = 0
    minutes_approval: int | None = 0
    """How long it stood where is not known of a round that was taken over without the times of its steps."""
    sent_back_by: list[str] = field(default_factory=list)
    """Codes of organisations that sent it back, one for each time."""
    rating: int | None = None

    def cells(self) -> list[str]:
        """As the export writes them."""
        return [_cell(getattr(self, one.name)) for one in fields(self)]


COLUMNS = [one.name for one in fields(Row)]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(clock.VIETNAM).isoformat(timespec="seconds")
    return "|".join(value) if isinstance(value, list) else str(value)


@dataclass(frozen=True)
class Span:
    """Days of receipt, both included."""

    first: date
    last: date

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """The moments at which it begins and is over."""
        start = datetime.combine(self.first, time(), clock.VIETNAM)
        return start, datetime.combine(self.last + timedelta(days=1), time(), clock.VIETNAM)


def count(span: Span, to: Actor) -> int:
    """How many reports came in that time, of those that the actor may see."""
    return _wanted(span, to).count()


def _wanted(span: Span, to: Actor) -> QuerySet[Case]:
    start, end = span.bounds
    found = access.visible(to).filter(kind=KIND, opened_at__gte=start, opened_at__lt=end)
    return found.select_related("unit").order_by("opened_at", "pk")


def rows(span: Span, to: Actor) -> Iterator[Row]:
    """Rows of the reports that came in that time, oldest first. Five queries for each 500 reports."""
    known: dict[str, times.Counted] = {}
    batch: list[Case] = []
    for case in _wanted(span, to).iterator(BATCH):
        batch.append(case)
        if len(batch) == BATCH:
            yield from _batch(batch, known)
            batch = []
    yield from _batch(batch, known)


def _batch(cases: list[Case], known: dict[str, times.Counted]) -> Iterator[Row]:
    keys = [case.pk for case in cases]
    story = _by_case(
        Event.objects.filter(case__in=keys, kind__in=("opened", "moved", "corrected")).order_by("number")
    )
    clocks = _by_case(Clock.objects.filter(case__in=keys, name=MAIN))
    leads = _by_case(
        Step.objects.filter(case__in=keys, role=StepRole.LEAD).select_related("organisation").order_by("pk")
    )
    ratings = _by_case(Rating.objects.filter(case__in=keys).order_by("pk"))
    now = clock.now()
    for case in cases:
        counted = known.get(case.unit_path)
        if counted is None:
            counted = known[case.unit_path] = times.calendar_of(case.unit_path)
        told = _Telling(case, counted, now)
        for event in story.get(case.pk, ()):
            told.hear(event)
        found = told.end()
        for row in found:
            _with_clock(row, clocks.get(case.pk, ()), now)
            _with_leads(row, leads.get(case.pk, ()))
            of_round = [one.value for one in ratings.get(case.pk, ()) if one.round == row.round]
            row.rating = of_round[0] if of_round else None
        yield from found


def _by_case(found: Iterable[Any]) -> dict[int, list[Any]]:
    made: dict[int, list[Any]] = {}
    for one in found:
        made.setdefault(one.case_id, []).append(one)
    return made


class _Telling:
    """A story told from its beginning: rounds, and whose time passed in each."""

    def __init__(self, case: Case, counted: times.Counted, now: datetime) -> None:
        self.case, self.counted, self.now = case, counted, now
        self.rows: list[Row] = []
        self.state, self.since = "", case.opened_at
        self.assumed: set[int] = set()

    def hear(self, event: Event) -> None:
        """The next event."""
        content: Mapping[str, Any] = event.content
        before, state = self.state, content.get("state") or content.get("to", "")
        self._pass(event.at)
        self.state, self.since = state, event.at
        if not before or (before in OUTCOMES and state not in OUTCOMES):
            self._begin(event.at)
        row, move = self.rows[-1], content.get("move", "")
        if content.get("assumed"):
            self.assumed.add(row.round)
        if move == "accept" and row.accepted_at is None:
            row.accepted_at = event.at
        if move in FIRST and row.first_answer_at is None:
            row.first_answer_at = event.at
            row.minutes_first = self._spent(row.received_at, event.at)
        row.outcome = OUTCOMES.get(state, "open")
        row.ended_at = event.at if state in OUTCOMES else None

    def end(self) -> list[Row]:
        """Every round."""
        self._pass(self.now)
        for row in self.rows:
            if row.round in self.assumed:
                row.minutes_first = row.minutes_desk = row.minutes_sender = None
                row.minutes_organisation = row.minutes_approval = None
        return self.rows

    def _pass(self, until: datetime) -> None:
        whose = PHASES.get(STATES.get(self.state, ""))
        if whose is not None:
            name = f"minutes_{whose}"
            passed = self._spent(self.since, until)
            setattr(self.rows[-1], name, (getattr(self.rows[-1], name) or 0) + passed)

    def _spent(self, start: datetime, end: datetime) -> int:
        """Working minutes; what lies before the calendar begins is known of no round."""
        try:
            return self.counted.time.elapsed(start, end)
        except OutOfReach:
            self.assumed.add(self.rows[-1].round)
            return 0

    def _begin(self, at: datetime) -> None:
        case, unit = self.case, self.case.unit
        number = len(self.rows) + 1
        self.rows.append(Row(case.code, number, at, unit.code, unit.full_name, case.category, case.channel))


def _with_clock(row: Row, clocks: Iterable[Clock], now: datetime) -> None:
    own = next((one for one in clocks if one.round == row.round), None)
    if own is None:
        return
    row.due_at, row.first_due_at = own.due_at, own.first_due_at
    if row.outcome == "open":
        row.is_overdue = int(own.stopped_at is None and own.due_at is not None and own.due_at < now)
    else:
        row.lateness, row.first_lateness = own.lateness, own.first_lateness


def _with_leads(row: Row, leads: Iterable[Step]) -> None:
    for step in leads:
        if step.round == row.round:
            row.organisation_code, row.organisation = step.organisation.code, step.organisation.name
            if step.state == "returned":
                row.sent_back_by.append(step.organisation.code)
