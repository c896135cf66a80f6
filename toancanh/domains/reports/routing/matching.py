"""Which rule fits a report: the first in order that says yes to everything it asks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from toancanh.domains.reports.routing.models import Hours, Rule
from toancanh.kernel.cases import times
from toancanh.kernel.cases.models import Case
from toancanh.kernel.declare_cases import Term
from toancanh.kernel.people.models import Organisation
from toancanh.kernel.runtime import clock
from toancanh.lib.fold import fold
from toancanh.lib.worktime.calendar import OutOfReach

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class About:
    """What rules look at."""

    unit_path: str
    category: str
    channel: str
    at: datetime
    folded: str
    """Title and words, without tone marks."""

    @staticmethod
    def of(case: Case) -> About:
        """A report as it stands, at the time at which it came in."""
        folded = fold(f"{case.title} {case.words}")
        return About(case.unit_path, case.category, case.channel, case.opened_at, folded)


@dataclass(frozen=True)
class Line:
    """A rule ready to be asked."""

    rule: Rule
    organisation: Organisation
    """The rule's, or the one that follows it."""
    paths: tuple[str, ...]
    """Of its unit and of what that became; empty: everywhere."""
    phrases: tuple[str, ...]
    terms: dict[str, Term] = field(default_factory=dict)

    def answers(self, about: About, is_working: IsWorking) -> list[tuple[str, bool]]:
        """Everything that the rule asks, each with whether it fits; nothing asked is no answer."""
        rule, found = self.rule, []
        if self.paths:
            found.append(("unit", about.unit_path.startswith(self.paths)))
        if rule.categories:
            found.append(("category", about.category in rule.categories))
        if rule.channels:
            found.append(("channel", about.channel in rule.channels))
        if rule.weekdays:
            found.append(("weekday", about.at.astimezone(clock.VIETNAM).weekday() in rule.weekdays))
        if self.phrases:
            found.append(("words", any(f" {one} " in f" {about.folded} " for one in self.phrases)))
        if rule.hours != Hours.ANY and all(fits for _name, fits in found):
            # Last, because it alone needs a calendar.
            found.append(("hours", is_working(about) is (rule.hours == Hours.WORKING)))
        return found


class IsWorking:
    """Whether the calendar of a report's unit works at its minute; each calendar looked up once."""

    def __init__(self) -> None:
        self._known: dict[str, times.Counted] = {}

    def __call__(self, about: About) -> bool:
        counted = self._known.get(about.unit_path)
        if counted is None:
            counted = self._known[about.unit_path] = times.calendar_of(about.unit_path)
        minute = about.at.replace(second=0, microsecond=0)
        try:
            return counted.time.elapsed(minute, minute + MINUTE) > 0
        except OutOfReach:
            # Of before the calendar begins, such as of a report that an earlier system had.
            return False


@dataclass(frozen=True)
class Decision:
    """What the rules say of a report; without a line nothing fits and the desk decides."""

    line: Line | None
    why: tuple[str, ...] = ()
    """Names of the conditions that fitted."""

    @property
    def organisation(self) -> Organisation | None:
        """Who is to get it."""
        return self.line.organisation if self.line else None


def decide(about: About, lines: Iterable[Line], is_working: IsWorking | None = None) -> Decision:
    """The first line that fits."""
    works = is_working or IsWorking()
    for line in lines:
        answers = line.answers(about, works)
        if all(fits for _name, fits in answers):
            return Decision(line, tuple(name for name, _fits in answers))
    return Decision(None)


def trace(about: About, lines: Sequence[Line]) -> list[tuple[Line, list[tuple[str, bool]]]]:
    """Every line up to the one that fits, with its answers: for who wants to see why."""
    works, found = IsWorking(), []
    for line in lines:
        answers = line.answers(about, works)
        found.append((line, answers))
        if all(fits for _name, fits in answers):
            break
    return found
